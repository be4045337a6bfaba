"""Sleeps of a set length: `python -m tests.workloads.sleeper [COUNT [MILLISECONDS]]`, 50 of 20 ms if not told.

Each sleep is one clock_nanosleep(2). Truth: `calls`, `each_ns` by its own clock around each, and their `sum_ns`; the
time in the system call is a few microseconds less, what Python needs to get there. `whole_ns` is from before the first
to behind the last.
"""

from __future__ import annotations

import sys
from time import monotonic_ns, sleep

from tests.workloads import gate


def timed_sleep(seconds: float) -> int:
    start = monotonic_ns()
    sleep(seconds)
    return monotonic_ns() - start


def main(count: int = 50, milliseconds: int = 20) -> None:
    gate.wait("sleeper")
    start = monotonic_ns()
    each = [timed_sleep(milliseconds / 1000) for _ in range(count)]
    whole = monotonic_ns() - start
    gate.report(calls=count, set_ns=milliseconds * 1_000_000, each_ns=each, sum_ns=sum(each), whole_ns=whole)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
