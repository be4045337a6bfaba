"""What `gates.py` and `switch.py` share: a thread's storage, the clocks, and where the kernel keeps what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyvtrace.analysis.bubbles.rations import UNSEEN, Ration, line, lose
from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R6,
    R10,
    Code,
    Label,
    Reg,
    call,
    jump,
    jump_if,
    leave,
    load,
    map_fd,
    map_value,
    mov,
    store,
)
from pyvtrace.compile.layout import SELF
from pyvtrace.target import MemberPlace, Target
from pyvtrace.value import Value

# What CLOCK_MONOTONIC is ahead of the scheduler's clock, in ns, 0 until a thread has been switched; when the trace
# began, by CLOCK_MONOTONIC: who has slept since before that is taken to have slept since then; and what the scheduler's
# clock showed when the kernel's ticks were 0, or somewhat more, 0 until that was found out.
CLOCKS, START, TICKS = "clocks", 8, 16
CLOCKS_SIZE = 24
# What has the processor that writes to it take an interrupt.
INTERRUPTS = "interrupts"
# The tracepoint in that interrupt (x86).
INTERRUPT = "irq_work_entry"
# Instead of a thread's state: it could have gone on, but for the limit of its control group. No state has this bit.
THROTTLED = 1 << 40
# What the ration's answer was when a thread was woken, if anybody asked.
TOLD, LEFT_OUT = 1, 2
_NEEDED = (
    ("task_struct", "sched_info.last_arrival", "CONFIG_SCHED_INFO"),
    ("task_struct", "se.cfs_rq", "CONFIG_FAIR_GROUP_SCHED"),
    ("cfs_rq", "rq", "CONFIG_FAIR_GROUP_SCHED"),
    ("rq", "clock", "BTF of the scheduler"),
)
_DECLARED = re.compile(r"^self uint64_t (\w+);", re.MULTILINE)
WORD = 8
_STORAGE = -8  # on the stack


class Words(dict[str, int]):
    """Where a thread's storage has each variable that the script declares for threads, in bytes."""

    def __init__(self, script: str) -> None:
        super().__init__((name, WORD * place) for place, name in enumerate(_DECLARED.findall(script)))


class Limits(Value):
    """From how many ns on a wait is long, and how many are told of, in an `interrupt` or at the switch; a tick of the
    kernel's is `tick` ns."""

    long: int
    tick: int
    ration: Ration
    interrupt: bool


def storage(missing: Label, *, create: bool = False) -> Code:
    """R0 = the storage of the thread in R2."""
    yield map_fd(R1, SELF)
    yield mov(R3, 0)
    yield mov(R4, int(create))
    yield call(h.TASK_STORAGE_GET)
    yield jump_if(R0, "==", 0, missing)


def ends(closed: Label, opened: Label) -> Code:
    """The end of a gate: what lies behind it has its context from R6."""
    yield jump(opened)
    yield closed
    yield mov(R0, 0)
    yield leave()
    yield opened
    yield mov(R1, R6)


def scheduler_time() -> Code:
    """R0 = now by the scheduler's clock, as well as we know it."""
    yield call(h.KTIME_GET_NS)
    yield map_value(R1, CLOCKS)
    yield load(R1, R1, 0)
    yield R0 - R1


class Lacking(Exception):
    """The kernel was built without what nothing can be told without: `what`, and the `feature` that it comes with."""

    def __init__(self, what: str, feature: str) -> None:
        self.what, self.feature = what, feature
        super().__init__(f"this kernel has no {what}")


def _needed(target: Target) -> Iterator[MemberPlace]:
    """When a thread got its processor, and the way to the clock by which it was."""
    for struct, path, feature in _NEEDED:
        place = target.member(struct, path)
        if place is None:
            raise Lacking(f"{path} in struct {struct}", feature)
        yield place


class Places:
    """Where the kernel keeps what is read at a switch; None for what it does not have.

    Raises:
        Lacking: the kernel cannot be asked what counts most.
    """

    def __init__(self, target: Target) -> None:
        def task(path: str) -> MemberPlace | None:
            return target.member("task_struct", path)

        self.arrival, self.group, up, clock = _needed(target)
        # The way from a thread to its CPU's run queue.
        self.queue = self.group, up
        self.clock = (*self.queue, clock)
        self.waiting = target.member("rq", "nr_running")
        self.throttled = target.member("cfs_rq", "throttle_count")
        self.limited = target.member("cfs_rq", "runtime_enabled")
        group, spent = target.member("cfs_rq", "tg"), target.member("task_group", "cfs_bandwidth.throttled_time")
        # From a thread's queue to how long its control group was kept from running.
        self.kept = (group, spent) if group and spent else None
        self.delay, self.queued = task("sched_info.run_delay"), task("sched_info.last_queued")
        self.process, self.ran = task("tgid"), task("se.sum_exec_runtime")
        # Before Linux 5.14 it had another name.
        self.state = task("__state") or task("state")
        on_cpu, on_queue = task("on_cpu"), task("on_rq")
        # All are 0 only of a thread that has gone to sleep.
        self.awake = (on_cpu, on_queue) if on_cpu and on_queue else ()


def kept(thread: Reg, places: Places) -> Code:
    """R1 = ns that all of the control group were kept from running so far; 0 where it has no limit of its own."""
    known = Label("known")
    yield mov(R1, 0)
    if places.limited is None or places.kept is None:
        return
    yield load(R2, thread, places.group.offset)
    yield load(R3, R2, places.limited.offset, 4)
    yield jump_if(R3, "==", 0, known)
    for place in places.kept:
        yield load(R2, R2, place.offset)
    yield mov(R1, R2)
    yield known


def add_short(words: Words, limits: Limits, thread: Reg, target: Target) -> Code:
    """Add to the short waits in the storage R0 the one from which the thread has come back, if it was not told of. One
    that was long is counted as well: what ended it was not seen, as a kernel may run no program at some switches (while
    one runs on that CPU already; for some, in all that certain processes do). Uses the first word of the stack."""
    known, counted = Label("known"), Label("counted")
    yield load(R1, R0, words["off"])
    yield jump_if(R1, "==", 0, known)
    yield load(R2, thread, Places(target).arrival.offset)
    yield R2 - R1
    yield load(R1, R0, words["brief"])
    yield R1 + R2
    yield store(R0, words["brief"], R1)
    yield mov(R3, limits.long)
    yield jump_if(R2, "s<", R3, known)
    yield store(R10, _STORAGE, R0)
    yield from line(target.cpus, counted)
    yield from lose(1, UNSEEN)
    yield counted
    yield load(R0, R10, _STORAGE)
    yield known


def so_far(words: Words, into: Reg, thread: Reg, places: Places) -> Code:
    """Note in that storage how long the thread has stood in run queues, and was kept from running, until now."""
    if places.delay is not None:
        yield load(R1, thread, places.delay.offset)
        yield store(into, words["stood"], R1)
    yield from kept(thread, places)
    yield store(into, words["kept"], R1)
