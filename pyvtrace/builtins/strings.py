"""Functions that read, measure, join and cut strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, Code, Label, call, jump, jump_if, load, mov, store
from pyvtrace.builtins.machine import Machine
from pyvtrace.builtins.walks import copied, room
from pyvtrace.lang.types import CHAR, Integer, Pointer, String, Type
from pyvtrace.lang.vocabulary import ADDRESS_OF_STRING, Function, Parameter

FAULT_ADDRESS = 1
_INTEGER = Parameter("integer", shown="integer")
_STRING = Parameter("string", shown="string")
_ADDRESS = Parameter("pointer or integer", shown="uintptr_t")


def _string(types: Sequence[Type], strsize: int) -> Type:
    return String(strsize)


def _same(types: Sequence[Type], strsize: int) -> Type:
    return String(types[0].size)


def _number(types: Sequence[Type], strsize: int) -> Type:
    return String(min(strsize, _DIGITS))


def _joined(types: Sequence[Type], strsize: int) -> Type:
    return String(min(strsize, types[0].size + types[1].size - 1))


def _size(types: Sequence[Type], strsize: int) -> Type:
    return Integer(8, False, "size_t")


def copyinstr(m: Machine, e: Any) -> Code:
    """A string of the process, at most strsize bytes with its NUL; one that does not end there is counted as
    truncated."""
    size = e.type.size
    yield from m.need("scratch")
    text = m.buffer(size)
    with m.frame.temporary() as address:
        yield from m.value(e.args[0])
        yield from m.save(address)
        yield mov(R3, R0)
        yield from m.address(R1, text)
        yield mov(R2, size)
        if len(e.args) > 1:
            yield from _limit(m, e.args[1], size, address, text)
        yield call(h.PROBE_READ_USER_STR)
        yield from m.restore(R1, address)
        yield from m.fault_if(R0, "s<", 0, FAULT_ADDRESS, R1)
    if len(e.args) == 1:
        yield from _count_if_cut(m, size)
    yield from m.address(R0, text)


def _limit(m: Machine, limit: Any, size: int, address: Any, text: Any) -> Code:
    """R2 = min(limit + 1, size): the guide's maxlen does not count the NUL."""
    small = Label("small")
    yield from m.value(limit)
    yield mov(R2, R0)
    yield R2 + 1
    yield jump_if(R2, "<=", size, small)
    yield mov(R2, size)
    yield small
    yield from m.restore(R3, address)
    yield from m.address(R1, text)


def _count_if_cut(m: Machine, size: int) -> Code:
    """A result that fills the buffer is counted as cut: whether the string just fits cannot be told from it."""
    whole = Label("whole")
    yield jump_if(R0, "!=", size, whole)
    yield from m.count("truncated")
    yield whole


def strlen(m: Machine, e: Any) -> Code:
    """Copying tells the length; the copy is not used."""
    size = (e.args[0].type.size + 7) & ~7
    yield from m.need("scratch")
    copy = m.buffer(size)
    yield from m.value(e.args[0])
    yield mov(R3, R0)
    yield from m.address(R1, copy)
    yield mov(R2, size)
    yield call(h.PROBE_READ_KERNEL_STR)
    yield R0 - 1


def strjoin(m: Machine, e: Any) -> Code:
    """The second string is copied over the first one's NUL; the buffer has room for both before it is cut."""
    first, second = (room(a.type.size) for a in e.args)
    yield from m.need("scratch")
    text, length = m.buffer(first + second), m.buffer(8)
    with m.frame.temporary() as right:
        yield from copied(m, e.args[0], text, first)
        yield from m.save(length)
        yield from m.value(e.args[1])
        yield from m.save(right)
        yield from m.address(R1, text)
        yield load(R0, length.base, length.offset)
        yield R0 & (first - 1)
        yield R1 + R0
        yield mov(R2, second)
        yield from m.restore(R3, right)
        yield call(h.PROBE_READ_KERNEL_STR)
    if e.type.size < first + second:
        whole = Label("whole")
        yield load(R1, length.base, length.offset)
        yield R0 + R1
        yield jump_if(R0, "s<=", e.type.size, whole)
        yield from m.count("truncated")
        yield whole
        yield store(text.base, text.offset + e.type.size - 1, 0, 1)
    yield from m.address(R0, text)


def string_of(m: Machine, e: Any) -> Code:
    """The string at an address, of the kernel or of the process; at most strsize bytes with its NUL."""
    yield from m.need("scratch")
    text = m.buffer(e.type.size)
    with m.frame.temporary() as address:
        yield from m.value(e.args[0])
        yield from m.save(address)
        yield from m.read_memory(e.args[0].type, text, e.type.size, address, text=True)
        yield from m.restore(R1, address)
        yield from m.fault_if(R0, "s<", 0, FAULT_ADDRESS, R1)
    yield from _count_if_cut(m, e.type.size)
    yield from m.address(R0, text)


