"""Bubbles: waits that are one story, because one leads to another or all lead to one cause at one time."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from pyvtrace.analysis.bubbles.blame import (
    CPU,
    DEADLOCK,
    DEVICE,
    LIMIT,
    NETWORK,
    RECLAIM,
    RUN_QUEUE,
    Root,
    Share,
    shares,
    stands_alone,
)
from pyvtrace.analysis.bubbles.history import History
from pyvtrace.analysis.bubbles.waits import RUN_QUEUE as RUN_QUEUE_WAIT
from pyvtrace.analysis.bubbles.waits import Sample, Thread, Wait
from pyvtrace.analysis.stacks import function
from pyvtrace.value import Value

# Waits that are no trouble by themselves belong to a bubble if it accounts for at least this part of them.
_MOST_OF_IT = 0.5
# What a wait leads to for less than this part of it does not make two stories one.
_SMALL = 0.1
# Roots that are one cause for all who come to them at the same time.
_COMMON = frozenset((DEVICE, RUN_QUEUE, CPU, LIMIT, RECLAIM, NETWORK, DEADLOCK))
# Between two waits in run queues, in ns: who has a processor for a moment is not the end of a crowd.
_CROWDED = 100_000_000

# A thread that was put aside waits for its next turn while others have theirs, of some 3 or 4 ms each. That is how
# processors are shared, and no trouble until it takes so many ns.
_TURNS = 10_000_000

Identity = tuple[int, int]


class Blamed(Value):
    """A wait, and what it was about."""

    wait: Wait
    shares: tuple[Share, ...]


class Bubble(Value):
    """Waits that belong together, the longest first."""

    waits: tuple[Blamed, ...]

    @property
    def began(self) -> int:
        return min(blamed.wait.began for blamed in self.waits)

    @property
    def ended(self) -> int:
        return max(blamed.wait.ended for blamed in self.waits)

    @property
    def open(self) -> bool:
        """Whether somebody still waits."""
        return any(blamed.wait.open for blamed in self.waits)

    @property
    def closed(self) -> Bubble | None:
        """Its waits that are over, if there are any."""
        over = tuple(blamed for blamed in self.waits if not blamed.wait.open)
        if len(over) == len(self.waits):
            return self
        return Bubble(over) if over else None

    @property
    def threads(self) -> int:
        return len({blamed.wait.thread.tid for blamed in self.waits})

    @property
    def waiting(self) -> int:
        """ns of all waits together."""
        return sum(blamed.wait.spent for blamed in self.waits)

    def roots(self) -> list[tuple[Root, int]]:
        """ns of the waiting that each root is to blame for, the most first; they add up to `waiting`."""
        found: dict[tuple[str, int | str], tuple[Root, int]] = {}
        for blamed in self.waits:
            for share in blamed.shares:
                key = share.root.kind, share.root.which
                found[key] = share.root, found.get(key, (share.root, 0))[1] + share.ns
        return sorted(found.values(), key=lambda one: -one[1])


def running(bubble: Bubble, root: Root, samples: Iterable[Sample]) -> tuple[str, ...]:
    """Where the thread of a root was found most often during the bubble, innermost function first."""
    if root.kind != CPU:
        return ()
    began, ended = bubble.began, bubble.ended
    found = Counter(
        tuple(function(frame) for frame in sample.frames)
        for sample in samples
        if sample.thread.tid == root.which and began <= sample.at <= ended and sample.frames
    )
    return found.most_common(1)[0][0] if found else ()


def meanwhile(bubble: Bubble, samples: Iterable[Sample]) -> list[tuple[Thread, int]]:
    """Who was found on the processors before which threads of a bubble stood in the run queue, and how often; the most
    first."""
    found = Counter(sample.thread for sample in filter(in_the_queue(bubble), samples))
    return found.most_common()


def in_the_queue(bubble: Bubble) -> Callable[[Sample], bool]:
    """Whether a sample is of a processor at a time when somebody of a bubble waited for it."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for one in bubble.waits:
        for share in one.shares:
            if share.root.kind == RUN_QUEUE:
                spans.setdefault(share.hops[-1].wait.cpu, []).append((share.began, share.ended))
    merged = {cpu: _merged(found) for cpu, found in spans.items()}

    def fits(sample: Sample) -> bool:
        found = merged.get(sample.cpu, [])
        at = bisect_right(found, (sample.at, sample.at)) - 1
        return at >= 0 and sample.at < found[at][1]

    return fits


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same time, without overlaps."""
    found: list[tuple[int, int]] = []
    for began, ended in sorted(spans):
        if found and began <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], ended)
        else:
            found.append((began, ended))
    return found


def starts(wait: Wait, minimum: int) -> bool:
    """Whether a wait makes a bubble. The kernel's own threads wait because that is their work."""
    least = max(minimum, _TURNS) if wait.turn else minimum
    return wait.kind.hard and wait.spent >= least and not wait.thread.of_kernel


