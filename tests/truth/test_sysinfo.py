"""The sysinfo provider against programs that know what they asked of the system."""

from __future__ import annotations

import fcntl
import os
import threading
from time import monotonic, sleep
from typing import Any

import pytest

from pyvtrace.kernel import perf
from tests.conftest import PATIENCE
from tests.truth.live import MS, Trace
from tests.workloads.slowdisk import SlowDisk

ENABLE, DISABLE = 0x2400, 0x2401  # PERF_EVENT_IOC_*

# What the workload does between its two calls of getppid, by probe.
PROGRAM = """
self int inside;
syscall::getppid:entry /pid == $1/ { self->inside = !self->inside; }
sysinfo::: /self->inside/ { @[probename] = sum(args[0]); }
"""


def fired(*cases: tuple[str, str]) -> list[Any]:
    """Cases of a test that each fire a probe, the last part."""
    return [pytest.param(*case, marks=pytest.mark.fires(f"sysinfo:::{case[-1]}")) for case in cases]


def told(work: Any) -> tuple[dict[str, int], dict[str, int]]:
    """The truth, and the sum of each probe."""
    with Trace(PROGRAM, work.pid) as trace:
        truth = work.report()
        work.open()
    return truth, by_name(trace)


def by_name(trace: Trace) -> dict[str, int]:
    return {key[0]: value for key, value in trace.values().items()}


@pytest.mark.parametrize(
    ("operation", "calls", "count"),
    [
        pytest.param(*case, marks=pytest.mark.fires(*(f"sysinfo:::{name}" for name in case[1:])))
        for case in (("read", "sysread", "readch"), ("write", "syswrite", "writech"))
    ],
)
@pytest.mark.parametrize(("number", "size"), [(1, 1), (250, 1000)])
def test_calls_that_read_and_write_and_their_bytes(
    workload: Any, operation: str, calls: str, count: str, number: int, size: int
) -> None:
    truth, found = told(workload("system_user", operation, number, size))
    assert truth == {"calls": 4 * number + 1, "bytes": 4 * number * size}
    assert (found[calls], found[count]) == (truth["calls"], truth["bytes"])


def test_other_calls_are_none_of_these(workload: Any) -> None:
    _, found = told(workload("system_user", "write", 10, 10))
    assert not {"sysread", "readch", "sema", "msg", "sysexec", "sysfork", "sysvfork", "nthreads"} & set(found)


def test_calls_of_32_bit_programs_have_their_own_numbers(workload: Any) -> None:
    """A 32-bit getpid has the number of a 64-bit writev."""
    work = workload("compat32", 100)
    program = """
    sysinfo:::syswrite /pid == $1/ { @ = sum(arg0); }
    syscall:vmlinux:write:entry /pid == $1/ { @w = count(); }
    syscall:compat:getpid:entry /pid == $1/ { @compat = count(); }
    """
    with Trace(program, work.pid) as trace:
        truth = work.release()
    assert trace.values("compat").get((), 0) == truth["calls"]
    assert trace.values() == trace.values("w") == {(): 1}


@pytest.mark.parametrize(("operation", "probe"), fired(("semaphores", "sema"), ("messages", "msg")))
def test_calls_of_system_v(workload: Any, operation: str, probe: str) -> None:
    truth, found = told(workload("system_user", operation, 50))
    assert found[probe] == truth["calls"] == 102


@pytest.mark.fires("sysinfo:::sysfork", "sysinfo:::sysexec", "sysinfo:::nthreads")
def test_processes_that_fork_and_execute(workload: Any) -> None:
    program = """
    sysinfo:::sysfork, sysinfo:::nthreads, sysinfo:::sysvfork /pid == $1/ { @[probename] = sum(args[0]); }
    sysinfo:::sysexec /ppid == $1/ { @[probename] = sum(args[0]); }
    """
    work = workload("forker", 20)
    with Trace(program, work.pid) as trace:
        work.release()
    assert by_name(trace) == {"sysfork": 20, "nthreads": 20, "sysexec": 20}


def test_threads_are_no_processes(workload: Any) -> None:
    truth, found = told(workload("system_user", "threads", 30))
    assert found["nthreads"] == truth["calls"] == 30
    assert not {"sysfork", "sysvfork"} & set(found)


@pytest.mark.fires("sysinfo:::sysvfork")
def test_a_spawned_process_is_a_vfork(workload: Any) -> None:
    truth, found = told(workload("system_user", "spawned", 15))
    assert found["nthreads"] == found["sysvfork"] == truth["calls"] == 15
    assert "sysfork" not in found


def switches(pid: int) -> tuple[int, int]:
    """How often a process has left the processor, as the kernel counts: of its will, and not."""
    with open(f"/proc/{pid}/status") as status:
        found = dict(line.split(":", 1) for line in status)
    assert found["State"].strip().startswith("S")
    return int(found["voluntary_ctxt_switches"]), int(found["nonvoluntary_ctxt_switches"])


def asleep(pid: int) -> None:
    """Waits until a process sleeps in read(2)."""
    while True:
        with open(f"/proc/{pid}/syscall") as file:
            if file.read().split()[0] in ("0", "63"):
                return


