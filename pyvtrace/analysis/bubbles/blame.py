"""What the time of a wait was in the end about: each of its nanoseconds goes to one root, by way of those who waited in
between.

The blame of a holder is what it did while it was waited for: what it was itself waiting for then takes that part, and
its holder's waits in turn; where it waited for nothing, it ran.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyvtrace.analysis.bubbles import waits
from pyvtrace.analysis.bubbles.history import FILE, TOGETHER, Held, History
from pyvtrace.analysis.bubbles.waits import Thread, Wait
from pyvtrace.value import Value, replace

MOST_HOPS = 16

DEVICE, CPU, RUN_QUEUE, TIMER, NETWORK = "device", "CPU", "run queue", "timer", "network peer"
LIMIT, RECLAIM, DEADLOCK, SHORT, UNKNOWN = "CPU limit", "memory reclaim", "deadlock", "short waits", "unknown"
STOPPED = "stopped"


class Root(Value):
    """What was waited for in the end. `which` tells it from others of its kind: the device, the thread that ran, the
    name of who should have answered. Run queues are one: who waits in one of them goes to whatever processor is free
    first."""

    kind: str
    which: int | str = 0
    thread: Thread | None = None


_QUEUE = Root(RUN_QUEUE)


class Hop(Value):
    """A wait, and for whom: `held` is None at the last, which waits for the root itself, or has no
    thread."""

    wait: Wait
    held: Held | None


class Share(Value):
    """A part of a wait, from `began` to `ended`, that went to one root by way of `hops`, the wait itself first."""

    root: Root
    began: int
    ended: int
    hops: tuple[Hop, ...]

    @property
    def ns(self) -> int:
        return self.ended - self.began


def shares(history: History, wait: Wait) -> tuple[Share, ...]:
    """All parts of a wait, by time: they follow each other without gaps, so their lengths add up to the wait's."""
    return tuple(_of_wait(history, wait, wait.began, wait.ended, ()))


def stands_alone(wait: Wait) -> bool:
    """Whether the wait itself tells all of its blame: no other one changes it."""
    return not wait.open and (wait.kind in _ROOTS or wait.request is not None)


def _of_wait(history: History, wait: Wait, began: int, ended: int, before: tuple[Hop, ...]) -> Iterator[Share]:
    """What a part of a wait was about."""
    woken = min(max(wait.woken, wait.began), wait.ended)
    if began < min(woken, ended):
        yield from _blocked(history, wait, began, min(woken, ended), before)
    if max(began, woken) < ended:
        root = Root(LIMIT, wait.thread.tid, wait.thread) if wait.limited else _QUEUE
        yield Share(root, max(began, woken), ended, (*before, Hop(wait, None)))


_ROOTS = {
    waits.TIMER: TIMER,
    waits.RUN_QUEUE: RUN_QUEUE,
    waits.THROTTLED: LIMIT,
    waits.RECLAIM: RECLAIM,
    waits.STOPPED: STOPPED,
}


def _blocked(history: History, wait: Wait, began: int, ended: int, before: tuple[Hop, ...]) -> Iterator[Share]:
    last = (*before, Hop(wait, None))
    if wait.kind in _ROOTS:
        queue = wait.kind is waits.RUN_QUEUE
        root = _QUEUE if queue else Root(_ROOTS[wait.kind], wait.thread.tid, wait.thread)
        yield Share(root, began, ended, last)
        return
    if wait.request is not None:
        yield Share(Root(DEVICE, wait.request.device), began, ended, last)
        return
    for held in history.holders(wait, began, ended):
        if held.thread is None:
            root, known = _nobody(history, wait)
            way = (*before, Hop(wait, replace(held, known=known))) if known else last
            yield Share(root, held.began, held.ended, way)
        else:
            yield from _of_holder(history, held, held.thread, (*before, Hop(wait, held)))


def _nobody(history: History, wait: Wait) -> tuple[Root, str]:
    """What a wait was for that no thread of this host has ended, and how that is known."""
    if wait.disk:
        return Root(DEVICE, wait.disk), FILE
    if wait.kind is waits.FAULT and not wait.open and (device := history.device_of(wait)):
        return Root(DEVICE, device), TOGETHER
    if wait.far is not None:
        return Root(NETWORK, f"{wait.far.protocol} {wait.far.name}"), ""
    return Root(UNKNOWN, wait.thread.tid, wait.thread), ""


def _of_holder(history: History, held: Held, holder: Thread, hops: tuple[Hop, ...]) -> Iterator[Share]:
    """What somebody did while others waited for it."""
    at = held.began
    for wait in history.of_thread(holder.tid, held.began, held.ended):
        began, ended = max(at, wait.began), min(held.ended, wait.ended)
        if at < began:
            yield from _ran(history, holder, at, began, hops)
            at = began
        if began < ended:
            yield from _next(history, wait, began, ended, hops)
            at = ended
    if at < held.ended:
        yield from _ran(history, holder, at, held.ended, hops)


def _next(history: History, wait: Wait, began: int, ended: int, hops: tuple[Hop, ...]) -> Iterator[Share]:
    """The next hop, unless it goes round in a circle or on for ever."""
    known = [hop.wait.identity for hop in hops]
    if wait.identity in known:
        circle = hops[known.index(wait.identity) :]
        stuck = all(hop.wait.kind in waits.LOCKS and hop.wait.open for hop in circle)
        which = min(hop.wait.thread.tid for hop in circle)
        yield Share(Root(DEADLOCK if stuck else UNKNOWN, which, wait.thread), began, ended, hops)
    elif len(hops) >= MOST_HOPS:
        yield Share(Root(UNKNOWN, wait.thread.tid, wait.thread), began, ended, hops)
    else:
        yield from _of_wait(history, wait, began, ended, hops)


def _ran(history: History, holder: Thread, began: int, ended: int, hops: tuple[Hop, ...]) -> Iterator[Share]:
    """The holder was not in a long wait. What it spent in short ones between two long ones is spread evenly."""
    first, last, brief = history.gap(holder.tid, began)
    short = (ended - began) * min(brief, last - first) // (last - first) if last > first else 0
    if ended - short > began:
        yield Share(Root(CPU, holder.tid, holder), began, ended - short, hops)
    if short:
        yield Share(Root(SHORT, holder.tid, holder), ended - short, ended, hops)
