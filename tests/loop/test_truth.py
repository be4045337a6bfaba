"""Event loops whose turns are known: how many there are, which are long, and what filled those."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.loop.remarks import remarks
from tests.workloads.slow_file import NAME
from tests.workloads.slowdisk import SlowDisk

DISK_NS = 20_000_000
COMPUTE_NS = 50_000_000
WAIT_NS = 30_000_000  # of event_loop's other requests
REQUESTS, SLOW = 200, 3
# Below what the disk takes, above what a request takes that is nothing, were it not for other programs.
MINIMUM = "15ms"
MS = 1_000_000

Start = Callable[..., Any]


@pytest.fixture
def disk() -> Iterator[SlowDisk]:
    """One for each test: what another has read is in the page cache."""
    with SlowDisk(DISK_NS) as one:
        yield one


class Seen(NamedTuple):
    """What the command said: `loops`, long `turns`, and what went to standard error; the workload's truth and facts,
    and the most that a hypervisor can have taken meanwhile."""

    loops: list[dict[str, Any]]
    turns: list[dict[str, Any]]
    complaints: str
    truth: dict[str, Any]
    facts: dict[str, Any]
    stolen_ns: int

    def of(self, part: str, at_least_ns: int) -> list[dict[str, Any]]:
        """The long turns with so much of one part, whatever else delayed them on this machine."""
        return [turn for turn in self.turns if turn["parts"][part] >= at_least_ns]


@pytest.fixture
def watch(workload: Start, tracer: Start) -> Callable[..., Seen]:
    """Runs a workload to its end under `vtrace loop`."""

    def run(name: str, *arguments: object) -> Seen:
        program = workload(name, *arguments)
        trace = tracer("loop", "-p", str(program.pid), "--min", MINIMUM, "--json")
        trace.wait_for("tracing until it ends")
        truth = program.release()
        ran = trace.wait()
        assert ran.status == 0, ran.stderr
        objects = [json.loads(line) for line in ran.stdout.splitlines()]
        kinds = {kind: [o for o in objects if o["measure"] == kind] for kind in ("turns", "long")}
        return Seen(kinds["turns"], kinds["long"], ran.stderr, truth, program.facts, program.stolen_ns)

    return run


def check_parts(seen: Seen) -> None:
    """What holds of every long turn, whatever it did."""
    for turn in seen.turns:
        # The scheduler's clock is another one than that of timestamps: microseconds may be counted twice.
        assert turn["ns"] <= sum(turn["parts"].values()) <= turn["ns"] + MS
        assert sum(turn["percent"].values()) == 100
        known = seen.of("file I/O", DISK_NS // 2) + seen.of("CPU", COMPUTE_NS // 2)
        # A hypervisor takes from whoever has the processor.
        taken = turn["main"] == "CPU" and turn["parts"]["CPU"] <= seen.stolen_ns
        assert turn in known or turn["main"] in ("run queue", "locks") or taken, "nothing else takes long"


def check_reads(seen: Seen, path: str, device: str) -> None:
    """As many turns as reads, in their order, each no longer than the program's own clock has it."""
    turns = [turn for turn in seen.turns if any(one["name"] == "pread64" for one in turn["blocked"])]
    assert len(turns) == len(seen.truth["read_ns"]) == SLOW
    walls, queued = seen.truth["read_ns"], seen.truth["read_queued_ns"]
    for turn, wall, late in zip(turns, walls, queued, strict=True):
        (read,) = (one for one in turn["blocked"] if one["name"] == "pread64")
        assert (read["part"], read["path"], read["device"]) == ("file I/O", path, device)
        # Whoever is kept in a run queue before it sleeps has so much less to wait for.
        assert DISK_NS * 99 // 100 - late <= read["ns"] <= wall
        assert turn["parts"]["file I/O"] <= wall + MS
        # All that the turn was, but for the run queue.
        rest = turn["ns"] - turn["parts"]["run queue"]
        assert turn["parts"]["file I/O"] >= 0.5 * rest


