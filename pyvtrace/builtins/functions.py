"""The subroutines: what they take, what they give, their code (Dynamic Tracing Guide, "Actions and Subroutines")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R5, Code, Label, Reg, call, jump, jump_if, load, mov, store
from pyvtrace.builtins.machine import Machine
from pyvtrace.lang.types import Integer, String, Type
from pyvtrace.lang.vocabulary import Function, Parameter

FAULT_ADDRESS = 1
_INTEGER = Parameter("integer", shown="integer")
_STRING = Parameter("string", shown="string")
_ADDRESS = Parameter("pointer or integer", shown="uintptr_t")


def _string(types: Sequence[Type], strsize: int) -> Type:
    return String(strsize)


def _same_capacity(types: Sequence[Type], strsize: int) -> Type:
    # "." and "/" are results, too.
    return String(max(types[0].size, 2))


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
    first, second = ((a.type.size + 7) & ~7 for a in e.args)
    yield from m.need("scratch")
    text = m.buffer(first + second)
    failed = Label("unreadable")
    with m.frame.temporary() as right:
        yield from m.value(e.args[1])
        yield from m.save(right)
        yield from m.copy_string(e.args[0], text, first, padded=True)
        yield from m.address(R3, text)
        yield from m.address(R1, text)
        # Measure: copying the first string onto itself gives its length.
        yield mov(R2, first)
        yield call(h.PROBE_READ_KERNEL_STR)
        yield jump_if(R0, "s<=", 0, failed)
        yield jump_if(R0, "s>", first, failed)
        yield R0 - 1
        yield from m.address(R1, text)
        yield R1 + R0
        yield mov(R2, second)
        yield from m.restore(R3, right)
        yield call(h.PROBE_READ_KERNEL_STR)
    yield failed
    yield from m.address(R0, text)
    if e.type.size < first + second:
        yield store(R0, e.type.size - 1, 0, 1)


def basename(m: Machine, e: Any) -> Code:
    """The part after the last slash, trailing slashes aside; "/" for a path of slashes, "." for an empty one."""
    size = (e.args[0].type.size + 7) & ~7
    yield from m.need("scratch")
    text, state = m.buffer(size), m.buffer(40)
    yield from m.copy_string(e.args[0], text, size, padded=False)
    yield from m.address(R5, text)
    empty, root, done = Label("empty"), Label("root"), Label("done")
    yield load(R1, R5, 0, 1)
    yield jump_if(R1, "==", 0, empty)
    start, end, carry = state, state.plus(16), state.plus(32)
    for place in (start, end, carry):
        yield store(place.base, place.offset, 0)
    yield from _find_parts(size, start, end, carry)
    yield from m.restore(R1, end)
    yield jump_if(R1, "==", 0, root)
    yield from _position(end)
    yield R0 + 1
    yield jump_if(R0, ">=", size, root)
    yield mov(R1, R5)
    yield R1 + R0
    yield store(R1, 0, 0, 1)
    yield from m.restore(R1, start)
    yield from _position(start)
    yield jump_if(R0, ">=", size, root)
    yield R0 + R5
    yield jump(done)
    yield root
    yield from m.text(R0, "/")
    yield jump(done)
    yield empty
    yield from m.text(R0, ".")
    yield done


# The low seven bits of every byte; marks of bytes are in the eighth.
_LOW_BITS, _SLASHES = 0x7F7F7F7F7F7F7F7F, 0x2F2F2F2F2F2F2F2F


def _find_parts(size: int, start: Any, end: Any, carry: Any) -> Code:
    """Mark the last byte that begins a part of R5's path at `start`, the last byte of any part at `end`: a word with
    marks, and its place in the path. Eight bytes at a time.

    The results are kept in memory of which the verifier does not know the contents: it would go on with each value of a
    register separately.
    """
    walk, no_start, no_part, last = Label("walk"), Label("no start"), Label("no part"), Label("end")
    yield mov(R1, 0)
    yield walk
    yield mov(R2, _LOW_BITS)
    yield mov(R0, R5)
    yield R0 + R1
    yield load(R0, R0, 0)
    # R3 marks bytes that are zero, R4 those that are no slash: adding carries into the mark unless all bits are zero.
    yield from _mark_others(R3, R0)
    yield R3 ^ -1
    yield mov(R4, _SLASHES)
    yield R0 ^ R4
    yield from _mark_others(R4, R0)
    yield R4 ^ R2
    # Of these, the ones before the first zero are in the path.
    yield mov(R0, R3)
    yield -R0
    yield R0 & R3
    yield R0 - 1
    yield R4 & R0
    # A part begins where the byte before is in none.
    yield mov(R2, R4)
    yield R2 << 8
    yield load(R0, carry.base, carry.offset)
    yield R2 | R0
    yield R2 ^ -1
    yield R2 & R4
    yield jump_if(R2, "==", 0, no_start)
    yield store(start.base, start.offset, R2)
    yield store(start.base, start.offset + 8, R1)
    yield no_start
    yield jump_if(R4, "==", 0, no_part)
    yield store(end.base, end.offset, R4)
    yield store(end.base, end.offset + 8, R1)
    yield no_part
    yield R4 >> 56
    yield store(carry.base, carry.offset, R4)
    yield jump_if(R3, "!=", 0, last)
    yield R1 + 8
    yield jump_if(R1, "<", size, walk)
    yield last


def _mark_others(marks: Reg, word: Reg) -> Code:
    """`marks` has the mark of every byte of `word` that is not zero, and all other bits. R2 = the low bits."""
    yield mov(marks, word)
    yield marks & R2
    yield marks + R2
    yield marks | word
    yield marks | R2


def _position(place: Any) -> Code:
    """R0 = the place of the last mark of R1, the word that `_find_parts` left at `place`. Clobbers R1 and R2."""
    yield load(R0, place.base, place.offset + 8)
    for byte in (4, 2, 1):
        below = Label(f"below byte {byte}")
        yield mov(R2, R1)
        yield R2 >> 8 * byte
        yield jump_if(R2, "==", 0, below)
        yield mov(R1, R2)
        yield R0 + byte
        yield below


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


FUNCTIONS: dict[str, Function] = {
    f.name: f
    for f in (
        Function("copyinstr", (_ADDRESS, Parameter("integer", True, "size_t")), _string, copyinstr),
        Function("strlen", (_STRING,), _size, strlen),
        Function("strjoin", (_STRING, _STRING), _joined, strjoin),
        Function("basename", (_STRING,), _same_capacity, basename),
        Function("stringof", (_ADDRESS,), _string, string_of),
    )
}
