"""The sched provider against programs that know who woke whom and how often, and what the kernel itself counted."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from tests.truth.live import Missed, Trace, again_if_missed, lacks

CLOCK_MONOTONIC_COARSE = 6

# Between the two calls of getrusage() of the sleeper ($1) and of the spinner ($2), the kernel counts as well.
SWITCHES = """
self int began;

syscall::getrusage:return /(pid == $1 || pid == $2) && !self->began/ { self->on = 1; self->began = 1; }
syscall::getrusage:entry /self->on/ { self->on = 0; }

sched:::on-cpu /self->on/ { @on[pid, execname, curpsinfo->pr_psargs] = count(); }
sched:::off-cpu /self->on/ { @off[pid] = count(); @next[pid, args[1]->pr_pid] = count(); }
sched:::preempt /self->on/ { @preempt[pid] = count(); }
sched:::sleep /self->on/ { @sleep[pid] = count(); }
"""

WAKEUPS = """
sched:::wakeup
/pid == $1 && args[1]->pr_pid == $2/
{
	@wakeup[args[0]->pr_lwpid, stringof(args[1]->pr_fname), args[0]->pr_state == SSLEEP] = count();
}

sched:::woken
/pid == $2 && args[1]->pr_pid == $1/
{
	@woken[tid, execname, args[1]->pr_pid, curtask->tgid, curthread->pid] = count();
}
"""

SURRENDERS = """
sched:::surrender
/pid == $1 && args[1]->pr_pid == $2/
{
	@[args[0]->pr_lwpid, stringof(args[1]->pr_fname), cpu] = count();
}
"""

QUEUES = """
int queued[int];

sched:::enqueue
/args[1]->pr_pid == $1 || args[1]->pr_pid == $2/
{
	@in[args[1]->pr_pid, args[2]->cpu_id, args[3]] = count();
	@twice[args[1]->pr_pid] = sum(queued[args[0]->pr_lwpid]);
	queued[args[0]->pr_lwpid] = 1;
}

sched:::dequeue
/args[1]->pr_pid == $1 || args[1]->pr_pid == $2/
{
	@out[args[1]->pr_pid, args[2]->cpu_id] = count();
	@never[args[1]->pr_pid] = sum(queued[args[0]->pr_lwpid] == 0);
	queued[args[0]->pr_lwpid] = 0;
}

