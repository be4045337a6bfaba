"""Structs, unions and arrays: where a part of one lies, and reading, writing and copying it.

An aggregate's value is the address of its bytes. Indices are evaluated into a word first and checked again where they
are added to an address, so that the verifier sees their bounds wherever the word was kept.
"""

from __future__ import annotations

from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf import maps
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    Code,
    Label,
    Note,
    atomic_add,
    call,
    extend,
    jump,
    jump_if,
    load,
    map_fd,
    map_value,
    mov,
    store,
)
from pyvtrace.builtins.memory import locate
from pyvtrace.compile.arithmetic import operate
from pyvtrace.compile.frame import FAR, Place
from pyvtrace.compile.keys import build_key
from pyvtrace.compile.layout import TEXT
from pyvtrace.compile.machine import FAULT_ADDRESS, FAULT_BOUNDS, Located, Machine, computes
from pyvtrace.lang import typed
from pyvtrace.lang.types import Pointer, String, Type, is_signed


class Path:
    """The way from a variable, or any other value, to a part of it: `offset` bytes, and elements to be computed."""

    def __init__(self, e: typed.Expr) -> None:
        self.offset = 0
        self.indices: list[tuple[typed.Expr, int, int]] = []
        while isinstance(e, typed.Part):
            self.offset += e.offset
            if e.index is not None:
                self.indices.append((e.index, e.count, e.type.size))
            e = e.base
        self.indices.reverse()
        self.root = e
        # The largest distance that the indices can make.
        self.reach = sum((count - 1) * size for _, count, size in self.indices)

    @property
    def is_keyed(self) -> bool:
        return isinstance(self.root, typed.Load) and bool(self.root.keys)


class Spot:
    """A path whose tuple and indices have been evaluated, into `key` and `distance`."""

    def __init__(self, m: Machine, path: Path, distance: Place, key: Place) -> None:
        self.m, self.path, self.distance, self.key = m, path, distance, key

    def evaluate(self) -> Code:
        m, path = self.m, self.path
        if path.is_keyed:
            assert isinstance(path.root, typed.Load)
            symbol = path.root.symbol
            array = m.layout.arrays[symbol.scope, symbol.name]
            thread = symbol.scope == "self"
            yield from build_key(m, self.key, array.keys, array.key_size, path.root.keys, thread=thread)
        for number, (index, count, size) in enumerate(path.indices):
            yield from m.value(index)
            yield from m.fault_if(R0, ">=", count, FAULT_BOUNDS, R0)
            yield R0.alu("*", size)
            if number:
                yield from m.restore(R1, self.distance)
                yield R0 + R1
            yield from m.save(self.distance)

    def address(self, missing: Label | None = None) -> Located:
        """R0 = the address of the part, but for the offset that is returned. An element of an associative array that is
        not there reads as zeros; with `missing`, it is made, and where there is no room for it the code goes there.
        Clobbers R1-R5."""
        m, root, offset = self.m, self.path.root, self.path.offset
        if self.path.is_keyed:
            assert isinstance(root, typed.Load)
            yield from self._look_up(root.symbol, missing)
        elif isinstance(root, typed.Load):
            base, start = yield from m.locate(root.symbol, R0)
            yield Note(root.symbol.name)
            offset += start
            if base is not R0:
                yield mov(R0, base)
        else:
            yield from m.value(root)
        if self.path.indices:
            yield from m.restore(R1, self.distance)
            yield from m.fault_if(R1, ">", self.path.reach, FAULT_BOUNDS, R1)
            yield R0 + R1
        if offset > FAR - 8:
            yield R0 + offset
            offset = 0
        return R0, offset

    def _look_up(self, symbol: typed.Symbol, missing: Label | None) -> Code:
        m = self.m
        array = m.layout.arrays[symbol.scope, symbol.name]
        found = Label("found")
        yield from self._call(array.map, h.MAP_LOOKUP)
        yield jump_if(R0, "!=", 0, found)
        if missing is None:
            yield map_value(R0, TEXT, m.layout.zeros(array.value_size))
        else:
            yield map_value(R3, TEXT, m.layout.zeros(array.value_size))
            yield mov(R4, maps.UPDATE_ANY)
            yield from self._call(array.map, h.MAP_UPDATE)
            yield from self._call(array.map, h.MAP_LOOKUP)
            yield jump_if(R0, "==", 0, missing)
        yield found

    def _call(self, name: str, helper: int) -> Code:
        yield from self.m.address(R2, self.key)
        yield map_fd(R1, name)
        yield call(helper)


def _key_size(m: Machine, path: Path) -> int:
    if path.is_keyed:
        assert isinstance(path.root, typed.Load)
        return m.layout.arrays[path.root.symbol.scope, path.root.symbol.name].key_size
    return 8


# -------------------------------------------------------------------------------------------------------------- reading


@computes(typed.Part)
def part(m: Machine, e: Any) -> Code:
    _, offset = yield from _found(m, e)
    if e.type.is_scalar:
        yield from fetch(e, offset)
    else:
        yield R0 + offset


