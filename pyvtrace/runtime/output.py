"""What a record prints, in DTrace's layout, and how aggregations are shown."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from pyvtrace.builtins.distributions import MEANINGS
from pyvtrace.lang.formats import Conversion, parse_format
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.spec import (
    ERROR_RECORD,
    FAULTS,
    ActionSpec,
    AggregationSpec,
    ClearAction,
    DenormalizeAction,
    ExitAction,
    FieldSpec,
    NormalizeAction,
    PrintaAction,
    PrintAction,
    PrintfAction,
    ProgramSpec,
    TraceAction,
    TruncAction,
)

Rows = Mapping[Key, Words]
_HEADER = struct.Struct("<4I")
_ERROR = struct.Struct("<4Iq")
_PARTS = {"probeprov": "provider", "probemod": "module", "probefunc": "function", "probename": "name"}
# Widths of trace()'s columns by the size of an integer (libdtrace's dt_print_* formats).
_TRACE_WIDTH = {1: 3, 2: 5, 4: 11, 8: 20}


class Output:
    """Prints records as they come. `rows` reads an aggregation; what is cleared or removed is remembered here as the
    state at that moment, and later reads are shown relative to it."""

    def __init__(
        self, spec: ProgramSpec, write: Callable[[str], object], complain: Callable[[str], object],
        rows: Callable[[AggregationSpec], Rows],
    ) -> None:  # fmt: skip
        self.spec, self.write, self.complain, self._rows = spec, write, complain, rows
        self.quiet = "quiet" in spec.options
        self._records = {record.id: record for record in spec.records}
        self._normal: dict[int, int] = {}
        self._base: dict[int, dict[Key, Words]] = {}
        self._hidden: dict[int, dict[Key, Words]] = {}
        self._printed: set[int] = set()
        self._formats: dict[str, Callable[[list[int | str]], str]] = {}

    def header(self) -> None:
        if not self.quiet:
            self.write("CPU     ID                    FUNCTION:NAME\n")

    # ------------------------------------------------------------------------------------------------------- records

    def record(self, data: memoryview | bytes) -> None:
        """Print one record."""
        number, probe, cpu, mask = _HEADER.unpack_from(data)
        if number == ERROR_RECORD:
            self._error(data, probe)
            return
        if not self.quiet:
            name = self.spec.probes[probe]
            self.write(f"{cpu:>3} {probe:>6} {name.function + ':' + name.name:>32} ")
        for bit, action in enumerate(self._records[number].actions):
            if mask >> bit & 1:
                self._act(action, data)
        if not self.quiet:
            self.write("\n")

    def _error(self, data: memoryview | bytes, probe: int) -> None:
        clause, action, fault, _, value = _ERROR.unpack_from(data, _HEADER.size)
        what = FAULTS.get(fault, f"fault {fault}")
        at = f" ({value & 0xFFFFFFFFFFFFFFFF:#x})" if fault == 1 else ""
        where = f"action #{action}" if action else "predicate"
        self.complain(
            f"error on enabled probe ID {clause} (ID {probe}: {self.spec.probes[probe]}): {what}{at} in {where}"
        )

    def value(self, field: FieldSpec, data: memoryview | bytes) -> int | str:
        raw = bytes(data[field.offset : field.offset + field.size])
        if field.kind == "string":
            return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
        number = int.from_bytes(raw, "little", signed=field.kind == "int")
        if field.kind in _PARTS:
            return str(getattr(self.spec.probes[number], _PARTS[field.kind]))
        return number

    def _act(self, action: ActionSpec, data: memoryview | bytes) -> None:
        match action:
            case TraceAction(field=field):
                self._trace(self.value(field, data), field)
            case PrintAction(field=field, type=type_):
                self.write(f"{type_} {self.value(field, data)}\n")
            case PrintfAction(format=text, fields=fields):
                self.write(self.format(text, [self.value(f, data) for f in fields], [f.size for f in fields]))
            case PrintaAction(format=text, aggregations=numbers):
                self.printa(text, numbers)
            case ClearAction(aggregation=number):
                self._base[number] = dict(self._rows(self.spec.aggregations[number]))
            case TruncAction(aggregation=number, count=count):
                self._trunc(number, None if count is None else int(self.value(count, data)))
            case NormalizeAction(aggregation=number, factor=factor):
                self._normal[number] = int(self.value(factor, data)) or 1
            case DenormalizeAction(aggregation=number):
                self._normal.pop(number, None)
            case ExitAction():
                pass

    def _trace(self, value: int | str, field: FieldSpec) -> None:
        if self.quiet:
            self.write(str(value))
        elif isinstance(value, str):
            self.write(f"  {value:<33}")
        else:
            self.write(f"{value:>{_TRACE_WIDTH[field.size]}}")

    # -------------------------------------------------------------------------------------------------------- printf

    def format(self, text: str, values: Iterable[int | str], sizes: list[int]) -> str:
        """D's printf."""
        out: list[str] = []
        queue = list(zip(values, sizes, strict=True))
        for part in parse_format(text):
            if isinstance(part, Conversion):
                out.append(self._convert(part, queue))
            else:
                out.append(part.text)
        return "".join(out)

    def _convert(self, c: Conversion, queue: list[tuple[int | str, int]]) -> str:
        width, precision = c.width or "", c.precision
        if width == "*":
            width = str(queue.pop(0)[0])
        if precision == "*":
            precision = str(queue.pop(0)[0])
        value, size = queue.pop(0)
        dot = f".{precision}" if precision is not None else ""
        letter = c.letter
        if letter == "Y":
            text = datetime.fromtimestamp(int(value) / 1e9).strftime("%Y %b %e %H:%M:%S")
            return f"{text:>{width}}" if width else text
        if letter in ("s", "S", "ws"):
            return f"%{c.flags}{width}{dot}s" % value
        if letter in ("c", "wc"):
            return f"%{c.flags}{width}c" % chr(int(value) & 0xFF)
        if letter in "eEfFgG":
            return f"%{c.flags}{width}{dot}{letter}" % int(value)
        if letter in ("p", "a", "A", "k"):
            letter = "x"
        if letter in "uxXo" and isinstance(value, int) and value < 0:
            value &= (1 << 8 * size) - 1
        if letter == "o" and "#" in c.flags:
            # C writes an octal prefix as 0, Python as 0o.
            return f"%{c.flags.replace('#', '')}{width}{dot}s" % f"0{int(value):o}"
        return f"%{c.flags}{width}{dot}{'d' if letter in 'iu' else letter}" % value

    # -------------------------------------------------------------------------------------------------- aggregations

    def rows(self, a: AggregationSpec) -> dict[Key, Words]:
        """The rows as the program has left them: without what was cleared, truncated or not touched since."""
        base, hidden = self._base.get(a.id, {}), self._hidden.get(a.id, {})
        rows = {}
        for key, words in self._rows(a).items():
            if hidden.get(key) == words:
                continue
            rows[key] = self._since(a, words, base.get(key) or hidden.get(key))
        return rows

    @staticmethod
    def _since(a: AggregationSpec, words: Words, before: Words | None) -> Words:
        if before is None:
            return words
        if a.function in ("min", "max"):
            return words if words != before else (0,) * len(words)
        return tuple((w - b) & 0xFFFFFFFFFFFFFFFF for w, b in zip(words, before, strict=True))

    def _trunc(self, number: int, count: int | None) -> None:
        a = self.spec.aggregations[number]
        ordered = self._ordered(a, self.rows(a))
        if count is None:
            gone = ordered
        elif count >= 0:
            gone = ordered[: max(0, len(ordered) - count)]
        else:
            gone = ordered[-count:]
        now = self._rows(a)
        hidden = self._hidden.setdefault(number, {})
        for key, _ in gone:
            hidden[key] = now[key]
            self._base.get(number, {}).pop(key, None)

    def _ordered(self, a: AggregationSpec, rows: Rows) -> list[tuple[Key, Words]]:
        meaning, options = MEANINGS[a.function], self.spec.options

        def by_value(row: tuple[Key, Words]) -> tuple[int, int]:
            return meaning.value(a.params, row[1], 1), meaning.tie(a.params, row[1])

        position = int(options.get("aggsortkeypos", "0") or 0)
        by_key = "aggsortkey" in options

        def key_of(row: tuple[Key, Words]) -> tuple[int | str, ...]:
            # DTrace compares the bytes of a key: negative integers come after positive ones.
            key = tuple(
                part if isinstance(part, str) else part & (1 << 8 * field.size) - 1
                for part, field in zip(row[0], a.keys, strict=True)
            )
            return key[position:] + key[:position]

        def sort_key(row: tuple[Key, Words]) -> tuple[object, ...]:
            return (key_of(row), by_value(row)) if by_key else (by_value(row), key_of(row))

        return sorted(rows.items(), key=sort_key, reverse="aggsortrev" in options)

    def _key_text(self, a: AggregationSpec, key: Key) -> str:
        parts = []
        for field, part in zip(a.keys, key, strict=True):
            if isinstance(part, str):
                parts.append(f"  {part:<50}")
            else:
                width = 8 if field.size <= 4 else 16
                parts.append(f" {part:>{width}}")
        return "".join(parts)

    def printa(self, text: str | None, numbers: tuple[int, ...]) -> None:
        """printa() of one or several aggregations."""
        specs = [self.spec.aggregations[n] for n in numbers]
        self._printed.update(numbers)
        tables = [self.rows(a) for a in specs]
        merged = {key: () for table in tables for key in table}
        first = {key: tables[0].get(key, (0,) * specs[0].words) for key in merged}
        if text is None:
            self.write("\n")
        for key, _ in self._ordered(specs[0], first):
            values = [table.get(key, (0,) * a.words) for a, table in zip(specs, tables, strict=True)]
            if text is None:
                self.write(self._key_text(specs[0], key))
                for a, words in zip(specs, values, strict=True):
                    self.write(self._shown(a, words))
                self.write("\n")
            else:
                self._formatted(text, specs, key, values)

    def _shown(self, a: AggregationSpec, words: Words) -> str:
        meaning, normal = MEANINGS[a.function], self._normal.get(a.id, 1)
        if meaning.draw is not None:
            return meaning.draw(a.params, words, normal)
        return f" {meaning.value(a.params, words, normal):>16}"

    def _formatted(self, text: str, specs: list[AggregationSpec], key: Key, values: list[Words]) -> None:
        keys = list(zip(key, [f.size for f in specs[0].keys], strict=True))
        taken = 0
        for part in parse_format(text):
            if not isinstance(part, Conversion):
                self.write(part.text)
            elif part.letter == "@":
                a, words = specs[min(taken, len(specs) - 1)], values[min(taken, len(specs) - 1)]
                taken += 1
                meaning, normal = MEANINGS[a.function], self._normal.get(a.id, 1)
                if meaning.draw is not None:
                    self.write(meaning.draw(a.params, words, normal))
                else:
                    self.write(f"%{part.flags}{part.width or ''}d" % meaning.value(a.params, words, normal))
            elif keys:
                self.write(self._convert(part, keys))

    def finish(self) -> None:
        """At exit: every aggregation that the program did not print itself."""
        if self.quiet or any(a.id not in self._printed for a in self.spec.aggregations):
            self.write("\n")
        for a in self.spec.aggregations:
            if a.id in self._printed:
                continue
            for key, words in self._ordered(a, self.rows(a)):
                self.write(self._key_text(a, key) + self._shown(a, words) + "\n")


def drops(lost: Mapping[str, list[int]]) -> Iterable[str]:
    """What was lost, in DTrace's words."""
    words = {"principal": "drop", "aggregation": "aggregation drop", "dynamic": "dynamic variable drop"}
    for kind, name in words.items():
        for cpu, count in enumerate(lost[kind]):
            if count:
                yield f"{count} {name}{'s' * (count != 1)} on CPU {cpu}"
    cut, missed, double = sum(lost["truncated"]), sum(lost["missed"]), sum(lost["double-error"])
    if cut:
        yield f"{cut} string{'s' * (cut != 1)} filled strsize and may be cut: raise it with -x strsize=N"
    if missed:
        yield f"{missed} event{'s' * (missed != 1)} missed: the probe fired while its program was running on that CPU"
    if double:
        yield f"{double} error{'s' * (double != 1)} inside ERROR clauses"
