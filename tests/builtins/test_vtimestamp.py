"""vtimestamp against what a process knows of its own CPU time."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tests.conftest import ROOT
from tests.machine import Stolen
from tests.programs import traced

# Burns CPU between two getppid calls, then sleeps between two more; prints how much of both its own clocks saw, and
# how long the scheduler kept it waiting for a processor meanwhile.
WORK = """
import json, os, sys, time
sys.stdin.readline()
def clocks():
    with open("/proc/thread-self/schedstat") as file:
        return time.monotonic_ns(), time.thread_time_ns(), int(file.read().split()[1])
def between(what):
    os.getppid()
    before = clocks()
    what()
    after = clocks()
    os.getppid()
    return [late - early for early, late in zip(before, after)]
def burn():
    end = time.thread_time_ns() + 100_000_000
    while time.thread_time_ns() < end:
        pass
print(json.dumps([between(burn), between(lambda: time.sleep(0.1))]))
"""
PROGRAM = """
#pragma D option quiet
self uint64_t w;
self uint64_t v;
syscall::getppid:entry /pid == $1 && self->w/
{
    printf("%d %d\\n", timestamp - self->w, vtimestamp - self->v);
    self->w = 0;
}
syscall::getppid:entry /pid == $1 && ++self->n & 1/ { self->w = timestamp; self->v = vtimestamp; }
"""


def test_it_counts_what_a_thread_runs_and_not_what_it_sleeps(tracer) -> None:  # type: ignore[no-untyped-def]
    work = subprocess.Popen([sys.executable, "-c", WORK], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    trace = tracer("-n", PROGRAM + 'BEGIN { printf("ready\\n"); }', str(work.pid))
    trace.wait_for("ready")
    machine = Stolen()
    out, _ = work.communicate(b"\n")
    stolen = machine.most_ns()
    (burn_wall, burn_cpu, burn_delay), (_, sleep_cpu, _) = json.loads(out)
    lines = [tuple(map(int, line.split())) for line in trace.stop().stdout.splitlines() if line and line != "ready"]
    (traced_burn_wall, traced_burn), (traced_sleep_wall, traced_sleep) = lines
    # The clocks of the process are read a little inside the calls. Time that interrupts or a hypervisor take from a
    # running thread is left out of its CPU clock but not here; waiting for a processor is left out of both, and the
    # scheduler reads its clock for that a little before and after a switch. A hypervisor may take it right there, or on
    # the way into the sleep, whose end is fixed by then.
    assert burn_cpu * 0.99 <= traced_burn <= traced_burn_wall - burn_delay + 2_000_000 + stolen
    assert traced_burn_wall >= burn_wall
    assert traced_sleep <= sleep_cpu + 5_000_000 + stolen
    assert traced_sleep_wall - traced_sleep >= 95_000_000 - stolen


def test_it_moves_between_ticks() -> None:
    before = time.monotonic_ns()
    first, second = traced("BEGIN { trace(vtimestamp); trace(vtimestamp); }")
    elapsed = time.monotonic_ns() - before
    assert isinstance(first, int) and isinstance(second, int)
    # Nothing but an interrupt or a hypervisor comes between the two, either of them for as long as it likes.
    assert 0 < second - first <= elapsed
