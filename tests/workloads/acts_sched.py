"""Threads that run, wait and wake each other, with what the kernel's own accounts say of it; see `acts`."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.workloads import acts, gate


def _spin(milliseconds: int) -> None:
    """So long by the clock on the wall."""
    end = time.monotonic_ns() + milliseconds * 1_000_000
    while time.monotonic_ns() < end:
        pass


def _compute(milliseconds: int) -> None:
    """So long by the thread's own clock."""
    end = time.thread_time_ns() + milliseconds * 1_000_000
    while time.thread_time_ns() < end:
        pass


def _account(pid: int | str = "self") -> tuple[int, int]:
    """(ns that it ran, ns that it waited for a processor): the latter is of now, the former of its last tick."""
    with open(f"/proc/{pid}/schedstat") as file:
        ran, waited, _ = map(int, file.read().split())
    return ran, waited


def _accounted(work: Callable[[], None]) -> Mapping[str, Any]:
    """A child that sleeps, works and ends: what it ran and waited at least while it worked, by when it has been seen to
    give up its processor, and at most in all its life, for it may have had to before it slept."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        time.sleep(0.005)
        woken = time.thread_time_ns(), _account()[1]
        work()
        done = time.thread_time_ns(), _account()[1]
        os.write(theirs, " ".join(map(str, (*woken, *done))).encode())
        os._exit(0)
    return {"pid": pid, "fd": ours}


def _results(started: Mapping[str, Any]) -> dict[str, Any]:
    os.waitid(os.P_PID, started["pid"], os.WEXITED | os.WNOWAIT)
    ended = _account(started["pid"])
    os.waitpid(started["pid"], 0)
    ran1, waited1, ran2, waited2 = map(int, os.read(started["fd"], 4096).split())
    return {
        "pid": started["pid"],
        "ran": (ran2 - ran1, ended[0]),
        "waited": (waited2 - waited1, ended[1]),
    }


def contest(milliseconds: int) -> dict[str, Any]:
    """Two processes that want the same processor for so long; others there get little of it."""
    os.nice(-20)
    os.sched_setaffinity(0, {0})
    started = [_accounted(lambda: _spin(milliseconds)) for _ in range(2)]
    return {"processes": [_results(one) for one in started]}


def pinned(milliseconds: int, cpu: int) -> dict[str, Any]:
    """A process that computes on one processor."""

    def work() -> None:
        os.sched_setaffinity(0, {cpu})
        gate.name_thread("pinning")
        _compute(milliseconds)

    return _results(_accounted(work))


def crowd(count: int, milliseconds: int, cpu: int) -> dict[str, Any]:
    """So many processes that want so much of one processor's time each."""
    os.sched_setaffinity(0, {cpu})
    children = []
    for _ in range(count):
        children.append(os.fork())
        if not children[-1]:
            _compute(milliseconds)
            os._exit(0)
    for child in children:
        os.waitpid(child, 0)
    return {}


def switches(count: int) -> dict[str, Any]:
    """Sleeps, under a name of their own, with the kernel's count of switches: at least and at most."""

    def switched() -> tuple[int, int]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_nvcsw, usage.ru_nivcsw

    outer = switched()
    gate.name_thread("switching")
    inner = switched()
    for _ in range(count):
        time.sleep(0.001)
    _spin(20)
    inner = tuple(now - then for now, then in zip(switched(), inner, strict=True))  # type: ignore[assignment]
    gate.name_thread("switches")
    outer = tuple(now - then for now, then in zip(switched(), outer, strict=True))  # type: ignore[assignment]
    return {"waited": (inner[0], outer[0]), "preempted": (inner[1], outer[1])}


def _asleep(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def wakeups(count: int) -> dict[str, Any]:
    """A child that reads from a pipe, woken by a byte each time it has gone to sleep."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        gate.name_thread("sleepy")
        for _ in range(count):
            os.read(ours, 1)
        os._exit(0)
    for _ in range(count):
        while not _asleep(child):
            time.sleep(0.001)
        os.write(theirs, b"x")
    os.waitpid(child, 0)
    return {"child": child}


def moves(count: int) -> dict[str, Any]:
    """A thread that goes to and fro between processors 0 and 1."""
    os.sched_setaffinity(0, {0})
    gate.name_thread("moving")
    for number in range(count):
        os.sched_setaffinity(0, {(number + 1) % 2})
    gate.name_thread("moves")
    return {}


def computes(milliseconds: int) -> dict[str, Any]:
    """So much processor time under a name of its own."""
    gate.name_thread("computing")
    _compute(milliseconds)
    gate.name_thread("computes")
    return {}


def softirqs() -> dict[str, int]:
    """Soft interrupts so far by kind."""
    with open("/proc/softirqs") as file:
        return {line.split(":")[0].strip(): sum(map(int, line.split()[1:])) for line in file if ":" in line}


def interrupts() -> dict[str, int]:
    """Devices' interrupts so far by number."""
    counts = {}
    with open("/proc/interrupts") as file:
        cpus = len(file.readline().split())
        for line in file:
            number, *words = line.split()
            if number[:-1].isdigit():
                counts[number[:-1]] = sum(map(int, words[:cpus]))
    return counts


def interrupted(path: str, milliseconds: int) -> dict[str, Any]:
    """What the kernel counted of both while this read a disk past the page cache and slept."""
    import mmap

    soft, hard = softirqs(), interrupts()
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    for _ in range(20):
        os.preadv(fd, [mmap.mmap(-1, 4096)], 0)
    time.sleep(milliseconds / 1000)
    soft_now, hard_now = softirqs(), interrupts()
    return {
        "soft": {kind: count - soft[kind] for kind, count in soft_now.items()},
        "hard": {number: count - hard[number] for number, count in hard_now.items()},
    }


if __name__ == "__main__":
    acts.main(globals())
