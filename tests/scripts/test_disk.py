"""Scripts about disks, with a disk whose reads take a known time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.scripts.ran import gated, run
from tests.workloads.slowdisk import SlowDisk

MS = 1_000_000
BLOCK = 4096


@pytest.fixture(scope="module")
def disk() -> Iterator[SlowDisk]:
    """Every third read takes 20 ms."""
    with SlowDisk(delay_ns=20 * MS, every=3) as slow:
        yield slow


def test_snoop(disk: SlowDisk) -> None:
    ran = run("disk/snoop", gated("direct_reader", disk.path, 9))
    rows = ran.of(pid=ran.truth["pid"], dev=os.path.basename(disk.path))
    assert [(row["op"], row["block"], row["size"], row["error"]) for row in rows] == [
        ("read", number * BLOCK // 512, BLOCK, "ok") for number in range(9)
    ]
    slow = [row["took"] for row in rows if row["took"] >= 20 * MS]
    assert len(slow) >= 3
    assert all(row["took"] <= each for row, each in zip(rows, ran.truth["each_ns"], strict=True))
    few = run("disk/snoop", gated("direct_reader", disk.path, 9), "--min", "20ms")
    assert len(few.rows) >= 3
    assert all(row["took"] >= 20 * MS for row in few.rows)


def test_latency(disk: SlowDisk) -> None:
    ran = run("disk/latency", gated("direct_reader", disk.path, 9))
    took = ran.one(dev=os.path.basename(disk.path), op="read")["took"]
    assert took["count"] == 9
    # 20 ms lie in the bucket that begins with 2^24 ns.
    assert sum(bucket["count"] for bucket in took["buckets"] if bucket["above"] + 1 >= 1 << 24) >= 3


def test_size(disk: SlowDisk) -> None:
    ran = run("disk/size", gated("direct_reader", disk.path, 9))
    assert ran.one(comm="direct_reader", op="read")["size"]["buckets"] == [{"above": 4095, "upto": 8191, "count": 9}]


def test_top(disk: SlowDisk) -> None:
    ran = run("disk/top", gated("direct_reader", disk.path, 9))
    row = ran.one(pid=ran.truth["pid"], dev=os.path.basename(disk.path), op="read")
    assert (row["requests"], row["size"]) == (9, 9 * BLOCK)


def test_pattern(disk: SlowDisk) -> None:
    ran = run("disk/pattern", gated("direct_reader", disk.path, 9))
    row = ran.one(dev=os.path.basename(disk.path))
    assert (row["sequential"], row["random"]) == (8, 0)
    ran = run("disk/pattern", gated("disk_user", "scattered", disk.path, 1, 8 * BLOCK))
    row = ran.one(dev=os.path.basename(disk.path))
    assert row["sequential"] == 0
    assert row["random"] >= 2
