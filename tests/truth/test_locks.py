"""The view of locks against programs that know for which lock they waited, and how long."""

from __future__ import annotations

from typing import Any

import pytest

from tests.truth.live import MS, Row, Trace, shipped, view_rows
from tests.workloads.slowdisk import SlowDisk

SCRIPT = shipped("locks/processes.d")
# A waiter is told the end of its wait a little after the fact, and has its clock read a little before the beginning.
CLOSE = 0.15
HELD_MS = 120  # long enough for a waiter on a busy machine to come in time


def trace_locks() -> Trace:
    return Trace(SCRIPT, aggsize="16m")


def rows_of(trace: Trace, *pids: int) -> list[Row]:
    return [row for row in view_rows(trace, SCRIPT, "locks") if row["pid"] in pids]


# ----------------------------------------------------------------------------------------------------- user-space locks


@pytest.mark.parametrize(("protocol", "kind"), [("none", "futex mutex"), ("inherit", "futex pi")])
def test_a_mutex_held_30_ms_is_waited_for_30_ms(workload: Any, protocol: str, kind: str) -> None:
    work = workload("mutex_pair", 10, 30, "", protocol)
    with trace_locks() as trace:
        truth = work.release()
    (row,) = [row for row in rows_of(trace, work.pid) if row["lock"] == work.facts["mutex"]]
    assert (row["comm"], row["kind"], row["outcome"]) == ("mutex_pair", kind, "woken")
    assert row.spread.count == len(truth["waited_ns"]) == 10
    # The mutex was kept while the waiter slept, and that was while the waiter was in its call.
    assert 10 * 30 * MS <= truth["kept_sum_ns"] <= row.spread.sum <= truth["waited_sum_ns"]
    lower, upper = row.spread.median_bucket()
    assert lower < sorted(truth["waited_ns"])[5]
    assert upper >= sorted(truth["kept_ns"])[4]


def test_it_is_the_waiter_that_waits(workload: Any) -> None:
    script = SCRIPT.replace("@locks[pid,", "@locks[tid,")
    work = workload("mutex_pair", 3, 30)
    with Trace(script, aggsize="16m") as trace:
        truth = work.release()
    found = [row for row in view_rows(trace, script, "locks") if row["lock"] == work.facts["mutex"]]
    assert [(row["pid"], row.spread.count) for row in found] == [(work.facts["waiter"], truth["rounds"])]


def test_every_wait_ends_in_its_own_way(workload: Any) -> None:
    work = workload("futex_waits", 5, 20)
    with trace_locks() as trace:
        truth = work.release()
    words = {address: name for name, address in work.facts["words"].items()}
    found = {(words[row["lock"]], row["outcome"]): row for row in rows_of(trace, work.pid) if row["lock"] in words}
    assert {key: row.spread.count for key, row in found.items()} == {
        ("timeout", "timeout"): 5,
        ("bitset", "timeout"): 5,
        ("signal", "interrupted"): 5,
        ("stopped", "interrupted"): 1,
        ("stopped", "timeout"): 1,
    }
    for key in (("timeout", "timeout"), ("bitset", "timeout"), ("signal", "interrupted")):
        # It slept in its waits only. How long it was awake besides is the machine's affair.
        slept, clock = truth["slept_ns"][key[0]], truth["waited_ns"][key[0]]
        assert (1 - CLOSE) * slept - work.stolen_ns <= found[key].spread.sum <= clock
    assert found["timeout", "timeout"].spread.sum >= 5 * 20 * MS
    both = found["stopped", "interrupted"].spread.sum + found["stopped", "timeout"].spread.sum
    clock, awake = truth["waited_ns"]["stopped"], truth["waited_ns"]["stopped"] - truth["slept_ns"]["stopped"]
    least = truth["stopped_ns"] - truth["stop_ns"] - awake - work.stolen_ns
    assert (1 - CLOSE) * least <= both <= clock


def test_who_computes_does_not_wait(workload: Any) -> None:
    work = workload("spinner", 300)
    with trace_locks() as trace:
        work.release()
    assert sum(row.spread.sum for row in rows_of(trace, work.pid)) < 3 * MS


# --------------------------------------------------------------------------------------------------------- kernel locks


