"""A thread that computes and makes no system call: `python -m tests.workloads.spinner MILLISECONDS`.

It spins until it has had MILLISECONDS of processor time (CLOCK_THREAD_CPUTIME_ID, looked at once in some thousand
rounds). Truth: `cpu_ns` it had and `elapsed_ns` that passed, `calls` of the clock in between.
"""

from __future__ import annotations

import sys
from itertools import count
from time import monotonic_ns, thread_time_ns

from tests.workloads import gate

ROUNDS = 20_000


def spin(nanoseconds: int) -> int:
    """How often the clock was asked."""
    end = thread_time_ns() + nanoseconds
    for asked in count(1):
        for _ in range(ROUNDS):
            pass
        if thread_time_ns() >= end:
            return asked
    raise AssertionError


def main(milliseconds: int) -> None:
    gate.wait("spinner")
    start, cpu = monotonic_ns(), thread_time_ns()
    calls = spin(milliseconds * 1_000_000)
    gate.report(cpu_ns=thread_time_ns() - cpu, elapsed_ns=monotonic_ns() - start, calls=calls)


if __name__ == "__main__":
    main(int(sys.argv[1]))
