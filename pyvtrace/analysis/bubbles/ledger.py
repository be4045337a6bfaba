"""What each thread waited for in all: its long waits by their reasons, and what the short ones come to. The parts are
all of its time off the processor."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pyvtrace.analysis.bubbles import waits
from pyvtrace.analysis.bubbles.waits import Thread, Wait
from pyvtrace.value import Value

SHORT = "short waits"
_MOST_THREADS = 10_000
# The scheduler's clock is known to less than so many ns.
_SLACK = 1_000_000
_QUEUES = (waits.RUN_QUEUE, waits.THROTTLED)


class Account(Value):
    """A thread, and the ns that it waited for each reason: kinds of waits, and SHORT."""

    thread: Thread
    by: Mapping[str, int]

    @property
    def ns(self) -> int:
        """How long it was off the processor."""
        return sum(self.by.values())

    @property
    def trouble(self) -> int:
        """ns of reasons that are trouble by themselves."""
        return sum(ns for reason, ns in self.by.items() if reason in _HARD)


_HARD = frozenset(kind.name for kind in vars(waits).values() if isinstance(kind, waits.Kind) and kind.hard)


class Ledger:
    """Accounts of the threads of some processes, or of all where there are none, at most `most`; `left_out` counts
    waits of others."""

    def __init__(self, pids: Collection[int] = (), most: int = _MOST_THREADS) -> None:
        self._pids, self._most = frozenset(pids), most
        self._threads: dict[tuple[int, int], Thread] = {}
        self._by: dict[tuple[int, int], dict[str, int]] = {}
        self._last: dict[tuple[int, int], int] = {}
        self.left_out = 0

    def add(self, wait: Wait) -> None:
        """One that is over, or has lasted until now, with the short ones before it."""
        if self._pids and wait.thread.pid not in self._pids:
            return
        key = wait.thread.tid, wait.thread.pid
        if key not in self._by and len(self._by) >= self._most:
            self.left_out += 1
            return
        self._threads[key] = wait.thread
        self._last[key] = wait.ended
        by = self._by.setdefault(key, {})
        woken = wait.ended if wait.kind in _QUEUES else min(max(wait.woken, wait.began), wait.ended)
        queue = waits.THROTTLED if wait.limited else waits.RUN_QUEUE
        for reason, ns in ((wait.kind.name, woken - wait.began), (queue.name, wait.ended - woken), (SHORT, wait.brief)):
            if ns:
                by[reason] = by.get(reason, 0) + ns

    def has(self, wait: Wait) -> bool:
        """Whether a wait that was found to go on has since been added as one that is over."""
        return self._last.get((wait.thread.tid, wait.thread.pid), 0) > wait.began + _SLACK

    def accounts(self) -> list[Account]:
        """Those with most trouble first, then those that were longest off the processor."""
        made = [Account(self._threads[key], by) for key, by in self._by.items() if by]
        return sorted(made, key=lambda one: (-one.trouble, -one.ns, one.thread.tid))
