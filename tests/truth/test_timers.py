"""profile and tick fire as often as they say, and where the work is."""

from __future__ import annotations

import os
from typing import Any

import pytest

from pyvtrace.kernel.cpus import online
from pyvtrace.providers.profile import STANDARD
from tests.truth.live import MS, Trace

# The window is the sleeper's: from its first sleep to the end of its last, by the same clock as its own.
TICKS = """
int on;
uint64_t before;

syscall::clock_nanosleep:entry
/pid == $1/
{
	on = 1;
	@from = min(timestamp);
}

syscall::clock_nanosleep:return
/pid == $1/
{
	@to = max(timestamp);
}

syscall::exit_group:entry
/pid == $1/
{
	on = 0;
}

tick-10ms
/on/
{
	@ticks = count();
	@first = min(timestamp);
	@last = max(timestamp);
	@cpus[cpu] = count();
	/* Two ticks and more are missing: the machine stood still. */
	@still = sum(before && timestamp - before >= 30000000 ? timestamp - before : 0);
	before = timestamp;
}
"""


def test_a_tick_fires_once_a_period_on_one_cpu(workload: Any) -> None:
    work = workload("sleeper", 25, 20)
    with Trace(TICKS, work.pid) as trace:
        truth = work.release()
    value = {name: trace.values(name)[()] for name in ("from", "to", "ticks", "first", "last", "still")}
    window = value["to"] - value["from"]
    # All of what was slept, and nothing that was not between the first sleep and the last.
    assert truth["calls"] * truth["set_ns"] <= window <= truth["whole_ns"]
    # Never more often than it says, whatever the machine does, but the first may be late by up to a period, which the
    # next is not; less often only when the machine stood still.
    assert value["ticks"] <= (value["last"] - value["first"]) / (10 * MS) + 2
    assert value["ticks"] >= 0.9 * (window - value["still"]) / (10 * MS)
    assert value["still"] < window / 2
    assert len(trace.values("cpus")) == 1


def test_a_profile_hits_who_computes_in_proportion(workload: Any) -> None:
    work = workload("spinner", 1000)
    # Often enough that whom else the processor was shared with makes no difference to the proportion.
    program = "profile-997 /pid == $1/ { @[pid, tid, execname] = count(); @user[arg1 != 0] = count(); }"
    with Trace(program, work.pid) as trace:
        truth = work.release()
    ((key, hits),) = trace.values().items()
    assert key == (work.pid, work.facts["tids"][0], "spinner")
    assert hits == pytest.approx(997 * truth["cpu_ns"] / 1e9, rel=0.2)
    # A loop of Python's is user code, but for the ticks that its own interrupts take.
    assert trace.values("user")[1,] > 0.8 * hits


def test_a_profile_fires_on_every_cpu(workload: Any) -> None:
    work = workload("flood", 300_000)
    with Trace("profile-997 /ppid == $1/ { @[pid, cpu] = count(); }", work.pid) as trace:
        work.release()
    assert {(pid, int(cpu)) for cpu, pid in work.facts["pids"].items()} == set(trace.values())


EVERYWHERE = """
int64_t ticks[int], first[int];
profile-HERTZ { ticks[cpu]++; }
profile-HERTZ /ppid == $1 && !first[cpu]/ { first[cpu] = timestamp; ticks[cpu] = 0; }
profile-HERTZ /ppid == $1/ { @ticks[cpu] = max(ticks[cpu]); @ns[cpu] = max(timestamp - first[cpu]); }
"""


def listed(kind: str) -> list[Any]:
    """The frequencies of the probes of that kind which are listed, and which a glob means."""
    ready = (name for name in STANDARD if name.startswith(f"{kind}-"))
    return [pytest.param(int(name.partition("-")[2]), marks=pytest.mark.fires(f"profile:::{name}")) for name in ready]


@pytest.mark.parametrize("hertz", listed("profile"))
def test_a_profile_in_hertz_fires_so_often_on_each_cpu(workload: Any, hertz: int) -> None:
    """On each there is one that computes: the clock of an idle CPU may sleep in a virtual machine. Between its first
    tick and its last, ticks count whoever else had the CPU."""
    work = workload("flood", max(500_000_000 // hertz, 500_000))
    with Trace(EVERYWHERE.replace("HERTZ", str(hertz)), work.pid) as trace:
        work.release()
    ticks = {cpu: count for (cpu,), count in trace.values("ticks").items()}
    assert set(ticks) == set(online())
    for cpu, count in ticks.items():
        periods = trace.values("ns")[cpu,] * hertz / 1e9
        # Never more often than it says; less often where the machine's host had the CPU.
        assert 0.5 * periods <= count <= periods + 1


WHILE_IT_COMPUTES = """
int on;
syscall::clock_gettime:entry /pid == $1/ { on = 1; }
syscall::exit_group:entry /pid == $1/ { on = 0; }
tick-HERTZ /on/ { @ticks = count(); @first = min(timestamp); @last = max(timestamp); }
"""


@pytest.mark.parametrize("hertz", listed("tick"))
def test_a_tick_in_hertz_fires_so_often(workload: Any, hertz: int) -> None:
    """Between its first and its last firing, on the CPU that has it. One computes there: the clock of an idle CPU may
    sleep in a virtual machine."""
    work = workload("spinner", max(1500, 3500 // hertz))
    os.sched_setaffinity(work.pid, {min(online())})
    with Trace(WHILE_IT_COMPUTES.replace("HERTZ", str(hertz)), work.pid) as trace:
        work.release()
    ticks, first, last = (trace.values(name)[()] for name in ("ticks", "first", "last"))
    periods = (last - first) * hertz / 1e9
    assert periods >= 1
    # Never more often than it says; less often where the machine's host had the CPU.
    assert 0.5 * periods <= ticks - 1 <= periods + 1
