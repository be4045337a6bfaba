"""The lockstat provider against programs that know for which lock they waited, and how long."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from pyvtrace.kernel.target import LiveTarget
from tests.truth.live import MS, Trace
from tests.workloads.slowdisk import SlowDisk

# A waiter has its clock read a little before the beginning, and learns of the end a little after whoever let it go on.
CLOSE = 0.15
HELD_MS = 120  # long enough for a waiter on a busy machine to come in time
ROUNDS = 3
TRIES = 20


def held(workload: Any, kind: str, program: str) -> tuple[Trace, Any]:
    """The program's counts and what the workload says: as long as that both waited, as far as it was not awake."""
    with SlowDisk(HELD_MS * MS) as disk:
        work = workload("contended", kind, disk.directory, ROUNDS)
        with Trace(program, work.pid) as trace:
            truth = work.release()
    waited, awake = truth["waited_sum_ns"], truth["awake_ns"] + work.stolen_ns
    assert abs(trace.values("ns")[()] - waited) <= CLOSE * waited + awake
    return trace, truth


@pytest.mark.fires("lockstat:::adaptive-block")
def test_a_mutex_that_is_held_is_slept_for_as_long(workload: Any) -> None:
    program = """
    lockstat:::adaptive-block /pid == $1 && args[1] > 10000000/ { @[(uint64_t)args[0]] = count(); @ns = sum(args[1]); }
    """
    trace, truth = held(workload, "mutex", program)
    assert list(trace.values().values()) == [truth["rounds"]] == [ROUNDS]


@pytest.mark.fires("lockstat:::rw-block")
@pytest.mark.parametrize(("kind", "reader"), [("rwsem-write", 0), ("rwsem-read", 1)])
def test_a_semaphore_that_is_held_is_slept_for_as_long(workload: Any, kind: str, reader: int) -> None:
    program = """
    lockstat:::rw-block /pid == $1 && args[1] > 10000000/
    {
        @[(uint64_t)args[0], args[2] == RW_READER] = count();
        @ns = sum(args[1]);
    }
    """
    trace, truth = held(workload, kind, program)
    (((_, how), times),) = trace.values().items()
    assert (how, times) == (reader, truth["rounds"])


# What is stormed, how often each does it, and with which flags such a wait begins (LCB_F_*: 1 spins, 2 reads, 4 writes,
# 32 mutex). A mutex that is slept for is above: whether one here is, is up to the scheduler.
STORMS = {
    "adaptive-spin": ("mutex", 30_000, "arg1 == 33"),
    "spin-spin": ("spinlock", 60_000, "arg1 == 1"),
    "rw-spin": ("rwlock", 30_000, "(arg1 & 6) && (arg1 & 1)"),
    "rw-block": ("rwsem", 8_000, "(arg1 & 6) && !(arg1 & 1)"),
}
# Who spins for a mutex, and sleeps then, begins twice and ends once.
PAIRS = """
int begun[int, uint64_t];
lockstat:::PROBE /ppid == $1/
{
	@waits[(uint64_t)args[0]] = count();
	@ns = sum(args[1]);
	@longest = max(args[1]);
}
rawtp:lock::contention_begin /ppid == $1 && BEGINS/ { begun[tid, (uint64_t)arg0] = 1; }
rawtp:lock::contention_end /ppid == $1 && begun[tid, (uint64_t)arg0]/
{
	@ended[(uint64_t)arg0] = sum((int)arg1 == 0);
	begun[tid, (uint64_t)arg0] = 0;
}
"""


