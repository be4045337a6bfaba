"""What a program recorded, firing by firing, as typed values."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Mapping

from pyvtrace.runtime.printer import LEAD, AggregationStore, Printer, Record, Run
from pyvtrace.runtime.printf import PROBE_PARTS, cut, field_code, to_text
from pyvtrace.runtime.traces import Shower
from pyvtrace.spec import FieldSpec, PrintAction, PrintfAction, ProbeName, ProgramSpec, RecordSpec, TraceAction
from pyvtrace.value import Value, replace

MOST_KEPT = 100_000
_HEADER = struct.Struct("<3I")

Decode = Callable[[Record], "int | str | bytes"]


class Event(Value):
    """One firing of a clause that recorded something. `values` are those of its trace(), print() and printf(), in
    order: int, str, or bytes for what is neither. `text` is what the clause printed, as with `-q`. `clause` counts from
    1, as run-time errors count."""

    probe: ProbeName
    cpu: int
    clause: int
    values: tuple[int | str | bytes, ...]
    text: str


class Events(Printer):
    """Turns records into events, and does what clear(), printa() and the like ask for. At most `MOST_KEPT` events wait
    to be taken; `missed` counts those that came when there was no more room. Each goes to `record` first, if there is
    such a function."""

    def __init__(
        self,
        spec: ProgramSpec,
        complain: Callable[[str], object],
        store: AggregationStore,
        shower: Shower,
        record: Callable[[Event], object] | None = None,
    ) -> None:
        # Columns are for people; a program that sets quiet itself has its reasons.
        self._texts: list[str] = []
        super().__init__(
            replace(spec, options={**spec.options, "quiet": "1"}), self._texts.append, complain, store, None, shower
        )
        self._decoders: dict[tuple[int, int], tuple[Decode, ...]] = {}
        self._record = record
        self.waiting: deque[Event] = deque()
        self.missed = 0

    def records(self, run: Run) -> int | None:
        """Each record by itself, for each is an event."""
        stride = run.stride
        statuses = [self.record(run.view[at : at + stride - LEAD]) for at in range(LEAD, len(run.view), stride)]
        return next((status for status in reversed(statuses) if status is not None), None)

    def _shown(self, data: Record) -> tuple[str, int | None]:
        self._texts.clear()
        text, status = super()._shown(data)
        number, probe, cpu = _HEADER.unpack_from(data)
        record = self._records[number]
        full = len(self.waiting) >= MOST_KEPT
        if full:
            self.missed += 1
        if full and self._record is None:
            return "", status
        text = "".join(self._texts) + text
        values = tuple(decode(data) for decode in self._decode(record, record.ran(data)))
        event = Event(self._spec.probes[probe], cpu, record.clause + 1, values, text)
        if self._record is not None:
            self._record(event)
        if not full:
            self.waiting.append(event)
        return "", status

    def _decode(self, record: RecordSpec, mask: int) -> tuple[Decode, ...]:
        known = self._decoders.get((record.id, mask))
        if known is None:
            ran = [action for bit, action in enumerate(record.actions) if mask >> bit & 1]
            known = self._decoders[record.id, mask] = tuple(
                decoder(field, self._spec.probes, self._shower)
                for action in ran
                if isinstance(action, TraceAction | PrintAction | PrintfAction)
                for field in (action.fields if isinstance(action, PrintfAction) else (action.field,))
            )
        return known


def decoder(field: FieldSpec, probes: Mapping[int, ProbeName], shower: Shower) -> Decode:
    """From a record to the value of a field."""
    code, offset = field_code(field)
    unpack = struct.Struct(f"<{code}").unpack_from
    if (show := shower.of(field)) is not None:
        return lambda record: show(unpack(record, offset)[0])
    if field.kind in PROBE_PARTS:
        part = PROBE_PARTS[field.kind]
        return lambda record: str(getattr(probes[unpack(record, offset)[0]], part))
    if field.kind == "string":
        return lambda record: to_text(cut(unpack(record, offset)[0]))
    if field.kind == "bytes":
        return lambda record: bytes(unpack(record, offset)[0])
    return lambda record: int(unpack(record, offset)[0])