sched:::on-cpu
/pid == $1 || pid == $2/
{
	@all[pid] = count();
}
"""


def complete(trace: Trace) -> None:
    if trace.dropped("missed"):
        raise Missed


@pytest.mark.fires("sched:::on-cpu", "sched:::off-cpu", "sched:::preempt", "sched:::sleep")
@again_if_missed
def test_switches_are_those_that_the_kernel_counts(workload: Any) -> None:
    work = workload("woken", 50)
    sleeper, spinner = work.facts["sleeper"], work.facts["spinner"]
    with Trace(SWITCHES, sleeper, spinner) as trace:
        truth = work.release()
    complete(trace)
    counted = {sleeper: truth["sleeper"], spinner: truth["spinner"]}
    assert truth["sleeper"]["slept"] >= truth["wakeups"] == 50
    assert truth["spinner"]["preempted"] >= 50

    def all_but_none(values: dict[int, int]) -> dict[tuple[int], int]:
        return {(pid,): value for pid, value in values.items() if value}

    assert trace.values("sleep") == all_but_none({pid: one["slept"] for pid, one in counted.items()})
    assert trace.values("preempt") == all_but_none({pid: one["preempted"] for pid, one in counted.items()})
    switches = {pid: one["slept"] + one["preempted"] for pid, one in counted.items()}
    assert trace.values("off") == all_but_none(switches)
    # The memory of who comes cannot be read yet, so what stands for its first argument is its name.
    assert trace.values("on") == {
        (sleeper, "sleeper", "sleeper"): switches[sleeper],
        (spinner, "spinner", "spinner"): switches[spinner],
    }
    assert trace.values("next")[spinner, sleeper] >= 50


@pytest.mark.fires("sched:::wakeup", "sched:::woken")
@again_if_missed
def test_a_wakeup_is_of_the_thread_that_sleeps_and_by_the_one_that_wakes(workload: Any) -> None:
    work = workload("woken", 50)
    sleeper = work.facts["sleeper"]
    with Trace(WAKEUPS, work.pid, sleeper) as trace:
        work.release()
    complete(trace)
    # One more than was asked for: the byte that opens the way.
    assert trace.values("wakeup") == {(sleeper, "sleeper", 1): 51}
    assert trace.values("woken") == {(sleeper, "sleeper", work.pid, work.pid, sleeper): 51}


@pytest.mark.fires("sched:::surrender")
@again_if_missed
def test_the_processor_of_who_is_in_the_way_is_told(workload: Any) -> None:
    if lacks("sched:::surrender", "sched_set_need_resched_tp"):
        return
    work = workload("woken", 50)
    spinner = work.facts["spinner"]
    first, last = work.facts["cpus"]
    assert first != last
    with Trace(SURRENDERS, work.pid, spinner) as trace:
        work.release()
    complete(trace)
    ((lwp, name, cpu), times), *others = trace.values().items()
    assert (lwp, name, cpu, others) == (spinner, "spinner", first, [])
    # Where the spinner had to give way for something else already, nobody needs to tell it again.
    assert 45 <= times <= 51


@pytest.mark.fires("sched::sched_switch:enqueue", "sched::sched_wakeup:enqueue", "sched::sched_switch:dequeue")
@again_if_missed
def test_who_gets_into_a_queue_gets_out_of_it(workload: Any) -> None:
    work = workload("woken", 50)
    sleeper, spinner = work.facts["sleeper"], work.facts["spinner"]
    _, last = work.facts["cpus"]
    with Trace(QUEUES, sleeper, spinner) as trace:
        truth = work.release()
    complete(trace)
    entered, left = trace.values("in"), trace.values("out")
    assert left == {(sleeper, last): entered[sleeper, last, 0], (spinner, last): entered[spinner, last, 0]}
    assert len(entered) == 2
    assert entered[sleeper, last, 0] >= 50
    assert entered[spinner, last, 0] > truth["spinner"]["preempted"]
    assert set(trace.values("twice").values()) == set(trace.values("never").values()) == {0}
    # Nobody runs without having waited, for however short a time.
    assert trace.values("all") == {(pid,): count for (pid, _), count in left.items()}


@pytest.mark.fires("sched::sched_migrate_task:enqueue", "sched::sched_migrate_task:dequeue")
@again_if_missed
def test_who_is_moved_while_it_waits_changes_queues(workload: Any) -> None:
    """The spinner is put aside by the sleeper, and is moved to the other CPU while it waits for its own."""
    program = """
    sched:::enqueue /args[1]->pr_pid == $1/ { @in[probefunc, args[2]->cpu_id] = count(); }
    sched:::dequeue /args[1]->pr_pid == $1/ { @out[probefunc, args[2]->cpu_id] = count(); }
    """
    work = workload("moved", 10)
    first, last = work.facts["cpus"]
    with Trace(program, work.pid) as trace:
        truth = work.release()
    complete(trace)
    moved = {("sched_migrate_task", first): 5, ("sched_migrate_task", last): 5}
    assert truth["moves"] == 10
    entered, left = trace.values("in"), trace.values("out")
    assert {key: count for key, count in entered.items() if key[0] == "sched_migrate_task"} == moved
    assert {key: count for key, count in left.items() if key[0] == "sched_migrate_task"} == moved
    assert sum(entered.values()) == sum(left.values())


@pytest.mark.fires("sched::sched_wakeup_new:enqueue")
@again_if_missed
def test_a_new_thread_is_enqueued_before_it_runs(workload: Any) -> None:
    program = """
    sched::sched_wakeup_new:enqueue /args[1]->pr_ppid == $1/ { @new[args[1]->pr_pid] = count(); }
    """
    work = workload("forker", 10)
    with Trace(program, work.pid) as trace:
        truth = work.release()
    complete(trace)
    assert trace.values("new") == {(child,): 1 for child in truth["children"]}


@again_if_missed
def test_who_comes_to_a_processor_does_so_after_the_other_one_has_left(workload: Any) -> None:
    """Whatever their order in the program."""
    program = """
    int expected[int];
    sched:::on-cpu /expected[cpu]/ { @[expected[cpu] == tid + 1] = count(); }
    sched:::off-cpu { expected[cpu] = args[0]->pr_lwpid + 1; }
    """
    work = workload("woken", 50)
    with Trace(program) as trace:
        work.release()
    complete(trace)
    ((right, times),) = trace.values().items()
    assert right == (1,)
    assert times >= 100


@pytest.mark.fires("sched:::remain-cpu")
@again_if_missed
def test_who_yields_to_nobody_remains(workload: Any) -> None:
    program = """
    syscall::sched_yield:entry /pid == $1/ { self->yields = 1; self->remained = 0; self->left = 0; }
    sched:::remain-cpu /self->yields/ { self->remained = 1; }
    sched:::off-cpu /self->yields/ { self->left = 1; }
    syscall::sched_yield:return /self->yields/ { @[self->remained, self->left] = count(); self->yields = 0; }
    """
    if lacks("sched:::remain-cpu", "sched_exit_tp"):
        return
    work = workload("yielder", 1000)
    with Trace(program, work.pid) as trace:
        truth = work.release()
    complete(trace)
    found = trace.values()
    assert sum(found.values()) == truth["calls"]
    assert (0, 0) not in found
    # A thread of the kernel's may take the processor for a moment, no program can.
    assert found[1, 0] >= 0.95 * truth["calls"]


@pytest.mark.fires("sched:::change-pri")
@again_if_missed
def test_who_holds_a_lock_gets_the_priority_of_who_waits_for_it(workload: Any) -> None:
    program = """
    sched:::change-pri /args[1]->pr_pid == $1/ { @[args[0]->pr_lwpid, args[0]->pr_pri, args[2]] = count(); }
    """
    work = workload("mutex_pair", 10, 5, "", "inherit", 10)
    with Trace(program, work.pid) as trace:
        truth = work.release()
    complete(trace)
    # Of SCHED_FIFO the kernel counts down from 99, of others up from 120.
    mine, lent = 120 + os.getpriority(os.PRIO_PROCESS, 0), 99 - 10
    holder = work.facts["holder"]
    assert trace.values() == {(holder, mine, lent): truth["rounds"], (holder, lent, mine): truth["rounds"]}


@pytest.mark.fires("sched:::tick")
def test_ticks_are_accounted_to_who_computes(workload: Any) -> None:
    program = """
    sched:::tick /args[1]->pr_pid == $1/ { @[args[0]->pr_lwpid, stringof(args[1]->pr_fname), pid] = count(); }
    """
    work = workload("spinner", 1000)
    with Trace(program, work.pid) as trace:
        started = time.monotonic()
        truth = work.release()
        lasted = time.monotonic() - started
    ((key, ticks),) = trace.values().items()
    assert key == (work.pid, "spinner", work.pid)
    # The coarse clock moves with the ticks. What a hypervisor takes away is no time of the thread's, but has its ticks.
    period = time.clock_getres(CLOCK_MONOTONIC_COARSE)
    assert 0.8 * truth["cpu_ns"] / 1e9 <= ticks * period <= 1.05 * lasted
