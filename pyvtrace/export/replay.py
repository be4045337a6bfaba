"""Recordings read back: the snapshots of each interval, as views and exports read live ones.

Opening a file checks every line and remembers where intervals begin; what an interval holds is put together when
somebody looks at it, from the frame before it. What a damaged file has up to the damage is read, and the damage told.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from json import loads
from typing import Any, TypeVar
from zlib import crc32

from pyvtrace.builtins.distributions import MEANINGS, empty, merge
from pyvtrace.export.recording import CRC_WIDTH, FORMAT, VERSION, Origin, Recorded, changed, counted_from, described
from pyvtrace.runtime.snapshot import Key, Snapshot, Stored, Table, Words
from pyvtrace.spec import AggregationSpec, ProbeName
from pyvtrace.value import Value

# What a line is, by the name of its first member; of most that is a time.
_WORD = re.compile(rb'\{\s*"(\w+)"\s*:\s*(-?\d+)?')
_LEAD = CRC_WIDTH + 1
_MOMENTS = (b"at", b"frame")
_PRINTED = (b"output", b"said", b"note", b"bubble")
# What a line whose checksum is right and whose content is not can make of reading it.
_ODD = (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError)

_Made = TypeVar("_Made")


class BadRecording(Exception):
    """The file is no recording that can be read; why, in words, and what could be read of it."""


class Machine(Value):
    """Where it was recorded, and by how many processors' machine."""

    host: str
    kernel: str
    architecture: str
    cpus: int


class Printed(Value):
    """What was written to standard output ("output") or said on standard error ("said") so many ns after the start."""

    kind: str
    since_ns: int
    text: str


class Noted(Value):
    """What else was known, so many ns after the start."""

    since_ns: int
    what: Mapping[str, Any]


