"""The view of the disk against a disk whose delay is set, and programs that know what they asked of it."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.truth.live import MS, Distribution, Missed, Row, Trace, again_if_missed, shipped, view_rows
from tests.workloads.slowdisk import SlowDisk

SCRIPT = shipped("disk/processes.d")


def trace_disk() -> Trace:
    return Trace(SCRIPT, aggsize="16m")


def number(disk: SlowDisk) -> int:
    """The device's number as the kernel keeps it."""
    major, minor = map(int, disk.device.split(":"))
    return major << 20 | minor


class Seen:
    """What the view shows of one device: rows of both measures by (pid, comm, op, size).

    Raises:
        Missed: not all of it.
    """

    def __init__(self, trace: Trace, disk: SlowDisk) -> None:
        if trace.dropped("missed"):
            raise Missed(f"{trace.dropped('missed')} firings")
        self.queue, self.issue = (dict(self._rows(trace, disk, measure)) for measure in ("queue", "issue"))
        assert self.queue.keys() == self.issue.keys()
        # Whatever it is, it was queued before it was issued, a microsecond at least.
        for key, queue in self.queue.items():
            assert queue.count == self.issue[key].count
            assert queue.sum > self.issue[key].sum
            assert queue.max > self.issue[key].max

    @staticmethod
    def _rows(trace: Trace, disk: SlowDisk, measure: str) -> Iterator[tuple[tuple[Any, ...], Distribution]]:
        for row in view_rows(trace, SCRIPT, measure):
            if row["dev"] == number(disk):
                yield key_of(row), row.spread

    def counts(self) -> dict[tuple[Any, ...], int]:
        return {key: spread.count for key, spread in self.issue.items()}


def untimed(trace: Trace, disk: SlowDisk) -> int:
    """How many requests of a device the script says it has not timed."""
    return sum(count for (_, device), count in trace.values("untimed").items() if device == number(disk))


def key_of(row: Row) -> tuple[Any, ...]:
    return row["pid"], row["comm"], row["op"], row["size"]


