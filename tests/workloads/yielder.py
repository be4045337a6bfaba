"""A thread that offers its processor N times and keeps it: `python -m tests.workloads.yielder N`.

It makes N sched_yield(2) calls, pinned to one CPU under SCHED_FIFO, where nobody of its priority would take the offer.
Truth: `calls`.
"""

from __future__ import annotations

import os
import sys
from itertools import repeat

from tests.workloads import gate


def main(count: int) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(3))
    gate.wait("yielder")
    for _ in repeat(None, count):
        os.sched_yield()
    gate.report(calls=count)


if __name__ == "__main__":
    main(int(sys.argv[1]))
