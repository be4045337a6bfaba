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
    R5,
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
from pyvtrace.compile.layout import DATA
from pyvtrace.compile.machine import Machine
from pyvtrace.compile.storage import AggregationPlace
from pyvtrace.lang import typed
from pyvtrace.spec import StorageSpec


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
        if symbol.function.marked:
            yield map_value(R5, DATA, place.spec.mark)
            yield load(R5, R5, 0)
            yield R5 + 1
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
    storage = place.spec.storage
    if storage.cpus > 1:
        with m.frame.temporary() as kept:
            yield store(kept.base, kept.offset, R1)
            yield call(h.GET_SMP_PROCESSOR_ID)
            yield R0 * storage.capacity
            yield load(R1, kept.base, kept.offset)
            yield R1 + R0
    yield store(slot.base, slot.offset, R1, 4)
    yield from m.address(R2, slot)
    yield map_fd(R1, storage.values)
    yield call(h.MAP_LOOKUP)
    yield jump_if(R0, "==", 0, dropped)
    if place.spec.first:
        yield R0 + 8 * place.spec.first


def _find_slot(m: Machine, place: AggregationPlace, keys: tuple[typed.Expr, ...], slot: Place, dropped: Label) -> Code:
    """R1 = slot of the key, given out now if it is a new one."""
    spec, storage = place.spec, place.spec.storage
    found, remembered, missing = Label("found"), Label("remembered"), Label("new key")
    if place.remembered >= 0:
        yield from m.need("self")
    with m.frame.temporary(storage.key_size) as key, m.frame.temporary() as generation:
        yield from build_key(m, key, spec.keys, storage.key_size, keys, thread=False, tag=spec.tag)
        if place.remembered >= 0:
            yield from _recall(place, key, generation, remembered)
        yield from m.address(R2, key)
        yield map_fd(R1, storage.index)
        yield call(h.MAP_LOOKUP)
        yield jump_if(R0, "==", 0, missing)
        yield load(R1, R0, 0, 4)
        yield found
        if place.remembered >= 0:
            yield from _remember(place, key, generation)
        yield remembered

        def out_of_line(key: Place = key) -> Code:
            yield missing
            yield from _give_out(m, place, key, slot, dropped)
            yield jump(found)

        m.late.append(out_of_line)


def _recall(place: AggregationPlace, key: Place, generation: Place, remembered: Label) -> Code:
    """R1 = the slot this thread used last, if it was for the same key. Slots are remembered plus one: 0 is none."""
    storage, other = place.spec.storage, Label("another key")
    if storage.free:
        # Read before the index is: a slot found there later may have been taken back in between.
        yield map_value(R3, DATA, storage.generation)
        yield load(R3, R3, 0)
        yield store(generation.base, generation.offset, R3)
        yield load(R2, R7, place.remembered + storage.key_size + 8)
        yield jump_if(R2, "!=", R3, other)
    for at in range(0, storage.key_size, 8):
        yield load(R1, key.base, key.offset + at)
        yield load(R2, R7, place.remembered + at)
        yield jump_if(R1, "!=", R2, other)
    yield load(R1, R7, place.remembered + storage.key_size)
    yield R1 - 1
    yield jump_if(R1, "s>=", 0, remembered)
    yield other


def _remember(place: AggregationPlace, key: Place, generation: Place) -> Code:
    storage = place.spec.storage
    for at in range(0, storage.key_size, 8):
        yield load(R2, key.base, key.offset + at)
        yield store(R7, place.remembered + at, R2)
    yield mov(R2, R1)
    yield R2 + 1
    yield store(R7, place.remembered + storage.key_size, R2)
    if storage.free:
        yield load(R2, generation.base, generation.offset)
        yield store(R7, place.remembered + storage.key_size + 8, R2)


def _give_out(m: Machine, place: AggregationPlace, key: Place, slot: Place, dropped: Label) -> Code:
    """R1 = a slot of its own for a new key; when two CPUs race for one key, both use the winner's slot."""
    storage = place.spec.storage
    ours = Label("ours")
    yield from _take_slot(m, storage, slot, dropped)
    yield map_fd(R1, storage.index)
    yield from m.address(R2, key)
    yield from m.address(R3, slot)
    yield mov(R4, maps.UPDATE_NEW)
    yield call(h.MAP_UPDATE)
    yield load(R1, slot.base, slot.offset, 4)
    yield jump_if(R0, "==", 0, ours)
    if storage.free:
        yield from _give_back(m, storage, slot)
    yield from m.address(R2, key)
    yield map_fd(R1, storage.index)
    yield call(h.MAP_LOOKUP)
    yield jump_if(R0, "==", 0, dropped)
    yield load(R1, R0, 0, 4)
    yield ours


def _take_slot(m: Machine, storage: StorageSpec, slot: Place, dropped: Label) -> Code:
    """The next slot that nobody had yet, or else one that was given back."""
    used_up, taken = Label("used up") if storage.free else dropped, Label("taken")
    yield map_value(R1, DATA, storage.allocated)
    yield load(R2, R1, 0)
    yield jump_if(R2, ">=", storage.capacity, used_up)
    yield mov(R2, 1)
    yield atomic_add(R1, 0, R2, fetch=True)
    yield jump_if(R2, ">=", storage.capacity, used_up)
    yield store(slot.base, slot.offset, R2)
    if not storage.free:
        return
    yield jump(taken)
    yield used_up
    yield map_fd(R1, storage.free)
    yield from m.address(R2, slot)
    yield call(h.MAP_POP_ELEM)
    yield jump_if(R0, "!=", 0, dropped)
    yield taken


def _give_back(m: Machine, storage: StorageSpec, slot: Place) -> Code:
    yield map_fd(R1, storage.free)
    yield from m.address(R2, slot)
    yield mov(R3, 0)
    yield call(h.MAP_PUSH_ELEM)
