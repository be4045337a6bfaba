"""Flow indentation (`-F`, `-x flowindent`): entries and returns drawn as arrows, what happens between them indented.

A probe is an entry if its name is `entry` or ends in `-entry`, a return likewise. When several clauses record one
firing, only the first moves in and only the last moves out. Which is the last shows only in the record that follows,
so a return waits for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from pyvtrace.spec import ProbeName
from pyvtrace.value import Value

_STEP = 2
_ENTRY = {True: " => ", False: " -> "}
_RETURN = {True: " <= ", False: " <- "}


class Fired(Value):
    """A record as far as flow is concerned, and the record itself."""

    record: int
    probe: int
    cpu: int
    data: bytes


def _is(name: str, what: str) -> bool:
    return name == what or name.endswith("-" + what)


class Flow:
    """Gives each record its prefix. Indentation is a CPU's own."""

    def __init__(self, probes: Mapping[int, ProbeName]) -> None:
        self._probes = probes
        self._waiting: deque[Fired] = deque()
        self._indent: dict[int, int] = {}
        self._last: dict[int, Fired] = {}

    def put(self, fired: Fired) -> Iterator[tuple[str, bytes]]:
        """(prefix, data) of every record whose place is known now, in the order in which they were put."""
        self._waiting.append(fired)
        while self._waiting:
            head = self._waiting[0]
            follower = next((f for f in list(self._waiting)[1:] if f.cpu == head.cpu), None)
            if follower is None and _is(self._probes[head.probe].name, "return"):
                return
            yield self._take(follower)

    def flush(self) -> Iterator[tuple[str, bytes]]:
        """The records that still wait: nothing follows them for now."""
        while self._waiting:
            head = self._waiting[0]
            yield self._take(next((f for f in list(self._waiting)[1:] if f.cpu == head.cpu), None))

    def _take(self, follower: Fired | None) -> tuple[str, bytes]:
        fired = self._waiting.popleft()
        name = self._probes[fired.probe]
        last = self._last.get(fired.cpu)
        self._last[fired.cpu] = fired
        indent = self._indent.get(fired.cpu, 0)
        if _is(name.name, "entry") and not _same_firing(last, fired):
            self._indent[fired.cpu] = indent + _STEP
            shown = _ENTRY[name.provider == "syscall"] + name.function
        elif _is(name.name, "return") and not _same_firing(follower, fired):
            indent = self._indent[fired.cpu] = max(0, indent - _STEP)
            shown = _RETURN[name.provider == "syscall"] + name.function
        else:
            shown = f"| {name.function}:{name.name}"
        return f"{fired.cpu:3} {'':{indent}}{shown:<{max(0, 41 - indent)}} ", fired.data


def _same_firing(other: Fired | None, fired: Fired) -> bool:
    """Whether another clause's record belongs to the same firing of the probe."""
    return other is not None and other.probe == fired.probe and other.record != fired.record
