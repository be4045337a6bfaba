"""Stacks and single addresses of code: what the consumer shows by name (Dynamic Tracing Guide, "User Process Tracing").

A stack is written as it is into the record or the key: no map of stacks stands between, in which one could push out
another. The kernel clears what it does not fill, so that equal stacks are equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R6, Code, Label, call, jump_if, load, mov
from pyvtrace.builtins.machine import Machine
from pyvtrace.lang.types import UINT, UINT64, Type
from pyvtrace.lang.vocabulary import Naming, Parameter, Variable
from pyvtrace.spec import TRACING_FRAMES

# BPF_F_USER_STACK of the helper; the lowest byte of its flags is how many frames to leave out.
USER_STACK = 1 << 8
# As many frames as the kernel takes, unless kernel.perf_event_max_stack was raised.
MOST_FRAMES = 127
# Of a raw tracepoint's stack: the program itself, and what calls it.
_OWN_FRAMES = 2


def _result(types: Sequence[Type], strsize: int) -> Type:
    raise AssertionError("lang.traces knows the type")


def _get_stack(m: Machine, place: Any, size: int, flags: int) -> Code:
    """R0 = bytes written to the place, or a negative error number, with all of it zeros."""
    yield mov(R1, R6)
    yield from m.address(R2, place)
    yield mov(R3, size)
    yield mov(R4, flags)
    yield call(h.GET_STACK)


def kernel_stack(m: Machine, e: Any, place: Any) -> Code:
    yield from _get_stack(m, place, e.type.size, 0)
    if not e.args:
        frames = e.type.words - TRACING_FRAMES
        yield from m.count_if(R0, "s>=", 8 * min(frames + 1, MOST_FRAMES), "stack")


def user_stack(m: Machine, e: Any, place: Any) -> Code:
    yield from _process(m, place)
    yield from _get_stack(m, place.plus(8), e.type.size - 8, USER_STACK)
    if not e.args:
        yield from m.count_if(R0, "s>=", 8 * min(e.type.words - 1, MOST_FRAMES), "stack")


def _process(m: Machine, place: Any) -> Code:
    """The process whose address space the words that follow are of."""
    yield call(h.GET_CURRENT_PID_TGID)
    yield R0 >> 32
    yield from m.put(place)


def kernel_address(m: Machine, e: Any, place: Any) -> Code:
    yield from m.value(e.args[0])
    yield from m.put(place)


def user_address(m: Machine, e: Any, place: Any) -> Code:
    yield from m.value(e.args[0])
    yield from m.put(place.plus(8))
    yield from _process(m, place)


_ADDRESS = (Parameter("scalar", shown="uintptr_t"),)
_FRAMES, _SPACE = Parameter("constant", True, "int"), Parameter("constant", True, "int")

NAMINGS = (
    Naming("stack", (_FRAMES,), _result, kernel_stack, kind="stack", frames="stackframes"),
    Naming("ustack", (_FRAMES, _SPACE), _result, user_stack, kind="ustack", frames="ustackframes"),
    Naming("jstack", (_FRAMES, _SPACE), _result, user_stack, kind="ustack", frames="jstackframes"),
    Naming("sym", _ADDRESS, _result, kernel_address, kind="sym"),
    Naming("func", _ADDRESS, _result, kernel_address, kind="sym"),
    Naming("mod", _ADDRESS, _result, kernel_address, kind="mod"),
    Naming("usym", _ADDRESS, _result, user_address, kind="usym"),
    Naming("ufunc", _ADDRESS, _result, user_address, kind="usym"),
    Naming("umod", _ADDRESS, _result, user_address, kind="umod"),
    Naming("uaddr", _ADDRESS, _result, user_address, kind="uaddr"),
)


# ------------------------------------------------------------------------------------------------------------ variables


def _frame(flags: int, number: int) -> Any:
    """The address in frame `number`; 0 where the stack is not that deep."""

    def code(m: Machine, variable: Variable) -> Code:
        yield from m.need("scratch")
        frames = m.buffer(8 * (number + 1))
        yield from _get_stack(m, frames, 8 * (number + 1), flags)
        yield load(R0, frames.base, frames.offset + 8 * number)

    return code


def _depth(flags: int) -> Any:
    """How many frames there are."""

    def code(m: Machine, variable: Variable) -> Code:
        known = Label("depth")
        yield from m.need("scratch")
        yield from _get_stack(m, m.buffer(8 * MOST_FRAMES), 8 * MOST_FRAMES, flags)
        yield jump_if(R0, "s>=", 0, known)
        yield mov(R0, 0)
        yield known
        yield R0 >> 3

    return code


def _kernel(make: Any, *arguments: int) -> Any:
    """Of the kernel's stack, without the frames of tracing that the probe's context knows of."""

    def code(m: Machine, variable: Variable) -> Code:
        own = _OWN_FRAMES if m.context.traced_by_caller else 0
        yield from make(own, *arguments)(m, variable)

    return code


STACK_VARIABLES = (
    Variable("caller", UINT64, _kernel(_frame, 1), "address in the kernel from which the probe's function was called"),
    Variable("ucaller", UINT64, _frame(USER_STACK, 1), "address in the process from which its function was called"),
    Variable("stackdepth", UINT, _kernel(_depth), "frames of the kernel's stack"),
    Variable("ustackdepth", UINT, _depth(USER_STACK), "frames of the process's stack"),
)
