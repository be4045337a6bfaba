"""Tuples as map keys: every field at its place, every other byte zero."""

from __future__ import annotations

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R8, R9, Code, Label, Reg, call, fits, jump_if, load, mov, store
from pyvtrace.compile.fields import SYMBOLIC
from pyvtrace.compile.frame import Place
from pyvtrace.compile.machine import FAULT_ADDRESS, Machine
from pyvtrace.lang import typed
from pyvtrace.spec import TRACES, FieldSpec


def build_key(
    m: Machine,
    key: Place,
    fields: tuple[FieldSpec, ...],
    size: int,
    parts: tuple[typed.Expr, ...],
    *,
    thread: bool,
    tag: int = -1,
) -> Code:
    """Write a tuple to `key`. In front of it stands the thread (`thread`: arrays of `self->`) or a `tag` that is not
    negative (aggregations that share a map)."""
    if key.base is R9:
        yield from m.need("scratch")
    # Gaps between fields would make equal keys differ.
    if sum(f.size for f in fields) + (8 if thread or tag >= 0 else 0) != size:
        yield from m.clear(key, size)
    if thread:
        yield from _thread(m)
        yield store(key.base, key.offset, R0)
    elif tag >= 0:
        yield store(key.base, key.offset, tag)
    for field, part in zip(fields, parts, strict=True):
        yield from put_field(m, field, key.plus(field.offset), part, padded=True)


def _thread(m: Machine) -> Code:
    """R0 = process and thread id; of idle threads, which are 0 on every CPU, -1 - the CPU's number."""
    busy = Label("not idle")
    if m.context.thread < 0:
        yield call(h.GET_CURRENT_PID_TGID)
    else:
        yield from m.need("task")
        yield mov(R0, 0)
        for place in (m.target.member("task_struct", "tgid"), m.target.member("task_struct", "pid")):
            if place is not None:
                yield R0 << 32
                yield load(R1, R8, place.offset, place.size)
                yield R0 | R1
    yield jump_if(R0, "!=", 0, busy)
    yield call(h.GET_SMP_PROCESSOR_ID)
    yield R0 ^ -1
    yield busy


def put_field(m: Machine, field: FieldSpec, place: Place, expr: typed.Expr, *, padded: bool) -> Code:
    """An expression's value at a place, in the form the field says."""
    if field.kind == "string":
        yield from m.copy_string(expr, place, field.size, padded=padded)
        return
    if isinstance(expr, typed.Memory):
        yield from _memory(m, place, expr)
        return
    if field.kind in TRACES:
        yield from _trace(m, expr, place)
        if field.size > expr.type.size:
            # Another clause keeps more frames under the same key.
            yield from m.clear(place.plus(expr.type.size), field.size - expr.type.size)
        return
    if field.kind == "bytes":
        yield from m.value(expr)
        yield mov(R3, R0)
        yield from m.address(R1, place)
        yield mov(R2, field.size)
        yield call(h.PROBE_READ_KERNEL)
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


def _trace(m: Machine, expr: typed.Expr, place: Place) -> Code:
    """A stack, or the name of an address: taken now, or what a variable has."""
    if isinstance(expr, typed.Call):
        yield from expr.function.code(m, expr, place)
        return
    yield from m.value(expr)
    yield mov(R3, R0)
    yield from m.address(R1, place)
    yield mov(R2, expr.type.size)
    yield call(h.PROBE_READ_KERNEL)


def _memory(m: Machine, place: Place, expr: typed.Memory) -> Code:
    """The bytes at an address, to a place."""
    with m.frame.temporary() as address:
        yield from m.value(expr.address)
        yield from m.save(address)
        yield from m.read_memory(expr.address.type, place, expr.type.size, address, text=False)
        yield from m.restore(R1, address)
        yield from m.fault_if(R0, "!=", 0, FAULT_ADDRESS, R1)
