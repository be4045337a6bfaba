"""Scripts about processors and the scheduler, compared with the kernel's own accounts of the same work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.machine import first_process_ns
from tests.scripts.ran import ATTEMPTS, act, run
from tests.workloads.acts_sched import interrupts, softirqs

MS = 1_000_000
CLOCKS = 0.05  # the scheduler's clock and ours are two, and interrupts are in ours only


def between(value: int, bounds: Sequence[int], stolen: int) -> bool:
    """Whether a time lies between what was at least and at most, by another clock. In which of the two a time that
    was `stolen` passes is up to the kernel."""
    least, most = bounds
    return least * (1 - CLOCKS) - MS - stolen <= value <= most * (1 + CLOCKS) + MS + stolen


def test_runqlat() -> None:
    ran = run("sched/runqlat", act("sched.contest", 200), "--by", "pid,comm")
    for process in ran.truth["processes"]:
        assert process["waited"][0] > 50 * MS, "two that want one processor for 200 ms"
        assert between(ran.of(pid=process["pid"])[-1]["total"], process["waited"], ran.stolen_ns)


def test_runqslower() -> None:
    ran = run("sched/runqslower", act("sched.contest", 200), "--min", "0")
    for process in ran.truth["processes"]:
        assert between(sum(row["waited"] for row in ran.of(pid=process["pid"])), process["waited"], ran.stolen_ns)
    pids = {process["pid"] for process in ran.truth["processes"]}
    assert all(row["cpu"] == 0 and row["tid"] == row["pid"] for row in ran.rows if row["pid"] in pids)
    assert ran.of(comm="contest", before="contest"), "they wait for each other"
    few = run("sched/runqslower", act("sched.contest", 100), "--min", "2ms")
    assert few.of(comm="contest")
    assert all(row["waited"] >= 2 * MS for row in few.rows)


def test_oncpu() -> None:
    ran = run("sched/oncpu", act("sched.contest", 200), "--by", "pid")
    for process in ran.truth["processes"]:
        assert between(ran.of(pid=process["pid"])[-1]["total"], process["ran"], ran.stolen_ns)


def test_waits() -> None:
    for _ in range(ATTEMPTS):
        first = first_process_ns()
        ran = run("sched/waits", act("calls.sleeps", 5, 20), "--by", "pid,comm,how")
        row = ran.of(pid=ran.truth["pid"], comm="sleeps", how="sleep")[-1]
        slept = sum(bucket["count"] for bucket in row["buckets"] if bucket["upto"] >= 20 * MS)
        # One whose end was not seen is none.
        if slept >= 5 or first_process_ns() == first:
            break
    assert slept == 5
    assert 20 * MS <= row["max"] <= max(ran.truth["took"])


def test_switches() -> None:
    ran = run("sched/switches", act("sched.switches", 30))
    row = ran.one(pid=ran.truth["pid"], comm="switching")
    for way in ("waited", "preempted"):
        least, most = ran.truth[way]
        assert least <= row[way] <= most
    assert row["waited"] >= 30


def test_wakeups() -> None:
    ran = run("sched/wakeups", act("sched.wakeups", 12))
    assert ran.one(pid=ran.truth["pid"], woken=ran.truth["child"], name="sleepy")["wakeups"] == 12


def test_oncpu_on_each_processor() -> None:
    ran = run("sched/oncpu", act("sched.pinned", 100, 1), "--by", "pid,comm,cpu")
    rows = ran.of(pid=ran.truth["pid"], comm="pinning")
    assert {row["key"]["cpu"] for row in rows} == {1}
    assert between(rows[-1]["total"], (100 * MS, ran.truth["ran"][1]), ran.stolen_ns)
    assert rows[-1]["count"] > 0


def test_migrations() -> None:
    ran = run("sched/migrations", act("sched.moves", 10))
    assert ran.one(pid=ran.truth["pid"], comm="moving", **{"from": 0, "to": 1})["moves"] == 5
    assert ran.one(pid=ran.truth["pid"], comm="moving", **{"from": 1, "to": 0})["moves"] == 5


def test_runqlen() -> None:
    ran = run("sched/runqlen", act("sched.crowd", 4, 150, 1))
    buckets = ran.one(cpu=1)["waiting"]["buckets"]
    # Four that take 150 ms of it each: three wait, which some sixty samples see, and fewer where time is stolen.
    assert sum(bucket["count"] for bucket in buckets if bucket["upto"] >= 3) >= 20


def test_cpu_top() -> None:
    ran = run("cpu/top", act("sched.computes", 300))
    samples = ran.one(pid=ran.truth["pid"], comm="computing")["samples"]
    # While a processor is stolen there are no samples, though its thread may seem to run.
    assert 0.7 * 299 - ran.stolen_ns // MS < samples < 1.3 * 299


@pytest.mark.parametrize(("script", "key", "kernel", "what"), [
    ("cpu/softirqs", "kind", softirqs, "soft"), ("cpu/hardirqs", "irq", interrupts, "hard"),
])  # fmt: skip
def test_interrupts(tmp_path: Path, script: str, key: str, kernel: object, what: str) -> None:
    path = tmp_path / "read"
    path.write_bytes(bytes(4096))
    assert callable(kernel)
    for left in reversed(range(ATTEMPTS)):
        before, first = kernel(), first_process_ns()
        ran = run(script, act("sched.interrupted", path, 300), complaints=True)
        after, hidden = kernel(), first_process_ns() - first
        found = {str(row["key"][key]): row for row in ran.rows}
        assert found, "nothing interrupted a disk's reader"
        assert all(row["total"] > 0 for row in ran.rows)
        counts = {name: found[name]["count"] if name in found else 0 for name in ran.truth[what]}
        assert all(count <= after[name] - before[name] for name, count in counts.items()), counts
        fewer = {name for name, least in ran.truth[what].items() if counts[name] < least - ran.missed}
        if not fewer:
            return
        assert left and hidden, (fewer, counts, ran.truth[what])
