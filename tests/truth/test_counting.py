"""Counting N means N, and a latency is what the caller's own clock says."""

from __future__ import annotations

from typing import Any

from pyvtrace.builtins.distributions import QUANTIZE_BOUNDS
from tests.truth.live import MS, Distribution, Trace, shipped, view_rows

COUNTED = """
syscall::getppid:entry
/pid == $1/
{
	@calls = count();
	@spread = quantize(1);
	@total = sum(1);
	self->entered = timestamp;
}

syscall::getppid:return
/self->entered/
{
	@took = quantize(timestamp - self->entered);
	@fine = exphist(timestamp - self->entered, 2);
	self->entered = 0;
}
"""


def test_a_million_calls_are_a_million_however_they_are_counted(workload: Any) -> None:
    work = workload("getppid_loop", 1_000_000)
    with Trace(COUNTED, work.pid) as trace:
        truth = work.release()
    assert trace.values("calls") == trace.values("total") == {(): truth["calls"]}
    assert sum(trace.rows("spread")[()]) == sum(trace.rows("took")[()]) == truth["calls"]
    fine = Distribution(trace.rows("fine")[()])
    assert fine.count == truth["calls"] == 1_000_000
    assert 0 < fine.sum < truth["elapsed_ns"]
    assert not any(map(sum, trace.lost.values()))


def test_calls_of_several_processes_on_all_cpus_are_kept_apart(workload: Any) -> None:
    work = workload("flood", 100_000)
    with Trace("syscall::getppid:entry /ppid == $1/ { @[pid, cpu] = count(); }", work.pid) as trace:
        truth = work.release()
    expected = {(pid, int(cpu)): truth["cpus"][cpu] for cpu, pid in work.facts["pids"].items()}
    assert trace.values() == expected


SLEEPS = """
syscall::clock_nanosleep:entry
/pid == $1/
{
	self->entered = timestamp;
}

syscall::clock_nanosleep:return
/self->entered/
{
	@calls = count();
	@slept = sum(timestamp - self->entered);
	@coarse = quantize(timestamp - self->entered);
	@fine = exphist(timestamp - self->entered, 2);
	self->entered = 0;
}
"""


def test_sleeps_are_as_long_as_the_sleeper_says(workload: Any) -> None:
    work = workload("sleeper", 50, 20)
    with Trace(SLEEPS, work.pid) as trace:
        truth = work.release()
    assert trace.values("calls") == {(): 50}
    slept = trace.values("slept")[()]
    # Its clock is read around each call, which lasts until a moment that is chosen before: a machine that stands still
    # in between may take a call its 20 ms at most.
    assert 0.9 * 50 * 20 * MS < slept <= truth["sum_ns"]
    median = sorted(truth["each_ns"])[24]

    counts = trace.rows("coarse")[()]
    middle = next(i for i in range(len(counts)) if 2 * sum(counts[: i + 1]) >= 50)
    assert QUANTIZE_BOUNDS[middle] <= median
    assert QUANTIZE_BOUNDS[middle + 1] > 20 * MS

    fine = Distribution(trace.rows("fine")[()])
    assert (fine.count, fine.sum) == (50, slept)
    lower, upper = fine.median_bucket()
    assert lower < median
    assert upper >= 20 * MS
    assert max(truth["each_ns"]) >= fine.max >= 20 * MS


def test_the_view_of_calls_says_the_same(workload: Any) -> None:
    script = shipped("syscalls/processes.d")
    work = workload("sleeper", 10, 20)
    with Trace(script, aggsize="16m") as trace:
        truth = work.release()
    rows = {row["call"]: row for row in view_rows(trace, script, "calls") if row["pid"] == work.pid}
    sleeps = rows["clock_nanosleep"]
    assert sleeps["comm"] == "sleeper"
    assert sleeps.spread.count == 10
    assert 0.8 * 10 * 20 * MS < sleeps.spread.sum <= truth["sum_ns"]
    # The read at the gate was under way when the trace began: how long it took is not known, and not told.
    assert "read" not in rows


def test_the_view_of_calls_shows_no_call_whose_entry_it_did_not_take_up(workload: Any) -> None:
    """What a user asks for is asked at the entry; the return that follows is of that call and of no later one."""
    script = shipped("syscalls/processes.d")
    asked = script.replace("syscall:::entry\n{", 'syscall:::entry\n/pid == $1 && probefunc == "tgkill"/\n{')
    assert asked != script
    work = workload("signalled", 50)
    with Trace(asked, work.pid) as trace:
        work.release()
    counts = {(row["pid"], row["call"]): row.spread.count for row in view_rows(trace, script, "calls")}
    assert counts == {(work.pid, "tgkill"): 50}


CLOCKS = """
syscall::getppid:entry
/pid == $1/
{
	@first = sum(timestamp);
	@wall = sum(walltimestamp);
	self->now = timestamp;
}

syscall::getppid:entry
/pid == $1 && timestamp == self->now/
{
	@second = sum(timestamp);
	@same = count();
	@offset[walltimestamp - timestamp] = count();
}
"""


def test_time_stands_still_within_a_firing(workload: Any) -> None:
    """All clauses of a probe that fires read the same clock, once."""
    work = workload("getppid_loop", 1000)
    with Trace(CLOCKS, work.pid) as trace:
        work.release()
    assert trace.values("same") == {(): 1000}
    assert trace.rows("first") == trace.rows("second")
    assert trace.values("offset").popitem()[1] == 1000