class Settled:
    """Blame that nothing can change any more, from one search to the next: where processors are in demand, most of it
    is."""

    def __init__(self) -> None:
        self._blamed: dict[Identity, Blamed] = {}

    def blamed(self, history: History, wait: Wait) -> Blamed:
        """A wait with its blame."""
        made = self._blamed.get(wait.identity)
        if made is None:
            made = Blamed(wait, shares(history, wait))
            if stands_alone(wait):
                self._blamed[wait.identity] = made
        return made

    def drop(self, waits: Iterable[Identity]) -> None:
        """Forget these: they are not asked for any more."""
        for identity in waits:
            self._blamed.pop(identity, None)


def bubbles(
    history: History, minimum: int, done: Iterable[Identity] = (), settled: Settled | None = None
) -> list[Bubble]:
    """All bubbles, by their beginning. `minimum` is the shortest wait that makes one, in ns; waits that are `done` have
    been told of; `settled` has what an earlier search has found, and keeps what this one does."""
    told, settled = set(done), settled or Settled()
    fresh = [wait for wait in history if wait.identity not in told]
    known = {wait.identity: settled.blamed(history, wait) for wait in fresh if starts(wait, minimum)}
    groups = _Groups()
    for blamed in known.values():
        _join(groups, blamed)
    _join_causes(groups, known.values())
    soft = [wait for wait in fresh if not wait.kind.hard and wait.spent >= minimum and _leads_on(wait, history)]
    found: dict[Identity, list[Blamed]] = {}
    for identity, blamed in known.items():
        found.setdefault(groups.of(identity), []).append(blamed)
    for wait in soft if found else ():
        one = Blamed(wait, shares(history, wait))
        if (home := _home(groups, one, found.keys())) is not None:
            found[home].append(one)
    # A wait is told of once: what was, and still stands in somebody's way, is no member any more.
    placed = known.keys() | told
    made = [Bubble(_sorted(_complete(group, placed, history))) for group in found.values()]
    return sorted(made, key=lambda bubble: bubble.began)


def _leads_on(wait: Wait, history: History) -> bool:
    """Whether who ended a wait was in one itself meanwhile: of all the others, which are most, nothing has to be
    found out."""
    if wait.waker is None or wait.waker.thread.tid == wait.thread.tid:
        return False
    return any(True for _ in history.of_thread(wait.waker.thread.tid, wait.began, wait.ended))


def _sorted(group: Iterable[Blamed]) -> tuple[Blamed, ...]:
    return tuple(sorted(group, key=lambda blamed: (-blamed.wait.spent, blamed.wait.identity)))


def _complete(group: Sequence[Blamed], placed: Container[Identity], history: History) -> Iterator[Blamed]:
    """The group, and those waits in between that are too short to make a bubble, or of the kernel's own threads, and
    have no place yet."""
    yield from group
    between = {wait.identity: wait for blamed in group for wait in _in_the_way(blamed) if wait.kind.hard}
    for identity, wait in between.items():
        if identity not in placed:
            yield Blamed(wait, shares(history, wait))


