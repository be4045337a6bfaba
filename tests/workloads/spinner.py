"""A thread that computes and makes no system call: `python -m tests.workloads.spinner MILLISECONDS`.

It spins until it has had MILLISECONDS of processor time (CLOCK_THREAD_CPUTIME_ID, looked at once in some thousand
rounds). Truth: `cpu_ns` it had and `elapsed_ns` that passed, `calls` of the clock in between; `stood_ns` is what the
slowest rounds took besides what is usual: then the processor may have stood still under it.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from statistics import median
from time import monotonic_ns, thread_time_ns

from tests.workloads import gate

ROUNDS = 20_000


def spin(nanoseconds: int) -> list[int]:
    """What the clock said."""
    said = [thread_time_ns()]
    while said[-1] < said[0] + nanoseconds:
        for _ in range(ROUNDS):
            pass
        said.append(thread_time_ns())
    return said


def stood(said: list[int]) -> int:
    """What some rounds took besides twice the median."""
    took = [after - before for before, after in pairwise(said)]
    usual = 2 * round(median(took))
    return sum(one - usual for one in took if one > usual)


def main(milliseconds: int) -> None:
    gate.wait("spinner")
    start, cpu = monotonic_ns(), thread_time_ns()
    said = spin(milliseconds * 1_000_000)
    used, passed = thread_time_ns() - cpu, monotonic_ns() - start
    gate.report(cpu_ns=used, elapsed_ns=passed, calls=len(said) - 1, stood_ns=stood(said))


if __name__ == "__main__":
    main(int(sys.argv[1]))
