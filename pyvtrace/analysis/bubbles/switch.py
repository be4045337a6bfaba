"""The gate that every switch comes to: who goes is noted, and of who comes it is found out whether its wait was long.

It costs no look at a clock: the scheduler has just read its own, for both threads, and that one counts. How far it is
from CLOCK_MONOTONIC is noted whenever a wait turns out to have been long, and such waits are all that is told of. How
much of a wait was in the run queue is counted by the scheduler as well (`sched_info`), as is when a thread last got a
processor: whoever had one a short time ago cannot have waited for long since, and nothing else is looked at.
"""

from __future__ import annotations

from pyvtrace.analysis.bubbles.rations import kind, leave_out, line, lose, take, unless_left
from pyvtrace.analysis.bubbles.storage import (
    CLOCKS,
    INTERRUPTS,
    LEFT_OUT,
    THROTTLED,
    TOLD,
    Limits,
    Places,
    Words,
    add_short,
    ends,
    kept,
    so_far,
    storage,
)
from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
    Code,
    Label,
    Reg,
    atomic_add,
    call,
    jump,
    jump_if,
    load,
    map_fd,
    map_value,
    mov,
    mov32,
    store,
)
from pyvtrace.compile.layout import COUNTS
from pyvtrace.spec import COUNTERS
from pyvtrace.target import Target

# On the stack; between them is what `kind` uses.
_BEGAN, _LENGTH, _CONTEXT = -8, -16, -80
_THIS_CPU = 0xFFFFFFFF  # BPF_F_CURRENT_CPU


def switched(words: Words, limits: Limits, target: Target) -> Code:
    """Nobody but who comes from a long wait, and of these nobody for whom an interrupt is under way.

    The context is (preempt, prev, next, prev_state), in R6; R7 is now by the scheduler's clock, R8 who goes, R9 who
    comes.
    """
    places = Places(target)
    comes, end, lost, opened = Label("who comes"), Label("end"), Label("no storage"), Label("long")
    yield mov(R6, R1)
    yield load(R8, R6, 8)
    yield load(R9, R6, 16)
    yield from _now(places)
    yield from _is_idle(R8, comes, places)
    yield mov(R2, R8)
    yield from storage(lost, create=True)
    yield from _goes(words, limits, places, target)
    yield comes
    yield from _came_before(limits, places, end)
    yield from _is_idle(R9, end, places)
    yield mov(R2, R9)
    yield from storage(end)
    yield from _came(words, limits, places, target, end)
    yield load(R6, R10, _CONTEXT)
    if limits.interrupt:
        # Of who could have gone on no stack is read.
        yield load(R1, R8, words["state"])
        yield mov32(R1, R1)
        yield jump_if(R1, "==", 0, opened)
        yield from _interrupt(target, end)
        yield jump(end)
    else:
        yield jump(opened)
    yield lost
    yield from _lose()
    yield jump(comes)
    yield from ends(end, opened)


def _now(places: Places) -> Code:
    """R7 = the clock of this CPU's run queue, which a switch has just updated."""
    known = Label("clocks")
    yield mov(R7, R8)
    for place in places.clock:
        yield load(R7, R7, place.offset)
    yield map_value(R1, CLOCKS)
    yield load(R1, R1, 0)
    yield jump_if(R1, "!=", 0, known)
    yield call(h.KTIME_GET_NS)
    yield R0 - R7
    yield map_value(R1, CLOCKS)
    yield store(R1, 0, R0)
    yield known


def _is_idle(thread: Reg, idle: Label, places: Places) -> Code:
    if places.process is not None:
        yield load(R1, thread, places.process.offset, 4)
        yield jump_if(R1, "==", 0, idle)


def _goes(words: Words, limits: Limits, places: Places, target: Target) -> Code:
    """Note in the storage R0 when, and why, and what it has stood in queues so far."""
    could, noted = Label("could go on"), Label("noted")
    yield from add_short(words, limits, R8, target)
    yield store(R0, words["off"], R7)
    yield from so_far(words, R0, R8, places)
    yield load(R1, R6, 0)
    yield R1 & 0xFF
    yield jump_if(R1, "!=", 0, could)
    yield load(R1, R6, 24)
    yield mov32(R1, R1)
    yield jump_if(R1, "==", 0, could)
    yield store(R0, words["state"], R1)
    if places.ran is not None:
        yield load(R1, R8, places.ran.offset)
        yield store(R0, words["ran"], R1)
    yield load(R1, R0, words["sleeps"])
    yield R1 + 1
    yield store(R0, words["sleeps"], R1)
    yield jump(noted)
    yield could
    yield store(R0, words["state"], 0)
    if places.throttled is not None:
        yield load(R1, R8, places.group.offset)
        yield load(R1, R1, places.throttled.offset, 4)
        yield jump_if(R1, "==", 0, noted)
        yield mov(R1, THROTTLED)
        yield store(R0, words["state"], R1)
    yield noted