@pytest.mark.parametrize(
    "probe", [pytest.param(name, marks=pytest.mark.fires(f"lockstat:::{name}")) for name in STORMS]
)
def test_waits_of_a_storm_are_those_that_end_and_no_longer_than_it(workload: Any, probe: str) -> None:
    """Whether the processes meet is chance, so there are storms until they do. Of each lock there are as many waits as
    the tracepoints tell of."""
    kind, calls, begins = STORMS[probe]
    for _ in range(TRIES):
        work = workload("storm", kind, calls)
        with Trace(PAIRS.replace("PROBE", probe).replace("BEGINS", begins), work.pid) as trace:
            truth = work.release()
        if trace.values("waits"):
            break
    waits, ended = trace.values("waits"), trace.values("ended")
    assert waits
    # A firing that the kernel skipped, because it came from within the program itself, or a variable for which there
    # was no room then, may hide a wait from one of the two.
    differences = [abs(waits.get(lock, 0) - ended.get(lock, 0)) for lock in waits.keys() | ended.keys()]
    assert sum(differences) <= trace.dropped("missed") + trace.dropped("dynamic")
    assert 0 < trace.values("longest")[()] <= trace.values("ns")[()] <= truth["alive_ns"]


@pytest.mark.parametrize("protocol", ["none", "inherit"])
def test_a_mutex_of_a_program_is_slept_for_as_long_as_it_is_held(workload: Any, protocol: str) -> None:
    program = """
    lockstat:::futex-block /tid == $1 && args[0] == $2/ { @[args[2]] = count(); @ns = sum(args[1]); }
    lockstat:::futex-block /tid == $1 && args[0] == $2/ { @value[args[3]] = count(); }
    """
    work = workload("mutex_pair", 10, 30, "", protocol)
    with Trace(program, work.facts["waiter"], work.facts["mutex"]) as trace:
        truth = work.release()
    assert trace.values() == {(0,): truth["rounds"]}
    # The mutex was kept while the waiter slept, and that was while the waiter was in its call.
    assert 10 * 30 * MS <= truth["kept_sum_ns"] <= trace.values("ns")[()] <= truth["waited_sum_ns"]
    # 2 is the C library's "locked, and somebody waits"; the kernel does not look at the value of the other kind.
    assert protocol == "inherit" or trace.values("value") == {(2,): 10}


def slept(spent: int, work: Any, truth: Any, way: str) -> bool:
    """Whether the workload waited that long: it slept in its waits only, and they are no longer than its clock says."""
    return bool((1 - CLOSE) * truth["slept_ns"][way] - work.stolen_ns <= spent <= truth["waited_ns"][way])


@pytest.mark.fires("lockstat::sys_exit_futex:futex-block")
def test_every_wait_for_a_futex_says_how_it_ended(workload: Any) -> None:
    work = workload("futex_waits", 5, 20)
    program = "lockstat:::futex-block /pid == $1/ { @[args[0], args[2]] = count(); @ns[args[0]] = sum(args[1]); }"
    with Trace(program, work.pid) as trace:
        truth = work.release()
    words = {address: name for name, address in work.facts["words"].items()}
    found = {(words[word], error): count for (word, error), count in trace.values().items() if word in words}
    # Neither a value that had changed nor a bad address is a wait; what a stop broke off goes on by another call.
    assert found == {
        ("timeout", errno.ETIMEDOUT): 5,
        ("bitset", errno.ETIMEDOUT): 5,
        ("signal", errno.EINTR): 5,
        ("stopped", errno.EINTR): 1,
    }
    for (word,), spent in trace.values("ns").items():
        if (way := words.get(word)) in ("timeout", "bitset", "signal"):
            assert slept(spent, work, truth, way)


@pytest.mark.fires("lockstat::sys_exit_futex_wait:futex-block")
def test_a_wait_by_the_call_of_its_own_is_one_as_well(workload: Any) -> None:
    work = workload("futex_waits", 5, 20, "own_call")
    (word,) = work.facts["words"].values()
    program = "lockstat:::futex-block /pid == $1/ { @[args[0], args[2], args[3]] = count(); @ns = sum(args[1]); }"
    with Trace(program, work.pid) as trace:
        truth = work.release()
    if not LiveTarget().tracepoint("syscalls", "sys_enter_futex_wait"):
        assert trace.values() == {}
        return
    assert trace.values() == {(word, errno.ETIMEDOUT, 0): 5}
    assert slept(trace.values("ns")[()], work, truth, "own_call")