def check_computations(seen: Seen) -> None:
    """As many turns as computations, each as long as the thread's own clock has it."""
    turns = seen.of("CPU", COMPUTE_NS * 8 // 10)
    truth = seen.truth
    assert len(turns) == len(truth["compute_ns"])
    for turn, wall, ran in zip(turns, truth["compute_ns"], truth["compute_cpu_ns"], strict=True):
        # Interrupts are in one of the clocks, the calls that read it in the other; and the turn also takes the request
        # and answers it, outside the workload's own clock.
        assert 0.85 * ran <= turn["parts"]["CPU"] <= wall + MS


# What the program calls, and what that is shown as.
KINDS = {
    "epoll_wait": "epoll",
    "epoll_pwait2": "epoll",
    "poll": "poll",
    "ppoll": "poll",
    "select": "select",
    "pselect": "select",
    "io_uring": "io_uring",
}


@pytest.mark.parametrize(("kind", "shown"), KINDS.items())
def test_a_loop_in_c(watch: Start, disk: SlowDisk, tmp_path: Any, kind: str, shown: str) -> None:
    # A ring's loop here waits for one socket only.
    burst = 0 if kind == "io_uring" else 4
    seen = watch("event_loop", tmp_path, kind, disk.path, REQUESTS, SLOW, burst)
    (loop,) = seen.loops
    fd = seen.facts["fd"]
    assert loop["key"]["wait"] == shown
    assert loop["key"]["fd"] == (None if fd < 0 else fd)
    # The last wait is followed by no other.
    assert (loop["count"], loop["ready"]["count"]) == (seen.truth["waits"] - 1, seen.truth["waits"])
    assert loop["ready"]["max"] == seen.truth["most_ready"]
    assert loop["long"] == len(seen.turns)
    assert remarks(loop) == []
    check_parts(seen)
    check_reads(seen, disk.path, os.path.basename(disk.path))
    check_computations(seen)
    assert len(seen.of("CPU", COMPUTE_NS * 8 // 10)) == SLOW + (burst > 0)
    if burst:
        # What came while it computed was there when it waited again.
        assert seen.of("CPU", COMPUTE_NS * 8 // 10)[-1]["behind"] == burst
    for turn in seen.of("CPU", COMPUTE_NS * 8 // 10):
        assert "event_loop`compute" in turn["stack"]


def test_what_else_keeps_a_loop(watch: Start, disk: SlowDisk, tmp_path: Any) -> None:
    """A page that is not in memory, a mutex that somebody holds, a poll where there is an epoll instance, and a lock of
    the kernel's: of the position in a file that another thread reads."""
    file = os.path.join(disk.directory, NAME)
    seen = watch("event_loop", tmp_path, "epoll_wait", disk.path, 10, 0, 0, "flpkflpk", file)
    (loop,) = seen.loops
    assert loop["count"] == seen.truth["waits"] - 1
    truths = list(zip(seen.truth["other_ns"], seen.truth["other_queued_ns"], strict=True))
    pages, locks, polls, positions = (truths[first::4] for first in range(4))
    for part, name, waits, least in (
        ("page faults", "page fault", pages, DISK_NS),
        ("locks", "futex", locks, WAIT_NS),
        ("other calls", "poll", polls, WAIT_NS),
    ):
        turns = [turn for turn in seen.turns if turn["blocked"] and turn["blocked"][0]["name"] == name]
        assert len(turns) == 2, part
        for turn, (wall, late) in zip(turns, waits, strict=True):
            assert turn["blocked"][0]["part"] == part
            # Whoever is kept in a run queue before it sleeps has so much less to wait for.
            assert least * 0.98 - late <= turn["parts"][part] <= wall + MS
    waited = [turn for turn in seen.turns if turn["blocked"] and turn["blocked"][0]["name"] == "kernel lock"]
    assert len(waited) == 2
    for turn, (wall, late) in zip(waited, positions, strict=True):
        assert turn["blocked"][0]["part"] == "locks"
        assert 0.5 * (wall - late) <= turn["blocked"][0]["ns"] <= wall
    for turn in seen.of("page faults", DISK_NS // 2):
        assert turn["major_faults"] >= 1
        assert turn["blocked"][0]["device"] == os.path.basename(disk.path)


def test_asyncio(watch: Start, disk: SlowDisk) -> None:
    seen = watch("asyncio_loop", disk.path, REQUESTS, SLOW)
    (loop,) = seen.loops
    assert (loop["key"]["wait"], loop["count"]) == ("epoll", seen.truth["waits"] - 1)
    check_parts(seen)
    check_reads(seen, disk.path, os.path.basename(disk.path))
    check_computations(seen)
    assert len(seen.of("CPU", COMPUTE_NS * 8 // 10)) == SLOW


def test_node(watch: Start, disk: SlowDisk, tmp_path: Any) -> None:
    seen = watch("node_loop", tmp_path, disk.path, REQUESTS, SLOW)
    try:
        # Node has another instance of its own, for io_uring or signals, that nothing comes through.
        loop, *others = sorted(seen.loops, key=lambda one: -one["count"])
        assert not any(other["count"] for other in others)
        # libuv counts iterations that are over: as many as turns, each with one wait behind it.
        assert (loop["key"]["wait"], loop["count"]) == ("epoll", seen.truth["iterations"])
        check_parts(seen)
        check_reads(seen, disk.path, os.path.basename(disk.path))
        check_computations(seen)
        computed = seen.of("CPU", COMPUTE_NS * 8 // 10)
        assert len(computed) == SLOW
        for turn in computed:
            assert any("computeAWhile" in frame for frame in turn["stack"])
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"/tmp/perf-{seen.facts['pid']}.map")
