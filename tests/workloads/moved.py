"""A process that is moved to another CPU while it waits for its own, N times: `python -m tests.workloads.moved N`.

There are two CPUs, the first and the last of those that may be used. The process stays on whichever it is put, and
computes. For each move a thread of a child's runs on that CPU under SCHED_FIFO, which leaves the process waiting, and
changes its affinity to the other one. Truth: `moves`; `cpus` are known at the gate.
"""

from __future__ import annotations

import mmap
import os
import sys

from tests.workloads import gate


def move(pid: int, cpus: tuple[int, int], count: int, done: mmap.mmap) -> None:
    for number in range(count):
        here, there = cpus[number % 2], cpus[(number + 1) % 2]
        os.sched_setaffinity(0, {here})
        os.sched_setaffinity(pid, {there})
    done[0] = 1


def main(count: int) -> None:
    first, *_, last = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {first})
    done = mmap.mmap(-1, 1)
    waits, go = os.pipe()
    pid = os.getpid()
    child = os.fork()
    if not child:
        gate.end_with_parent()
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(2))
        os.read(waits, 1)
        move(pid, (first, last), count, done)
        os._exit(0)
    gate.wait("moved", cpus=[first, last])
    os.write(go, b".")
    while not done[0]:
        pass
    os.waitpid(child, 0)
    gate.report(moves=count)


if __name__ == "__main__":
    main(int(sys.argv[1]))