def address_of(m: Machine, e: Any) -> Code:
    """Where a string lies, as a number: it goes through memory, where the verifier forgets. A constant and a variable
    stay there; what was computed does until the clause ends."""
    yield from m.need("scratch")
    number = m.buffer(8)
    yield from m.value(e.args[0])
    yield store(number.base, number.offset, R0)
    yield load(R0, number.base, number.offset)


def substr(m: Machine, e: Any) -> Code:
    """From an index on (a negative one counts from the end), so many bytes, or (negative) all but so many."""
    size = room(e.args[0].type.size)
    yield from m.need("scratch")
    text, words = m.buffer(size), m.buffer(24)
    length, start, count = (words.plus(8 * n) for n in range(3))
    yield from copied(m, e.args[0], text, size)
    yield from m.save(length)
    for place, arg in zip((start, count), e.args[1:], strict=False):
        yield from m.value(arg)
        yield from m.save(place)
    if len(e.args) < 3:
        yield mov(R0, 1 << 30)
        yield from m.save(count)
    yield from _part(length, start, count)
    # R1 = where it begins, R2 = where it ends: both at most the length.
    for reg in (R1, R2):
        yield reg & (size - 1)
    yield from m.address(R0, text)
    yield mov(R3, R0)
    yield R3 + R2
    yield store(R3, 0, 0, 1)
    yield R0 + R1


def _part(length: Any, start: Any, count: Any) -> Code:
    """R1, R2 = where a part of a string begins and ends."""
    forwards, inside, nothing, positive, fits, done = map(
        Label, ("from the front", "inside", "nothing", "so many", "fits", "done")
    )
    yield load(R0, length.base, length.offset)
    yield load(R1, start.base, start.offset)
    yield load(R2, count.base, count.offset)
    yield jump_if(R1, "s>=", 0, forwards)
    yield R1 + R0
    yield jump_if(R1, "s>=", 0, forwards)
    # A part that begins before the string, and reaches into it.
    yield mov(R3, R1)
    yield R3 + R2
    yield jump_if(R3, "s<=", 0, nothing)
    yield R2 + R1
    yield mov(R1, 0)
    yield forwards
    yield jump_if(R1, "s<", R0, inside)
    yield nothing
    yield mov(R1, 0)
    yield mov(R2, 0)
    yield jump(done)
    yield inside
    yield R0 - R1
    yield jump_if(R2, "s>=", 0, positive)
    yield R2 + R0
    yield jump_if(R2, "s<", 0, nothing)
    yield positive
    yield jump_if(R2, "s<=", R0, fits)
    yield mov(R2, R0)
    yield fits
    yield R2 + R1
    yield done
    # Through memory: what the verifier would know of them differs from way to way.
    yield store(start.base, start.offset, R1)
    yield store(count.base, count.offset, R2)
    yield load(R1, start.base, start.offset)
    yield load(R2, count.base, count.offset)


# A sign, the digits of 2^63, a NUL.
_DIGITS = 24


def lltostr(m: Machine, e: Any) -> Code:
    """Decimal digits, written from the last to the first."""
    yield from m.need("scratch")
    text = m.buffer(_DIGITS)
    yield from m.value(e.args[0])
    yield mov(R1, R0)
    yield R1.alu("s>>", 63)
    # The magnitude, by two's complement.
    yield R0 ^ R1
    yield R0 - R1
    yield mov(R3, _DIGITS - 1)
    yield store(text.base, text.offset + _DIGITS - 8, 0)
    for place in range(_DIGITS - 2, _DIGITS - 22, -1):
        yield mov(R2, R0)
        yield R2.alu("%", 10)
        yield R2 + ord("0")
        yield store(text.base, text.offset + place, R2, 1)
        # The place counts if there is anything left, or if it is the first.
        if place == _DIGITS - 2:
            yield R3 - 1
        else:
            yield mov(R2, R0)
            yield -R2
            yield R2 >> 63
            yield R3 - R2
        yield R0.alu("/", 10)
    yield mov(R0, text.base)
    yield R0 + R3
    yield R0 + R1
    yield jump_if(R1, "==", 0, positive := Label("positive"))
    yield store(R0, text.offset, ord("-"), 1)
    yield positive
    yield R0 + text.offset


STRINGS = (
    Function("copyinstr", (_ADDRESS, Parameter("integer", True, "size_t")), _string, copyinstr),
    Function("strlen", (_STRING,), _size, strlen),
    Function("strjoin", (_STRING, _STRING), _joined, strjoin),
    Function("substr", (_STRING, Parameter("integer", shown="int"), Parameter("integer", True, "int")), _same, substr),
    Function("lltostr", (Parameter("integer", shown="int64_t"),), _number, lltostr),
    Function("stringof", (_ADDRESS,), _string, string_of),
    Function(ADDRESS_OF_STRING, (_STRING,), lambda types, strsize: Pointer(CHAR), address_of),
)
