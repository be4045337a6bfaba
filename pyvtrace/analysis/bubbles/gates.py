"""What `waits.d` runs at every switch and every wake-up, written by hand: it only has to find out that a wait was
short. `switch.py` has the switch.

The other programs are D; those for wake-ups and samples get a gate in front that lets nothing through but what they are
about. Who is woken and has had a processor a short time ago is let go before anything else is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyvtrace.analysis.bubbles.kept import told_of
from pyvtrace.analysis.bubbles.rations import (
    CALL,
    ENDING,
    ENDS,
    FIRST,
    LATE,
    LINE,
    SECOND,
    kind,
    leave_out,
    line,
    lose,
    registers,
    take,
    unless_left,
)
from pyvtrace.analysis.bubbles.sleepers import sleepers
from pyvtrace.analysis.bubbles.storage import (
    CLOCKS,
    CLOCKS_SIZE,
    INTERRUPT,
    INTERRUPTS,
    LEFT_OUT,
    START,
    TICKS,
    TOLD,
    Limits,
    Places,
    Words,
    add_short,
    ends,
    scheduler_time,
    so_far,
    storage,
)
from pyvtrace.analysis.bubbles.switch import switched
from pyvtrace.bpf import helpers as h
from pyvtrace.bpf import maps
from pyvtrace.bpf.assembler import assemble
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R6,
    R7,
    R8,
    R9,
    R10,
    Code,
    Label,
    Reg,
    call,
    jump,
    jump_if,
    load,
    map_value,
    mov,
    store,
)
from pyvtrace.compile.code import relocations
from pyvtrace.providers import syscall
from pyvtrace.spec import CodeSpec, MapSpec, ProgramSpec, RawTracepoint, Timer, TypedTracepoint
from pyvtrace.target import Target
from pyvtrace.value import replace

_DESCRIPTOR = -16  # on the stack
# ns by which the two clocks may drift apart between two samples: 97 of them are taken a second.
_DRIFT = 8_000


def guarded(spec: ProgramSpec, words: Words, limits: Limits, target: Target) -> ProgramSpec:
    """The script's program with these gates, and those that are asked about threads."""
    gates: Mapping[object, Callable[[], Code]] = {
        RawTracepoint(INTERRUPT): lambda: _back(words, target),
        TypedTracepoint("sched_switch"): lambda: switched(words, limits, target),
        RawTracepoint("sched_process_exit"): lambda: _ending(words, limits, target),
        TypedTracepoint("sched_waking"): lambda: _waking(words, limits, target),
        Timer: lambda: _sample(words, limits, Places(target)),
    }
    interrupts = [MapSpec(INTERRUPTS, maps.PERF_EVENT_ARRAY, 4, 4, target.cpus)] if limits.interrupt else []
    programs = [told_of(words, target), sleepers(words, limits, target)]
    for program in spec.programs:
        gate = gates.get(program.attach) or gates.get(type(program.attach))
        programs.append(_behind(gate(), program) if gate else program)
    return replace(
        spec,
        programs=tuple(programs),
        maps=(
            *spec.maps,
            MapSpec(CLOCKS, maps.ARRAY, 4, CLOCKS_SIZE, 1, maps.MMAPABLE),
            *interrupts,
            MapSpec(LATE, maps.ARRAY, 4, LINE * target.cpus, 1, maps.MMAPABLE),
        ),
    )


def _behind(gate: Code, program: CodeSpec) -> CodeSpec:
    made = assemble(gate)
    slots = len(made.code) // 8
    moved = tuple(replace(one, index=one.index + slots) for one in program.relocations)
    return replace(
        program,
        code=made.code + program.code,
        relocations=(*relocations(made), *moved),
        origins=(*made.origins, *program.origins),
        comments=(*made.comments, *program.comments),
    )


# --------------------------------------------------------------------------------------------------------------- gates


def _unless_long(since: int, limits: Limits, closed: Label) -> Code:
    """Jump if what began at the time in that word of the storage in R7 is not long yet."""
    yield from scheduler_time()
    yield load(R1, R7, since)
    yield R0 - R1
    yield mov(R1, limits.long)
    yield jump_if(R0, "s<", R1, closed)


