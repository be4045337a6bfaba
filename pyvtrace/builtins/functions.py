"""The subroutines: what they take, what they give, their code (Dynamic Tracing Guide, "Actions and Subroutines")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R5, Code, Label, call, jump, jump_if, load, mov, store
from pyvtrace.builtins.machine import Machine
from pyvtrace.lang.types import Integer, String, Type
from pyvtrace.lang.vocabulary import Function, Parameter

FAULT_ADDRESS = 1
_INTEGER = Parameter("integer", shown="integer")
_STRING = Parameter("string", shown="string")
_ADDRESS = Parameter("pointer or integer", shown="uintptr_t")


def _string(types: Sequence[Type]) -> Type:
    return String()


def _same_capacity(types: Sequence[Type]) -> Type:
    return String(types[0].size)


def _joined(types: Sequence[Type]) -> Type:
    return String(min(256, types[0].size + types[1].size - 1))


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
    text = m.buffer(size)
    yield from m.copy_string(e.args[0], text, size, padded=True)
    yield from m.address(R5, text)
    empty, walk, done = Label("empty"), Label("walk"), Label("done")
    yield load(R1, R5, 0, 1)
    yield jump_if(R1, "==", 0, empty)
    # R1 position, R2 start of the current part, R3 its end, R4 whether the byte before was a slash.
    yield mov(R1, 0)
    yield mov(R2, 0)
    yield mov(R3, 0)
    yield mov(R4, 1)
    yield from _parts(walk, size)
    root = Label("root")
    yield jump_if(R3, "==", 0, root)
    yield jump_if(R3, ">=", size, root)
    yield jump_if(R2, ">=", size, root)
    yield mov(R1, R5)
    yield R1 + R3
    yield store(R1, 0, 0, 1)
    yield mov(R0, R5)
    yield R0 + R2
    yield jump(done)
    yield root
    yield from m.text(R0, "/")
    yield jump(done)
    yield empty
    yield from m.text(R0, ".")
    yield done


def _parts(walk: Label, size: int) -> Code:
    """Walk R5's bytes: R2 = start and R3 = end of the last part that is not empty (R3 = 0 if there is none)."""
    slash, following, last = Label("slash"), Label("next"), Label("end")
    yield walk
    yield mov(R0, R5)
    yield R0 + R1
    yield load(R0, R0, 0, 1)
    yield jump_if(R0, "==", 0, last)
    yield jump_if(R0, "==", ord("/"), slash)
    inside = Label("inside")
    yield jump_if(R4, "==", 0, inside)
    yield mov(R2, R1)
    yield mov(R4, 0)
    yield inside
    yield mov(R3, R1)
    yield R3 + 1
    yield jump(following)
    yield slash
    yield mov(R4, 1)
    yield following
    yield R1 + 1
    yield jump_if(R1, "<", size, walk)
    yield last


FUNCTIONS: dict[str, Function] = {
    f.name: f
    for f in (
        Function("copyinstr", (_ADDRESS, Parameter("integer", True, "size_t")), _string, copyinstr),
        Function("strlen", (_STRING,), lambda types: Integer(8, False, "size_t"), strlen),
        Function("strjoin", (_STRING, _STRING), _joined, strjoin),
        Function("basename", (_STRING,), _same_capacity, basename),
    )
}
