"""Recordings: what a session saw, interval by interval, in a file that `vtrace replay` shows again.

docs/recording.md documents the format. A line is a checksum and a JSON object; an interval is what changed since the
one before, and goes to the file in one write, so that whatever ends the process, what was complete stays. Nothing in
a file is ever written over.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from json import dumps
from zlib import crc32

from pyvtrace.builtins.distributions import EXPHIST_NEGATIVE, signed
from pyvtrace.runtime.snapshot import Key, Rows, Snapshot, Table
from pyvtrace.spec import AggregationSpec, FieldSpec, ProbeName
from pyvtrace.value import Value

FORMAT = "vtrace recording"
VERSION = 1
CRC_WIDTH = 8  # hexadecimal digits of the checksum in front of each line

# A frame holds everything, so that a moment is found without reading all that came before it. Once the lines since the
# last one are so many, and so many times its size, another one costs little.
_FRAME_LINES, _FRAME_SIZES = 60, 2
_OUTPUT_BYTES = 1 << 16  # of a program's output that wait for the end of the interval
_AT_ONCE_NS = 20_000_000  # what is printed within this time was printed at once
_HEAD = 4  # words of a key that are compared one by one; where the others changed is found in one step
_MASK = (1 << 64) - 1

Changes = list[int]


class RecordingFailed(Exception):
    """The file cannot be made or written; why, in words."""


class Origin(Value):
    """What a recording is of. `kind` says how it is shown: "view", "stacks", "bubbles", "script", "deps", "loop",
    "program", "c"; `name` is the view's or the program's; `asked` what showing it again depends on, as plain data."""

    kind: str
    name: str
    program: str
    aggregations: tuple[AggregationSpec, ...]
    options: Mapping[str, str] = {}
    asked: Mapping[str, object] = {}


class Recorded(Value):
    """An event so many ns after the start: its probe, CPU and clause (counted from 1), the values of its trace(),
    print() and printf(), and what was printed."""

    since_ns: int
    probe: ProbeName
    cpu: int
    clause: int
    values: tuple[int | str | bytes, ...]
    text: str


def line_of(thing: Mapping[str, object]) -> bytes:
    """One line of a file."""
    body = dumps(thing, separators=(",", ":")).encode("ascii")
    return b"%08x %b\n" % (crc32(body), body)


class Recorder:
    """Writes one recording: `begin` with the reading that everything is counted from, `take` at the end of each
    interval, `close`. What was printed meanwhile (`output`, `complain`, `event`) is in the file with the interval.

    A regular file that is there already is left alone.

    Raises, whenever it writes:
        RecordingFailed: the file cannot be made or written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._fd, self._is_ours = _opened(self._path)
        self._begun = False
        self._pending: list[bytes] = []
        self._output: list[str] = []
        self._output_size = 0
        self._texts = _Numbers()
        self._keys: list[dict[Key, int]] = []
        self._key_count = 0
        self._before: list[dict[Key, bytes]] = []
        self._lost: Mapping[str, int] = {}
        self._lines_since = self._bytes_since = self._frame_bytes = 0

    # ---------------------------------------------------------------------------------------------------- the program

    def begin(self, origin: Origin, first: Snapshot) -> None:
        """Write what the recording is of, and the reading before the first interval."""
        system = os.uname()
        self._start_ns, self._start_wall_ns = first.time_ns, first.wall_ns
        self._names = [spec.name for spec in origin.aggregations]
        self._keys = [{} for _ in origin.aggregations]
        self._before = [{} for _ in origin.aggregations]
        self._begun = True
        header = {
            "format": FORMAT,
            "version": VERSION,
            "kind": origin.kind,
            "name": origin.name,
            "host": system.nodename,
            "kernel": system.release,
            "machine": system.machine,
            "cpus": os.cpu_count() or 1,
            "wall_ns": first.wall_ns,
            "monotonic_ns": first.time_ns,
            "program": origin.program,
            "options": dict(origin.options),
            "aggregations": [_described(spec) for spec in origin.aggregations],
            "asked": dict(origin.asked),
        }
        self._write(line_of(header) + b"".join(self._frame(first)))

    def take(self, snapshot: Snapshot) -> None:
        """The end of an interval: what changed, and whatever was printed in it."""
        due = self._lines_since >= _FRAME_LINES and self._bytes_since >= _FRAME_SIZES * self._frame_bytes
        self._gather_output()
        lines = b"".join([*self._pending, *(self._frame(snapshot) if due else self._interval(snapshot))])
        self._pending, self._output_size = [], 0
        self._lines_since += 1
        self._bytes_since += len(lines)
        if due:
            self._lines_since = self._bytes_since = 0
        self._write(lines)

    def close(self) -> None:
        """End the recording in order; one that was not begun leaves no file."""
        if self._fd < 0:
            return
        try:
            if self._begun:
                self._gather_output()
                self._write(b"".join(self._pending) + line_of({"end": self._last_ns - self._start_ns}))
            elif self._is_ours:
                os.unlink(self._path)
        finally:
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1

    # --------------------------------------------------------------------------------------------------- what it said

    def output(self, text: str, time_ns: int) -> None:
        """What the program printed."""
        if not self._output:
            self._output_ns = time_ns
        elif time_ns - self._output_ns > _AT_ONCE_NS:
            self._gather_output()
            self._output_ns = time_ns
        self._output.append(text)
        self._output_size += len(text)
        if self._output_size >= _OUTPUT_BYTES:
            self._gather_output()
            self._write_pending()

    def complain(self, line: str, time_ns: int) -> None:
        """What was said of the program: losses, run-time errors."""
        self._gather_output()
        self._pend(line_of({"said": time_ns - self._start_ns, "text": line}))

    def note(self, what: Mapping[str, object], time_ns: int) -> None:
        """What else a view needs to be shown again, and its program does not see."""
        self._gather_output()
        self._pend(line_of({"note": time_ns - self._start_ns, "what": what}))

    def event(self, event: Recorded) -> None:
        """An event with its values."""
        values = [value if not isinstance(value, bytes) else {"hex": value.hex()} for value in event.values]
        probe = event.probe
        names = list(map(self._text, (probe.provider, probe.module, probe.function, probe.name)))
        about = {"event": event.since_ns, "probe": names, "cpu": event.cpu, "clause": event.clause}
        thing = {**about, "values": values, "text": event.text}
        self._pending += self._definitions([])
        self._pend(line_of(thing))

    def bubble(self, since_ns: int, bubble: Mapping[str, object]) -> None:
        """A bubble as plain data (`export.bubble_data`), told of so many ns after the start."""
        self._gather_output()
        self._pend(line_of({"bubble": since_ns, **bubble}))

    def _pend(self, line: bytes) -> None:
        self._pending.append(line)
        self._output_size += len(line)
        if self._output_size >= _OUTPUT_BYTES:
            self._write_pending()

    def _gather_output(self) -> None:
        if self._output:
            text, self._output = "".join(self._output), []
            self._pending.append(line_of({"output": self._output_ns - self._start_ns, "text": text}))

    def _write_pending(self) -> None:
        self._output_size = 0
        pending, self._pending = b"".join(self._pending), []
        self._write(pending)

    # ----------------------------------------------------------------------------------------------------- intervals

    def _interval(self, snapshot: Snapshot) -> Iterator[bytes]:
        """What changed since the last one, after the names of what is new."""
        new: list[list[object]] = []
        rows: list[Changes] = []
        gone: list[int] = []
        for number, table in self._tables(snapshot):
            before, keys, counted = self._before[number], self._keys[number], counted_from(table.spec.function)
            now = _raw(table)
            for key, words in now.items():
                earlier = before.get(key)
                if earlier is None:
                    rows.append([self._key(number, key, new), *changes(bytes(len(words)), words, counted)])
                elif earlier != words:
                    rows.append([keys[key], *changes(earlier, words, counted)])
            gone += [keys[key] for key in before.keys() - now.keys()]
            self._before[number] = now
        yield from self._definitions(new)
        lost = {kind: count for kind, count in snapshot.lost.items() if self._lost.get(kind) != count}
        yield line_of(self._moment("at", snapshot, lost, rows) | ({"gone": sorted(gone)} if gone else {}))

    def _frame(self, snapshot: Snapshot) -> Iterator[bytes]:
        """Everything there is."""
        new: list[list[object]] = []
        rows: list[Changes] = []
        for number, table in self._tables(snapshot):
            now, counted = _raw(table), counted_from(table.spec.function)
            self._before[number] = now
            for key, words in now.items():
                rows.append([self._key(number, key, new), *changes(bytes(len(words)), words, counted)])
        yield from self._definitions(new)
        line = line_of(self._moment("frame", snapshot, snapshot.lost, rows))
        self._frame_bytes = len(line)
        yield line

    def _moment(
        self, word: str, snapshot: Snapshot, lost: Mapping[str, int], rows: Sequence[Changes]
    ) -> dict[str, object]:
        self._last_ns, self._lost = snapshot.time_ns, snapshot.lost
        since = snapshot.time_ns - self._start_ns
        # How far the clock on the wall went another way than the one that only counts.
        drift = snapshot.wall_ns - self._start_wall_ns - since
        about = {word: since} | ({"drift": drift} if drift else {}) | ({"lost": dict(lost)} if lost else {})
        return {**about, "rows": rows}

    def _tables(self, snapshot: Snapshot) -> Iterator[tuple[int, Table]]:
        return ((number, snapshot.tables[name]) for number, name in enumerate(self._names))

    # -------------------------------------------------------------------------------------------------------- names

    def _key(self, aggregation: int, key: Key, new: list[list[object]]) -> int:
        """Its number; one that was never seen gets the next, and goes to `new` with its parts."""
        keys = self._keys[aggregation]
        number = keys.get(key)
        if number is None:
            number = keys[key] = self._key_count
            self._key_count += 1
            parts = [part if isinstance(part, int) else list(map(self._text, part.split("\n"))) for part in key]
            new.append([aggregation, *parts])
        return number

    def _text(self, text: str) -> int:
        return self._texts[text]

    def _definitions(self, keys: Sequence[Sequence[object]]) -> Iterator[bytes]:
        texts = self._texts.take()
        if texts or keys:
            yield line_of({"texts": texts, "keys": keys})

    def _write(self, data: bytes) -> None:
        if self._fd < 0:
            return
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            # What is in the file can be read up to here; nothing comes after a line that is not whole.
            os.close(self._fd)
            self._fd = -1
            raise RecordingFailed(
                f"cannot write {self._path}: {error.strerror}; it has what was recorded so far"
            ) from None


