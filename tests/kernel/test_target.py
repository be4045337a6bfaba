"""The live target: this kernel through the eyes of the compiler; and the frozen one, through the same."""

from __future__ import annotations

import os

import pytest

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.kernel.types import Types
from pyvtrace.target import KernelType, MemberPlace, Target
from tests.frozen import FrozenTarget


@pytest.fixture(scope="module")
def live() -> Target:
    return LiveTarget(Types(""))


@pytest.fixture
def frozen() -> Target:
    return FrozenTarget()


def test_the_machine(live: Target) -> None:
    assert live.architecture == os.uname().machine
    assert live.cpus >= (os.cpu_count() or 1)
    assert live.word_bits == 64


def test_tracepoints(live: Target) -> None:
    assert ("sched", "sched_switch") in live.tracepoints()
    switch = live.tracepoint("sched", "sched_switch")
    assert switch and switch is live.tracepoint("sched", "sched_switch")
    assert {"prev_comm", "next_pid"} < {field.name for field in switch.fields}
    assert live.tracepoint("sched", "never") is None


def test_raw_tracepoints(live: Target) -> None:
    found = live.raw_tracepoints()
    assert ("raw_syscalls", "sys_enter") in found
    assert ("sched", "sched_switch") in found
    assert not any(group == "syscalls" for group, _ in found)
    names = [name for _, name in found]
    assert len(set(names)) == len(names)
    parameters = live.raw_tracepoint("sys_enter")
    assert parameters and [p.name for p in parameters] == ["regs", "id"]
    assert live.raw_tracepoint("never") is None


def test_members(live: Target) -> None:
    comm = live.member("task_struct", "comm")
    assert comm and comm.size == 16
    assert live.member("task_struct", "never") is None


def test_features(live: Target) -> None:
    assert live.feature("raw tracepoints")


def test_a_kernel_that_tells_nothing() -> None:
    blind = LiveTarget(Types("", "none", btf="/nonexistent"))
    blind.tracefs = ""
    assert blind.tracepoints() == []
    assert blind.tracepoint("sched", "sched_switch") is None
    assert blind.raw_tracepoints() == []
    assert blind.raw_tracepoint("sys_enter") is None
    assert blind.member("task_struct", "comm") is None


def test_the_frozen_kernel(frozen: Target) -> None:
    assert frozen.member("task_struct", "comm") == MemberPlace(1752, 16)
    assert frozen.member("task_struct", "never") is None
    assert frozen.member("never", "comm") is None
    read = frozen.tracepoint("syscalls", "sys_enter_read")
    assert read and [(f.name, f.type, f.offset, f.size) for f in read.fields] == [
        ("__syscall_nr", "int", 8, 4),
        ("fd", "unsigned int", 16, 8),
        ("buf", "char *", 24, 8),
        ("count", "size_t", 32, 8),
    ]
    executed = frozen.tracepoint("sched", "sched_process_exec")
    assert executed and executed.fields[0].data_loc
    (request,) = frozen.raw_tracepoint("block_rq_issue") or ()
    assert request.type == KernelType("pointer", "struct request *", 8)
    assert ("block", "block_rq_issue") in frozen.raw_tracepoints()
    events = [frozen.tracepoint(*event) for event in frozen.tracepoints()]
    assert len({event.id for event in events if event}) == len(events)


def test_a_frozen_kernel_that_lacks_something() -> None:
    old = FrozenTarget(without=("signed division",))
    assert not old.feature("signed division")
    assert old.feature("ring buffer")