@pytest.mark.fires("sysinfo:::pswitch", "sysinfo:::inv_swtch")
def test_switches_are_those_that_the_kernel_counts(workload: Any) -> None:
    program = "sysinfo:::pswitch, sysinfo:::inv_swtch /pid == $1/ { @[probename] = sum(args[0]); }"
    work = workload("system_user", "yield", 150)
    asleep(work.pid)
    with Trace(program, work.pid) as trace:
        before = switches(work.pid)
        work.report()
        asleep(work.pid)
        after = switches(work.pid)
    work.open()
    willing, forced = (new - old for old, new in zip(before, after, strict=True))
    assert forced > 100
    assert by_name(trace) == {"pswitch": willing + forced, "inv_swtch": forced}


@pytest.mark.fires("sysinfo:::idlethread")
def test_a_processor_that_has_nothing_to_do_goes_idle() -> None:
    """As often as the scheduler says so. A busy machine has to be waited for until it has nothing to do for once."""
    program = """
    sysinfo:::idlethread { @idle = sum(args[0]); }
    sysinfo:::pswitch { @all = sum(args[0]); }
    rawtp:sched::sched_switch /args[2]->pid == 0/ { @to_idle = count(); }
    rawtp:sched::sched_switch /args[2]->pid != 0/ { @others = count(); }
    """
    idle, deadline = 0, monotonic() + PATIENCE
    while not idle and monotonic() < deadline:
        with Trace(program) as trace:
            sleep(0.05)
        idle, to_idle, others, everything = (
            trace.values(name).get((), 0) for name in ("idle", "to_idle", "others", "all")
        )
        assert (idle, everything) == (to_idle, to_idle + others)
    assert idle > 0


@pytest.mark.parametrize(
    ("kind", "probe"), fired(("mutex", "mutex_adenters"), ("rwsem-write", "rw_wrfails"), ("rwsem-read", "rw_rdfails"))
)
def test_locks_that_somebody_else_has(workload: Any, kind: str, probe: str) -> None:
    with SlowDisk(20 * MS) as disk:
        work = workload("contended", kind, disk.directory, 10)
        with Trace(f"sysinfo:::{probe} /pid == $1/ {{ @[probename] = sum(args[0]); }}", work.pid) as trace:
            truth = work.release()
    assert by_name(trace) == {probe: truth["rounds"]}


@pytest.mark.parametrize(("operation", "probe"), fired(("read", "bread"), ("write", "bwrite")))
def test_blocks_that_are_read_and_written(workload: Any, operation: str, probe: str) -> None:
    with SlowDisk(0, writable=True) as disk:
        work = workload("disk_user", operation, disk.path, 25)
        with Trace("sysinfo:::bread, sysinfo:::bwrite /pid == $1/ { @[probename] = sum(arg0); }", work.pid) as trace:
            work.release()
    assert by_name(trace) == {probe: 25}


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        pytest.param("anonymous", "user", marks=pytest.mark.fires("sysinfo::page_fault_user:trap")),
        pytest.param("filled", "kernel", marks=pytest.mark.fires("sysinfo::page_fault_kernel:trap")),
    ],
)
def test_faults_are_traps(workload: Any, operation: str, place: str) -> None:
    program = """
    self int inside;
    syscall::getppid:entry /pid == $1/ { self->inside = !self->inside; }
    sysinfo:::trap /self->inside/ { @[probefunc] = sum(args[0]); }
    """
    work = workload("memory_user", operation, 300)
    with Trace(program, work.pid) as trace:
        work.release()
    assert trace.values() == {(f"page_fault_{place}",): 300}


@pytest.mark.fires("sysinfo:::xcalls")
def test_functions_that_another_processor_is_to_call() -> None:
    """An event of a processor is switched on and off there, whoever asks. Interrupts have calls of other functions."""
    program = """
    sysinfo:::xcalls /tid == $1/ { @calls = sum(args[0]); }
    rawtp:csd::csd_queue_cpu /tid == $1/ { @queued[(uint64_t)args[2]] = count(); }
    """
    own, other = sorted(os.sched_getaffinity(0))[:2]
    fd = perf.open_clock(other, 3_600_000_000_000)
    ids: list[int] = []
    begin = threading.Barrier(2)

    def switch() -> None:
        os.sched_setaffinity(0, {own})
        ids.append(threading.get_native_id())
        begin.wait()
        begin.wait()
        for _ in range(200):
            fcntl.ioctl(fd, ENABLE, 0)
            fcntl.ioctl(fd, DISABLE, 0)

    thread = threading.Thread(target=switch)
    thread.start()
    begin.wait()
    with Trace(program, ids[0]) as trace:
        begin.wait()
        thread.join()
    os.close(fd)
    (calls,) = trace.values("calls").values()
    queued = trace.values("queued").values()
    assert sum(queued) == calls
    assert 400 in queued


@pytest.mark.parametrize(
    ("name", "why"), [("namei", "Linux has no tracepoint there"), ("lread", "Linux caches pages of files")]
)
def test_what_linux_has_not_is_refused_with_the_reason(vtrace: Any, name: str, why: str) -> None:
    done = vtrace("-n", f"sysinfo:::{name} {{ exit(0); }}")
    assert done.status == 1
    assert f"sysinfo:::{name} does not match any probes" in done.stderr
    assert why in done.stderr