def _found(m: Machine, e: typed.Expr) -> Located:
    """R0 = the address of a part, but for the offset that is returned."""
    path = Path(e)
    with m.frame.temporary() as distance, m.frame.temporary(_key_size(m, path)) as key:
        spot = Spot(m, path, distance, key)
        yield from spot.evaluate()
        return (yield from spot.address())


@computes(typed.Address)
def part_address(m: Machine, e: Any) -> Code:
    """Through memory, where the verifier forgets what it is: D computes with it."""
    yield from m.need("scratch")
    number = m.buffer(8)
    _, offset = yield from _found(m, e.operand)
    if offset:
        yield R0 + offset
    yield from m.save(number)
    yield from m.restore(R0, number)


def fetch(e: typed.Expr, offset: int) -> Code:
    """R0 = the scalar at R0 + offset."""
    yield load(R0, R0, offset, e.type.size)
    if isinstance(e, typed.Part | typed.Bits) and e.bits:
        yield from _extract(e.shift, e.bits, signed=is_signed(e.type))
    elif is_signed(e.type):
        yield from extend(R0, e.type.size, signed=True)


def _extract(shift: int, bits: int, *, signed: bool) -> Code:
    yield R0 << 64 - shift - bits
    yield R0.alu("s>>" if signed else ">>", 64 - bits)


@computes(typed.Bits)
def bit_field(m: Machine, e: Any) -> Code:
    yield from m.value(e.operand)
    yield from _extract(e.shift, e.bits, signed=is_signed(e.type))


@computes(typed.Characters)
def characters(m: Machine, e: Any) -> Code:
    size = e.type.size
    if isinstance(e.operand, typed.Dereference):
        yield from copied(m, e.operand.pointer, size, text=True)
        return
    yield from m.need("scratch")
    text = m.buffer(size)
    yield from m.value(e.operand)
    yield mov(R3, R0)
    yield from m.address(R1, text)
    yield mov(R2, size)
    yield call(h.PROBE_READ_KERNEL_STR)
    yield from m.address(R0, text)


@computes(typed.Character)
def character(m: Machine, e: Any) -> Code:
    with m.frame.temporary() as text, m.frame.temporary() as byte:
        yield from m.value(e.text)
        yield from m.save(text)
        yield from m.value(e.index)
        yield from m.fault_if(R0, ">=", e.text.type.size, FAULT_BOUNDS, R0)
        yield from m.restore(R3, text)
        yield R3 + R0
        yield store(byte.base, byte.offset, 0)
        yield from m.address(R1, byte)
        yield mov(R2, 1)
        yield call(h.PROBE_READ_KERNEL)
        yield load(R0, byte.base, byte.offset, 1)
    yield from extend(R0, 1, signed=True)


def check_memory(m: Machine, pointer: Type, address: Place, size: int) -> Code:
    """What alloca() gave can be read as far as it gave it."""
    if isinstance(pointer, Pointer) and pointer.scratch:
        yield from locate(m, address, size)


def copied(m: Machine, pointer: typed.Expr, size: int, *, text: bool) -> Code:
    """R0 = the address of a copy of `size` bytes (or of a string in at most as many) of what is traced."""
    yield from m.need("scratch")
    copy = m.buffer(size)
    with m.frame.temporary() as address:
        yield from m.value(pointer)
        yield from m.save(address)
        yield from check_memory(m, pointer.type, address, 1 if text else size)
        yield from m.read_memory(pointer.type, copy, size, address, text=text)
        yield from m.restore(R1, address)
        yield from m.fault_if(R0, "s<", 0, FAULT_ADDRESS, R1)
    yield from m.address(R0, copy)


# -------------------------------------------------------------------------------------------------------------- writing


def assign(m: Machine, e: typed.Assign) -> Code:
    """`part = value`, or a whole aggregate; the value of the expression is the part's, or where it was copied from."""
    if isinstance(e.target, typed.Dereference | typed.Bits):
        yield from _store(m, e, e.target)
        return
    path = Path(e.target)
    lost, done = Label("no room for the element"), Label("assigned")
    with (
        m.frame.temporary() as value,
        m.frame.temporary() as distance,
        m.frame.temporary(_key_size(m, path)) as key,
    ):
        spot = Spot(m, path, distance, key)
        yield from _value(m, e)
        yield from m.save(value)
        yield from spot.evaluate()
        _, offset = yield from spot.address(lost)
        yield from _write(m, e, value, offset)
        yield jump(done)
        yield lost
        yield from m.count("dynamic")
        yield done
        yield from m.restore(R0, value)
    yield from _cut(e)


def _cut(e: typed.Assign | typed.Update) -> Code:
    """R0, a value assigned to a bit-field, as the field then holds it."""
    if isinstance(e.target, typed.Part | typed.Bits) and e.target.bits:
        yield from _extract(0, e.target.bits, signed=is_signed(e.type))


def _store(m: Machine, e: typed.Assign, target: typed.Dereference | typed.Bits) -> Code:
    """`*pointer = value`."""
    with m.frame.temporary() as value, m.frame.temporary() as where:
        yield from _value(m, e)
        yield from m.save(value)
        yield from m.value(_pointer(target))
        yield from m.save(where)
        yield from locate(m, where, e.type.size)
        yield from _write(m, e, value, 0)
        yield from m.restore(R0, value)
    yield from _cut(e)


