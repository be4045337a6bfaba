"""N open(2) of a path that does not exist: `python -m tests.workloads.failing_calls N`.

The C library makes them openat(2). Truth: `calls`, `errno` (2, ENOENT), `path`.
"""

from __future__ import annotations

import errno
import os
import sys

from tests.workloads import gate

MISSING = "/nonexistent/file"


def fails(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except FileNotFoundError:
        return True
    return False


def main(calls: int) -> None:
    gate.wait("failing_calls", path=MISSING)
    gate.report(calls=sum(fails(MISSING) for _ in range(calls)), errno=errno.ENOENT, syscall="openat")


if __name__ == "__main__":
    main(int(sys.argv[1]))