class _Numbers(dict[str, int]):
    """Texts, numbered as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._new: list[str] = []

    def __missing__(self, text: str) -> int:
        self._new.append(text)
        number = self[text] = len(self)
        return number

    def take(self) -> list[str]:
        """Those that are new since the last call."""
        new, self._new = self._new, []
        return new


def _opened(path: str) -> tuple[int, bool]:
    """A descriptor that appends, and whether the file was made now."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
    try:
        try:
            fd, made = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666), True
        except FileExistsError:
            fd, made = os.open(path, flags), False
    except OSError as error:
        raise RecordingFailed(f"cannot record to {path}: {error.strerror}") from None
    about = os.fstat(fd)
    if not stat.S_ISREG(about.st_mode):
        return fd, False
    try:
        # Of two that begin at once with an empty file, one has it.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        why = "it is there already, and nothing is written over" if about.st_size else ""
    except OSError:
        why = "another process records to it"
    if why:
        os.close(fd)
        raise RecordingFailed(f"cannot record to {path}: {why}")
    return fd, made


def _described(spec: AggregationSpec) -> Mapping[str, object]:
    return {
        "name": spec.name,
        "function": spec.function,
        "params": list(spec.params),
        "keys": [{"kind": field.kind, "size": field.size} for field in spec.keys],
        "words": spec.words,
    }


