"""Tracepoints of the scheduler against a program that makes a known number of children: sdt and rawtp alike."""

from __future__ import annotations

from typing import Any

from tests.truth.live import Trace

EVENTS = """
sdt:sched::sched_process_fork
/args->parent_pid == $1/
{
	@forks[args->child_pid, args->parent_comm] = count();
	child[args->child_pid] = 1;
}

sdt:sched::sched_process_exec
/child[pid]/
{
	@execs[args->pid, args->filename] = count();
	@names[execname, args->old_pid] = count();
}

sdt:sched::sched_process_exit
/child[pid]/
{
	@exits[args->pid, args->comm] = count();
}

rawtp:sched::sched_process_exit
/child[pid]/
{
	@raw[pid] = count();
}

rawtp:sched::sched_process_fork
/pid == $1/
{
	@raw_forks = count();
}
"""


def test_children_are_seen_at_birth_at_exec_and_at_their_end(workload: Any) -> None:
    work = workload("forker", 25)
    with Trace(EVENTS, work.pid) as trace:
        truth = work.release()
    children, program = truth["children"], truth["program"]
    assert len(set(children)) == 25
    assert trace.values("forks") == {(child, "forker"): 1 for child in children}
    assert trace.values("execs") == {(child, program): 1 for child in children}
    assert trace.values("names") == {("sh", child): 1 for child in children}
    assert trace.values("exits") == {(child, "sh"): 1 for child in children}
    assert trace.values("raw") == {(child,): 1 for child in children}
    assert trace.values("raw_forks") == {(): 25}


def test_the_other_name_of_the_provider_is_the_same_event(workload: Any) -> None:
    work = workload("forker", 5)
    program = "tracepoint:sched::sched_process_fork /pid == $1/ { @[probeprov, probemod, probename] = count(); }"
    with Trace(program, work.pid) as trace:
        work.release()
    assert trace.values() == {("sdt", "sched", "sched_process_fork"): 5}


def test_signals_are_generated_for_and_delivered_to_the_one_who_raised_them(workload: Any) -> None:
    work = workload("signalled", 50)
    program = """
    sdt:signal::signal_generate /args->pid == $1/ { @[args->sig, args->code, args->comm] = count(); }
    sdt:signal::signal_deliver /pid == $1/ { @delivered[args->sig] = count(); }
    """
    with Trace(program, work.pid) as trace:
        truth = work.release()
    usr1, si_tkill = 10, -6
    assert trace.values() == {(usr1, si_tkill, "signalled"): truth["signals"]}
    assert trace.values("delivered") == {(usr1,): truth["signals"]}
