"""Functions of the kernel: the fbt provider in each of the ways it attaches, counted against a program that makes a
known number of calls; and arguments of system calls in a script of bcc's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COPY = "dd if=/dev/zero of=/dev/null bs=777 count=50 status=none"
NAME = "args[0]->f_path.dentry->d_name.name"
MINE = "pid == $target"
COUNTS = {
    "fentry, with typed arguments and members": (
        f"fbt::vfs_read:entry /{MINE} && args[2] == 777/ {{ @[stringof({NAME})] = count(); }}",
        "zero 50",
    ),
    "fexit, with the result": (
        f"fbt::vfs_read:return /{MINE} && args[1] == 777/ {{ @[arg0] = count(); }}",
        "-1 50",
    ),
    "two by name": (
        f"fbt::vfs_read:entry, fbt::vfs_write:entry /{MINE} && arg2 == 777/ {{ @ = count(); }}",
        "100",
    ),
    "many by a glob": (
        f"fbt::vfs_*:return /{MINE} && arg1 == 777/ {{ @[probefunc] = count(); }}",
        "vfs_read 50 vfs_write 50",
    ),
    "one of a module": (
        f"fbt:overlay:ovl_open:entry /{MINE} && !this_one++/ {{ trace(probemod); }}",
        "overlay",
    ),
    "one of a program beside them": (
        f"pid$target:libc.so.6:read:entry, fbt::vfs_read:entry /{MINE} && arg2 == 777/ {{ @[probefunc] = count(); }}",
        "read 50 vfs_read 50",
    ),
}


@pytest.mark.parametrize("how", COUNTS)
def test_calls_of_functions_are_counted(how: str, vtrace: Callable[..., Any]) -> None:
    text, counts = COUNTS[how]
    done = vtrace("-qn", text, "-c", COPY)
    assert done.stdout.split() == counts.split(), done.stderr


# Signal 0 is to a process that is there, and nothing else happens.
ARGUMENTS = '''\
import os
from bcc import BPF
b = BPF(text="""
    BPF_HASH(calls, u64, u64);
    int syscall__kill(struct pt_regs *ctx, int pid, int sig)
    {
        u64 key = pid;
        if (sig == 0 && pid == bpf_get_current_pid_tgid() >> 32)
            calls.increment(key);
        return 0;
    }
""")
b.attach_kprobe(event=b.get_syscall_fnname("kill"), fn_name="syscall__kill")
for _ in range(7):
    os.kill(os.getpid(), 0)
print([(key.value == os.getpid(), value.value) for key, value in b["calls"].items()])
'''


def test_arguments_of_system_calls_are_where_bcc_looks_for_them(vtrace: Callable[..., Any], tmp_path: Path) -> None:
    script = tmp_path / "kills.py"
    script.write_text(ARGUMENTS)
    done = vtrace("bcc", str(script), timeout=300)
    assert done.stdout == "[(True, 7)]\n", done.stderr
