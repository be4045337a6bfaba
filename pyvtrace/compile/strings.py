"""Strings: comparison, assignment, and the walks over bytes that functions share."""

from __future__ import annotations

from collections.abc import Generator

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf import maps
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R9,
    Code,
    Item,
    Label,
    call,
    jump,
    jump_if,
    load,
    map_fd,
    mov,
    store,
    to_big_endian,
)
from pyvtrace.compile.frame import Place
from pyvtrace.compile.keys import build_key
from pyvtrace.compile.machine import Machine
from pyvtrace.lang import typed
from pyvtrace.lang.types import String


def compare(m: Machine, op: str, left: typed.Expr, right: typed.Expr) -> Code:
    """0 or 1 in R0 for `left op right` as strcmp orders them."""
    if isinstance(left, typed.Text) and op in ("==", "!="):
        left, right = right, left
    if isinstance(right, typed.Text) and op in ("==", "!="):
        yield from _equals_constant(m, op, left, right.text)
        return
    yield from _ordered(m, op, left, right)


def _equals_constant(m: Machine, op: str, left: typed.Expr, text: str) -> Code:
    """Compare words with immediates: the bytes up to and including the constant's NUL decide."""
    raw = text.encode("utf-8", "surrogateescape") + b"\0"
    different, done = Label("different"), Label("done")
    if _has_capacity(left) and len(raw) <= left.type.size:
        yield from m.value(left)
    else:
        # One byte more than the constant's, so that a longer string is not cut to an equal one.
        size = (len(raw) + 8) & ~7
        yield from m.need("scratch")
        copy = m.buffer(size)
        yield from m.copy_string(left, copy, size, padded=False)
        yield from m.address(R0, copy)
    at = 0
    while at < len(raw):
        width = next(w for w in (8, 4, 2, 1) if w <= len(raw) - at)
        word = int.from_bytes(raw[at : at + width], "little")
        yield load(R1, R0, at, width)
        yield mov(R2, word)
        yield jump_if(R1, "!=", R2, different)
        at += width
    yield mov(R0, int(op == "=="))
    yield jump(done)
    yield different
    yield mov(R0, int(op == "!="))
    yield done


def _has_capacity(e: typed.Expr) -> bool:
    """Whether its value leads to as many bytes as its type says. Others may be constants, which have their own size."""
    match e:
        case typed.Load(keys=()):
            return True
        case typed.Builtin(variable=variable):
            return variable.name in ("execname", "comm")
    return False


def _ordered(m: Machine, op: str, left: typed.Expr, right: typed.Expr) -> Code:
    """The difference of the first words that differ, then one comparison with zero."""
    yield from m.need("scratch")
    # One byte more than the shorter's, so that the longer is not cut to an equal one.
    size = (min(left.type.size, right.type.size) + 8) & ~7
    with m.frame.statement():
        first, second = m.buffer(size), m.buffer(size)
        yield from m.copy_string(left, first, size, padded=True)
        yield from m.copy_string(right, second, size, padded=True)
        decided, done = Label("decided"), Label("done")
        yield mov(R0, 0)
        for at in range(0, size, 8):
            yield load(R1, R9, first.offset + at)
            yield load(R2, R9, second.offset + at)
            yield jump_if(R1, "!=", R2, decided)
        yield jump(done)
        yield decided
        yield to_big_endian(R1)
        yield to_big_endian(R2)
        yield mov(R0, -1)
        yield jump_if(R1, "<", R2, done)
        yield mov(R0, 1)
        yield done
        yield from _verdict(op)


def _verdict(op: str) -> Code:
    true, done = Label("true"), Label("done")
    yield jump_if(R0, op if op in ("==", "!=") else "s" + op, 0, true)
    yield mov(R0, 0)
    yield jump(done)
    yield true
    yield mov(R0, 1)
    yield done


def assign(m: Machine, e: typed.Assign) -> Code:
    """`target = string`; assigning 0 or NULL empties a variable and frees an element."""
    assert isinstance(e.target, typed.Load)
    symbol = e.target.symbol
    size = (symbol.type.size + 7) & ~7
    clears = not isinstance(e.value.type, String)
    if e.target.keys:
        yield from _assign_element(m, e, e.target, size, clears=clears)
        return
    if clears:
        place = yield from variable_place(m, symbol)
        yield from m.clear(place, 8)
        yield mov(R0, 0)
        return
    # Evaluated first: the value may be the variable itself.
    yield from m.value(e.value)
    with m.frame.temporary() as pointer:
        yield from m.save(pointer)
        place = yield from variable_place(m, symbol)
        yield from m.address(R1, place)
        yield mov(R2, symbol.type.size)
        yield from m.restore(R3, pointer)
        yield call(h.PROBE_READ_KERNEL_STR)
    place = yield from variable_place(m, symbol)
    yield from m.address(R0, place)


def variable_place(m: Machine, symbol: typed.Symbol) -> Generator[Item, None, Place]:
    """The bytes of a string variable. Clobbers R0-R5."""
    base, offset = yield from m.locate(symbol, R4)
    return Place(base, offset)


def _assign_element(m: Machine, e: typed.Assign, target: typed.Load, size: int, *, clears: bool) -> Code:
    symbol = target.symbol
    array = m.layout.arrays[symbol.scope, symbol.name]
    done = Label("done")
    yield from m.need("scratch")
    value = m.buffer(size)
    if not clears:
        yield from m.copy_string(e.value, value, size, padded=True)
        if size > symbol.type.size:
            base, offset = yield from m.at(value)
            yield store(base, offset + symbol.type.size - 1, 0, 1)
    with m.frame.temporary(array.key_size) as key:
        yield from build_key(m, key, array.keys, array.key_size, target.keys, thread=symbol.scope == "self")
        yield from m.address(R2, key)
        yield map_fd(R1, array.map)
        if clears:
            yield call(h.MAP_DELETE)
            yield mov(R0, 0)
            return
        yield from m.address(R3, value)
        yield mov(R4, maps.UPDATE_ANY)
        yield call(h.MAP_UPDATE)
    yield jump_if(R0, "==", 0, done)
    yield from m.count("dynamic")
    yield done
    yield from m.address(R0, value)
