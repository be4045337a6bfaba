"""Workloads keep to their protocol and do what they say: facts at the gate, one line of truth after it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.workloads.slowdisk import SlowDisk

Start = Callable[..., Any]
MS = 1_000_000

ALL = [
    ("getppid_loop", 100),
    ("sleeper", 1, 1),
    ("failing_calls", 10),
    ("flood", 10),
    ("compat32", 10),
    ("mutex_pair", 1, 1),
    ("forker", 1),
    ("migrating", 2),
    ("numbered_calls", 10, 1),
    ("signalled", 10),
    ("spinner", 10),
    ("passed_values", 1, 10),
    ("futex_waits", 1, 1),
    ("storm", "mutex", 10),
    ("woken", 3),
    ("moved", 2),
    ("yielder", 10),
    ("lives",),
    ("signalled_child", 2),
    ("faulter", "touch", 10),
]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case[0])
def test_the_facts_said_at_the_gate_are_true(workload: Start, case: tuple[object, ...]) -> None:
    work = workload(*case)
    with open(f"/proc/{work.pid}/comm") as comm:
        assert comm.read().strip() == work.facts["name"] == case[0]
    assert {int(tid) for tid in os.listdir(f"/proc/{work.pid}/task")} == set(work.facts["tids"])
    assert work.release()


def test_a_direct_read_takes_what_the_disk_takes(workload: Start) -> None:
    with SlowDisk(10 * MS) as disk:
        truth = workload("direct_reader", disk.path, 3).release()
        assert disk.truth()["reads"] == truth["reads"] == len(truth["each_ns"]) == 3
    assert min(truth["each_ns"]) >= 10 * MS
    assert sum(truth["each_ns"]) == truth["sum_ns"]


def test_a_mutex_can_be_held_for_a_disk_read(workload: Start) -> None:
    with SlowDisk(10 * MS) as disk:
        truth = workload("mutex_pair", 2, 0, disk.path).release()
    assert min(truth["held_ns"]) >= 10 * MS


def test_a_sleep_is_at_least_as_long_as_it_was_set(workload: Start) -> None:
    truth = workload("sleeper", 3, 10).release()
    assert len(truth["each_ns"]) == truth["calls"] == 3
    assert min(truth["each_ns"]) >= truth["set_ns"] == 10 * MS
    assert sum(truth["each_ns"]) == truth["sum_ns"]


def test_failing_calls_all_fail_for_the_named_reason(workload: Start) -> None:
    assert workload("failing_calls", 7).release() == {"calls": 7, "errno": errno.ENOENT, "syscall": "openat"}


def test_the_waiter_waits_for_the_holder(workload: Start) -> None:
    work = workload("mutex_pair", 3, 20)
    truth = work.release()
    assert min(truth["held_ns"]) >= 20 * MS
    for held, waited in zip(truth["held_ns"], truth["waited_ns"], strict=True):
        assert waited > held / 2


def test_flood_says_what_each_cpu_did(workload: Start) -> None:
    truth = workload("flood", 1000).release()
    assert set(truth["cpus"]) == set(map(str, os.sched_getaffinity(0)))
    assert truth["calls"] == sum(truth["cpus"].values()) == 1000 * len(truth["cpus"])


def test_compat32_reached_the_32_bit_table_or_says_that_it_may_not(workload: Start) -> None:
    truth = workload("compat32", 5).release()
    assert (truth["pid_returned"], truth["calls"]) == ((True, 5) if truth["allowed"] else (False, 0))