def _came_before(limits: Limits, places: Places, end: Label) -> Code:
    """Jump if R9 had a processor so short a time ago that it cannot have waited for long since."""
    yield load(R1, R9, places.arrival.offset)
    yield mov(R2, R7)
    yield R2 - R1
    yield mov(R3, limits.long)
    yield jump_if(R2, "s<", R3, end)


def _came(words: Words, limits: Limits, places: Places, target: Target, end: Label) -> Code:
    """A long wait is left for the programs that tell of it, but for those beyond the ration."""
    told, left_out, none = Label("told of"), Label("left out"), Label("none left")
    yield load(R1, R0, words["off"])
    yield jump_if(R1, "==", 0, end)
    yield mov(R2, R7)
    yield R2 - R1
    yield mov(R3, limits.long)
    yield jump_if(R2, "s<", R3, end)
    # R8, who goes, is not needed any more.
    yield mov(R8, R0)
    yield store(R10, _BEGAN, R1)
    yield store(R10, _LENGTH, R2)
    # Nor is R6, but for the interrupt.
    yield store(R10, _CONTEXT, R6)
    yield load(R6, R8, words["decided"])
    yield store(R8, words["decided"], 0)
    yield jump_if(R6, "==", TOLD, told)
    yield jump_if(R6, "==", LEFT_OUT, left_out)
    yield from kind(words, R8, R9, target, R6)
    yield from line(target.cpus, end)
    yield from unless_left(R6, R7, none)
    yield from take(limits.ration, R6, R7)
    yield jump(told)
    yield left_out
    yield from line(target.cpus, end)
    yield none
    yield store(R8, words["off"], 0)
    yield load(R2, R10, _LENGTH)
    yield from leave_out(R2)
    yield load(R3, R8, words["brief"])
    yield R3 + R2
    yield store(R8, words["brief"], R3)
    yield jump(end)
    yield told
    yield store(R8, words["off"], 0)
    yield call(h.KTIME_GET_NS)
    yield R0 - R7
    yield map_value(R1, CLOCKS)
    yield store(R1, 0, R0)
    yield load(R1, R10, _BEGAN)
    yield R1 + R0
    yield store(R8, words["late"], R1)
    yield from kept(R9, places)
    yield load(R2, R8, words["kept"])
    yield R1 - R2
    yield store(R8, words["kept"], R1)
    yield from _queued(words, places)


def _interrupt(target: Target, end: Label) -> Code:
    """Have this CPU take an interrupt as soon as it takes any. If the last one is still to come, it is too late for
    whom it was about."""
    yield from line(target.cpus, end)
    yield load(R2, R1, 0)
    yield store(R1, 0, 1)
    yield from lose(R2)
    yield mov(R1, R6)
    yield map_fd(R2, INTERRUPTS)
    yield mov(R3, _THIS_CPU)
    yield mov(R4, R10)
    yield R4 + _BEGAN
    yield mov(R5, 8)
    yield call(h.PERF_EVENT_OUTPUT)
    yield jump_if(R0, "==", 0, end)
    # A CPU that was not there when the trace began has none.
    yield from line(target.cpus, end)
    yield store(R1, 0, 0)
    yield from lose(1)


def _queued(words: Words, places: Places) -> Code:
    """Store in R8 how long R9 stood in run queues since it left."""
    if places.delay is None or places.queued is None:
        return
    known = Label("known")
    yield load(R1, R9, places.delay.offset)
    yield load(R2, R8, words["stood"])
    yield R1 - R2
    yield load(R2, R9, places.queued.offset)
    yield jump_if(R2, "==", 0, known)
    yield R1 + R7
    yield R1 - R2
    yield known
    yield store(R8, words["queued"], R1)


def _lose() -> Code:
    """Count that a thread got no storage."""
    done = Label("counted")
    yield store(R10, _BEGAN, 0, 4)
    yield mov(R2, R10)
    yield R2 + _BEGAN
    yield map_fd(R1, COUNTS)
    yield call(h.MAP_LOOKUP)
    yield jump_if(R0, "==", 0, done)
    yield mov(R1, 1)
    yield atomic_add(R0, 8 * COUNTERS.index("dynamic"), R1)
    yield done
