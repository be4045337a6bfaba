"""What a thread knows of its own time besides the clock."""

from __future__ import annotations

from time import thread_time_ns


def awake_ns() -> int:
    """How long the calling thread has run or stood in a run queue, by the kernel's accounts: the rest of what passes it
    sleeps. Time that a hypervisor takes is in neither account."""
    with open("/proc/thread-self/schedstat") as file:
        queued = int(file.read().split()[1])
    return thread_time_ns() + queued
