"""Calls that differ in one argument: `python -m tests.workloads.numbered_calls N ROUNDS`.

In each of ROUNDS it closes descriptors FIRST, FIRST + 1, ... FIRST + N - 1, in this order. None of them is open, so
each is one close(2) that fails with EBADF. Truth: `first`, `count`, `rounds`.
"""

from __future__ import annotations

import errno
import os
import sys

from tests.workloads import gate

FIRST = 1_000_000


def close(number: int) -> None:
    try:
        os.close(number)
    except OSError as error:
        assert error.errno == errno.EBADF
    else:
        raise AssertionError(f"descriptor {number} was open")


def main(count: int, rounds: int) -> None:
    gate.wait("numbered_calls", first=FIRST)
    for _ in range(rounds):
        for number in range(FIRST, FIRST + count):
            close(number)
    gate.report(first=FIRST, count=count, rounds=rounds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
