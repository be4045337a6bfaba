"""Loops with their distributions, and long turns that have the same culprit, together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from pyvtrace.analysis.histogram import Histogram
from pyvtrace.analysis.loop.turns import CPU, FILES, LOCKS, PAGES, QUEUE, LongTurn, Loop, heaviest, module
from pyvtrace.analysis.stacks import as_written, named_by_a_runtime
from pyvtrace.builtins.distributions import empty, value_of
from pyvtrace.runtime.snapshot import Key, Snapshot, Table
from pyvtrace.spec import JIT_FRAME
from pyvtrace.value import Value, replace

# Names block devices by the kernel's dev_t; "" for one that it does not know.
NameDevice = Callable[[int], str]
MOST_GROUPS = 1000  # culprits told apart; those after them are one


class LoopRow(Value):
    """One loop: `turns` in ns, `ready` events a wait. `under_way` is how long its current turn has taken so far, None
    while it waits."""

    loop: Loop
    turns: Histogram
    ready: Histogram
    under_way: int | None


def _loop(key: Key) -> Loop:
    pid, tid, command, kind, fd = key
    return Loop(int(pid), int(tid), str(command), int(kind), int(fd))


def _histogram(table: Table, key: Key) -> Histogram:
    spec = table.spec
    words = table.rows[key] if key in table.rows else empty(spec.function, spec.params)
    return Histogram(spec.function, spec.params, words)


def loops(snapshot: Snapshot) -> list[LoopRow]:
    """Those seen, the one with the longest turns in all first. A thread's name may have changed: it is one loop for
    each."""
    turns, ready, states = (snapshot.tables[name] for name in ("turns", "ready", "under_way"))
    found = []
    for key in {**states.rows, **turns.rows, **ready.rows}:
        state = value_of(states.spec.function, states.spec.params, states.rows[key], 1) if key in states.rows else 0
        # An odd number is the time at which a wait returned, an even one that at which the last wait began.
        under_way = max(0, snapshot.time_ns - state // 2) if state % 2 else None
        found.append(LoopRow(_loop(key), _histogram(turns, key), _histogram(ready, key), under_way))
    return sorted(found, key=lambda row: (-(row.turns.sum or 0), row.loop.pid, row.loop.tid, row.loop.fd))


class Group:
    """Long turns of a process with one culprit. `what` names it, `where` is a stack, innermost first: of the call that
    took longest, or what most samples have in common; of a program that a runtime names, its functions only."""

    def __init__(self, pid: int, command: str, what: str) -> None:
        self.pid, self.command, self.what = pid, command, what
        self.count = self.total = self.longest = self.behind = 0
        self.parts: dict[str, int] = {}
        self.where: tuple[str, ...] = ()

    def add(self, turn: LongTurn) -> None:
        self.count += 1
        self.total += turn.ns
        self.behind = max(self.behind, turn.behind or 0)
        for name, ns in turn.parts.items():
            self.parts[name] = self.parts.get(name, 0) + ns
        if turn.ns >= self.longest:
            self.longest = turn.ns
            culprit = turn.culprit
            self.where = as_written(
                culprit.stack if culprit is not None else heaviest(turn.samples) if turn.main == CPU else ()
            )


def what(turn: LongTurn, name_device: NameDevice) -> str:
    """The culprit of a turn in words: "read /srv/data on vda", "futex", "compute"."""
    culprit = turn.culprit
    if turn.main == CPU:
        chain = heaviest(turn.samples)
        named = named_by_a_runtime(chain)
        # Of a program without symbols, the file is what is known.
        where = (named[0].removeprefix(JIT_FRAME) if named else chain[0]) if chain else module(turn.samples)
        return f"computes in {where}" if where else "computes"
    if turn.main == QUEUE:
        return "waits for a processor"
    if culprit is None:
        return {FILES: "file I/O in many short calls", LOCKS: "locks", PAGES: "page faults"}.get(
            turn.main, "many short system calls"
        )
    device = name_device(culprit.device)
    words = [culprit.name, culprit.path if culprit.path != "<none>" else "", f"on {device}" if device else ""]
    return " ".join(word for word in words if word)


class Groups:
    """All long turns of a session by culprit."""

    def __init__(self, name_device: NameDevice) -> None:
        self._name_device = name_device
        self._groups: dict[tuple[int, str], Group] = {}
        self.by_loop: dict[Loop, int] = {}

    def add(self, turns: Iterable[LongTurn]) -> None:
        for turn in turns:
            key = turn.loop.pid, what(turn, self._name_device)
            if key not in self._groups:
                if len(self._groups) >= MOST_GROUPS:
                    key = 0, "others"
                self._groups[key] = self._groups.get(key) or Group(turn.loop.pid, turn.loop.command, key[1])
            self._groups[key].add(turn)
            self.by_loop[turn.loop] = self.by_loop.get(turn.loop, 0) + 1

    def ordered(self) -> list[Group]:
        """Those that took most in all first."""
        return sorted(self._groups.values(), key=lambda group: -group.total)


class Reading(Value):
    """What is shown: everything up to one moment. `seconds` since the beginning, `minimum` of a long turn in ns,
    `remarks` what was lost and how more could be known."""

    seconds: float
    minimum: int
    rows: tuple[LoopRow, ...]
    groups: tuple[Group, ...]
    long: Mapping[Loop, int]
    remarks: tuple[str, ...]


def reading_of(
    snapshot: Snapshot,
    started_ns: int,
    minimum: int,
    groups: Groups,
    gone: Collection[tuple[int, int]],
    remarks: Sequence[str],
) -> Reading:
    """What is shown of a snapshot of a trace that began at a time of CLOCK_MONOTONIC. `gone` are the threads (pid, tid)
    that have ended: nobody will see their next wait."""
    rows = (replace(row, under_way=None) if (row.loop.pid, row.loop.tid) in gone else row for row in loops(snapshot))
    seconds = (snapshot.time_ns - started_ns) / 1e9
    return Reading(seconds, minimum, tuple(rows), tuple(groups.ordered()), dict(groups.by_loop), tuple(remarks))
