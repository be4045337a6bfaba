"""What the machine takes from whoever is measured on it."""

from __future__ import annotations

import os
from pathlib import Path

from scripts.lib.cpu import cpu_ns

STEAL = 8  # "steal" in the line "cpu" of /proc/stat, proc_stat(5)
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def first_process_ns() -> int:
    """How long the threads of process 1 have had a processor, in ns. Where that is the agent of a sandbox's host, the
    kernel may run no program while one of them has it, and say nothing: interrupts that come then are not seen."""
    return cpu_ns(1)


class Stolen:
    """Time that a hypervisor takes from the processors from now on.

    To a thread that it is taken from, it passes by every clock that measures elapsed time and is neither CPU time nor
    waiting: accounts of a thread's time add up only within it.
    """

    def __init__(self) -> None:
        self._before = self._ticks()

    def most_ns(self) -> int:
        """The most that can have been taken so far, in ns: the kernel counts whole ticks for each processor."""
        return (self._ticks() - self._before + (os.cpu_count() or 1)) * TICK_NS

    @staticmethod
    def _ticks() -> int:
        line = Path("/proc/stat").read_text().partition("\n")[0].split()
        return int(line[STEAL])
