"""CPU time of other processes, to the nanosecond and with that of threads that have ended: /proc has ticks of it."""

from __future__ import annotations

import time

_CLOCK = 2  # of a process, below its inverted number (clock_getcpuclockid(3); include/linux/posix-timers.h)


def cpu_ns(pid: int) -> int:
    """What a process has used so far."""
    return time.clock_gettime_ns(~pid << 3 | _CLOCK)
