"""Tuples as map keys: every field at its place, every other byte zero."""

from __future__ import annotations

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R9, Code, Reg, call, fits, store
from pyvtrace.compile.frame import Place
from pyvtrace.compile.layout import SYMBOLIC
from pyvtrace.compile.machine import Machine
from pyvtrace.lang import typed
from pyvtrace.spec import FieldSpec


def build_key(
    m: Machine, key: Place, fields: tuple[FieldSpec, ...], size: int, parts: tuple[typed.Expr, ...], *, thread: bool
) -> Code:
    """Write a tuple to `key`; `thread` puts the thread in front (arrays of `self->`)."""
    if key.base is R9:
        yield from m.need("scratch")
    # Gaps between fields would make equal keys differ.
    if sum(f.size for f in fields) + (8 if thread else 0) != size:
        yield from m.clear(key, size)
    if thread:
        yield call(h.GET_CURRENT_PID_TGID)
        yield store(key.base, key.offset, R0)
    for field, part in zip(fields, parts, strict=True):
        yield from put_field(m, field, key.plus(field.offset), part, padded=True)


def put_field(m: Machine, field: FieldSpec, place: Place, expr: typed.Expr, *, padded: bool) -> Code:
    """An expression's value at a place, in the form the field says."""
    if field.kind == "string":
        yield from m.copy_string(expr, place, field.size, padded=padded)
        return
    value: Reg | int = R0
    if field.kind in SYMBOLIC:
        yield from m.context.probe_id(m)
    elif isinstance(expr, typed.Constant) and fits(expr.value):
        value = expr.value
    else:
        yield from m.value(expr)
    base, offset = yield from m.at(place)
    yield store(base, offset, value, field.size)
