"""How many long waits are told of. On a host whose processors are wanted by hundreds, thousands are long each second,
and to read them all would take a part of those processors.

Each CPU has a ration of each kind of wait, so that threads that sleep in crowds do not use up what there is for others:
of threads that could have gone on, that slept and could not be woken by a signal, that waited in futex(2), and of all
others. So many may be told of at once, and one more each time that some ns have gone by. The rest are counted, with
what they come to. Threads that end, and have short waits to tell of, have a ration like a kind of wait.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R10,
    Code,
    Label,
    Reg,
    call,
    jump_if,
    load,
    map_value,
    mov,
    mov32,
    store,
)
from pyvtrace.providers import syscall
from pyvtrace.target import MemberPlace, Target
from pyvtrace.value import Value

# What there is for a CPU, in cache lines of its own: whether the thread that it has taken up comes from a long wait;
# how many waits were left out, and the ns that they came to; for each kind the time by the scheduler's clock at which a
# ration that is used evenly would be used up, and last for threads that end; how many of these were left out, and the
# ns that their short waits came to; of how many waits nobody told since the interrupt did not come in time, and of how
# many since the switch that ended them was not seen.
LATE, LINE = "late", 128
WAITS, _USED, _OTHERS, ENDING, ENDS, LOST, UNSEEN = 8, 24, 48, 56, 64, 80, 88
# What is read of a thread's registers on its kernel stack, of that size, lies so many bytes below its top. With FRED
# all lie lower.
_STACK, _TOP, _READ, _FRED = 16384, 80, 56, 16
SECOND, FIRST, CALL, _SEGMENT = 0, 8, 16, 32  # two arguments of a system call, and its number (struct pt_regs)
_USER = 0x33  # the code segment of user space
_REGISTERS = -72  # on our own stack
# States of threads (include/linux/sched.h). TASK_IDLE is the last two: the kernel's own wait for something to do.
_COULD_GO_ON, _UNINTERRUPTIBLE, _NO_LOAD = 0, 2, 0x400
# Waits a second of one kind, of the whole host; reading one, and who ended it, takes some 100 us.
_MOST = 1_000


class Ration(Value):
    """Of each kind of wait on each CPU: how many `a_second`, and how many of them `at_once`; of threads that could have
    gone on, of which no stack is read, `turns` times as many a second; of all others, most of which have nothing to do,
    one in `others` of both."""

    a_second: int
    at_once: int
    turns: int = 10
    others: int = 5

    @property
    def every(self) -> int:
        """ns from one to the next."""
        return 1_000_000_000 // self.a_second


def ration(cpus: int) -> Ration:
    """What is not felt where nothing else is wrong: some hundredths of a processor."""
    return Ration(max(1, min(100, _MOST // cpus)), 150)


def line(cpus: int, unknown: Label) -> Code:
    """R1 = the place of this CPU's line."""
    yield call(h.GET_SMP_PROCESSOR_ID)
    yield jump_if(R0, ">=", cpus, unknown)
    yield R0 * LINE
    yield map_value(R1, LATE)
    yield R1 + R0


def registers(thread: Reg, stack: MemberPlace) -> Code:
    """R3 = the place on our stack, above _REGISTERS, of what is read of the thread's registers in its system call."""
    lower = Label("with FRED")
    yield load(R3, thread, stack.offset)
    yield R3 + (_STACK - _TOP)
    yield mov(R1, R10)
    yield R1 + _REGISTERS
    yield mov(R2, _READ)
    yield call(h.PROBE_READ_KERNEL)
    yield mov(R3, R10)
    yield R3 + _REGISTERS
    yield load(R1, R3, _SEGMENT + _FRED, 2)
    yield jump_if(R1, "!=", _USER, lower)
    yield R3 + _FRED
    yield lower


def kind(words: Mapping[str, int], storage: Reg, thread: Reg, target: Target, into: Reg) -> Code:
    """`into` = where on a line the kind of wait is in which that thread was. Uses the stack from _REGISTERS on."""
    known = Label("kind")
    yield mov(into, _USED)
    yield load(R2, storage, words["state"])
    yield mov32(R2, R2)
    yield jump_if(R2, "==", _COULD_GO_ON, known)
    yield into + 8
    yield R2 & (_UNINTERRUPTIBLE | _NO_LOAD)
    yield jump_if(R2, "==", _UNINTERRUPTIBLE, known)
    yield into + 8
    stack, futex = target.member("task_struct", "stack"), syscall.table(target.architecture).get("futex")
    if stack is not None and futex is not None:
        yield from registers(thread, stack)
        yield load(R2, R3, CALL)
        yield jump_if(R2, "==", futex, known)
    yield into + 8
    yield known


def unless_left(kind: Reg, now: Reg, none: Label) -> Code:
    """R4 = the place of that kind on the line in R1, R3 = what is there; jump if nothing is left."""
    yield mov(R4, R1)
    yield R4 + kind
    yield load(R3, R4, 0)
    yield jump_if(R3, "s>", now, none)


def take(of: Ration, kind: Reg, now: Reg) -> Code:
    """Use one of what `unless_left` has found."""
    known, begun = Label("interval"), Label("begun")
    # What was not used for long is no more than may be used at once.
    for one, every, at_once in (
        (_USED, of.every // of.turns, of.at_once),
        (_OTHERS, of.every * of.others, of.at_once // of.others),
    ):
        yield mov(R5, every)
        yield mov(R2, every * at_once)
        yield jump_if(kind, "==", one, known)
    yield mov(R5, of.every)
    yield mov(R2, of.every * of.at_once)
    yield known
    yield mov(R0, now)
    yield R0 - R2
    yield jump_if(R3, "s>=", R0, begun)
    yield mov(R3, R0)
    yield begun
    yield R3 + R5
    yield store(R4, 0, R3)


def leave_out(length: Reg, what: int = WAITS) -> Code:
    """Count so many ns on the line in R1, of a wait or of all short ones of a thread that ends."""
    for place, amount in ((what, 1), (what + 8, length)):
        yield load(R3, R1, place)
        yield R3 + amount
        yield store(R1, place, R3)


def lose(how_many: Reg | int, why: int = LOST) -> Code:
    """Count so many waits that nobody told of on the line in R1."""
    yield load(R3, R1, why)
    yield R3 + how_many
    yield store(R1, why, R3)


class LeftOut(Value):
    """How many waits were left out, and the ns that they came to; how many threads that ended, and the ns of theirs;
    how many waits were lost, and of how many the end was not seen."""

    waits: int = 0
    ns: int = 0
    ends: int = 0
    short_ns: int = 0
    lost: int = 0
    unseen: int = 0


def left_out(lines: bytes) -> LeftOut:
    """From the lines of all CPUs."""
    found = list(struct.iter_unpack(f"<{LINE // 8}q", lines))
    places = (WAITS, WAITS + 8, ENDS, ENDS + 8, LOST, UNSEEN)
    return LeftOut(*(sum(words[place // 8] for words in found) for place in places))