def described(number: int, thing: Mapping[str, object]) -> AggregationSpec:
    """An aggregation from its description in a header.

    Raises:
        KeyError, TypeError: it is none.
    """
    keys = tuple(FieldSpec(0, int(key["size"]), str(key["kind"])) for key in _list(thing["keys"]))
    params = tuple(map(int, _list(thing["params"])))
    return AggregationSpec(number, str(thing["name"]), str(thing["function"]), params, keys, int(str(thing["words"])))


def _list(thing: object) -> list:  # type: ignore[type-arg]
    if not isinstance(thing, list):
        raise TypeError(f"{thing!r} is no list")
    return thing


# ----------------------------------------------------------------------------------------------------------- the words


@lru_cache(maxsize=512)
def _struct(words: int) -> struct.Struct:
    return struct.Struct(f"<{words}Q")


def _raw(table: Table) -> dict[Key, bytes]:
    """Keys and words as bytes, which compare in one step."""
    if isinstance(table.rows, Rows):
        return {key: table.rows.whole(key) for key in table.rows}
    pack = _struct(table.spec.words).pack
    return {key: pack(*words) for key, words in table.rows.items()}


def counted_from(function: str) -> int:
    """The word from which on there are counts whose sum the first word is; 0 if it is nothing of the kind."""
    return EXPHIST_NEGATIVE if function == "exphist" else 0


