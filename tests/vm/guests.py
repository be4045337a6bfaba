"""Running `vtrace vm run` in tests: to its end, or started and watched."""

from __future__ import annotations

import os
import select
import subprocess
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

VTRACE = os.path.join(sysconfig.get_path("scripts"), "vtrace")
PATIENCE = 600.0  # seconds until something that hangs is a failure; a boot takes 4, on a busy machine ten times as long


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
        pytest.fail(f"still there after {PATIENCE:g} s: {killed(process)}")
    return Result(out.decode(), err.decode(), process.returncode)


def killed(process: subprocess.Popen[bytes]) -> Result:
    """What it had to say until it was killed, if it had not ended by itself."""
    process.kill()
    out, err = process.communicate()
    return Result(out.decode(), err.decode(), process.returncode)


def read_line(process: subprocess.Popen[bytes], line: str) -> None:
    """Returns when standard output has said this line, the first; fails with all that is said if it says another."""
    assert process.stdout
    said = b""
    while not said.endswith(b"\n") and select.select([process.stdout], [], [], PATIENCE)[0]:
        piece = os.read(process.stdout.fileno(), 4096)
        if not piece:
            break
        said += piece
    assert said == f"{line}\n".encode(), (said, *killed(process))


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


def all_end(pids: Sequence[int], within: float = 60.0) -> bool:
    deadline = time.monotonic() + within
    while any(os.path.exists(f"/proc/{pid}/exe") for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
