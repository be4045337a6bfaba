"""`vtrace bubbles` on a distribution's kernel, whose null_blk takes a set time for a request.

Emulation makes processors slow and leaves delays exact: what the disk is to blame for is known to the millisecond, what
the processors are is not.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machine import Stolen
from tests.truth.test_bubbles import adds_up, blamed, end_all, overlap, the_one_with, waits_of
from tests.truth.waiters import Object, Work, built

DELAY = 500_000_000
DISK = "nullb0"


@pytest.fixture
def disk() -> Iterator[str]:
    """Requests of this device are done by a timer."""
    subprocess.run(["modprobe", "null_blk", "irqmode=2", f"completion_nsec={DELAY}", "gb=1"], check=True)
    yield f"/dev/{DISK}"
    subprocess.run(["modprobe", "-r", "null_blk"], check=True)


def seen(tracer: Callable[..., Any], work: Work) -> tuple[Object, list[Object]]:
    """The workload's truth, and the bubbles that it waits in."""
    try:
        one = tracer("bubbles", "--json", "-p", str(work.pid))
        one.wait_for("tracing until")
        truth = work.release()
        done = one.stop()
    finally:
        work.end()
    assert done.status == 0, done.stderr
    assert "drops on CPU" not in done.stderr
    return truth, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_slow_disk_is_to_blame_for_those_who_want_the_readers_mutex(
    disk: str, tracer: Callable[..., Any], tmp_path: Path
) -> None:
    work = Work(built(tmp_path), "convoy", disk, 10)
    truth, bubbles = seen(tracer, work)
    workers = [tid for tid, _, _ in truth["waits"]]
    bubble = the_one_with(bubbles, truth["holder"], *workers)
    assert adds_up(bubble)
    assert (bubble["roots"][0]["kind"], bubble["roots"][0]["name"]) == ("device", DISK)
    (held,) = [wait for wait in waits_of(bubble, truth["holder"]) if wait["kind"] == "block I/O"]
    assert (held["call"], held["request"]["device"], held["request"]["bytes"]) == ("pread64", DISK, 4096)
    read = held["began_ns"], held["woken_ns"]
    assert read[1] - read[0] > 0.95 * DELAY
    assert held["user"]
    # How late the answer is, on a busy machine, the holder's own clock says.
    assert truth["held"][0] <= read[0] and read[1] <= truth["held"][1]
    waits = [wait for wait in waits_of(bubble, *workers) if wait["kind"] == "user lock"]
    assert {wait["lock"]["address"] for wait in waits} == {work.facts["mutex"]}
    expected = sum(overlap(read, (began, ended)) for _, began, ended in truth["waits"])
    roots = bubble["roots"]
    found = sum(part["ns"] for wait in waits for part in wait["blame"] if roots[part["root"]]["kind"] == "device")
    assert found == pytest.approx(expected, rel=0.05)
    places = {place for place, wait in enumerate(bubble["waits"]) if wait in waits}
    ways = {(edge["known"], edge["proven"]) for edge in bubble["edges"]
            if edge["wait"] in places and edge["holder"] == truth["holder"]}  # fmt: skip
    assert ways == {("lock owner", True)}


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Path]:
    """A control group of version 2 with the memory controller; gone afterwards."""
    top = tmp_path / "cgroup"
    top.mkdir()
    subprocess.run(["mount", "-t", "cgroup2", "none", top], check=True)
    (top / "cgroup.subtree_control").write_text("+memory")
    made = top / "throttled"
    made.mkdir()
    yield made
    end_all(made)
    made.rmdir()
    subprocess.run(["umount", top], check=True)


def test_who_has_more_memory_than_the_group_should_is_slowed_down(
    group: Path, tracer: Callable[..., Any], tmp_path: Path
) -> None:
    """Above memory.high the kernel has a thread free memory, here where there is nothing to free, and then sleep on its
    way back from a page fault, the longer the more the group has."""
    (group / "memory.high").write_text(str(16 << 20))
    work = Work(built(tmp_path), "hoard", "-", 17)
    (group / "cgroup.procs").write_text(str(work.pid))
    stolen = Stolen()
    truth, bubbles = seen(tracer, work)
    taken = stolen.most_ns()
    ((tid, _, _),), (away,) = truth["waits"], truth["away"]
    assert away > 100_000_000
    assert all(map(adds_up, bubbles))
    kept = [wait for bubble in bubbles for wait in waits_of(bubble, tid) if wait["kind"] == "memory reclaim"]
    assert any("mem_cgroup_handle_over_high" in frame for wait in kept for frame in wait["kernel"])
    whole = sum(blamed(bubble, waits_of(bubble, tid), "memory reclaim", "run queue") for bubble in bubbles)
    # By the thread's clocks a time that a hypervisor took is away, or else it ran; it is no wait.
    assert abs(whole - away) <= 0.1 * away + taken
    assert sum(blamed(bubble, waits_of(bubble, tid), "memory reclaim") for bubble in bubbles) > 0.5 * away - taken