class Held(Stored):
    """Rows of one moment. A view that went back in time may ask for keys that were not there yet."""

    __slots__ = ("_rows", "_spec")

    def __init__(self, rows: Mapping[Key, Words], spec: AggregationSpec) -> None:
        self._rows, self._spec = rows, spec

    def __getitem__(self, key: Key) -> Words:
        return self._rows[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def heads(self, count: int) -> Iterator[tuple[Key, Words]]:
        return ((key, words[:count]) for key, words in self._rows.items())

    def merged(self, keys: Iterable[Key]) -> Words:
        spec, rows = self._spec, self._rows
        found = [rows[key] for key in keys if key in rows]
        return reduce(partial(merge, spec.function), found, empty(spec.function, spec.params))


class _State:
    """Everything as of one interval: `index` is its number, -1 before the first."""

    def __init__(self, aggregations: int) -> None:
        self.index = -1
        self.rows: list[dict[Key, Words]] = [{} for _ in range(aggregations)]
        self.lost: dict[str, int] = {}


class Recording:
    """One file. Its moments are numbered from 0, which is the reading before the first interval; `times` have their ns
    since then, `event_times` those of its events. `damage` says what is wrong with the rest of the file, `remark` what
    is only missing at its end; both are "" in a whole one.

    Raises:
        BadRecording: nothing of it can be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        try:
            with open(self._path, "rb") as file:
                self._data = file.read()
        except OSError as error:
            raise BadRecording(f"cannot read {self._path}: {error.strerror}") from None
        self.damage = self.remark = ""
        self.times: list[int] = []
        self._moments: list[tuple[int, int, bool]] = []
        self._printed_at: list[tuple[int, int]] = []
        self.event_times: list[int] = []
        self._events_at: list[tuple[int, int]] = []
        self._texts: list[str] = []
        self._keys: list[tuple[int, Key]] = []
        self.ended = False
        self._read()
        self._state = _State(len(self.origin.aggregations))

    # -------------------------------------------------------------------------------------------------------- opening

    def _read(self) -> None:
        lines = self._lines()
        first = next(lines, None)
        if first is None:
            raise BadRecording(
                f"{self._path}: nothing can be read, {self.damage or self.remark or 'the file is empty'}"
            )
        self._header(*first)
        for start, end in lines:
            try:
                self._note(start, end)
            except _ODD as odd:
                self._damaged(start - _LEAD, f"the line is none of a recording ({odd})")
                break
        if not self.times:
            raise BadRecording(
                f"{self._path}: no interval can be read, {self.damage or self.remark or 'there is none'}"
            )
        if not (self.ended or self.damage or self.remark):
            self.remark = "the recording has no end: the process that made it is still running, or was killed"

    def _lines(self) -> Iterator[tuple[int, int]]:
        """Where the content of each whole line is."""
        data, start = self._data, 0
        while start < len(data):
            end = data.find(b"\n", start)
            if end < 0:
                self.remark = f"the last line is cut off, at byte {start}"
                return
            body = start + _LEAD
            if not self._is_whole(start, body, end):
                self._damaged(start, "the line is not what was written")
                return
            yield body, end
            start = end + 1

    def _is_whole(self, start: int, body: int, end: int) -> bool:
        told = b"%08x " % crc32(memoryview(self._data)[body:end])
        return body < end and self._data[start:body] == told

    def _damaged(self, at: int, why: str) -> None:
        read = f"{self.times[-1] / 1e9:.1f} s of it ({len(self.times) - 1} intervals)" if self.times else "nothing"
        left = len(self._data) - at
        self.damage = f"damaged at byte {at}: {why}; {read} could be read, {left} bytes could not"

    def _header(self, start: int, end: int) -> None:
        try:
            header: dict[str, Any] = loads(self._data[start:end])
            if header["format"] != FORMAT:
                raise ValueError
            if header["version"] > VERSION:
                raise BadRecording(
                    f"{self._path}: recorded by a newer vtrace (format {header['version']}, this one reads up to "
                    f"{VERSION}); it is of {header.get('kind', 'something')} {header.get('name', '')}".rstrip()
                    + f" on {header.get('host', 'some machine')}"
                )
            self.start_ns, self.start_wall_ns = int(header["monotonic_ns"]), int(header["wall_ns"])
            self.machine = Machine(
                str(header["host"]), str(header["kernel"]), str(header["machine"]), int(header["cpus"])
            )
            aggregations = tuple(described(n, thing) for n, thing in enumerate(header["aggregations"]))
            if any(spec.words != MEANINGS[spec.function].words(spec.params) for spec in aggregations):
                raise ValueError
            self.origin = Origin(
                str(header["kind"]),
                str(header["name"]),
                str(header["program"]),
                aggregations,
                dict(header["options"]),
                dict(header["asked"]),
            )
        except _ODD:
            raise BadRecording(f"{self._path} is no recording of vtrace's") from None

    def _note(self, start: int, end: int) -> None:
        match = _WORD.match(self._data, start, end)
        if match is None:
            raise ValueError("it has no members")
        word, number = match.groups()
        if word in _MOMENTS:
            self._moments.append((start, end, word == b"frame"))
            self.times.append(int(number))
        elif word == b"event":
            self._events_at.append((start, end))
            self.event_times.append(int(number))
        elif word in _PRINTED:
            self._printed_at.append((start, end))
        elif word == b"texts":
            self._define(loads(self._data[start:end]))
        elif word == b"end":
            self.ended = True

    def _define(self, line: Mapping[str, Any]) -> None:
        self._texts += map(str, line["texts"])
        for aggregation, *parts in line["keys"]:
            key = tuple(part if isinstance(part, int) else self._text_of(part) for part in parts)
            if len(key) != len(self.origin.aggregations[aggregation].keys):
                raise ValueError("a key has too few parts, or too many")
            self._keys.append((aggregation, key))

    def _text_of(self, lines: Sequence[int]) -> str:
        return "\n".join([self._texts[line] for line in lines])

    # -------------------------------------------------------------------------------------------------------- moments

    def __len__(self) -> int:
        return len(self.times)

    @property
    def duration_ns(self) -> int:
        """From the start to the last moment."""
        return self.times[-1]

    def index(self, since_ns: int) -> int:
        """The last moment that is not later than so many ns after the start; 0 if all are."""
        return max(0, bisect_right(self.times, since_ns) - 1)

    def snapshot(self, index: int) -> Snapshot:
        """What was seen up to a moment.

        Raises:
            IndexError: there is none of that number.
            BadRecording: the line of it, or one before it, is none of a recording.
        """
        if not 0 <= index < len(self.times):
            raise IndexError(f"the recording has the moments 0 to {len(self.times) - 1}, not {index}")
        at = self._state.index
        frame = next(number for number in range(index, -1, -1) if self._moments[number][2] or number == at)
        if frame != at:
            self._state = _State(len(self.origin.aggregations))
            self._state.index = frame - 1
        for number in range(self._state.index + 1, index + 1):
            self._advance(number)
        specs, state = self.origin.aggregations, self._state
        tables = {spec.name: Table(spec, Held(dict(rows), spec)) for spec, rows in zip(specs, state.rows, strict=True)}
        since = self.times[index]
        return Snapshot(self.start_ns + since, self.start_wall_ns + since + self._drift, tables, dict(state.lost))

    def _advance(self, number: int) -> None:
        start, end, is_frame = self._moments[number]
        try:
            self._apply(loads(self._data[start:end]), is_frame)
        except _ODD as odd:
            self._state = _State(len(self.origin.aggregations))
            raise BadRecording(
                f"{self._path}: {_damage(start, odd)}; the {self.times[number] / 1e9:.1f} s before it can be read"
            ) from None
        self._state.index = number

    def _apply(self, line: Mapping[str, Any], is_frame: bool) -> None:
        specs, state = self.origin.aggregations, self._state
        if is_frame:
            state.rows = [{} for _ in specs]
        for number, *differences in line["rows"]:
            aggregation, key = self._keys[number]
            rows = state.rows[aggregation]
            spec = specs[aggregation]
            rows[key] = changed(rows.get(key) or (0,) * spec.words, differences, counted_from(spec.function))
        for number in line.get("gone", ()):
            aggregation, key = self._keys[number]
            del state.rows[aggregation][key]
        state.lost.update({str(kind): int(count) for kind, count in line.get("lost", {}).items()})
        self._drift = int(line.get("drift", 0))

    # --------------------------------------------------------------------------------------------- what else happened

    def printed(self) -> Iterator[Printed]:
        """What the program printed and what was said of it, in order."""
        return self._made(_printed, self._printed_at)

    def events(self) -> Iterator[Recorded]:
        """Events with their values, in order."""
        return self._made(self._event, self._events_at)

    def is_silent(self, number: int) -> bool:
        """Whether an event has no values; told without reading it."""
        # Inside of a text the quotes would be escaped.
        return self._data.find(b'"values":[],', *self._events_at[number]) >= 0

    def event(self, number: int) -> Recorded:
        """The event whose time is that of this number in `event_times`."""
        return next(self._made(self._event, (self._events_at[number],)))

    def bubbles(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Bubbles as plain data, in order, each with the ns after the start at which it was told of."""
        return self._made(_bubble, self._printed_at)

    def notes(self) -> Iterator[Noted]:
        """What else was known, in order."""
        return self._made(_noted, self._printed_at)

    def _event(self, line: Mapping[str, Any]) -> Recorded:
        probe = ProbeName(*[self._texts[number] for number in line["probe"]])
        values = tuple(bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for value in line["values"])
        return Recorded(int(line["event"]), probe, int(line["cpu"]), int(line["clause"]), values, str(line["text"]))

    def _made(
        self, make: Callable[[Mapping[str, Any]], _Made | None], places: Iterable[tuple[int, int]]
    ) -> Iterator[_Made]:
        """What `make` makes of the lines at these places."""
        for start, end in places:
            try:
                made = make(loads(self._data[start:end]))
            except _ODD as odd:
                raise BadRecording(f"{self._path}: {_damage(start, odd)}; what is before it can be read") from None
            if made is not None:
                yield made


def _printed(line: Mapping[str, Any]) -> Printed | None:
    kind = next((kind for kind in ("output", "said") if kind in line), None)
    return None if kind is None else Printed(kind, int(line[kind]), str(line["text"]))


def _bubble(line: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]] | None:
    return (int(line["bubble"]), line) if "bubble" in line else None


def _noted(line: Mapping[str, Any]) -> Noted | None:
    return Noted(int(line["note"]), dict(line["what"])) if "note" in line else None


def _damage(at: int, odd: Exception) -> str:
    return f"damaged at byte {at - _LEAD}: the line is none of a recording ({odd})"
