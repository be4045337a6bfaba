"""N moves between two processors, by affinity: `python -m tests.workloads.migrating N`.

Truth: `moves` and `cpus`, the two. It waits on the second, so that each call moves it.
"""

from __future__ import annotations

import os
import sys

from tests.workloads import gate


def main(moves: int) -> None:
    one, other = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, {other})
    gate.wait("migrating")
    for number in range(moves):
        os.sched_setaffinity(0, {other if number % 2 else one})
    gate.report(moves=moves, cpus=[one, other])


if __name__ == "__main__":
    main(int(sys.argv[1]))
