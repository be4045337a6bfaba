"""The functions on integers: byte order, devices, processes, chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R8, Code, call, extend, load, mov, to_big_endian
from pyvtrace.builtins.machine import Machine
from pyvtrace.builtins.walks import is_equal
from pyvtrace.lang.types import INT, TYPEDEFS, UINT16, UINT32, UINT64, Integer, Type
from pyvtrace.lang.vocabulary import Function, Parameter

# How many generations progenyof() looks back.
_GENERATIONS = 64
# Bits of a device number that are the minor (include/linux/kdev_t.h).
_MINOR_BITS = 20


def _gives(type_: Type) -> Callable[[Sequence[Type], int], Type]:
    return lambda types, strsize: type_


def _swap(type_: Integer) -> Callable[[Machine, Any], Code]:
    """Between the order of the machine and that of the network, which is the same operation both ways."""

    def code(m: Machine, e: Any) -> Code:
        yield from m.value(e.args[0])
        yield to_big_endian(R0, 8 * type_.bytes)

    return code


def _order(name: str, type_: Integer) -> Function:
    return Function(name, (Parameter("integer", shown=type_.name),), _gives(type_), _swap(type_))


def rand(m: Machine, e: Any) -> Code:
    yield call(h.GET_PRANDOM_U32)
    yield from extend(R0, 4, signed=True)


def getmajor(m: Machine, e: Any) -> Code:
    yield from m.value(e.args[0])
    yield R0 >> _MINOR_BITS
    yield from extend(R0, 4, signed=False)


def getminor(m: Machine, e: Any) -> Code:
    yield from m.value(e.args[0])
    yield R0 & (1 << _MINOR_BITS) - 1


def progenyof(m: Machine, e: Any) -> Code:
    """Whether the process is the current one, or one that it descends from. Init's parent is the idle thread, which is
    its own: going on there changes nothing."""
    yield from m.value(e.args[0])
    up, tgid = m.target.member("task_struct", "real_parent"), m.target.member("task_struct", "tgid")
    with m.frame.temporary() as wanted:
        yield from m.save(wanted)
        if up is None or tgid is None:
            yield call(h.GET_CURRENT_PID_TGID)
            yield R0 >> 32
            yield from m.restore(R1, wanted)
            yield from is_equal(R0, R1)
            return
        yield from m.need("task")
        yield from m.restore(R1, wanted)
    yield from extend(R1, 4, signed=False)
    yield mov(R2, R8)
    yield mov(R0, 0)
    for _ in range(_GENERATIONS):
        yield load(R3, R2, tgid.offset, tgid.size)
        yield from is_equal(R3, R1)
        yield R0 | R3
        yield load(R2, R2, up.offset)


_DEVICE = (Parameter("integer", shown="dev_t"),)
_WIDTHS = ((UINT16, "s"), (UINT32, "l"), (UINT64, "ll"))

NUMBERS = (
    *(_order(f"{way}{suffix}", type_) for way in ("hton", "ntoh") for type_, suffix in _WIDTHS),
    Function("rand", (), _gives(INT), rand),
    Function("getmajor", _DEVICE, _gives(TYPEDEFS["uint_t"]), getmajor),
    Function("getminor", _DEVICE, _gives(TYPEDEFS["uint_t"]), getminor),
    Function("progenyof", (Parameter("integer", shown="pid_t"),), _gives(INT), progenyof),
)
