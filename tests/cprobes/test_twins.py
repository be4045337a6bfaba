"""The same question in D and in C, at the same time, of the same process: both have to give the same numbers.

Both are attached while the workload waits at its gate, and look until it has ended; only its own rows are compared.
What two programs read from a clock each is compared where the workload leaves no doubt.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pyvtrace import CSession, Event, Histogram, Session
from pyvtrace.providers.syscall import table
from tests.conftest import ROOT, Workload
from tests.truth.live import Missed, again_if_missed

Start = Callable[..., Workload]
PROBES = Path(ROOT, "probes")


class Seen(NamedTuple):
    """What both saw of a workload: aggregations by name, events, and what it said of itself."""

    d: Mapping[str, Mapping[Any, Any]]
    c: Mapping[str, Mapping[Any, Any]]
    d_events: list[Event]
    c_events: list[Event]
    pid: int
    truth: Mapping[str, Any]


def looked_at(session: Session | CSession) -> tuple[Mapping[str, Mapping[Any, Any]], list[Event]]:
    session.stop()
    snapshot = session.snapshot()
    if snapshot.lost.get("missed"):
        raise Missed
    assert not snapshot.lost
    return {name: dict(held) for name, held in snapshot.items()}, session.take()


def ask_both(name: str, workload: Workload) -> Seen:
    with Session(PROBES / f"{name}.d") as d, Session.from_c(PROBES / f"{name}.c") as c:
        truth = workload.release()
        (d_seen, d_events), (c_seen, c_events) = looked_at(d), looked_at(c)
    return Seen(d_seen, c_seen, d_events, c_events, workload.pid, truth)


def of(pid: int, rows: Mapping[Any, Any], place: int = 0) -> dict[Any, Any]:
    return {key: value for key, value in rows.items() if key[place] == pid and value}


@again_if_missed
def test_latency(workload: Start) -> None:
    seen = ask_both("syscalls/latency", workload("sleeper", 20, 20))
    ours = {name: held for name, held in seen.d.items() if ("sleeper",) in held}
    assert len(ours) == 1
    d, c = next(iter(ours.values()))[("sleeper",)], seen.c["took"][("sleeper",)]
    assert isinstance(d, Histogram)
    assert isinstance(c, Histogram)
    assert d.count == c.count >= 20

    def slow(histogram: Histogram) -> dict[int, int]:
        return {bucket.upper: bucket.count for bucket in histogram.buckets() if bucket.count and bucket.upper > 2**23}

    # A machine that is busy wakes it later, but both see the same sleeps, all of them 20 ms or more.
    assert sum(slow(d).values()) == 20
    assert slow(d) == slow(c)


@again_if_missed
def test_errors(workload: Start) -> None:
    seen = ask_both("syscalls/errors", workload("failing_calls", 123))
    numbers = table(os.uname().machine)
    d = {(pid, comm, numbers[call], error): n for (pid, comm, call, error), n in of(seen.pid, seen.d["failed"]).items()}
    assert d == of(seen.pid, seen.c["failed"])
    assert d[seen.pid, "failing_calls", numbers["openat"], 2] == seen.truth["calls"] == 123


@again_if_missed
def test_faults(workload: Start) -> None:
    seen = ask_both("memory/faults", workload("forker", 3))
    for pid in (seen.pid, *seen.truth["children"]):
        d, c = (of(pid, rows["faults"]) for rows in (seen.d, seen.c))
        assert d == c
        assert sum(d.values()) > 0


@again_if_missed
def test_maps(workload: Start) -> None:
    seen = ask_both("memory/maps", workload("forker", 3))
    names = ("mapped", "unmapped", "maps", "unmaps", "brks")
    for pid in (seen.pid, *seen.truth["children"]):
        d = {name: of(pid, seen.d.get(name, {})) for name in names}
        c = {name: of(pid, seen.c[f"memory.{name}"]) for name in names}
        assert d == c
    assert sum(sum(of(child, seen.c["memory.maps"]).values()) for child in seen.truth["children"]) > 0


@again_if_missed
def test_switches(workload: Start) -> None:
    seen = ask_both("sched/switches", workload("sleeper", 30, 2))
    names = ("waited", "preempted")
    d = {name: of(seen.pid, seen.d[name]) for name in names}
    assert d == {name: of(seen.pid, seen.c[f"switches.{name}"]) for name in names}
    assert sum(d["waited"].values()) >= 30


@again_if_missed
def test_wakeups(workload: Start) -> None:
    seen = ask_both("sched/wakeups", workload("forker", 5))
    ours = {seen.pid, *seen.truth["children"]}
    d, c = ({key: n for key, n in rows["wakeups"].items() if ours & {key[0], key[2]}} for rows in (seen.d, seen.c))
    assert d == c
    # The parent waits for each child, which wakes it as it ends.
    assert sum(n for key, n in d.items() if key[0] in seen.truth["children"] and key[2] == seen.pid) >= 5


@again_if_missed
def test_migrations(workload: Start) -> None:
    """From one processor to the other, again and again, by its affinity: the kernel has no choice."""
    seen = ask_both("sched/migrations", workload("migrating", 40))
    one, other = seen.truth["cpus"]
    moves = of(seen.pid, seen.d["moves"])
    assert moves == of(seen.pid, seen.c["moves"])
    assert moves == {(seen.pid, "migrating", one, other): 20, (seen.pid, "migrating", other, one): 20}


def values(events: list[Event], *places: int) -> list[tuple[Any, ...]]:
    return sorted(tuple(event.values[place] for place in places) for event in events)


@again_if_missed
def test_forks(workload: Start) -> None:
    seen = ask_both("processes/forks", workload("forker", 6))
    d = [row for row in values(seen.d_events, 1, 2, 3, 4) if row[0] == seen.pid]
    c = [row for row in values(seen.c_events, 0, 1, 2, 3) if row[0] == seen.pid]
    assert d == c == [(seen.pid, "forker", "process", child) for child in sorted(seen.truth["children"])]


@again_if_missed
def test_exits(workload: Start) -> None:
    seen = ask_both("processes/exits", workload("forker", 6))
    d = [row for row in values(seen.d_events, 1, 2, 3, 5, 6) if row[1] == seen.pid]
    c = [row for row in values(seen.c_events, 0, 1, 2, 4, 5) if row[1] == seen.pid]
    assert d == c == [(child, seen.pid, "sh", seen.truth["status"], 0) for child in sorted(seen.truth["children"])]


@again_if_missed
def test_signals(workload: Start) -> None:
    seen = ask_both("processes/signals", workload("signalled", 25))
    d = [row for row in values(seen.d_events, 1, 2, 3, 4, 5, 6) if row[0] == seen.pid]
    c = [row for row in values(seen.c_events, 0, 1, 2, 3, 4, 5) if row[0] == seen.pid]
    assert d == c
    assert [row for row in d if row[2] == 10] == [(seen.pid, "signalled", 10, seen.pid, "signalled", "sent")] * 25


@pytest.mark.parametrize("path", sorted(path.relative_to(PROBES) for path in PROBES.glob("**/*.c")), ids=str)
def test_every_twin_is_compared(path: Path) -> None:
    """A C program among the scripts has a D script, and a test above."""
    assert (PROBES / path.with_suffix(".d")).exists()
    assert f"test_{path.stem}" in globals()