def _back(words: Words, target: Target) -> Code:
    """Nobody but who comes from a long wait: other interrupts of this kind come, too, and are as good."""
    closed, opened, late = Label("not long"), Label("long"), Label("too late")
    yield mov(R6, R1)
    yield from line(target.cpus, closed)
    yield load(R2, R1, 0)
    yield jump_if(R2, "==", 0, closed)
    yield store(R1, 0, 0)
    yield call(h.GET_CURRENT_TASK_BTF)
    yield mov(R8, R0)
    yield from _polled(R8, target)
    yield mov(R2, R8)
    yield from storage(late)
    yield load(R1, R0, words["late"])
    yield jump_if(R1, "==", 0, late)
    yield store(R0, words["polled"], R9)
    yield jump(opened)
    yield late
    # Whom it was about has left already.
    yield from line(target.cpus, closed)
    yield from lose(1)
    yield jump(closed)
    yield from ends(closed, opened)


def _ending(words: Words, limits: Limits, target: Target) -> Code:
    """Nobody but who has had short waits, while something is left of the ration."""
    closed, opened, none = Label("nothing to tell"), Label("short waits"), Label("none left")
    yield mov(R6, R1)
    yield call(h.GET_CURRENT_TASK_BTF)
    yield mov(R8, R0)
    yield mov(R2, R0)
    yield from storage(closed)
    yield from add_short(words, limits, R8, target)
    yield store(R0, words["off"], 0)
    yield load(R7, R0, words["brief"])
    yield jump_if(R7, "==", 0, closed)
    yield from scheduler_time()
    yield mov(R8, R0)
    yield from line(target.cpus, closed)
    yield mov(R9, ENDING)
    yield from unless_left(R9, R8, none)
    yield from take(limits.ration, R9, R8)
    yield jump(opened)
    yield none
    yield from leave_out(R7, ENDS)
    yield jump(closed)
    yield from ends(closed, opened)


def _polled(thread: Reg, target: Target) -> Code:
    """R9 = the descriptor that this thread waited for in poll(2), and 1, if it was one only; else 0."""
    table, stack = syscall.table(target.architecture), target.member("task_struct", "stack")
    polls, none, known = Label("polls"), Label("not one"), Label("descriptor")
    yield mov(R9, 0)
    if stack is None:
        return
    yield from registers(thread, stack)
    yield load(R1, R3, CALL)
    for name in ("poll", "ppoll"):
        if name in table:
            yield jump_if(R1, "==", table[name], polls)
    yield jump(known)
    yield polls
    yield load(R1, R3, SECOND)
    yield jump_if(R1, "!=", 1, known)
    # The first member of struct pollfd.
    yield load(R3, R3, FIRST)
    yield mov(R1, R10)
    yield R1 + _DESCRIPTOR
    yield mov(R2, 4)
    yield call(h.PROBE_READ_USER)
    yield jump_if(R0, "!=", 0, none)
    yield load(R9, R10, _DESCRIPTOR, 4)
    yield R9 + 1
    yield jump(known)
    yield none
    yield mov(R9, 0)
    yield known


def _waking(words: Words, limits: Limits, target: Target) -> Code:
    """Nobody but who has slept for long, while something is left of the ration: of a wait that is told of, who ended it
    is told as well. R6 is the context, R7 the storage of who is woken."""
    closed, opened, none = Label("not long"), Label("long"), Label("none left")
    unseen, slept = Label("not seen before"), Label("has slept")
    places = Places(target)
    yield mov(R6, R1)
    if limits.long > limits.tick:
        yield from _ran_just_now(limits, places, closed)
    yield load(R2, R6, 0)
    yield from storage(unseen)
    yield mov(R7, R0)
    # One that has a processor is not asleep yet.
    yield load(R1, R7, words["off"])
    yield load(R2, R6, 0)
    yield load(R2, R2, places.arrival.offset)
    yield jump_if(R1, "s<=", R2, closed)
    yield slept
    yield from _unless_long(words["off"], limits, closed)
    yield load(R8, R6, 0)
    yield from kind(words, R7, R8, target, R9)
    yield from scheduler_time()
    yield mov(R8, R0)
    yield from line(target.cpus, closed)
    yield from unless_left(R9, R8, none)
    yield from take(limits.ration, R9, R8)
    yield store(R7, words["decided"], TOLD)
    yield jump(opened)
    yield none
    yield store(R7, words["decided"], LEFT_OUT)
    yield jump(closed)
    yield unseen
    yield from _slept_since_the_start(words, places, closed)
    yield jump(slept)
    yield from ends(closed, opened)


