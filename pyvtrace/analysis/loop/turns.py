"""What the records of `probes/loop/turns.d` mean: long turns of event loops, and what filled each of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from pyvtrace.analysis.stacks import function
from pyvtrace.value import Value, replace

# The script's kinds of wait.
WAITS: Mapping[int, str] = {1: "epoll", 2: "poll", 3: "select", 4: "io_uring"}
NO_DESCRIPTOR = -1  # what poll and select wait on has no number of its own

FILES, CALLS, LOCKS, PAGES, QUEUE, CPU = "file I/O", "other calls", "locks", "page faults", "run queue", "CPU"
MOST_CALLS = 16  # kept of one turn, the longest
MOST_STACKS = 256  # different ones kept of one turn
MOST_OPEN = 4096  # turns under way of which something is known
MOST_TURNS = 10_000  # long turns waiting to be asked for

Field = int | str | bytes


class Loop(Value):
    """A thread, and what it waits on: `kind` is one of `WAITS`, `fd` the descriptor of the epoll instance or ring."""

    pid: int
    tid: int
    command: str
    kind: int
    fd: int

    @property
    def waits_on(self) -> str:
        """As it is shown: "epoll 5", "poll"."""
        name = WAITS.get(self.kind, "?")
        return name if self.fd == NO_DESCRIPTOR else f"{name} {self.fd}"


class Blocked(Value):
    """Something that a turn waited for: a system call, a lock of the kernel's, a page. `part` is the one that it
    belongs to; `device` is the kernel's dev_t, 0 where it is not known. `stack` is innermost first."""

    part: str
    name: str
    ns: int
    device: int
    path: str
    stack: tuple[str, ...]


class LongTurn(Value):
    """A turn of at least the time asked for. `parts` add up to `ns`. `calls` is how many system calls it made, `faults`
    how many pages had to be read, `blocked` what took long of these, the longest first. `samples` are user stacks,
    innermost first, and how often each was found while it computed. `behind` is the number of events that were ready
    when the turn ended; 0 if the next wait had to sleep, None if that wait has not returned."""

    loop: Loop
    start: int
    ns: int
    parts: Mapping[str, int]
    calls: int
    faults: int
    blocked: tuple[Blocked, ...]
    samples: tuple[tuple[tuple[str, ...], int], ...]
    behind: int | None = None

    @property
    def main(self) -> str:
        """The part that took most."""
        return max(self.parts, key=lambda part: self.parts[part])

    @property
    def culprit(self) -> Blocked | None:
        """What took most of the main part, where something did."""
        return next((one for one in self.blocked if one.part == self.main), None)


