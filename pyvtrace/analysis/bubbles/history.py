"""The waits of the last seconds, by thread, and who let go of which lock when."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Container, Iterator

from pyvtrace.analysis.bubbles import waits
from pyvtrace.analysis.bubbles.waits import Lock, Thread, Wait, Waker
from pyvtrace.value import Value

# Threads that are remembered besides those that wait.
_SPARE = 1_000
# Who is woken by one interrupt is woken within so many ns.
_TOGETHER = 1_000_000


class Held(Value):
    """From when to when somebody stood in the way of a wait; `thread` is None where it is none, or nobody knows who.
    `known` says how it is known, `proven` whether that leaves no doubt."""

    thread: Thread | None
    began: int
    ended: int
    known: str = ""
    proven: bool = False


OWNER, PEER, WOKEN, FILE, TOGETHER = "lock owner", "peer", "woken by", "file", "woken together"


class History:
    """Waits may be added in any order of time, but those of one thread in theirs, as threads wait for one thing at a
    time. A later state of an open wait replaces the earlier one."""

    def __init__(self) -> None:
        self._waits: dict[int, list[Wait]] = {}
        self._count = 0
        self._releases: dict[tuple[int, int], list[tuple[int, Waker]]] = {}
        # When who had asked a device was woken, and the device.
        self._answers: list[tuple[int, int]] = []
        self._threads: dict[int, Thread] = {}

    def __iter__(self) -> Iterator[Wait]:
        return (wait for found in self._waits.values() for wait in found)

    def __len__(self) -> int:
        return self._count

    def add(self, wait: Wait) -> None:
        self._threads[wait.thread.tid] = wait.thread
        found = self._waits.setdefault(wait.thread.tid, [])
        while found and found[-1].open:
            found.pop()
            self._count -= 1
        found.append(wait)
        self._count += 1
        if wait.request is not None and not wait.open:
            insort(self._answers, (wait.woken, wait.request.device))
        if wait.waker is not None:
            self._threads.setdefault(wait.waker.thread.tid, wait.waker.thread)
            if wait.lock is not None and not wait.open:
                releases = self._releases.setdefault((wait.lock.space, wait.lock.address), [])
                at = bisect_left(releases, wait.woken, key=lambda release: release[0])
                releases.insert(at, (wait.woken, wait.waker))

    def drop_open(self, tids: Container[int]) -> None:
        """Open waits of threads that are not among these are over: too short to be recorded, or lost."""
        for tid, found in list(self._waits.items()):
            if found[-1].open and tid not in tids:
                found.pop()
                self._count -= 1
                if not found:
                    del self._waits[tid]

    def cut(self, most: int) -> list[Wait]:
        """Forget the oldest waits where there are more than so many; those that were."""
        excess = len(self) - most
        return self.forget(sorted(wait.ended for wait in self)[excess] + 1) if excess > 0 else []

    def thread(self, tid: int) -> Thread:
        return self._threads.get(tid) or Thread(tid, tid, "?")

    def forget(self, before: int) -> list[Wait]:
        """Everything that was over by then: these waits."""
        gone: list[Wait] = []
        for tid, found in [item for item in self._waits.items() if item[1][0].ended < before]:
            first = bisect_left(found, before, key=lambda wait: wait.ended)
            gone += found[:first]
            del found[:first]
            if not found:
                del self._waits[tid]
                self._threads.pop(tid, None)
        self._count -= len(gone)
        if len(self._threads) > _SPARE + 2 * len(self._waits):
            # Who only ever woke others has no wait with which to go.
            wakers = {wait.waker.thread.tid for wait in self if wait.waker is not None}
            known = self._waits.keys() | wakers
            self._threads = {tid: thread for tid, thread in self._threads.items() if tid in known}
        del self._answers[: bisect_left(self._answers, (before, 0))]
        for key in list(self._releases):
            left = [release for release in self._releases[key] if release[0] >= before]
            if left:
                self._releases[key] = left
            else:
                del self._releases[key]
        return gone

    def of_thread(self, tid: int, began: int, ended: int) -> Iterator[Wait]:
        """A thread's waits that overlap the span, by time; and what follows is in the same order."""
        found = self._waits.get(tid, [])
        for wait in found[bisect_right(found, began, key=lambda wait: wait.ended) :]:
            if wait.began >= ended:
                return
            yield wait

    def gap(self, tid: int, at: int) -> tuple[int, int, int]:
        """(begin, end, ns of short waits) of the time between two long waits of a thread in which `at` lies; what was
        never seen is 0 long."""
        found = self._waits.get(tid, [])
        after = bisect_right(found, at, key=lambda wait: wait.began)
        if not 0 < after < len(found):
            return at, at, 0
        return found[after - 1].ended, found[after].began, found[after].brief

    def device_of(self, wait: Wait) -> int:
        """The device, by the kernel's dev_t, that had answered somebody else's request when this wait was over; 0 if
        that was none, or several. All who wait for a page are woken when it has been read, one after the other."""
        first = bisect_left(self._answers, (wait.woken - _TOGETHER, 0))
        last = bisect_left(self._answers, (wait.woken + _TOGETHER, 0))
        found = {device for _, device in self._answers[first:last]}
        return found.pop() if len(found) == 1 else 0

    def holders(self, wait: Wait, began: int, ended: int) -> Iterator[Held]:
        """Who stood in the way of a wait in a part of it, from its beginning to its end without gaps."""
        if wait.kind in waits.LOCKS and wait.lock is not None:
            yield from self._owners(wait, wait.lock, began, ended)
        elif wait.waker is None or wait.waker.thread.tid == wait.thread.tid:
            yield Held(None, began, ended)
        else:
            peer = wait.waker.role == PEER
            yield Held(wait.waker.thread, began, ended, PEER if peer else WOKEN, peer)

    def _owners(self, wait: Wait, lock: Lock, began: int, ended: int) -> Iterator[Held]:
        """Of a lock, each owner until it let go of it. Only owners let go, so who wakes by the lock's own word was its
        owner; the first is known from the lock itself besides."""
        releases = self._releases.get((lock.space, lock.address), [])
        at = bisect_right(releases, began, key=lambda release: release[0])
        first = wait.owner if not any(wait.began < moment <= began for moment, _ in releases) else 0
        while began < ended:
            moment, waker = releases[at] if at < len(releases) else (ended, None)
            at += 1
            until = min(moment, ended)
            if until > began:
                yield self._owner(wait, lock, waker, first, began, until)
                began, first = until, 0

    def _owner(self, wait: Wait, lock: Lock, waker: Waker | None, first: int, began: int, ended: int) -> Held:
        if first and first != wait.thread.tid:
            return Held(self.thread(first), began, ended, OWNER, True)
        if waker is None or waker.thread.tid == wait.thread.tid:
            return Held(None, began, ended)
        proven = lock.space != 0 and waker.word == lock.address
        return Held(waker.thread, began, ended, OWNER if proven else WOKEN, proven)
