"""Programs on perf events: each event runs its program exactly when it should."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator

import pytest

from pyvtrace.bpf import maps, programs
from pyvtrace.kernel import bpf, cpus, perf, tracefs
from pyvtrace.runtime.ring import RingBuffer
from tests.kernel.code import NOTHING, Kernel, count_calls_of, write_records

PATIENCE = 60.0  # seconds


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    with Kernel() as kernel:
        yield kernel


def test_a_tracepoint_runs_once_a_hit(kernel: Kernel) -> None:
    event = tracefs.event_format(tracefs.find(), "syscalls", "sys_enter_getppid")
    assert event
    count = kernel.map(maps.ARRAY, 4, 8, 1)
    program = kernel.program(count_calls_of(os.getpid()), programs.TRACEPOINT, count=count)
    perf.attach(kernel.own(perf.open_tracepoint(event.id)), program)
    for _ in range(1000):
        os.getppid()
    assert struct.unpack("=Q", bpf.map_lookup(count, bytes(4), 8) or b"") == (1000,)


@pytest.mark.parametrize("cpu", cpus.online())
def test_a_clock_ticks(kernel: Kernel, cpu: int) -> None:
    fd = kernel.map(maps.RINGBUF, 0, 0, 4096)
    ring = RingBuffer(fd, 4096)
    program = kernel.program(write_records(8, 1), programs.PERF_EVENT, ring=fd)
    perf.attach(kernel.own(perf.open_clock(cpu, 1_000_000)), program)
    # Busy there: whether an idle CPU takes samples is up to the kernel (some sandboxes' kernels do not).
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    ticks, deadline = 0, time.monotonic() + PATIENCE
    while ticks < 5 and time.monotonic() < deadline:
        ticks += sum(1 for _ in ring.read())
    os.sched_setaffinity(0, allowed)
    ring.close()
    assert ticks >= 5


def test_a_clock_of_a_cpu_that_is_not_there() -> None:
    with pytest.raises(perf.PerfError, match="cannot open the clock of CPU 4095"):
        perf.open_clock(4095, 10**9)


def test_a_program_of_another_type_is_refused(kernel: Kernel) -> None:
    event = kernel.own(perf.open_clock(cpus.online()[0], 10**9))
    with pytest.raises(perf.PerfError, match="cannot attach a program to a perf event: Invalid argument"):
        perf.attach(event, kernel.program(NOTHING, programs.RAW_TRACEPOINT))


@pytest.mark.parametrize(("text", "numbers"), [("0\n", [0]), ("0-3", [0, 1, 2, 3]), ("0-1,4,6-7\n", [0, 1, 4, 6, 7])])
def test_lists_of_cpus(text: str, numbers: list[int]) -> None:
    assert cpus.parse(text) == numbers
