"""Stacks and single addresses of code: what the consumer shows by name (Dynamic Tracing Guide, "User Process Tracing").

A stack is written as it is into the record or the key: no map of stacks stands between, in which one could push out
another. The kernel clears what it does not fill, so that equal stacks are equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R6, R8, Code, Label, call, jump_if, load, mov, store
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


def _put(m: Machine, place: Any) -> Code:
    """R0 to a place, wherever that is."""
    base, offset = yield from m.at(place)
    yield store(base, offset, R0)


def _get_thread_stack(m: Machine, place: Any, size: int) -> Code:
    """The same of the thread that the probe is about."""
    yield from m.need("task")
    yield mov(R1, R8)
    yield from m.address(R2, place)
    yield mov(R3, size)
    yield mov(R4, 0)
    yield call(h.GET_TASK_STACK)


def kernel_stack(m: Machine, e: Any, place: Any) -> Code:
    if m.context.own_stack:
        yield from _get_thread_stack(m, place, e.type.size)
    else:
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
    yield from _put(m, place)


def kernel_address(m: Machine, e: Any, place: Any) -> Code:
    yield from m.value(e.args[0])
    yield from _put(m, place)


def user_address(m: Machine, e: Any, place: Any) -> Code:
    yield from m.value(e.args[0])
    yield from _put(m, place.plus(8))
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


def user_frame(m: Machine, variable: Variable) -> Code:
    """The second frame's address; 0 where there is none."""
    yield from m.need("scratch")
    frames = m.buffer(16)
    yield from _get_stack(m, frames, 16, USER_STACK)
    yield load(R0, frames.base, frames.offset + 8)


def user_depth(m: Machine, variable: Variable) -> Code:
    yield from m.need("scratch")
    yield from _get_stack(m, m.buffer(8 * MOST_FRAMES), 8 * MOST_FRAMES, USER_STACK)
    yield from _frames_in_bytes()


def kernel_frame(m: Machine, variable: Variable) -> Code:
    """The same of the kernel's stack, behind what is of tracing."""
    size = 8 * (2 + len(m.context.tracing_functions))
    yield from _real_frames(m, size)
    yield load(R0, R3, 8)


def kernel_depth(m: Machine, variable: Variable) -> Code:
    yield from _real_frames(m, 8 * MOST_FRAMES)
    yield from _frames_in_bytes()


def _frames_in_bytes() -> Code:
    """R0 = how many frames the helper's result stands for."""
    known = Label("depth")
    yield jump_if(R0, "s>=", 0, known)
    yield mov(R0, 0)
    yield known
    yield R0 >> 3


def _real_frames(m: Machine, size: int) -> Code:
    """R3 = where the first frame is that is none of tracing, of `size` bytes of the kernel's stack; R0 = bytes from
    there on, or a negative error number."""
    yield from m.need("scratch")
    frames = m.buffer(size)
    own = m.context.traced_by_caller
    yield from _get_stack(m, frames, size, _OWN_FRAMES if own else 0)
    yield from m.address(R3, frames)
    for name in m.context.tracing_functions if own else ():
        place, other = m.target.function(name), Label(f"not {name}")
        if place is None:
            continue
        yield load(R1, R3, 0)
        yield mov(R2, place[0])
        yield jump_if(R1, "<", R2, other)
        yield mov(R2, place[1])
        yield jump_if(R1, ">=", R2, other)
        yield R3 + 8
        yield R0 - 8
        yield other


STACK_VARIABLES = (
    Variable("caller", UINT64, kernel_frame, "address in the kernel from which the probe's function was called"),
    Variable("ucaller", UINT64, user_frame, "address in the process from which its function was called"),
    Variable("stackdepth", UINT, kernel_depth, "frames of the kernel's stack"),
    Variable("ustackdepth", UINT, user_depth, "frames of the process's stack"),
)
