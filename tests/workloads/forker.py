"""N children, one after the other, each of which becomes another program: `python -m tests.workloads.forker N [CALL]`.

Every child is made by os.fork(), calls execve(2) once, or execveat(2) if that is the CALL, and ends with status 7.
Truth: `children` (process ids in order), `program` that they ran, `status`.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable

from tests.workloads import gate

PROGRAM, STATUS = "/bin/sh", 7
AT_FDCWD = -100

libc = ctypes.CDLL(None, use_errno=True)


def execveat(path: str, words: list[str]) -> None:
    """Returns only to raise an OSError."""
    argv = (ctypes.c_char_p * (len(words) + 1))(*map(os.fsencode, words), None)
    libc.execveat(AT_FDCWD, os.fsencode(path), argv, (ctypes.c_char_p * 1)(None), 0)
    code = ctypes.get_errno()
    raise OSError(code, os.strerror(code))


CALLS: dict[str, Callable[[str, list[str]], object]] = {"execve": os.execv, "execveat": execveat}


def start(call: str) -> int:
    child = os.fork()
    if not child:
        CALLS[call](PROGRAM, ["sh", "-c", f"exit {STATUS}"])
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == STATUS
    return child


def main(count: int, call: str = "execve") -> None:
    gate.wait("forker")
    gate.report(children=[start(call) for _ in range(count)], program=PROGRAM, status=STATUS)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