def changes(before: bytes, now: bytes, counted: int) -> Changes:
    """What changed between two readings of a key's words: for each word that did, how many before it did not, and the
    difference, modulo 2^64 and as near to zero as that allows. Where the first word is the sum of those from `counted`
    on, its difference is what is left of it after theirs."""
    found: dict[int, int] = {}
    spans = [(0, _HEAD), *_spans(before, now)] if len(now) > 8 * _HEAD else [(0, len(now) // 8)]
    for start, end in spans:
        unpack = _struct(end - start).unpack_from
        pairs = zip(unpack(before, 8 * start), unpack(now, 8 * start), strict=True)
        for place, (earlier, later) in enumerate(pairs, start):
            if earlier != later:
                found[place] = signed((later - earlier) & _MASK)
    if counted:
        added = sum([difference for place, difference in found.items() if place >= counted])
        if rest := signed((found.pop(0, 0) - added) & _MASK):
            found = {0: rest, **found}
    flat: Changes = []
    last = -1
    for place, difference in found.items():
        flat += (place - last - 1, difference)
        last = place
    return flat


def _spans(before: bytes, now: bytes) -> Iterator[tuple[int, int]]:
    """Behind the first few words: from the first that changed to the last."""
    differs = int.from_bytes(before[8 * _HEAD :], "little") ^ int.from_bytes(now[8 * _HEAD :], "little")
    if differs:
        lowest = (differs & -differs).bit_length() - 1
        yield _HEAD + lowest // 64, _HEAD + (differs.bit_length() - 1) // 64 + 1


def changed(words: tuple[int, ...], differences: Sequence[int], counted: int) -> tuple[int, ...]:
    """The words after `changes`.

    Raises:
        IndexError, TypeError, ValueError: they are changes of something else.
    """
    made = list(words)
    place = -1
    for gap, difference in zip(differences[::2], differences[1::2], strict=True):
        place += gap + 1
        made[place] = (made[place] + difference) & _MASK
        if counted and place >= counted:
            made[0] = (made[0] + difference) & _MASK
    return tuple(made)
