"""D text compiled, loaded and run on this kernel: what the tests of the language are made of."""

from __future__ import annotations

import struct

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.source import Source
from pyvtrace.spec import ERROR_RECORD, FieldSpec, ProgramSpec, TraceAction

TARGET = LiveTarget()
_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}


def value(spec: ProgramSpec, field: FieldSpec, record: bytes) -> object:
    """A field of a record: int, or str."""
    if field.kind == "string":
        raw = record[field.offset : field.offset + field.size]
        return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    code = _CODES[field.size] if field.kind == "int" else _CODES[field.size].upper()
    (number,) = struct.unpack_from("<" + code, record, field.offset)
    if field.kind.startswith("probe"):
        part = {"probeprov": "provider", "probemod": "module", "probefunc": "function", "probename": "name"}
        return getattr(spec.probes[number], part[field.kind])
    return number


def traced(text: str, **options: str) -> list[object]:
    """What every trace() of the program recorded, in order, after BEGIN has fired."""
    spec = compile_text(Source("test.d", text), TARGET, options)
    found: list[object] = []
    with Session(spec, TARGET) as session:
        session.fire("BEGIN")
        for raw in session.records():
            record = bytes(raw)
            (kind,) = struct.unpack_from("<I", record)
            if kind == ERROR_RECORD:
                continue
            ran = spec.records[kind].ran(record)
            for bit, action in enumerate(spec.records[kind].actions):
                if ran >> bit & 1 and isinstance(action, TraceAction):
                    found.append(value(spec, action.field, record))
    return found
