"""The cpc provider's software events against programs that know how many they caused, and the kernel's own counts."""

from __future__ import annotations

from typing import Any

import pytest

from pyvtrace.kernel.cpus import online
from pyvtrace.kernel.features import ask
from tests.truth.live import Trace
from tests.workloads.slowdisk import SlowDisk

FAULTS = """
cpc:::page_faults-user-1 /pid == $1 && args[2] >= $2 && args[2] < $3/ { @user[execname] = count(); }
cpc:::page_faults-kernel-1 /pid == $1 && args[2] >= $2 && args[2] < $3/ { @kernel[execname] = count(); }
cpc:::page-faults-all-1 /pid == $1 && args[2] >= $2 && args[2] < $3/ { @all[args[0] != 0, args[1] != 0] = count(); }
cpc:::minor_faults-all-1 /pid == $1 && args[2] >= $2 && args[2] < $3/ { @minor = count(); }
cpc:::major_faults-all-1 /pid == $1 && args[2] >= $2 && args[2] < $3/ { @major = count(); }
"""


def faults(workload: Any, *arguments: object) -> Trace:
    work = workload("faulter", *arguments)
    with Trace(FAULTS, work.pid, work.facts["start"], work.facts["end"]) as trace:
        work.release()
    return trace


def test_faults_of_a_program_are_counted_where_it_was(workload: Any) -> None:
    trace = faults(workload, "touch", 500)
    assert trace.values("user") == {("faulter",): 500}
    assert trace.values("all") == {(0, 1): 500}
    assert trace.values("minor") == {(): 500}
    assert trace.values("kernel") == trace.values("major") == {}


def test_faults_of_the_kernel_are_told_from_those_of_programs(workload: Any) -> None:
    trace = faults(workload, "copy", 200)
    assert trace.values("kernel") == {("faulter",): 200}
    assert trace.values("all") == {(1, 0): 200}
    assert trace.values("user") == {}


@pytest.mark.fires("cpc:::major_faults-all-1")
def test_faults_that_have_to_read_are_major(workload: Any) -> None:
    with SlowDisk(0) as disk:
        trace = faults(workload, "load", 50, disk.path)
    assert trace.values("major") == {(): 50}
    assert trace.values("user") == {("faulter",): 50}


@pytest.mark.fires("cpc:::cpu_migrations-all-1")
def test_every_migration_is_counted(workload: Any) -> None:
    work = workload("faulter", "migrate", 40)
    with Trace("cpc:::cpu_migrations-all-1 /pid == $1/ { @ = count(); }", work.pid) as trace:
        truth = work.release()
    assert trace.values() == {(): truth["count"]}


def test_context_switches_are_those_that_the_kernel_counts(workload: Any) -> None:
    program = """
    self int began;
    self int inside;
    syscall::getrusage:return /(pid == $1 || pid == $2) && !self->began/ { self->on = 1; self->began = 1; }
    syscall::getrusage:entry /self->on/ { self->on = 0; }
    syscall::getrusage:entry /pid == $1 || pid == $2/ { self->inside = 1; }
    syscall::getrusage:return /pid == $1 || pid == $2/ { self->inside = 0; }
    cpc:::context_switches-all-1 /self->on/ { @[pid] = count(); }
    cpc:::context_switches-all-1 /self->inside/ { @near[pid] = count(); }
    """
    work = workload("woken", 50)
    sleeper, spinner = work.facts["sleeper"], work.facts["spinner"]
    with Trace(program, sleeper, spinner) as trace:
        truth = work.release()
    switches = {(pid,): sum(truth[name].values()) for pid, name in ((sleeper, "sleeper"), (spinner, "spinner"))}
    # Who is put aside within one of the calls may be so before the kernel's count is taken, or behind it.
    for key, switched in switches.items():
        assert 0 <= switched - trace.values()[key] <= trace.values("near").get(key, 0)


@pytest.mark.parametrize(
    ("event", "count", "causes"),
    [
        ("page_faults-user", 50, ("faulter", "touch", 5000)),
        *(
            pytest.param(f"{event}-all", 100, causes, marks=pytest.mark.fires(f"cpc:::{event}-all-100"))
            for event, causes in (
                ("page_faults", ("faulter", "touch", 5000)),
                ("minor_faults", ("faulter", "touch", 5000)),
                ("context_switches", ("woken", 2500)),
            )
        ),
    ],
)
def test_a_count_makes_one_firing_of_so_many_events(
    workload: Any, event: str, count: int, causes: tuple[object, ...]
) -> None:
    """Of one and of many, as the same events of the whole machine, until the workload ends: one of the two is taken
    away first. Who is woken leaves the CPU twice a time, with who was there."""
    program = f"""
    int on;
    cpc:::{event}-1 /pid == $1 && !on/ {{ on = 1; }}
    syscall::exit_group:entry /pid == $1/ {{ on = 2; }}
    cpc:::{event}-1 /on == 1/ {{ @one[cpu] = count(); }}
    cpc:::{event}-{count} /on == 1/ {{ @many[cpu] = count(); }}
    """
    work = workload(*causes)
    with Trace(program, work.facts.get("sleeper", work.pid)) as trace:
        work.release()
    one, many = trace.values("one"), trace.values("many")
    assert max(one.values()) >= 5000
    # Another event of a tracer's on the same CPU may cost some of them.
    assert all(many.get(cpu, 0) == pytest.approx(number / count, rel=0.02, abs=2) for cpu, number in one.items())


def test_a_clock_counts_the_time_of_who_computes(workload: Any) -> None:
    work = workload("spinner", 1000)
    with Trace("cpc:::cpu_clock-all-1000000 { @[pid] = count(); }") as trace:
        truth = work.release()
    # A processor that stands still makes up for none of the firings that it has missed.
    used, stood = truth["cpu_ns"] / 1e6, truth["stood_ns"] / 1e6
    assert 0.8 * (used - stood) < trace.values()[work.pid,] < 1.2 * used


@pytest.mark.fires("cpc:::cpu_clock-all-1000000")
def test_a_counter_counts_on_every_cpu(workload: Any) -> None:
    """On each there is one that computes."""
    work = workload("flood", 300_000)
    with Trace("cpc:::cpu_clock-all-1000000 /ppid == $1/ { @[pid, cpu] = count(); }", work.pid) as trace:
        work.release()
    assert {int(cpu) for cpu in work.facts["pids"]} == set(online())
    assert set(trace.values()) == {(pid, int(cpu)) for cpu, pid in work.facts["pids"].items()}


def test_counters_of_the_processor_work_or_are_refused_in_one_message(vtrace: Any) -> None:
    ran = vtrace("-qn", "cpc:::cpu_cycles-all-1000000 { exit(0); }")
    if ask("hardware counters").works:
        assert (ran.status, ran.stderr) == (0, "")
        return
    assert ran.status == 1
    message, *_ = ran.stderr.splitlines()
    assert message.endswith("this machine has no hardware counters: the kernel has found none")