@pytest.mark.parametrize("kind", ["mutex", "rwsem-write", "rwsem-read"])
def test_a_kernel_lock_is_waited_for_as_long_as_it_is_held(workload: Any, kind: str) -> None:
    with SlowDisk(HELD_MS * MS) as disk:
        work = workload("contended", kind, disk.directory, 3)
        with trace_locks() as trace:
            truth = work.release()
    found = [row for row in rows_of(trace, work.pid) if row.spread.above(10 * MS) and "futex" not in row["kind"]]
    assert {(row["kind"], row["outcome"]) for row in found} == {(kind.replace("-", " "), "acquired")}
    assert len({row["lock"] for row in found}) == 1
    assert sum(row.spread.count for row in found) == truth["rounds"] == 3
    waited, awake = truth["waited_sum_ns"], truth["awake_ns"] + work.stolen_ns
    assert abs(sum(row.spread.sum for row in found) - waited) <= CLOSE * waited + awake


def test_a_wait_that_a_signal_ended_did_not_get_the_lock(workload: Any) -> None:
    with SlowDisk(500 * MS) as disk:
        work = workload("contended", "killed", disk.directory, 3)
        with trace_locks() as trace:
            truth = work.release()
    broken = [row for row in rows_of(trace, *work.facts["victims"]) if row["outcome"] == "interrupted"]
    assert {row["pid"] for row in broken} == set(work.facts["victims"])
    assert {row["kind"] for row in broken} == {"rwsem read"}
    assert sum(row.spread.count for row in broken) == truth["rounds"]
    assert 0 < sum(row.spread.sum for row in broken) <= truth["waited_sum_ns"]


STORMS = {"spinlock": ("spinlock", 60_000), "mutex": ("mutex", 30_000), "rwsem": ("rwsem write", 8_000)}
TRIES = 20

PAIRS = """
sdt:lock::contention_begin /ppid == $1 && !(args->flags & 32)/ { @begun = count(); }
sdt:lock::contention_end /ppid == $1/ { @ended = count(); }
"""


@pytest.mark.parametrize("kind", STORMS)
def test_waits_of_a_storm_add_up(workload: Any, kind: str) -> None:
    """Nobody waits longer than he lives, and a wait that begins ends and is shown once. Mutexes begin once or several
    times a wait, all other locks once. Whether the processes meet is chance, so there are storms until they do."""
    name, calls = STORMS[kind]
    for _ in range(TRIES):
        work = workload("storm", kind, calls)
        with Trace(SCRIPT + PAIRS, work.pid, aggsize="16m") as trace:
            truth = work.release()
        rows = [row for row in rows_of(trace, *truth["pids"]) if "futex" not in row["kind"]]
        if name in {row["kind"] for row in rows}:
            break
    assert sum(row.spread.count for row in rows if row["kind"] == name) > 0
    assert sum(row.spread.sum for row in rows) <= truth["alive_ns"]
    assert all(row.spread.negative == 0 for row in rows)
    assert {row["outcome"] for row in rows} == {"acquired"}

    # A firing that the kernel skipped, because it came from within the program itself, or a variable for which there
    # was no room then, may hide a wait.
    shown = sum(row.spread.count for row in rows)
    plain = sum(row.spread.count for row in rows if row["kind"] != "mutex")
    lost = trace.dropped("missed") + trace.dropped("dynamic")
    assert 0 <= trace.values("ended")[()] - shown <= lost
    assert 0 <= trace.values("begun").get((), 0) - plain <= lost


OWN_SUM = """
self uint64_t began;
self uint64_t at;

sdt:lock::contention_begin
/pid == $1 && args->flags & 32 && !self->began/
{
	self->began = timestamp;
	self->at = (uint64_t)args->lock_addr;
}

sdt:lock::contention_end
/self->began && (uint64_t)args->lock_addr == self->at/
{
	@own = sum(timestamp - self->began);
	self->began = 0;
}
"""


def test_a_wait_for_a_mutex_is_one_wait_from_its_first_attempt(workload: Any) -> None:
    """Spinning and then sleeping is one wait. No thread is at two mutexes at once here, which makes a second way to
    measure simple; both read the same clock, and agree to the nanosecond."""
    with SlowDisk(5 * MS) as disk:
        work = workload("contended", "mutex", disk.directory, 10)
        with Trace(SCRIPT + OWN_SUM, work.pid, aggsize="16m") as trace:
            work.release()
    mutexes = [row.spread for row in rows_of(trace, work.pid) if row["kind"] == "mutex"]
    assert sum(spread.count for spread in mutexes) >= 10
    # A firing that was skipped may have kept one of the two from one wait.
    allowed = trace.dropped("missed") * max(spread.max for spread in mutexes)
    assert abs(sum(spread.sum for spread in mutexes) - trace.values("own")[()]) <= allowed
