"""N getppid(2) calls, one system call each: `python -m tests.workloads.getppid_loop N`.

Truth: `calls`, and `elapsed_ns` of the whole loop.
"""

from __future__ import annotations

import sys
from itertools import repeat
from os import getppid
from time import monotonic_ns

from tests.workloads import gate


def main(calls: int) -> None:
    gate.wait("getppid_loop")
    start = monotonic_ns()
    for _ in repeat(None, calls):
        getppid()
    gate.report(calls=calls, elapsed_ns=monotonic_ns() - start)


if __name__ == "__main__":
    main(int(sys.argv[1]))
