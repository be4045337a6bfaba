"""Running `vtrace vm run` in tests: to its end, or started and watched."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

VTRACE = os.path.join(sysconfig.get_path("scripts"), "vtrace")
PATIENCE = 240.0  # seconds; a boot takes 4, on a machine that does many other things some 20


class Result(NamedTuple):
    """How a run ended."""

    stdout: str
    stderr: str
    status: int


def start(*arguments: object, cwd: object = "/", kernel: str = "6.1") -> subprocess.Popen[bytes]:
    """`vtrace vm run ARGUMENTS`, started, with all three streams as pipes."""
    return subprocess.Popen(
        [VTRACE, "vm", "run", "--kernel", kernel, *map(str, arguments)],
        cwd=str(cwd),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )


def run(*arguments: object, stdin: bytes = b"", cwd: object = "/", kernel: str = "6.1") -> Result:
    """`vtrace vm run ARGUMENTS`, to its end."""
    with start(*arguments, cwd=cwd, kernel=kernel) as process:
        return ended(process, stdin)


def ended(process: subprocess.Popen[bytes], stdin: bytes | None = None) -> Result:
    try:
        out, err = process.communicate(stdin, PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Result(out.decode(), err.decode(), process.returncode)


def read_until(process: subprocess.Popen[bytes], words: bytes) -> None:
    """Returns when standard output has said `words`."""
    assert process.stdout
    said = b""
    while words not in said:
        piece = os.read(process.stdout.fileno(), 4096)
        assert piece, said
        said += piece


def children(pid: int) -> dict[int, str]:
    """Name by process id, of the processes a process has started."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, after = status.read_text().rpartition(") ")
        except OSError:
            continue
        if int(after.split()[1]) == pid:
            found[int(status.parent.name)] = before.partition("(")[2]
    return found


def all_end(pids: Sequence[int], within: float = 10.0) -> bool:
    deadline = time.monotonic() + within
    while any(os.path.exists(f"/proc/{pid}/exe") for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
