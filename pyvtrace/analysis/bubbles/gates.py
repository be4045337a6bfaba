"""What `waits.d` runs at every switch and every wake-up, written by hand: it only has to find out that a wait was
short.

A switch costs no look at a clock: the scheduler has just read its own, for both threads, and that one counts. How far
it is from CLOCK_MONOTONIC is noted whenever a wait turns out to have been long, and such waits are all that is told of.
How much of a wait was in the run queue is counted by the scheduler as well (`sched_info`). Who is woken after less than
a tick of the kernel's is let go before anything is computed.

The other programs are D; those for wake-ups and samples get a gate in front that lets nothing through but what they are
about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pyvtrace.analysis.bubbles.rations import (
    CALL,
    FIRST,
    LATE,
    LINE,
    SECOND,
    Ration,
    kind,
    leave_out,
    line,
    registers,
    take,
    unless_left,
)
from pyvtrace.bpf import helpers as h
from pyvtrace.bpf import maps
from pyvtrace.bpf.assembler import assemble
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
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
    leave,
    load,
    map_fd,
    map_value,
    mov,
    mov32,
    store,
)
from pyvtrace.bpf.programs import TRACING
from pyvtrace.compile.code import code_spec, relocations
from pyvtrace.compile.layout import COUNTS, SELF
from pyvtrace.providers import syscall
from pyvtrace.spec import COUNTERS, CodeSpec, MapSpec, ProgramSpec, RawTracepoint, Timer, TypedTracepoint
from pyvtrace.target import MemberPlace, Target
from pyvtrace.value import Value, replace

# What CLOCK_MONOTONIC is ahead of the scheduler's clock, in ns, 0 until a thread has been switched; and when the trace
# began, by CLOCK_MONOTONIC: who has slept since before that is taken to have slept since then.
CLOCKS, _START = "clocks", 8
# Instead of a thread's state: it could have gone on, but for the limit of its control group. No state has this bit.
THROTTLED = 1 << 40
# What the ration's answer was when a thread was woken, if anybody asked.
_TOLD, _LEFT_OUT = 1, 2
_DECLARED = re.compile(r"^self uint64_t (\w+);", re.MULTILINE)
_WORD = 8


class Words(dict[str, int]):
    """Where a thread's storage has each variable that the script declares for threads, in bytes."""

    def __init__(self, script: str) -> None:
        super().__init__((name, _WORD * place) for place, name in enumerate(_DECLARED.findall(script)))


class Limits(Value):
    """From how many ns on a wait is long, and how many are told of; a tick of the kernel's is `tick` ns."""

    long: int
    tick: int
    ration: Ration

    @property
    def ticks(self) -> int:
        """So many ticks go by in every long wait, or more."""
        return self.long // self.tick


