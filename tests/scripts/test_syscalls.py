"""Scripts about system calls, around workloads that did a known thing."""

from __future__ import annotations

from tests.scripts.ran import act, run

MS = 1_000_000


def test_counts() -> None:
    ran = run("syscalls/counts", act("calls.calls", 50, 7))
    assert ran.one(call="getppid") | {"time": 0} == {"time": 0, "key": {"call": "getppid"}, "calls": 50, "failed": 0}
    row = ran.one(call="rmdir")
    assert (row["calls"], row["failed"]) == (7, 7)


def test_errors() -> None:
    ran = run("syscalls/errors", act("calls.calls", 50, 7))
    assert ran.one(pid=ran.truth["pid"], comm="calls", call="rmdir", error="ENOENT")["failed"] == 7
    assert not ran.of(call="getppid")


def test_callers() -> None:
    ran = run("syscalls/callers", act("calls.sleeps", 3, 20))
    row = ran.one(pid=ran.truth["pid"], comm="sleeps")
    assert row["time"] >= 60 * MS, "three sleeps"
    assert row["calls"] > 3
    ran = run("syscalls/callers", act("calls.calls", 5000, 0))
    row = ran.one(pid=ran.truth["pid"], comm="calls")
    assert 5000 < row["calls"] < 5100, "what Python does at its end is no hundred calls"


def test_slower() -> None:
    ran = run("syscalls/slower", act("calls.sleeps", 3, 20), "--min", "15ms")
    rows = ran.of(pid=ran.truth["pid"], call="clock_nanosleep")
    assert len(rows) == 3
    assert all(20 * MS <= row["took"] <= took for row, took in zip(rows, ran.truth["took"], strict=True))
    assert {(row["result"], row["error"]) for row in rows} == {(0, "ok")}
    ran = run("syscalls/slower", act("calls.sleeps", 3, 20), "--min", "10s")
    assert not ran.rows


def test_latency() -> None:
    ran = run("syscalls/latency", act("calls.sleeps", 3, 20))
    took = ran.one(comm="sleeps")["took"]
    # 20 ms is in the bucket from 2^24, or where the machine is busy in one above it.
    assert sum(bucket["count"] for bucket in took["buckets"] if bucket["upto"] >= 20 * MS) == 3
