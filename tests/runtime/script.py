"""A compiled D program and its run, written down by hand: fields, actions, records and aggregations as the compiler
lays them out, played through the printer. No kernel, no compiler."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence

from pyvtrace.builtins.distributions import empty
from pyvtrace.runtime.printer import Printer
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.source import Source
from pyvtrace.spec import (
    ERROR_RECORD,
    RECORD_HEADER_SIZE,
    ActionSpec,
    AggregationSpec,
    ClearAction,
    DefaultAction,
    DenormalizeAction,
    ExitAction,
    FieldSpec,
    NormalizeAction,
    PrintaAction,
    PrintAction,
    PrintfAction,
    ProbeName,
    ProgramSpec,
    RecordSpec,
    TraceAction,
    TruncAction,
)
from tests.runtime.model import Weighted, words_of

PROBES = {
    1: ProbeName("dtrace", "", "", "BEGIN"),
    2: ProbeName("dtrace", "", "", "END"),
    3: ProbeName("dtrace", "", "", "ERROR"),
    10: ProbeName("syscall", "vmlinux", "read", "entry"),
    11: ProbeName("syscall", "vmlinux", "read", "return"),
    12: ProbeName("fbt", "vmlinux", "vfs_read", "entry"),
    13: ProbeName("fbt", "vmlinux", "vfs_read", "return"),
}

# A value with its size and kind; a bare int is an int, a bare str a string of 256 bytes.
Typed = tuple[int | bytes, int, str]
Given = int | str | Typed


def typed(value: Given) -> Typed:
    if isinstance(value, int):
        return value, 4, "int"
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape"), 256, "string"
    return value


def i64(value: int) -> Typed:
    return value, 8, "int"


def u64(value: int) -> Typed:
    return value, 8, "uint"


class Data:
    """A record's data, growing as actions put their values."""

    def __init__(self) -> None:
        self.raw = bytearray(RECORD_HEADER_SIZE)

    def put(self, value: Given) -> FieldSpec:
        content, size, kind = typed(value)
        field = FieldSpec(len(self.raw), size, kind)
        if isinstance(content, int):
            self.raw += (content & (1 << 8 * size) - 1).to_bytes(size, "little")
        else:
            self.raw += content.ljust(size, b"\0")
        return field


Act = Callable[[Data], ActionSpec]


def trace(value: Given) -> Act:
    return lambda data: TraceAction(data.put(value))


def print_(value: Given, type_name: str) -> Act:
    return lambda data: PrintAction(data.put(value), type_name)


def printf(text: str, *values: Given) -> Act:
    return lambda data: PrintfAction(text, tuple(data.put(value) for value in values))


def printa(*aggregations: int, format: str | None = None) -> Act:
    return lambda data: PrintaAction(format, aggregations)


def clear(aggregation: int) -> Act:
    return lambda data: ClearAction(aggregation)


def trunc(aggregation: int, count: int | None = None) -> Act:
    return lambda data: TruncAction(aggregation, None if count is None else data.put(count))


def normalize(aggregation: int, factor: int) -> Act:
    return lambda data: NormalizeAction(aggregation, data.put(i64(factor)))


def denormalize(aggregation: int) -> Act:
    return lambda data: DenormalizeAction(aggregation)


def leave(status: int = 0) -> Act:
    return lambda data: ExitAction(data.put(status))


def default() -> Act:
    return lambda data: DefaultAction()


class Store:
    """Aggregations in memory."""

    def __init__(self) -> None:
        self.specs: list[AggregationSpec] = []
        self.rows: list[dict[Key, Words]] = []

    def snapshot(self, aggregation: int) -> Mapping[Key, Words]:
        return dict(self.rows[aggregation])

    def clear(self, aggregation: int) -> None:
        spec = self.specs[aggregation]
        self.rows[aggregation] = dict.fromkeys(self.rows[aggregation], empty(spec.function, spec.params))

    def remove(self, aggregation: int, keys: Iterable[Key]) -> None:
        for key in keys:
            del self.rows[aggregation][key]


class Script:
    """One program. Aggregations get ids 0, 1, ... in order; every `clause` is a record of its own clause."""

    def __init__(self, *options: str, quiet: bool = True) -> None:
        given = dict(option.partition("=")[::2] for option in options)
        self.options = {**{name: value or "1" for name, value in given.items()}, **({"quiet": "1"} if quiet else {})}
        self.store = Store()
        self.records: list[RecordSpec] = []
        self.data: list[bytes] = []
        self.errors: list[str] = []
        self.status: int | None = None

    def aggregation(
        self,
        function: str,
        rows: Mapping[Key, Sequence[Weighted]],
        params: tuple[int, ...] = (),
        sizes: Sequence[int] = (),
    ) -> Script:
        """`rows` has the values that each key saw; integer keys are ints unless `sizes` has their size."""
        number = len(self.store.specs)
        fields, at = [], 0
        for place, part in enumerate(next(iter(rows), ())):
            size = sizes[place] if sizes else 256 if isinstance(part, str) else 4
            fields.append(FieldSpec(at, size, "string" if isinstance(part, str) else "int"))
            at += size
        words = len(empty(function, params))
        self.store.specs.append(
            AggregationSpec(number, f"a{number}", function, params, tuple(fields), at, words, "", "", 64, 2)
        )
        self.store.rows.append({key: words_of(function, params, values) for key, values in rows.items()})
        return self

    def clause(self, *acts: Act, probe: int = 1, cpu: int = 1, mask: int = 0xFFFFFFFF, number: int = -1) -> Script:
        """A record of a clause; `number` repeats an earlier one."""
        data = Data()
        actions = tuple(act(data) for act in acts)
        if number < 0:
            number = len(self.records)
            self.records.append(RecordSpec(number, number, len(data.raw), actions))
        struct.pack_into("<4I", data.raw, 0, number, probe, cpu, mask)
        self.data.append(bytes(data.raw))
        return self

    def error(self, fault: int, value: int = 0, clause: int = 1, action: int = 1, probe: int = 1) -> Script:
        self.data.append(struct.pack("<4I4IQ", ERROR_RECORD, probe, 0, 0, clause, action, fault, 0, value))
        return self

    @property
    def spec(self) -> ProgramSpec:
        records, aggregations = tuple(self.records), tuple(self.store.specs)
        return ProgramSpec(Source("test.d", ""), (), (), records, aggregations, PROBES, 1, self.options, "", "", "")

    def printer(self, write: Callable[[str], object]) -> Printer:
        return Printer(self.spec, write, self.errors.append, self.store)

    def play(self) -> str:
        """Standard output of the whole run; `errors` then has the lines for standard error."""
        out: list[str] = []
        printer = self.printer(out.append)
        for data in self.data:
            status = printer.record(memoryview(data))
            self.status = status if status is not None else self.status
        printer.finish()
        return "".join(out)
