"""N cheap system calls on every CPU at once, as quickly as possible: `python -m tests.workloads.flood N`.

One process a CPU, pinned to it, makes N getppid(2) calls: more events than a small buffer holds, and for each CPU it
is known how many. Truth: `calls` in all, `cpus` (CPU -> calls), `pids` (CPU -> process).
"""

from __future__ import annotations

import os
import sys
from itertools import repeat

from tests.workloads import gate


def start_flooder(cpu: int, calls: int, opens: tuple[int, int]) -> int:
    """Process id of a child that starts when the pipe `opens` is closed, and that has never been on another CPU."""
    gate_end, keep_open = opens
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    child = os.fork()
    if child:
        os.sched_setaffinity(0, everywhere)
        return child
    os.close(keep_open)
    os.read(gate_end, 1)
    for _ in repeat(None, calls):
        os.getppid()
    os._exit(0)


def main(calls: int) -> None:
    gate.name_thread("flood")
    opens = os.pipe()
    flooders = {cpu: start_flooder(cpu, calls, opens) for cpu in sorted(os.sched_getaffinity(0))}
    gate.wait("flood", pids=flooders)
    os.close(opens[1])
    for child in flooders.values():
        os.waitpid(child, 0)
    gate.report(calls=calls * len(flooders), cpus=dict.fromkeys(flooders, calls))


if __name__ == "__main__":
    main(int(sys.argv[1]))
