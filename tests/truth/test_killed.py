"""A tracer that is killed in the middle of its work, with no chance to clean up, leaves nothing in the kernel."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from pyvtrace.kernel.cpus import online
from tests.conftest import GONE_WITHIN, held_by, kernel_objects, open_files
from tests.truth.live import shipped

# One program for each way of attaching and of keeping data, or its file; each has work to do when the kill comes.
PROGRAMS = {
    "calls": "syscall:::entry /pid == $1/ { self->t = timestamp; @[probefunc] = count(); }",
    "records": 'syscall::getppid:entry /pid == $1/ { printf("%d %s\\n", tid, execname); }',
    "events": "sdt:sched::sched_switch, sdt:lock::contention_begin { @[pid, cpu] = count(); }",
    "raw": "rawtp:sched::sched_switch { n[pid] = timestamp; @ = quantize(arg0); }",
    "timers": "profile-997 { @[execname] = count(); } tick-1ms { @n = count(); }",
    "syscalls": shipped("syscalls/processes.d"),
    "disk": shipped("disk/processes.d"),
    "locks": shipped("locks/processes.d"),
}
PERF_EVENTS = {"events": 2, "timers": len(online()) + 1}


def perf_events_of(pid: int) -> int:
    return sum(link == "anon_inode:[perf_event]" for link in open_files(pid).values())


def wait_until_gone(objects: set[tuple[str, int]]) -> None:
    """The kernel frees programs after a grace period."""
    deadline = time.monotonic() + GONE_WITHIN
    while (left := objects & kernel_objects()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"still in the kernel: {sorted(left)}"


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_killed_program_is_gone(workload: Any, tracer: Any, tmp_path: Any, name: str) -> None:
    work = workload("getppid_loop", 300_000)
    script = tmp_path / "script.d"
    script.write_text(PROGRAMS[name] + '\nBEGIN { printf("the probes are in place\\n"); }\n')
    running = tracer("-q", "-s", str(script), *([str(work.pid)] if "$1" in PROGRAMS[name] else []))
    running.wait_for("the probes are in place")
    held, events = held_by(running.pid), perf_events_of(running.pid)
    assert {kind for kind, _ in held} >= {"prog", "map"}
    assert events == PERF_EVENTS.get(name, events)
    work.open()
    assert running.stop(signal.SIGKILL).status == -signal.SIGKILL
    work.truth()
    wait_until_gone(held)
