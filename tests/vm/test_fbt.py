"""Functions of the kernel, traced in a guest: hosts may forbid what this needs. One boot serves all checks."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.vm.guests import VTRACE, run

pytestmark = pytest.mark.usefixtures("kernels")

COPY = "dd if=/dev/zero of=/dev/null bs=777 count=50 status=none"
# fentry with typed arguments and members; fexit; kprobes for many, and for a function of a module; uprobes one by one.
NAME = "args[0]->f_path.dentry->d_name.name"
MINE = "pid == $target"
CHECKS = {
    f"fbt::vfs_read:entry /{MINE} && args[2] == 777/ {{ @[stringof({NAME})] = count(); }}": "zero 50",
    f"fbt::vfs_read:return /{MINE} && args[1] == 777/ {{ @[arg0] = count(); }}": "-1 50",
    f"fbt::vfs_read:entry, fbt::vfs_write:entry /{MINE} && arg2 == 777/ {{ @ = count(); }}": "100",
    f"fbt::vfs_*:return /{MINE} && arg1 == 777/ {{ @[probefunc] = count(); }}": "vfs_read 50 vfs_write 50",
    f"fbt:overlay:ovl_open:entry /{MINE} && !this_one++/ {{ trace(probemod); }}": "overlay",
    "pid$target:libc.so.6:read:entry /arg2 == 777/ { @ = count(); }": "50",
}


def test_functions_of_the_kernel(tmp_path: Path) -> None:
    script = tmp_path / "checks.sh"
    lines = [shlex.join([VTRACE, "-qn", text, "-c", COPY]) + "; echo ===" for text in CHECKS]
    script.write_text("\n".join(lines) + "\n")
    done = run("--memory", "2G", "--", "sh", script, cwd=tmp_path)
    assert [part.split() for part in done.stdout.split("===\n")[:-1]] == [words.split() for words in CHECKS.values()], (
        done.stderr
    )
