"""A program's records and aggregations as DTrace prints them.

Each kind of record is compiled when it is first seen: actions that only print become one `Formatter`, actions on
aggregations a function each. A flood of equal records is one call. Nothing here knows where records come from.
"""

from __future__ import annotations

import math
import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from pyvtrace.runtime import options
from pyvtrace.runtime.columns import (
    FLOW_HEADER,
    HEADER,
    heading,
    names_piece,
    print_piece,
    text_piece,
    trace_piece,
    tracemem_piece,
)
from pyvtrace.runtime.complaints import Lost, drop_lines, error_line
from pyvtrace.runtime.flow import Fired, Flow
from pyvtrace.runtime.ordering import join_rows, order_of, sort_rows, truncated
from pyvtrace.runtime.printa import Row, default_row, format_row, or_empty
from pyvtrace.runtime.printf import Formatter, Piece, field_code, literal, printf_pieces
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.runtime.speculations import Speculations
from pyvtrace.runtime.traces import Shower
from pyvtrace.spec import (
    ERROR_RECORD,
    ActionSpec,
    ClearAction,
    CommitAction,
    DefaultAction,
    DenormalizeAction,
    DiscardAction,
    ExitAction,
    FieldSpec,
    FreopenAction,
    FtruncateAction,
    NormalizeAction,
    PrintaAction,
    PrintAction,
    PrintfAction,
    ProgramSpec,
    RaiseAction,
    RecordSpec,
    SetoptAction,
    SpeculateAction,
    SystemAction,
    TraceAction,
    TracememAction,
    TruncAction,
    mark_offset,
)
from pyvtrace.value import Value

_HEADER = struct.Struct("<3I")

Record = memoryview | bytes
Step = Callable[[Record], str]
Read = Callable[[Record], int]


class AggregationStore(Protocol):
    """What a program's aggregations hold; the printer reads them and does what clear() and trunc() ask."""

    def refresh(self) -> None:
        """Answer from a new reading from now on."""

    def snapshot(self, aggregation: int) -> Mapping[Key, Words]:
        """All rows, words merged over the CPUs. Cleared keys are there, with zeros."""

    def clear(self, aggregation: int) -> None:
        """Zero every row, keeping the keys."""

    def remove(self, aggregation: int, keys: Iterable[Key]) -> None:
        """Forget rows."""

    def release(self, speculation: int) -> None:
        """Let a speculation be used again."""


class Stream(Protocol):
    """Where the output goes: for the actions that change that."""

    def flush(self) -> None:
        """All that was written is there for others to see."""

    def reopen(self, path: str) -> str:
        """Write to another file from now on, to the first one where the path is ""; why not, if it cannot be opened."""

    def truncate(self) -> None:
        """Begin anew, if it is a file."""


class Run(Protocol):
    """Records of one size, one every `stride` bytes of `view`, `LEAD` bytes into them: `runtime.ring.Run`."""

    view: memoryview
    stride: int


LEAD = 8
_ON_OUTPUT = (SystemAction, FreopenAction, FtruncateAction)


class Plan(Value):
    """How to print one kind of record: texts in order; `bulk` does it all if that is possible for many at once;
    `status` reads what exit() was given, None where there is no exit(); `speculation` the tag of what it belongs to."""

    steps: tuple[Step, ...]
    bulk: Formatter | None
    status: Read | None
    speculation: Read | None = None


