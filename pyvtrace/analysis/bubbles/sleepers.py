"""Which threads may be in a long wait for a lock or a device: the kernel runs this program for every thread of the
system, and it writes the process and the thread of those. To read of each in /proc takes much longer (docs/bubbles.md).

It lets through more than there are: whoever reads on has the exact rules.
"""

from __future__ import annotations

from pyvtrace.analysis.bubbles.rations import CALL, registers
from pyvtrace.analysis.bubbles.storage import Limits, Places, Words, scheduler_time, storage
from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.assembler import assemble
from pyvtrace.bpf.isa import R0, R1, R2, R3, R6, R7, R8, R10, Code, Label, call, jump_if, leave, load, mov, store
from pyvtrace.bpf.programs import TRACING
from pyvtrace.compile.code import code_spec
from pyvtrace.providers import syscall
from pyvtrace.spec import CodeSpec, TaskIterator
from pyvtrace.target import Target

NAME = "sleepers"
# What is written of a thread: u32 process, u32 thread.
_SIZE = 8
_WRITTEN = -_SIZE  # on the stack
# States of threads (include/linux/sched.h): in TASK_IDLE wait the kernel's own that have nothing to do; /proc shows
# those in TASK_UNINTERRUPTIBLE, TASK_RTLOCK_WAIT and TASK_FROZEN as "D".
_INTERRUPTIBLE, _DEEP, _IDLE = 0x1, 0x9002, 0x402
_HAS_REGISTERS = "x86_64"  # where `registers` knows the place


def sleepers(words: Words, limits: Limits, target: Target) -> CodeSpec:
    """The program."""
    return code_spec(assemble(_asked(words, limits, target)), NAME, TRACING, TaskIterator())


def _asked(words: Words, limits: Limits, target: Target) -> Code:
    """Its context is (what to write to, the thread or nothing)."""
    end, long = Label("end"), Label("long")
    yield load(R6, R1, 0)
    yield load(R7, R1, 8)
    yield jump_if(R7, "==", 0, end)
    yield from _sleeps(target, end)
    yield mov(R2, R7)
    # Who has no storage was not seen to leave its processor: it has waited since before the trace.
    yield from storage(long)
    yield load(R8, R0, words["off"])
    yield load(R1, R7, Places(target).arrival.offset)
    yield jump_if(R8, "s<", R1, end)
    yield from scheduler_time()
    yield R0 - R8
    yield mov(R1, limits.long)
    yield jump_if(R0, "s<", R1, end)
    yield long
    for place, path in enumerate(("tgid", "pid")):
        member = target.member("task_struct", path)
        yield mov(R1, 0)
        if member is not None:
            yield load(R1, R7, member.offset, 4)
        yield store(R10, _WRITTEN + 4 * place, R1, 4)
    yield load(R1, R6, 0)
    yield mov(R2, R10)
    yield R2 + _WRITTEN
    yield mov(R3, _SIZE)
    yield call(h.SEQ_WRITE)
    yield end
    yield mov(R0, 0)
    yield leave()


def _sleeps(target: Target, end: Label) -> Code:
    """Jump unless the thread in R7 sleeps, and either no signal can wake it or it is in futex(2)."""
    state, stack = Places(target).state, target.member("task_struct", "stack")
    if state is None:
        return
    deep = Label("deep")
    yield load(R8, R7, state.offset, 4)
    yield jump_if(R8, "==", _IDLE, end)
    yield mov(R1, R8)
    yield R1 & _DEEP
    yield jump_if(R1, "!=", 0, deep)
    yield R8 & _INTERRUPTIBLE
    yield jump_if(R8, "==", 0, end)
    futex = syscall.table(target.architecture).get("futex")
    if stack is not None and futex is not None and target.architecture == _HAS_REGISTERS:
        yield from registers(R7, stack)
        yield load(R2, R3, CALL)
        yield jump_if(R2, "!=", futex, end)
    yield deep