def _ran_just_now(limits: Limits, places: Places, closed: Label) -> Code:
    """Jump if who is woken has had a processor so short a time ago that it cannot have slept for long. Ticks say so
    without a look at a clock: they are less than one behind."""
    unknown = Label("ticks unknown")
    yield call(h.JIFFIES64)
    yield R0 * limits.tick
    yield load(R2, R6, 0)
    yield load(R2, R2, places.arrival.offset)
    yield map_value(R1, CLOCKS)
    yield load(R1, R1, TICKS)
    yield jump_if(R1, "==", 0, unknown)
    yield R0 + R1
    yield R0 - R2
    yield mov(R1, limits.long - limits.tick)
    yield jump_if(R0, "s<", R1, closed)
    yield unknown


def _calibrate(limits: Limits) -> Code:
    """Note what the scheduler's clock was when the kernel's ticks began: the least that samples say, which lie
    somewhere between two ticks."""
    lower, unknown = Label("lower"), Label("no clock")
    yield from scheduler_time()
    yield jump_if(R1, "==", 0, unknown)
    yield mov(R7, R0)
    yield call(h.JIFFIES64)
    yield R0 * limits.tick
    yield R7 - R0
    yield map_value(R1, CLOCKS)
    yield load(R2, R1, TICKS)
    yield jump_if(R2, "==", 0, lower)
    yield R2 + _DRIFT
    yield jump_if(R2, "s>", R7, lower)
    yield mov(R7, R2)
    yield lower
    yield store(R1, TICKS, R7)
    yield unknown


def _slept_since_the_start(words: Words, places: Places, unknown: Label) -> Code:
    """R7 = a new storage for who is woken, as if it had been put there when the trace began. R6 is the context."""
    if places.state is None or not places.awake:
        yield jump(unknown)
        return
    yield load(R8, R6, 0)
    for place in places.awake:
        # One that is still on its way to sleep will be seen to leave.
        yield load(R1, R8, place.offset, 4)
        yield jump_if(R1, "!=", 0, unknown)
    yield map_value(R1, CLOCKS)
    yield load(R9, R1, START)
    yield load(R1, R1, 0)
    yield jump_if(R1, "==", 0, unknown)
    yield R9 - R1
    yield load(R1, R8, places.state.offset, 4)
    yield jump_if(R1, "==", 0, unknown)
    yield mov(R2, R8)
    yield from storage(unknown, create=True)
    yield mov(R7, R0)
    yield store(R7, words["off"], R9)
    if places.ran is not None:
        yield load(R1, R8, places.ran.offset)
        yield store(R7, words["ran"], R1)
    yield load(R1, R8, places.state.offset, 4)
    yield store(R7, words["state"], R1)
    yield from so_far(words, R7, R8, places)


def _sample(words: Words, limits: Limits, places: Places) -> Code:
    """Nobody but who has run for long without sleeping, which is noted, or has others behind it."""
    closed, opened, calm = Label("nothing to tell"), Label("opened"), Label("nobody behind")
    yield mov(R6, R1)
    yield from _calibrate(limits)
    yield call(h.GET_CURRENT_TASK_BTF)
    yield mov(R8, R0)
    if places.process is not None:
        yield load(R1, R8, places.process.offset, 4)
        yield jump_if(R1, "==", 0, closed)
    yield mov(R2, R8)
    # Who was never seen to be switched has run since before the trace began.
    yield from storage(calm, create=True)
    yield store(R0, words["busy"], 1)
    if places.ran is not None:
        yield load(R1, R8, places.ran.offset)
        yield load(R2, R0, words["ran"])
        yield R1 - R2
        yield mov(R2, limits.long)
        yield jump_if(R1, "s>=", R2, opened)
        yield store(R0, words["busy"], 0)
        yield calm
        if places.waiting is not None:
            yield mov(R1, R8)
            for place in places.queue:
                yield load(R1, R1, place.offset)
            yield load(R1, R1, places.waiting.offset, places.waiting.size)
            yield jump_if(R1, ">", 1, opened)
        yield jump(closed)
    else:
        yield calm
    yield from ends(closed, opened)