def _pointer(target: typed.Dereference | typed.Bits) -> typed.Expr:
    behind = target.operand if isinstance(target, typed.Bits) else target
    assert isinstance(behind, typed.Dereference)
    return behind.pointer


def _value(m: Machine, e: typed.Assign) -> Code:
    """What is assigned; a string that goes into an array of characters is made as long as the array."""
    if e.type.is_scalar or isinstance(e.type, String) or not isinstance(e.value.type, String):
        yield from m.value(e.value)
        return
    yield from m.need("scratch")
    size = (e.type.size + 7) & ~7
    text = m.buffer(size)
    yield from m.copy_string(e.value, text, size, padded=True)
    yield store(text.base, text.offset + e.type.size - 1, 0, 1)
    yield from m.address(R0, text)


def _write(m: Machine, e: typed.Assign, value: Place, offset: int) -> Code:
    """The saved value to R0 + offset."""
    if e.type.is_scalar:
        yield from m.restore(R1, value)
        yield from _put(e.target, offset)
    elif isinstance(e.type, String) and not isinstance(e.value.type, String):
        yield store(R0, offset, 0, 1)
    else:
        yield mov(R1, R0)
        yield R1 + offset
        yield mov(R2, e.type.size)
        yield from m.restore(R3, value)
        yield call(h.PROBE_READ_KERNEL_STR if isinstance(e.type, String) else h.PROBE_READ_KERNEL)


def _put(target: typed.Expr, offset: int) -> Code:
    """R1 to the scalar at R0 + offset; a bit-field leaves the bits around it. Clobbers R1-R3."""
    size = target.type.size
    if isinstance(target, typed.Part | typed.Bits) and target.bits:
        mask = (1 << target.bits) - 1
        yield mov(R2, mask)
        yield R1 & R2
        yield R1 << target.shift
        yield mov(R2, ~(mask << target.shift) & 0xFFFFFFFFFFFFFFFF)
        yield load(R3, R0, offset, size)
        yield R3 & R2
        yield R1 | R3
    yield store(R0, offset, R1, size)


def update(m: Machine, e: typed.Update) -> Code:
    """`part op= value`; additions to 8 bytes are atomic, as those to variables are."""
    if isinstance(e.target, typed.Dereference | typed.Bits):
        yield from _update_behind(m, e, e.target)
        return
    assert isinstance(e.target, typed.Part)
    path = Path(e.target)
    lost, done = Label("no room for the element"), Label("updated")
    with (
        m.frame.temporary() as amount,
        m.frame.temporary() as result,
        m.frame.temporary() as distance,
        m.frame.temporary(_key_size(m, path)) as key,
    ):
        spot = Spot(m, path, distance, key)
        yield from m.value(e.value)
        yield from m.save(amount)
        yield store(result.base, result.offset, 0)
        yield from spot.evaluate()
        _, offset = yield from spot.address(lost)
        if e.op in "+-" and e.type.size == 8 and not e.target.bits:
            yield from _add(m, e, amount, result, offset)
        else:
            yield from _compute(m, e, spot, amount, result, offset, lost)
        yield jump(done)
        yield lost
        yield from m.count("dynamic")
        yield done
        yield from m.restore(R0, result)


def _add(m: Machine, e: typed.Update, amount: Place, result: Place, offset: int) -> Code:
    yield from m.restore(R1, amount)
    if e.op == "-":
        yield -R1
    yield mov(R2, R1)
    yield atomic_add(R0, offset, R1, fetch=True)
    if not e.old:
        yield R1 + R2
    yield from m.save(result, R1)


def _compute(m: Machine, e: typed.Update, spot: Spot, amount: Place, result: Place, offset: int, lost: Label) -> Code:
    assert isinstance(e.target, typed.Part)
    with m.frame.temporary() as before:
        yield from fetch(e.target, offset)
        yield from m.save(before)
        yield from operate(m, e, amount)
        yield from m.save(result)
        _, offset = yield from spot.address(lost)
        yield from m.restore(R1, result)
        yield from _put(e.target, offset)
        yield from m.restore(R0, before if e.old else result)
        if not e.old:
            yield from _cut(e)
        yield from m.save(result)


def _update_behind(m: Machine, e: typed.Update, target: typed.Dereference | typed.Bits) -> Code:
    """`*pointer op= value`."""
    size = target.type.size
    with (
        m.frame.temporary() as amount,
        m.frame.temporary() as before,
        m.frame.temporary() as result,
        m.frame.temporary() as where,
    ):
        yield from m.value(e.value)
        yield from m.save(amount)
        yield from m.value(_pointer(target))
        yield from m.save(where)
        yield from locate(m, where, size)
        yield from fetch(target, 0)
        yield from m.save(before)
        yield from operate(m, e, amount)
        yield from m.save(result)
        yield from locate(m, where, size)
        yield from m.restore(R1, result)
        yield from _put(target, 0)
        yield from m.restore(R0, before if e.old else result)
        if not e.old:
            yield from _cut(e)