class Printer:
    """Prints what one program records. `write` takes what DTrace prints to standard output, `complain` lines for
    standard error without newline."""

    def __init__(
        self,
        spec: ProgramSpec,
        write: Callable[[str], object],
        complain: Callable[[str], object],
        store: AggregationStore,
        output: Stream | None = None,
        shower: Shower | None = None,
    ) -> None:
        self._shower = shower or Shower()
        self._spec, self._write, self._complain, self._store = spec, write, complain, store
        self._lines = spec.lines
        self._options = dict(spec.options)
        self._flow: Flow | None = None
        self._take_options()
        # When aggregations were read last; they are again once `aggrate` has passed, or at the next batch of records.
        self._read_at = -math.inf
        self._output = output
        # Where a program acts on its output, everything before must have been written.
        self._direct = any(isinstance(a, _ON_OUTPUT) for record in spec.records for a in record.actions)
        self._heading = heading(spec.probes)
        self._records = {record.id: record for record in spec.records}
        self._aggregations = {a.id: a for a in spec.aggregations}
        self._plans: dict[tuple[int, int], Plan] = {}
        self._normals: dict[int, int] = {}
        self._printed: set[int] = set()
        self._speculations = Speculations(store.release, options.number(spec.options, "specsize"))
        self._lost: Lost = {}
        self._headed = False

    # ------------------------------------------------------------------------------------------------------- records

    def header(self) -> None:
        """The line above the first record; the first record brings it, once."""
        if self._headed:
            return
        self._headed = True
        if self._flow is not None:
            self._write(FLOW_HEADER)
        elif not self._quiet:
            self._write(HEADER)

    def refresh(self) -> None:
        """The records that follow are all written by now."""
        now = time.monotonic()
        if now - self._read_at >= options.number(self._options, "aggrate") / 1e9:
            self._read_at = now
            self._store.refresh()

    def settle(self) -> None:
        """Nothing fires any more: what is printed from here on is as of now, whatever `aggrate` says."""
        self._options["aggrate"] = ""

    @property
    def flows(self) -> bool:
        """Whether a record may wait for the one after it."""
        return self._flow is not None

    @property
    def switchrate(self) -> float:
        """Seconds from one look at the records to the next; 0 where they are to be looked at as they come."""
        return options.number(self._options, "switchrate") / 1e9

    def record(self, data: Record) -> int | None:
        """Print one record; the status if it has an exit(). An error record becomes a line for `complain`."""
        text, status = self._text(data)
        if text:
            self._write(text)
        return status

    def records(self, run: Run) -> int | None:
        """As `record`, for a run of records of one size, printed in one piece."""
        plan = self._common_plan(run)
        if plan is not None and plan.bulk is not None:
            self.header()
            self._write(plan.bulk.format_many(run.view, run.stride, LEAD))
            return None
        if self._direct:
            statuses = [
                self.record(run.view[at : at + run.stride - LEAD]) for at in range(LEAD, len(run.view), run.stride)
            ]
            return next((status for status in reversed(statuses) if status is not None), None)
        texts, result = [], None
        for at in range(LEAD, len(run.view), run.stride):
            text, status = self._text(run.view[at : at + run.stride - LEAD])
            texts.append(text)
            result = status if status is not None else result
        self._write("".join(texts))
        return result

    def _common_plan(self, run: Run) -> Plan | None:
        """How to print all records of a run, if it is the same way for all."""
        words, step = run.view.cast("I"), run.stride // 4
        number = words[LEAD // 4]
        record = self._records.get(number)
        # The id, and the words of the mask.
        alike = [0, *(mark_offset(word) // 4 for word in range(record.marks if record else 0))]
        if self._flow is not None or any(len({*words[LEAD // 4 + at :: step].tolist()}) > 1 for at in alike):
            return None
        return self._plan(number, run.view[LEAD : run.stride]) if record else None

    def _text(self, data: Record) -> tuple[str, int | None]:
        number, _, cpu = _HEADER.unpack_from(data)
        if number == ERROR_RECORD:
            self._complain(error_line(data, self._spec.probes, self._lines))
            return "", None
        plan = self._plan(number, data)
        if plan.speculation is not None and not self._speculations.keep(plan.speculation(data), cpu, bytes(data)):
            return "", None
        self.header()
        return self._shown(data)

    def _shown(self, data: Record) -> tuple[str, int | None]:
        number, probe, cpu = _HEADER.unpack_from(data)
        plan = self._plan(number, data)
        status = plan.status(data) if plan.status is not None else None
        if self._direct and self._flow is None:
            for step in plan.steps:
                self._write(step(data))
            return "", status
        if self._flow is None:
            return "".join([step(data) for step in plan.steps]), status
        ready = self._flow.put(Fired(number, probe, cpu, bytes(data)))
        return "".join(self._indented(ready)), status

    def _indented(self, ready: Iterator[tuple[str, bytes]]) -> Iterator[str]:
        for prefix, data in ready:
            yield prefix
            yield from (step(data) for step in self._plan(_HEADER.unpack_from(data)[0], data).steps)

    def flush(self) -> None:
        """No more records for now: those that waited for the one after them are printed."""
        if self._flow is not None:
            self._write("".join(self._indented(self._flow.flush())))

    # --------------------------------------------------------------------------------------------------------- plans

    def _plan(self, number: int, data: Record) -> Plan:
        record = self._records[number]
        mask = record.ran(data)
        plan = self._plans.get((number, mask))
        if plan is None:
            plan = self._plans[number, mask] = self._make_plan(record, mask)
        return plan

    def _make_plan(self, record: RecordSpec, mask: int) -> Plan:
        steps: list[Step] = []
        # A clause that only ends a speculation has nothing of its own to print.
        bare = self._quiet or all(isinstance(action, CommitAction | DiscardAction) for action in record.actions)
        pieces: list[Piece] = [self._heading] if self._flow is None and not bare else []
        status: Read | None = None
        speculation: Read | None = None
        for bit, action in enumerate(record.actions):
            if not mask >> bit & 1:
                continue
            if isinstance(action, ExitAction):
                status = reader(action.status)
            elif isinstance(action, SpeculateAction):
                speculation = reader(action.tag)
            elif type(action) in _EFFECTS:
                steps += [Formatter(pieces)] if pieces else []
                steps.append(_EFFECTS[type(action)](self, action))
                pieces = []
            else:
                pieces += self._pieces(action)
        pieces += [] if bare else [literal("\n")]
        steps += [Formatter(pieces)] if pieces else []
        only = steps[0] if len(steps) == 1 and status is speculation is None else None
        return Plan(tuple(steps), only if isinstance(only, Formatter) else None, status, speculation)

    def _pieces(self, action: ActionSpec) -> Iterable[Piece]:
        """What an action prints that needs nothing but its record."""
        match action:
            case TraceAction(field=field):
                if field.kind == "bytes" and options.is_set(self._options, "rawbytes"):
                    return (tracemem_piece(field, None),)
                if (show := self._shower.of(field)) is not None:
                    return (names_piece(field, show),)
                return (trace_piece(field, self._spec.probes, self._quiet),)
            case PrintAction():
                most = options.number(self._options, "printsize")
                return (print_piece(action, self._spec.probes, most),)
            case PrintfAction(format=text, fields=fields):
                return printf_pieces(text, fields, self._spec.probes, self._shower)
            case TracememAction(field=field, count=count):
                return (tracemem_piece(field, count),)
            case DefaultAction() | RaiseAction():
                return ()
        raise TypeError(f"no way to print {action!r}")

    # -------------------------------------------------------------------------------------------------- aggregations

    def _printa(self, action: PrintaAction) -> Step:
        specs = [self._aggregations[number] for number in action.aggregations]
        row = default_row(specs) if action.format is None else format_row(action.format, specs, self._shower)
        lead = "\n" if action.format is None else ""
        return lambda record: lead + "".join(self._rows(action.aggregations, row))

    def _rows(self, numbers: Sequence[int], row: Row) -> Iterator[str]:
        """Every row of one or several aggregations, which then count as printed, unless they have none."""
        specs = [self._aggregations[number] for number in numbers]
        tables = [self._store.snapshot(number) for number in numbers]
        normals = [self._normals.get(number, 1) for number in numbers]
        if any(tables):
            self._printed.update(numbers)
        if len(specs) == 1:
            for key, words in sort_rows(specs[0], tables[0], self._order):
                yield row(key, (words,), normals)
            return
        for key, several in join_rows(specs, tables, self._order):
            yield row(key, or_empty(specs, several), normals)

    def _clear(self, action: ClearAction) -> Step:
        def clear(record: Record) -> str:
            self._store.clear(action.aggregation)
            return ""

        return clear

    def _trunc(self, action: TruncAction) -> Step:
        spec = self._aggregations[action.aggregation]
        count = reader(action.count) if action.count is not None else None

        def trunc(record: Record) -> str:
            rows = self._store.snapshot(spec.id)
            self._store.remove(spec.id, truncated(spec, rows, count(record) if count is not None else 0))
            return ""

        return trunc

    def _normalize(self, action: NormalizeAction) -> Step:
        factor = reader(action.factor)

        def normalize(record: Record) -> str:
            by = factor(record)
            if by > 0:
                self._normals[action.aggregation] = by
            else:
                name = self._aggregations[action.aggregation].name
                self._complain(
                    f"normalize( ) of @{'' if name == '_' else name} by {by} ignored: the factor must be positive"
                )
            return ""

        return normalize

    def _denormalize(self, action: DenormalizeAction) -> Step:
        def denormalize(record: Record) -> str:
            self._normals.pop(action.aggregation, None)
            return ""

        return denormalize

    # ---------------------------------------------------------------------------------------- the output and options

    def _system(self, action: SystemAction) -> Step:
        command = Formatter(printf_pieces(action.format, action.fields, self._spec.probes, self._shower))

        def system(record: Record) -> str:
            if self._output is not None:
                self._output.flush()
            os.system(command(record))
            return ""

        return system

    def _freopen(self, action: FreopenAction) -> Step:
        path = Formatter(printf_pieces(action.format, action.fields, self._spec.probes, self._shower))

        def freopen(record: Record) -> str:
            if self._output is not None and (why := self._output.reopen(path(record))):
                self._complain(why)
            return ""

        return freopen

    def _ftruncate(self, action: FtruncateAction) -> Step:
        def ftruncate(record: Record) -> str:
            if self._output is not None:
                self._output.truncate()
            return ""

        return ftruncate

    def _setopt(self, action: SetoptAction) -> Step:
        name = Formatter([text_piece(action.name, self._spec.probes)])
        value = Formatter([text_piece(action.value, self._spec.probes)]) if action.value is not None else None

        def setopt(record: Record) -> str:
            return self._set(name(record), value(record) if value is not None else None)

        return setopt

    def _set(self, name: str, text: str | None) -> str:
        """Change an option that can change while a program runs; what is to be printed as it was before."""
        value = options.changed(name, text)
        if isinstance(value, options.BadOption):
            shown = "" if text is None else f' to "{text}"'
            self._complain(f'could not set option "{name}"{shown}: {value.why}')
            return ""
        waited = "".join(self._indented(self._flow.flush())) if self._flow is not None else ""
        self._options[name] = value
        self._take_options()
        self._plans.clear()
        return waited

    def _take_options(self) -> None:
        self._quiet = options.is_set(self._options, "quiet")
        self._order = order_of(self._options)
        self._shower.indent = options.number(self._options, "stackindent")
        if not options.is_set(self._options, "flowindent"):
            self._flow = None
        elif self._flow is None:
            self._flow = Flow(self._spec.probes)

    # -------------------------------------------------------------------------------------------------- speculations

    def _commit(self, action: CommitAction) -> Step:
        tag = reader(action.tag)
        return lambda record: "".join(
            [self._shown(kept)[0] for kept in self._speculations.close(tag(record), commit=True)]
        )

    def _discard(self, action: DiscardAction) -> Step:
        tag = reader(action.tag)
        return lambda record: "".join(map(str, self._speculations.close(tag(record), commit=False)))

    # ------------------------------------------------------------------------------------------------------- the end

    def finish(self) -> None:
        """The end of a trace: DTrace prints a newline, then every aggregation of which printa() printed no row, in the
        order in which the program names them (`aggsortrev` reverses that too)."""
        self.flush()
        self._store.refresh()
        self._write("\n")
        for number in sorted(self._aggregations, reverse=self._order.reverse):
            if number not in self._printed:
                self._write("".join(self._rows((number,), default_row((self._aggregations[number],)))))

    def drops(self, lost: Lost) -> None:
        """Complain of what was lost since the last call; see `complaints.drop_lines`."""
        if (dropped := self._speculations.dropped) or "speculative" in self._lost:
            lost = {**lost, "speculative": [dropped.get(cpu, 0) for cpu in range(len(lost["principal"]))]}
        for line in drop_lines(lost, self._lost, tags=options.is_set(self._options, "droptags")):
            self._complain(line)
        self._lost = {kind: tuple(counts) for kind, counts in lost.items()}


def reader(field: FieldSpec) -> Read:
    """From a record to an integer in it."""
    code, offset = field_code(field)
    unpack = struct.Struct(f"<{code}").unpack_from
    return lambda record: int(unpack(record, offset)[0])


# Actions on what the consumer has: from the action to what it does with a record.
_EFFECTS: Mapping[type[ActionSpec], Callable[..., Step]] = {
    PrintaAction: Printer._printa,
    ClearAction: Printer._clear,
    TruncAction: Printer._trunc,
    NormalizeAction: Printer._normalize,
    DenormalizeAction: Printer._denormalize,
    SystemAction: Printer._system,
    FreopenAction: Printer._freopen,
    FtruncateAction: Printer._ftruncate,
    SetoptAction: Printer._setopt,
    CommitAction: Printer._commit,
    DiscardAction: Printer._discard,
}