def shares(parts: Mapping[str, int]) -> dict[str, int]:
    """Percentages that add up to 100: those that lose most by rounding down are rounded up. All 0 of nothing."""
    whole = sum(parts.values())
    if whole <= 0:
        return dict.fromkeys(parts, 0)
    found = {name: 100 * ns // whole for name, ns in parts.items()}
    by_rest = sorted(parts, key=lambda name: -(100 * parts[name] % whole))
    for name in by_rest[: 100 - sum(found.values())]:
        found[name] += 1
    return found


def heaviest(samples: Iterable[tuple[Sequence[str], int]]) -> tuple[str, ...]:
    """The call chain, innermost first, that most samples have in common: from the outermost frame inwards as long as
    one function has at least half of all samples. Frames without a name are left out, and outermost ones that deeper
    stacks, cut where the kernel's room for them ends, do not have."""
    chains = [([function(f) for f in reversed(stack) if not f.startswith("0x")], n) for stack, n in samples]
    whole = sum(n for _, n in chains)
    chains = _from_a_common_frame(chains, whole)
    found: list[str] = []
    while True:
        depth = len(found)
        following: Counter[str] = Counter()
        for chain, n in chains:
            if len(chain) > depth:
                following[chain[depth]] += n
        if not following:
            break
        name, count = following.most_common(1)[0]
        if 2 * count < whole:
            break
        found.append(name)
        chains = [(chain, n) for chain, n in chains if len(chain) > depth and chain[depth] == name]
    return tuple(reversed(found))


def _from_a_common_frame(chains: Sequence[tuple[list[str], int]], whole: int) -> list[tuple[list[str], int]]:
    """Chains from the outermost function on that at least half of the samples have. One that calls itself marks no
    place in a chain, as those of an interpreter do, which are there once for each function of the program."""
    having: Counter[str] = Counter()
    again: set[str] = set()
    for chain, n in chains:
        frames = Counter(chain)
        having.update(dict.fromkeys(frames, n))
        again.update(name for name, times in frames.items() if times > 1)
    marks = {name for name, n in having.items() if 2 * n >= whole and name not in again}
    firsts: Counter[str] = Counter()
    for chain, n in chains:
        firsts[next((name for name in chain if name in marks), "")] += n
    del firsts[""]
    if not firsts:
        return list(chains)
    first = firsts.most_common(1)[0][0]
    return [(chain[chain.index(first) :], n) for chain, n in chains if first in chain]


def module(samples: Iterable[tuple[Sequence[str], int]]) -> str:
    """The file that most samples were in, innermost, where it has at least half of them; "" for none."""
    files: Counter[str] = Counter()
    whole = 0
    for stack, n in samples:
        whole += n
        name, found, _ = stack[0].partition("`") if stack else ("", "", "")
        if found:
            files[name] += n
    most = files.most_common(1)
    return most[0][0] if most and 2 * most[0][1] >= whole else ""


class _Open:
    """What is known of a turn that has not ended."""

    def __init__(self) -> None:
        self.blocked: list[Blocked] = []
        self.samples: Counter[tuple[str, ...]] = Counter()

    def add(self, one: Blocked) -> None:
        self.blocked.append(one)
        self.blocked.sort(key=lambda other: -other.ns)
        del self.blocked[MOST_CALLS:]


class Turns:
    """Puts the records of one session together. `frames` takes a stack's text apart. Long turns wait in `ended` until
    somebody takes them; `dropped` counts those for which there was no room."""

    def __init__(self, frames: Callable[[str], Sequence[str]]) -> None:
        self._frames = frames
        self._open: dict[tuple[int, int], _Open] = {}
        self._last: dict[int, LongTurn] = {}
        self.ended: deque[LongTurn] = deque()
        self.dropped = 0

    def take(self, kind: str, values: Sequence[Field]) -> None:
        """One record: its letter, and its values."""
        match kind:
            case "F" | "C" | "L" | "P":
                self._take_blocked(kind, values)
            case "S":
                _, tid, start, stack = values
                self._of(int(tid), int(start)).samples[self._stack(stack)] += 1
            case "T":
                self._take_turn(values)
            case "Q":
                self._take_ready(values)

    def _stack(self, text: Field) -> tuple[str, ...]:
        return tuple(self._frames(str(text)))

    def _of(self, tid: int, start: int) -> _Open:
        key = tid, start
        if key not in self._open:
            if len(self._open) >= MOST_OPEN:
                self._open.pop(next(iter(self._open)))
            self._open[key] = _Open()
        found = self._open[key]
        if len(found.samples) > MOST_STACKS:
            found.samples = Counter(dict(found.samples.most_common(MOST_STACKS // 2)))
        return found

    def _take_blocked(self, kind: str, values: Sequence[Field]) -> None:
        _, tid, start, name, ns, device, path, stack = values
        part = {"F": FILES, "L": LOCKS, "P": PAGES}.get(kind, LOCKS if str(name).startswith("futex") else CALLS)
        one = Blocked(part, str(name), int(ns), int(device), str(path), self._stack(stack))
        self._of(int(tid), int(start)).add(one)

    def _take_turn(self, values: Sequence[Field]) -> None:
        command = str(values[3])
        pid, tid, start, kind, fd, ns, files, others, futexes, locks, pages, queue, calls, faults = (
            int(v) for i, v in enumerate(values) if i != 3
        )
        known = self._open.pop((tid, start), None) or _Open()
        # What short turns of this thread left behind is of no use to anybody.
        for key in [key for key in self._open if key[0] == tid and key[1] < start]:
            del self._open[key]
        parts = {FILES: files, CALLS: others, LOCKS: futexes + locks, PAGES: pages, QUEUE: queue}
        # The scheduler's clock is not the one of timestamps: the sum may be more than the whole by microseconds.
        parts[CPU] = max(0, ns - sum(parts.values()))
        turn = LongTurn(
            Loop(pid, tid, command, kind, fd), start, ns, parts, calls, faults,
            tuple(known.blocked), tuple(known.samples.most_common()),
        )  # fmt: skip
        before = self._last.pop(tid, None)
        if before is not None:
            self._end(before)
        self._last[tid] = turn

    def _take_ready(self, values: Sequence[Field]) -> None:
        _, tid, start, ready, slept = map(int, values)
        turn = self._last.get(tid)
        if turn is not None and turn.start == start:
            del self._last[tid]
            self._end(replace(turn, behind=0 if slept else ready))

    def _end(self, turn: LongTurn) -> None:
        if len(self.ended) >= MOST_TURNS:
            self.dropped += 1
        else:
            self.ended.append(turn)

    def flush(self) -> None:
        """At the end: those whose next wait has not returned."""
        for turn in self._last.values():
            self._end(turn)
        self._last.clear()

    def all_ended(self) -> list[LongTurn]:
        """The long turns since the last call."""
        found = [*self.ended]
        self.ended.clear()
        return found
