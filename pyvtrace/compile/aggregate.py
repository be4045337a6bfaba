"""`@name[keys] = function(value)`: find the slot of the key, then let the function update its words."""

from __future__ import annotations

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf import maps
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R7,
    Code,
    Label,
    Note,
    atomic_add,
    call,
    jump,
    jump_if,
    load,
    map_fd,
    map_value,
    mov,
    store,
)
from pyvtrace.compile.frame import Place
from pyvtrace.compile.keys import build_key
from pyvtrace.compile.layout import DATA, AggregationPlace
from pyvtrace.compile.machine import Machine
from pyvtrace.lang import typed


def aggregate(m: Machine, statement: typed.Aggregate, symbol: typed.AggregationSymbol) -> Code:
    """One update. A key that finds no room is counted as an aggregation drop and changes nothing."""
    place = m.layout.aggregations[statement.aggregation]
    dropped, done = Label("dropped"), Label("done")
    with m.frame.statement(), m.frame.temporary() as slot, m.frame.temporary() as value, m.frame.temporary() as weight:
        for expr, kept in zip(statement.args, (value, weight), strict=False):
            if not m.is_simple(expr):
                yield from m.value(expr)
                yield from m.save(kept)
        if place.spec.keys:
            yield from _find_slot(m, place, statement.keys, slot, dropped)
        else:
            yield mov(R1, 0)
        yield from _address_words(m, place, slot, dropped)
        for expr, kept, reg in zip(statement.args, (value, weight), (R1, R2), strict=False):
            if m.is_simple(expr):
                yield from m.simple(expr, reg)
            else:
                yield from m.restore(reg, kept)
        yield Note(f"{symbol.function.name}()")
        yield from symbol.function.code(symbol.params, len(statement.args), place.shared)

    def out_of_line() -> Code:
        yield dropped
        yield from m.count("aggregation")
        yield jump(done)

    m.late.append(out_of_line)
    yield done


def _address_words(m: Machine, place: AggregationPlace, slot: Place, dropped: Label) -> Code:
    """R0 = this CPU's words of the slot in R1."""
    if place.spec.cpus > 1:
        with m.frame.temporary() as kept:
            yield store(kept.base, kept.offset, R1)
            yield call(h.GET_SMP_PROCESSOR_ID)
            yield R0 * place.spec.capacity
            yield load(R1, kept.base, kept.offset)
            yield R1 + R0
    yield store(slot.base, slot.offset, R1, 4)
    yield from m.address(R2, slot)
    yield map_fd(R1, place.spec.values)
    yield call(h.MAP_LOOKUP)
    yield jump_if(R0, "==", 0, dropped)


def _find_slot(m: Machine, place: AggregationPlace, keys: tuple[typed.Expr, ...], slot: Place, dropped: Label) -> Code:
    """R1 = slot of the key, given out now if it is a new one."""
    spec = place.spec
    found, remembered = Label("found"), Label("remembered")
    if place.remembered >= 0:
        yield from m.need("self")
    with m.frame.temporary(spec.key_size) as key:
        yield from build_key(m, key, spec.keys, spec.key_size, keys, thread=False)
        if place.remembered >= 0:
            yield from _recall(place, key, remembered)
        yield from m.address(R2, key)
        yield map_fd(R1, spec.index)
        yield call(h.MAP_LOOKUP)
        missing = Label("new key")
        yield jump_if(R0, "==", 0, missing)
        yield load(R1, R0, 0, 4)
        yield found
        if place.remembered >= 0:
            yield from _remember(place, key)
        yield remembered

        def out_of_line(key: Place = key) -> Code:
            yield missing
            yield from _give_out(m, place, key, slot, dropped)
            yield jump(found)

        m.late.append(out_of_line)


def _recall(place: AggregationPlace, key: Place, remembered: Label) -> Code:
    """R1 = the slot this thread used last, if it was for the same key. Slots are remembered plus one: 0 is none."""
    other = Label("another key")
    for at in range(0, place.spec.key_size, 8):
        yield load(R1, key.base, key.offset + at)
        yield load(R2, R7, place.remembered + at)
        yield jump_if(R1, "!=", R2, other)
    yield load(R1, R7, place.remembered + place.spec.key_size)
    yield R1 - 1
    yield jump_if(R1, "s>=", 0, remembered)
    yield other


def _remember(place: AggregationPlace, key: Place) -> Code:
    for at in range(0, place.spec.key_size, 8):
        yield load(R2, key.base, key.offset + at)
        yield store(R7, place.remembered + at, R2)
    yield mov(R2, R1)
    yield R2 + 1
    yield store(R7, place.remembered + place.spec.key_size, R2)


def _give_out(m: Machine, place: AggregationPlace, key: Place, slot: Place, dropped: Label) -> Code:
    """Take the next free slot for a new key; when two CPUs race for one key, both use the winner's slot."""
    spec = place.spec
    ours = Label("ours")
    yield map_value(R1, DATA, place.allocated)
    yield load(R2, R1, 0)
    yield jump_if(R2, ">=", spec.capacity, dropped)
    yield mov(R2, 1)
    yield atomic_add(R1, 0, R2, fetch=True)
    yield jump_if(R2, ">=", spec.capacity, dropped)
    yield store(slot.base, slot.offset, R2)
    yield map_fd(R1, spec.index)
    yield from m.address(R2, key)
    yield from m.address(R3, slot)
    yield mov(R4, maps.UPDATE_NEW)
    yield call(h.MAP_UPDATE)
    yield load(R1, slot.base, slot.offset)
    yield jump_if(R0, "==", 0, ours)
    yield from m.address(R2, key)
    yield map_fd(R1, spec.index)
    yield call(h.MAP_LOOKUP)
    yield jump_if(R0, "==", 0, dropped)
    yield load(R1, R0, 0, 4)
    yield ours