def _in_the_way(blamed: Blamed) -> Iterable[Wait]:
    """Waits of those who account for more than a small part of a wait, however many short ones these are."""
    if stands_alone(blamed.wait):
        return ()
    by_thread: dict[int, int] = {}
    for share in blamed.shares:
        for tid in {hop.wait.thread.tid for hop in share.hops[1:]}:
            by_thread[tid] = by_thread.get(tid, 0) + share.ns
    least = _SMALL * blamed.wait.spent
    found = {
        hop.wait.identity: hop.wait
        for share in blamed.shares
        for hop in share.hops[1:]
        if by_thread[hop.wait.thread.tid] >= least
    }
    return found.values()


class _Groups:
    """Disjoint sets of waits."""

    def __init__(self) -> None:
        self._above: dict[Identity, Identity] = {}

    def of(self, one: Identity) -> Identity:
        while (above := self._above.get(one, one)) != one:
            self._above[one] = self._above.get(above, above)
            one = above
        return one

    def join(self, one: Identity, other: Identity) -> None:
        self._above[self.of(other)] = self.of(one)


def _join(groups: _Groups, blamed: Blamed) -> None:
    for wait in _in_the_way(blamed):
        groups.join(blamed.wait.identity, wait.identity)


def _join_causes(groups: _Groups, known: Iterable[Blamed]) -> None:
    """One lock, one device, one crowd before the processors or one thread that runs, at one time, is one cause."""
    by_root: dict[tuple[object, ...], list[tuple[int, int, Identity]]] = {}
    known = list(known)
    in_the_way = {hop.wait.identity for blamed in known for share in blamed.shares for hop in share.hops[1:]}
    for blamed in known:
        wait = blamed.wait
        # Who stands in a run queue while others wait for it is their trouble, and no part of the crowd's.
        alone = wait.kind is RUN_QUEUE_WAIT and wait.identity not in in_the_way
        for share in _large(blamed):
            if alone if share.root.kind == RUN_QUEUE else share.root.kind in _COMMON:
                by_root.setdefault(_cause(share), []).append((share.began, share.ended, wait.identity))
        if wait.lock is not None:
            key = "lock", wait.lock.space, wait.lock.address
            by_root.setdefault(key, []).append((wait.began, wait.ended, wait.identity))
    for (kind, *_), spans in by_root.items():
        spans.sort()
        pause = _CROWDED if kind == RUN_QUEUE else 0
        _, until, first = spans[0]
        for began, ended, identity in spans[1:]:
            if began <= until + pause:
                groups.join(first, identity)
                until = max(until, ended)
            else:
                until, first = ended, identity


def _large(blamed: Blamed) -> Sequence[Share]:
    """Those of which the causes account for more than a small part of a wait."""
    if len(blamed.shares) == 1:
        return blamed.shares
    totals: dict[tuple[object, ...], int] = {}
    for share in blamed.shares:
        totals[_cause(share)] = totals.get(_cause(share), 0) + share.ns
    return [share for share in blamed.shares if totals[_cause(share)] >= _SMALL * blamed.wait.spent]


def _home(groups: _Groups, blamed: Blamed, homes: Container[Identity]) -> Identity | None:
    """The bubble that accounts for most of a wait."""
    by_home: dict[Identity, int] = {}
    for share in blamed.shares:
        for home in {groups.of(hop.wait.identity) for hop in share.hops[1:]}:
            by_home[home] = by_home.get(home, 0) + share.ns
    # Only groups with a wait that makes a bubble are bubbles.
    possible = [(ns, home) for home, ns in by_home.items() if home in homes]
    most, where = max(possible, default=(0, None))
    return where if most >= _MOST_OF_IT * blamed.wait.spent else None


def _cause(share: Share) -> tuple[object, ...]:
    return share.root.kind, share.root.which
