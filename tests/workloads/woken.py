"""A thread that is woken N times and takes the processor from another one: `python -m tests.workloads.woken N`.

Three processes: the sleeper and the spinner share a CPU, the last of those that may be used, under SCHED_FIFO, at
priority 2 and 1, so that nothing but these two runs there; the spinner computes. The waker, which is the process
itself, is pinned to the first CPU, and writes a byte into the pipe that the sleeper reads when the sleeper has gone to
sleep, N times.

The spinner and the sleeper each call getrusage(2) twice. Truth: `wakeups`; `spinner` and `sleeper` have what the kernel
counted between those two calls: `preempted` (involuntary switches) and `slept` (voluntary ones). Process ids and the
two CPUs are known at the gate.
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Callable
from itertools import repeat
from resource import RUSAGE_THREAD, getrusage
from time import sleep

from tests.workloads import gate


def realtime(cpu: int, priority: int) -> None:
    os.sched_setaffinity(0, {cpu})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))


def counted(work: Callable[[], None]) -> bytes:
    """How often the thread was preempted and has slept meanwhile, as eight bytes each."""
    before = getrusage(RUSAGE_THREAD)
    work()
    after = getrusage(RUSAGE_THREAD)
    counts = after.ru_nivcsw - before.ru_nivcsw, after.ru_nvcsw - before.ru_nvcsw
    return b"".join(count.to_bytes(8, "little") for count in counts)


def start(name: str, cpu: int, priority: int, work: Callable[[], None]) -> tuple[int, int, int]:
    """A child that works when a byte comes down a pipe: its id, the pipe's end, and one with what was counted."""
    (waits, go), (hears, tells) = os.pipe(), os.pipe()
    child = os.fork()
    if child:
        os.read(hears, 1)
        return child, go, hears
    gate.end_with_parent()
    gate.name_thread(name)
    realtime(cpu, priority)
    os.write(tells, b".")
    os.read(waits, 1)
    os.write(tells, counted(work))
    os._exit(0)


def sleeps(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"


def slept(pid: int) -> int:
    """How often a process has given up its CPU of its own accord."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))


def understand(told: bytes) -> dict[str, int]:
    return {"preempted": int.from_bytes(told[:8], "little"), "slept": int.from_bytes(told[8:], "little")}


def main(count: int) -> None:
    first, *_, last = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {first})
    stop, spins = mmap.mmap(-1, 1), mmap.mmap(-1, 1)
    bytes_come, wake = os.pipe()

    def spin() -> None:
        spins[0] = 1
        while not stop[0]:
            pass

    def be_woken() -> None:
        for _ in repeat(None, count):
            os.read(bytes_come, 1)

    gate.name_thread("woken")
    sleeper, let_sleep, of_sleeper = start("sleeper", last, 2, be_woken)
    spinner, let_spin, of_spinner = start("spinner", last, 1, spin)
    for child in (sleeper, spinner):
        while not sleeps(child):
            sleep(0.001)
    gate.wait("woken", sleeper=sleeper, spinner=spinner, cpus=[first, last])
    os.write(let_spin, b".")
    while not spins[0]:
        sleep(0.001)
    before = slept(sleeper)
    os.write(let_sleep, b".")
    for number in range(1, count + 1):
        while slept(sleeper) < before + number:
            pass
        os.write(wake, b".")
    told = os.read(of_sleeper, 16)
    stop[0] = 1
    truths = {"sleeper": understand(told), "spinner": understand(os.read(of_spinner, 16))}
    for child in (sleeper, spinner):
        os.waitpid(child, 0)
    gate.report(wakeups=count, **truths)


if __name__ == "__main__":
    main(int(sys.argv[1]))