def is_slow(spread: Distribution, delay: int, each_ns: list[int]) -> bool:
    """Whether the median is the delay: no less, and no more than the median of what each use of the disk took."""
    lower, upper = spread.median_bucket()
    return upper >= delay and lower < sorted(each_ns)[len(each_ns) // 2]


# ---------------------------------------------------------------------------------------------------------------- reads


@pytest.mark.parametrize("delay_ms", [20, 5])
@again_if_missed
def test_reads_of_a_slow_disk_are_as_slow_as_it_is(workload: Any, delay_ms: int) -> None:
    with SlowDisk(delay_ms * MS) as disk:
        work = workload("direct_reader", disk.path, 25)
        before = disk.truth()["held_ns"]
        with trace_disk() as trace:
            truth = work.release()
        held = disk.truth()["held_ns"] - before
        seen = Seen(trace, disk)
    key = (work.pid, "direct_reader", "RS", 4096)
    assert seen.counts() == {key: truth["reads"]}
    for spread in (seen.issue[key], seen.queue[key]):
        assert is_slow(spread, delay_ms * MS, truth["each_ns"])
        assert spread.above(delay_ms * MS // 2) == 25
        # Longer than the server held them, by its clock, and shorter than the reader waited, by his.
        assert held < spread.sum < truth["sum_ns"]


@again_if_missed
def test_every_tenth_read_is_slow_and_no_other(workload: Any) -> None:
    with SlowDisk(30 * MS, every=10) as disk:
        work = workload("direct_reader", disk.path, 200)
        with trace_disk() as trace:
            truth = work.release()
        delayed = disk.truth()["delayed"]
        seen = Seen(trace, disk)
    spread = seen.issue[work.pid, "direct_reader", "RS", 4096]
    assert (spread.count, delayed) == (200, 20)
    # The lower bound of the bucket in which 30 ms are; a machine that stood still may have slowed other reads.
    slow = [took for took in truth["each_ns"] if took > 20 * MS]
    assert delayed <= spread.above(20 * MS) <= len(slow)


@again_if_missed
def test_processes_and_devices_are_kept_apart(workload: Any) -> None:
    with SlowDisk(10 * MS) as one, SlowDisk(40 * MS) as other:
        first, second = workload("direct_reader", one.path, 20), workload("direct_reader", other.path, 5)
        with trace_disk() as trace:
            first.open()
            second.open()
            took, took_other = first.truth()["each_ns"], second.truth()["each_ns"]
        of_one, of_other = Seen(trace, one), Seen(trace, other)
    mine, its = (first.pid, "direct_reader", "RS", 4096), (second.pid, "direct_reader", "RS", 4096)
    assert (of_one.counts(), of_other.counts()) == ({mine: 20}, {its: 5})
    assert is_slow(of_one.issue[mine], 10 * MS, took)
    assert is_slow(of_other.issue[its], 40 * MS, took_other)


@again_if_missed
def test_two_readers_of_one_disk_are_told_apart(workload: Any) -> None:
    """They read the same blocks: what cannot be told apart is said not to be timed, and nothing is missing. It is said
    once too often when one begins while the record of the other is being removed."""
    with SlowDisk(5 * MS) as disk:
        works = [workload("direct_reader", disk.path, 20) for _ in range(2)]
        with trace_disk() as trace:
            for work in works:
                work.open()
            for work in works:
                work.truth()
        seen = Seen(trace, disk)
    timed = sum(seen.counts().values())
    assert 20 <= timed <= 2 * 20 <= timed + untimed(trace, disk)
    assert {key[:2] for key in seen.counts()} <= {(work.pid, "direct_reader") for work in works}


@pytest.mark.parametrize(("size", "bound"), [(4096, 4096), (8192, 16384), (65536, 65536), (131072, 262144)])
@again_if_missed
def test_a_request_is_shown_with_its_size(workload: Any, size: int, bound: int) -> None:
    with SlowDisk(0) as disk:
        work = workload("disk_user", "read", disk.path, 10, size)
        with trace_disk() as trace:
            work.release()
        assert Seen(trace, disk).counts() == {(work.pid, "disk_user", "RS", bound): 10}


@again_if_missed
def test_a_partition_is_its_disk(workload: Any, tmp_path: Any) -> None:
    """Requests are for the whole disk, wherever its partitions begin."""
    with SlowDisk(5 * MS) as disk:
        node = str(tmp_path / f"partition-{time.monotonic_ns()}")
        os.mknod(node, 0o600 | stat.S_IFBLK, os.makedev(*disk.add_partition(1 << 20, 16 << 20)))
        work = workload("direct_reader", node, 10)
        with trace_disk() as trace:
            work.release()
        assert Seen(trace, disk).counts() == {(work.pid, "direct_reader", "RS", 4096): 10}


@again_if_missed
def test_reads_that_the_kernel_joins_are_one_request_of_who_asked(workload: Any) -> None:
    """Four neighbours, asked for from the last to the first, so that each is put in front of the request so far; then
    the same again, by which time nothing of the first is left."""
    with SlowDisk(5 * MS) as disk:
        works = [workload("disk_user", "backwards", disk.path, 10, 16384) for _ in range(2)]
        with trace_disk() as trace:
            truths = [work.release() for work in works]
        seen = Seen(trace, disk)
        assert untimed(trace, disk) == 0
    keys = [(work.pid, "disk_user", "R", 16384) for work in works]
    assert seen.counts() == dict.fromkeys(keys, 10)
    for key, truth in zip(keys, truths, strict=True):
        assert is_slow(seen.issue[key], 5 * MS, truth["each_ns"])


@again_if_missed
def test_waiting_for_a_free_request_is_time_in_the_queue(workload: Any) -> None:
    """A device that is asked for more than it has requests: the rest wait, each until one of the others is done. The
    first takes so long that a busy machine asks for all of them meanwhile."""
    with SlowDisk(500 * MS) as disk:
        with open(f"/sys/block/loop{disk.number}/queue/nr_requests") as file:
            has = int(file.read())
        work = workload("disk_user", "scattered", disk.path, 1, (has + 32) * 4096)
        before = disk.truth()["reads"]
        with trace_disk() as trace:
            work.open()
            while disk.truth()["reads"] == before:
                pass
            disk.delay_ns = 1 * MS
            truth = work.truth()
        seen = Seen(trace, disk)
    key = (work.pid, "disk_user", "R", 4096)
    assert seen.counts() == {key: has + 32}
    waited = seen.queue[key].sum - seen.issue[key].sum
    assert 150 * MS < waited < truth["each_ns"][0]


# --------------------------------------------------------------------------------------------------- all but the reads


OPERATIONS = {
    # operation -> the requests that one use of the disk makes: flags, class of size
    "write": [("WS", 65536)],
    "fsync": [("WS", 65536), ("FF", 0)],
    "discard": [("DS", 65536)],
    "zero": [("NS", 65536)],
    # The loop device cannot put data on the medium by itself: a flush follows the write, and one more ends the call.
    "dsync": [("WS", 65536), ("FF", 0), ("FF", 0)],
}


@pytest.mark.parametrize("operation", OPERATIONS)
@again_if_missed
def test_an_operation_is_the_requests_that_it_makes(workload: Any, operation: str) -> None:
    with SlowDisk(10 * MS, writable=True) as disk:
        work = workload("disk_user", operation, disk.path, 5, 65536)
        before = disk.truth()
        with trace_disk() as trace:
            truth = work.release()
        done = {kind: count - before[kind] for kind, count in disk.truth().items()}
        seen = Seen(trace, disk)
    expected: dict[tuple[Any, ...], int] = {}
    for flags, size in OPERATIONS[operation]:
        key = (work.pid, "disk_user", flags, size)
        expected[key] = expected.get(key, 0) + 5
    assert seen.counts() == expected
    assert all(is_slow(spread, 10 * MS, truth["each_ns"]) for spread in seen.issue.values())
    flushes = sum(count for key, count in expected.items() if key[2] == "FF")
    assert done["flushes"] == flushes
    assert done["discards"] == (5 if operation in ("discard", "zero") else 0)


@again_if_missed
def test_who_fsyncs_is_blamed_for_the_flush_and_no_worker(workload: Any) -> None:
    with SlowDisk(5 * MS, writable=True) as disk:
        work = workload("disk_user", "fsync", disk.path, 5)
        with trace_disk() as trace:
            work.release()
        assert {key[:2] for key in Seen(trace, disk).counts()} == {(work.pid, "disk_user")}


@again_if_missed
def test_written_back_pages_are_named_so_and_not_blamed_on_a_worker(workload: Any) -> None:
    with SlowDisk(0, writable=True) as disk:
        make = ["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "nodiscard,lazy_itable_init=0", disk.path]
        subprocess.run(make, check=True, capture_output=True)
        disk.delay_ns = 2 * MS
        work = workload("disk_user", "buffered", disk.path, 5, 65536)
        before = disk.truth()
        with trace_disk() as trace:
            truth = work.release()
        written = disk.truth()["writes"] - before["writes"]
        seen = Seen(trace, disk)
    back = {key: spread for key, spread in seen.issue.items() if key[1] == "write-back"}
    assert {key[0] for key in back} == {0}
    assert sum(spread.count for key, spread in back.items() if key[3] == 65536) == truth["count"] == 5
    assert not [key for key in seen.issue if key[1].startswith("kworker")]
    assert written >= 5
    assert all(spread.above(1 * MS) == spread.count for spread in back.values())