def guarded(spec: ProgramSpec, words: Words, limits: Limits, target: Target) -> ProgramSpec:
    """The script's program with these gates, and the program that notes when threads leave and come."""
    gates: Mapping[object, Callable[[], Code]] = {
        RawTracepoint("sched_exit_tp"): lambda: _back(words, target),
        TypedTracepoint("sched_waking"): lambda: _waking(words, limits, target),
        Timer: lambda: _sample(words, limits, _Places(target)),
    }
    programs = [_switched(words, limits, target)]
    for program in spec.programs:
        gate = gates.get(program.attach) or gates.get(type(program.attach))
        programs.append(_behind(gate(), program) if gate else program)
    return replace(
        spec,
        programs=tuple(programs),
        maps=(
            *spec.maps,
            MapSpec(CLOCKS, maps.ARRAY, 4, 2 * _WORD, 1, maps.MMAPABLE),
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


def _storage(missing: Label, *, create: bool = False) -> Code:
    """R0 = the storage of the thread in R2."""
    yield map_fd(R1, SELF)
    yield mov(R3, 0)
    yield mov(R4, int(create))
    yield call(h.TASK_STORAGE_GET)
    yield jump_if(R0, "==", 0, missing)


def _scheduler_time() -> Code:
    """R0 = now by the scheduler's clock, as well as we know it."""
    yield call(h.KTIME_GET_NS)
    yield map_value(R1, CLOCKS)
    yield load(R1, R1, 0)
    yield R0 - R1


def _unless_long(since: int, limits: Limits, closed: Label) -> Code:
    """Jump if what began at the time in that word of the storage in R7 is not long yet."""
    yield from _scheduler_time()
    yield load(R1, R7, since)
    yield R0 - R1
    yield mov(R1, limits.long)
    yield jump_if(R0, "s<", R1, closed)


def _ends(closed: Label, opened: Label) -> Code:
    yield jump(opened)
    yield closed
    yield mov(R0, 0)
    yield leave()
    yield opened
    yield mov(R1, R6)


def _back(words: Words, target: Target) -> Code:
    """Nobody but who comes from a long wait."""
    closed, opened = Label("not long"), Label("long")
    yield mov(R6, R1)
    yield from line(target.cpus, closed)
    yield load(R2, R1, 0)
    yield jump_if(R2, "==", 0, closed)
    yield store(R1, 0, 0)
    yield call(h.GET_CURRENT_TASK_BTF)
    yield mov(R8, R0)
    yield from _polled(R8, target)
    yield mov(R2, R8)
    yield from _storage(closed)
    yield store(R0, words["polled"], R9)
    yield from _ends(closed, opened)


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
    yield R1 + _LENGTH
    yield mov(R2, 4)
    yield call(h.PROBE_READ_USER)
    yield jump_if(R0, "!=", 0, none)
    yield load(R9, R10, _LENGTH, 4)
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
    yield mov(R6, R1)
    yield load(R2, R6, 0)
    yield from _storage(unseen)
    yield mov(R7, R0)
    # One that is still on its way to sleep has none yet.
    yield load(R1, R7, words["off"])
    yield jump_if(R1, "==", 0, closed)
    if limits.ticks:
        yield call(h.JIFFIES64)
        yield load(R1, R7, words["tick"])
        yield R0 - R1
        yield jump_if(R0, "s<", min(limits.ticks, (1 << 31) - 1), closed)
    yield slept
    yield from _unless_long(words["off"], limits, closed)
    yield load(R8, R6, 0)
    yield from kind(words, R7, R8, target, R9)
    yield from _scheduler_time()
    yield mov(R8, R0)
    yield from line(target.cpus, closed)
    yield from unless_left(R9, R8, none)
    yield from take(limits.ration, R9, R8)
    yield store(R7, words["decided"], _TOLD)
    yield jump(opened)
    yield none
    yield store(R7, words["decided"], _LEFT_OUT)
    yield jump(closed)
    yield unseen
    yield from _slept_since_the_start(words, _Places(target), closed)
    yield jump(slept)
    yield from _ends(closed, opened)


def _slept_since_the_start(words: Words, places: _Places, unknown: Label) -> Code:
    """R7 = a new storage for who is woken, as if it had been put there when the trace began. R6 is the context."""
    if places.state is None:
        yield jump(unknown)
        return
    yield load(R8, R6, 0)
    yield map_value(R1, CLOCKS)
    yield load(R9, R1, _START)
    yield load(R1, R1, 0)
    yield jump_if(R1, "==", 0, unknown)
    yield R9 - R1
    yield load(R1, R8, places.state.offset, 4)
    yield jump_if(R1, "==", 0, unknown)
    yield mov(R2, R8)
    yield from _storage(unknown, create=True)
    yield mov(R7, R0)
    yield store(R7, words["off"], R9)
    yield store(R7, words["slept"], R9)
    yield load(R1, R8, places.state.offset, 4)
    yield store(R7, words["state"], R1)
    if places.delay is not None:
        yield load(R1, R8, places.delay.offset)
        yield store(R7, words["stood"], R1)
    yield from _kept(R8, places)
    yield store(R7, words["kept"], R1)


def _sample(words: Words, limits: Limits, places: _Places) -> Code:
    """Nobody but who has not slept for long, or has others behind it."""
    closed, opened = Label("not long"), Label("long")
    yield mov(R6, R1)
    yield call(h.GET_CURRENT_TASK_BTF)
    yield mov(R8, R0)
    if places.waiting is not None and places.queue is not None:
        yield mov(R1, R8)
        for place in places.queue:
            yield load(R1, R1, place.offset)
        yield load(R1, R1, places.waiting.offset, places.waiting.size)
        yield jump_if(R1, ">", 1, opened)
    yield mov(R2, R8)
    yield from _storage(opened)
    yield mov(R7, R0)
    yield from _unless_long(words["slept"], limits, closed)
    yield from _ends(closed, opened)


# -------------------------------------------------------------------------------------------------------------- switch


class _Places:
    """Where the kernel keeps what is read at a switch; None for what it does not have."""

    def __init__(self, target: Target) -> None:
        def task(path: str) -> MemberPlace | None:
            return target.member("task_struct", path)

        self.group = task("se.cfs_rq")
        up, self.waiting = target.member("cfs_rq", "rq"), target.member("rq", "nr_running")
        clock = target.member("rq", "clock")
        # The way from a thread to its CPU's run queue.
        self.queue = (self.group, up) if self.group and up else None
        self.clock = (*self.queue, clock) if self.queue and clock else None
        self.throttled = target.member("cfs_rq", "throttle_count") if self.group else None
        self.limited = target.member("cfs_rq", "runtime_enabled") if self.group else None
        group, spent = target.member("cfs_rq", "tg"), target.member("task_group", "cfs_bandwidth.throttled_time")
        # From a thread's queue to how long its control group was kept from running.
        self.kept = (group, spent) if group and spent else None
        self.delay, self.queued = task("sched_info.run_delay"), task("sched_info.last_queued")
        self.process = task("tgid")
        # Before Linux 5.14 it had another name.
        self.state = task("__state") or task("state")


def _switched(words: Words, limits: Limits, target: Target) -> CodeSpec:
    made = assemble(_switch(words, limits, target))
    return code_spec(made, "switch", TRACING, TypedTracepoint("sched_switch"))


_JIFFIES, _BEGAN, _LENGTH = -8, -8, -16  # on the stack


def _switch(words: Words, limits: Limits, target: Target) -> Code:
    """(preempt, prev, next, prev_state) in R6; R7 is now by the scheduler's clock, R8 who goes, R9 who comes."""
    places = _Places(target)
    comes, end, lost = Label("who comes"), Label("end"), Label("no storage")
    yield mov(R6, R1)
    yield load(R8, R6, 8)
    yield load(R9, R6, 16)
    yield from _now(places)
    yield from _is_idle(R8, comes, places)
    yield call(h.JIFFIES64)
    yield store(R10, _JIFFIES, R0)
    yield mov(R2, R8)
    yield from _storage(lost, create=True)
    yield from _goes(words, places)
    yield comes
    yield from _is_idle(R9, end, places)
    yield mov(R2, R9)
    yield from _storage(end)
    yield from _came(words, limits, places, target, end)
    yield from line(target.cpus, end)
    yield store(R1, 0, 1)
    yield end
    yield mov(R0, 0)
    yield leave()
    yield lost
    yield from _lose()
    yield jump(comes)


def _now(places: _Places) -> Code:
    """R7 = the clock of this CPU's run queue, which a switch has just updated."""
    known = Label("clocks")
    if places.clock is None:
        yield call(h.KTIME_GET_NS)
        yield mov(R7, R0)
        return
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


def _kept(thread: Reg, places: _Places) -> Code:
    """R1 = ns that all of the control group were kept from running so far; 0 where it has no limit of its own."""
    known = Label("known")
    yield mov(R1, 0)
    if places.group is None or places.limited is None or places.kept is None:
        return
    yield load(R2, thread, places.group.offset)
    yield load(R3, R2, places.limited.offset, 4)
    yield jump_if(R3, "==", 0, known)
    for place in places.kept:
        yield load(R2, R2, place.offset)
    yield mov(R1, R2)
    yield known


def _is_idle(thread: Reg, idle: Label, places: _Places) -> Code:
    if places.process is not None:
        yield load(R1, thread, places.process.offset, 4)
        yield jump_if(R1, "==", 0, idle)


def _goes(words: Words, places: _Places) -> Code:
    """Note in the storage R0 when, and why, and what it has stood in queues so far."""
    could, noted = Label("could go on"), Label("noted")
    yield store(R0, words["off"], R7)
    yield load(R1, R10, _JIFFIES)
    yield store(R0, words["tick"], R1)
    if places.delay is not None:
        yield load(R1, R8, places.delay.offset)
        yield store(R0, words["stood"], R1)
    yield from _kept(R8, places)
    yield store(R0, words["kept"], R1)
    yield load(R1, R6, 0)
    yield R1 & 0xFF
    yield jump_if(R1, "!=", 0, could)
    yield load(R1, R6, 24)
    yield mov32(R1, R1)
    yield jump_if(R1, "==", 0, could)
    yield store(R0, words["state"], R1)
    yield store(R0, words["slept"], R7)
    yield jump(noted)
    yield could
    yield store(R0, words["state"], 0)
    if places.throttled is not None and places.group is not None:
        yield load(R1, R8, places.group.offset)
        yield load(R1, R1, places.throttled.offset, 4)
        yield jump_if(R1, "==", 0, noted)
        yield mov(R1, THROTTLED)
        yield store(R0, words["state"], R1)
    yield noted


def _came(words: Words, limits: Limits, places: _Places, target: Target, end: Label) -> Code:
    """A short wait is added to the others, as is one beyond the ration; a long one is left for the programs that tell
    of it."""
    long, short, awake = Label("long"), Label("short"), Label("did not sleep")
    left_out, none, told = Label("left out"), Label("none left"), Label("told of")
    yield load(R1, R0, words["off"])
    yield jump_if(R1, "==", 0, end)
    yield store(R0, words["off"], 0)
    yield mov(R2, R7)
    yield R2 - R1
    yield mov(R3, limits.long)
    yield jump_if(R2, "s>=", R3, long)
    yield short
    yield load(R3, R0, words["brief"])
    yield R3 + R2
    yield store(R0, words["brief"], R3)
    # What it had asked a device for has been done.
    yield load(R1, R0, words["state"])
    yield jump_if(R1, "==", 0, awake)
    yield store(R0, words["asked"], 0)
    yield awake
    yield jump(end)
    yield left_out
    yield from line(target.cpus, end)
    yield none
    yield load(R2, R10, _LENGTH)
    yield from leave_out(R2)
    yield mov(R0, R8)
    yield jump(short)
    yield long
    # R8, who goes, is not needed any more.
    yield mov(R8, R0)
    yield store(R10, _BEGAN, R1)
    yield store(R10, _LENGTH, R2)
    # Nor is the context, R6.
    yield load(R6, R8, words["decided"])
    yield store(R8, words["decided"], 0)
    yield jump_if(R6, "==", _TOLD, told)
    yield jump_if(R6, "==", _LEFT_OUT, left_out)
    yield from kind(words, R8, R9, target, R6)
    yield from line(target.cpus, end)
    yield from unless_left(R6, R7, none)
    yield from take(limits.ration, R6, R7)
    yield told
    yield call(h.KTIME_GET_NS)
    yield R0 - R7
    yield map_value(R1, CLOCKS)
    yield store(R1, 0, R0)
    yield load(R1, R10, _BEGAN)
    yield R1 + R0
    yield store(R8, words["late"], R1)
    yield from _kept(R9, places)
    yield load(R2, R8, words["kept"])
    yield R1 - R2
    yield store(R8, words["kept"], R1)
    yield from _queued(words, places)


def _queued(words: Words, places: _Places) -> Code:
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
    yield store(R10, _JIFFIES, 0, 4)
    yield mov(R2, R10)
    yield R2 + _JIFFIES
    yield map_fd(R1, COUNTS)
    yield call(h.MAP_LOOKUP)
    yield jump_if(R0, "==", 0, done)
    yield mov(R1, 1)
    yield atomic_add(R0, 8 * COUNTERS.index("dynamic"), R1)
    yield done
