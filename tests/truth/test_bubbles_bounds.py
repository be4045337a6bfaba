"""What `vtrace bubbles` leaves out where there is too much of it: counted, said, and in bounds."""

from __future__ import annotations

import glob
import os
import re
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pyvtrace.analysis.bubbles.bubbles import Bubble
from pyvtrace.analysis.bubbles.kept import size
from pyvtrace.analysis.bubbles.ledger import SHORT, Ledger
from pyvtrace.analysis.bubbles.rations import Ration
from pyvtrace.analysis.bubbles.script import compiled, words
from pyvtrace.analysis.bubbles.waits import RUN_QUEUE, USER_LOCK
from pyvtrace.analysis.bubbles.watch import Bounds, Watch
from pyvtrace.compile.layout import SELF
from pyvtrace.kernel import bpf
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.providers.syscall import table
from pyvtrace.runtime.session import Session
from tests.conftest import PATIENCE
from tests.truth.live import MS
from tests.truth.waiters import Work, built
from tests.workloads.slowdisk import SlowDisk

DELAY = 400 * MS
TRIES = 10


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(tmp_path_factory.mktemp("bubbles"))


def _asleep() -> set[int]:
    """Threads that /proc shows in state D or in futex(2)."""
    futex, found = table(LiveTarget().architecture)["futex"], set()
    for path in glob.glob("/proc/[0-9]*/task/*"):
        with suppress(OSError):
            state = Path(path, "stat").read_text().rpartition(")")[2].split()[0]
            if state == "D" or (state == "S" and Path(path, "syscall").read_text().startswith(f"{futex} ")):
                found.add(int(os.path.basename(path)))
    return found


def _said(watch: Watch, what: str) -> int:
    """The number that is said of it."""
    return next((int(line.split()[0]) for line in watch.complaints() if what in line), 0)


@pytest.mark.parametrize("asked", [True, False], ids=["the kernel is asked who sleeps", "/proc is"])
def test_what_is_more_than_is_kept_is_counted_and_said(
    program: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the bounds are small; of 100,000 threads those of the command are passed in the same way."""
    if not asked:
        monkeypatch.setattr("pyvtrace.runtime.blocked._INITIAL_PIDS", 0)
    spec = compiled(LiveTarget(), 5 * MS)
    with SlowDisk(DELAY) as disk, Session(spec, LiveTarget()) as session:
        work = Work(program, "convoy", disk.path, 100)
        try:
            watch = Watch(session, 10 * MS, [work.pid], Bounds(waits=60, threads=20))
            session.attach()
            work.open()
            deadline, unseen, threads = time.monotonic() + PATIENCE, 0, 0
            while unseen < 100 - 20 or unseen != pytest.approx(threads - 20, abs=0.2 * threads):
                # They are started one by one.
                assert time.monotonic() < deadline, (unseen, threads)
                watch.look(time.clock_gettime_ns(time.CLOCK_MONOTONIC))
                unseen = _said(watch, " threads not looked at ")
                threads = len(_asleep() if asked else glob.glob("/proc/[0-9]*/task/*"))
            truth = work.result()
            session.detach()
            watch.take()
        finally:
            work.end()
    waited = sum(ended - began > 11 * MS for _, began, ended in truth["waits"])
    forgotten = _said(watch, " waits forgotten ")
    assert forgotten >= waited + 1 - 60
    assert sum(len(bubble.waits) for bubble in watch.growing()) <= 60


def test_a_crowd_that_does_not_end_is_told_of_in_parts(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody waits at any time. Here parts are of half a second; each wait is in one."""
    monkeypatch.setattr("pyvtrace.analysis.bubbles.watch.LONGEST", 500 * MS)
    target = LiveTarget()
    spec = compiled(target, 5 * MS)
    told: list[Bubble] = []
    work = Work(program, "crowd", 200, 20)
    try:
        with Session(spec, target) as session:
            watch = Watch(session, 10 * MS, [work.pid], Bounds(waits=60_000))
            session.attach()
            work.open()
            deadline = time.monotonic() + PATIENCE
            while len(told) < 3:
                assert time.monotonic() < deadline
                session.ring.rest(100)
                watch.take()
                told += watch.finished(time.clock_gettime_ns(time.CLOCK_MONOTONIC))
            truth = work.result()
            session.detach()
            watch.take()
            rest = watch.growing()
    finally:
        work.end()
    waits = [one.wait for bubble in [*told, *rest] for one in bubble.waits]
    assert len({wait.identity for wait in waits}) == len(waits)
    assert not watch.forgotten
    threads = [tid for tid, _, _ in truth["waits"]]
    queued = sum(wait.spent for wait in waits if wait.thread.tid in threads and wait.kind is RUN_QUEUE)
    assert queued == pytest.approx(sum(truth["away"]), rel=0.05)
    assert all(bubble.began < max(ended for _, _, ended in truth["waits"]) - 500 * MS for bubble in told)


def test_a_crowd_of_two_hundred_costs_no_more_memory_than_is_promised(program: str, tracer: Callable[..., Any]) -> None:
    """Fifty megabytes at most, at any time; short waits are asked for, so that there are as many as are kept. Where the
    machine is busy besides, the crowd is told of in parts."""
    work = Work(program, "crowd", 25, 200)
    try:
        one = tracer("bubbles", "--min", "1ms")
        one.wait_for("tracing until")
        work.release()
        deadline = time.monotonic() + PATIENCE
        while max(map(int, re.findall(r"(\d+) threads crowd", one.stdout)), default=0) < 150:
            assert time.monotonic() < deadline, one.stdout + one.stderr
            time.sleep(0.05)
        highest = Path(f"/proc/{one.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
        assert one.stop().status == 0
    finally:
        work.end()
    assert int(highest) < 50_000


def test_long_waits_beyond_the_ration_are_counted_and_said(program: str) -> None:
    """Here it is a small one: of a hundred threads that wait for one only some are told of. They start together, which
    uses it up; but the disk takes its time. On a busy machine others may have used it up again, which is told as well:
    then once more."""
    target = LiveTarget()
    small = Ration(a_second=20, at_once=10)
    spec = compiled(target, 5 * MS, of=small)
    for _ in range(TRIES):
        with SlowDisk(DELAY) as disk, Session(spec, target) as session:
            work = Work(program, "convoy", disk.path, 100)
            try:
                watch = Watch(session, 10 * MS, [work.pid])
                began = time.monotonic()
                session.attach()
                truth = work.release()
                session.detach()
                seconds = time.monotonic() - began
                watch.take()
            finally:
                work.end()
        waits = [one.wait for bubble in watch.growing() for one in bubble.waits if one.wait.kind is USER_LOCK]
        assert all(wait.waker for wait in waits)
        assert len(waits) <= target.cpus * (small.at_once + small.a_second * (seconds + 1))
        # So are those who end, if they have had short waits.
        (count,) = (line.split()[0] for line in watch.complaints() if "long waits left out, " in line)
        waited = sum(ended - began > 11 * MS for _, began, ended in truth["waits"])
        assert int(count) >= waited - len(waits) > 0
        if waits:
            return
    raise AssertionError("no wait was told of")


def test_long_waits_whose_end_was_not_seen_are_counted_and_said() -> None:
    """As if this thread had left long ago, and come back while the kernel ran no program."""
    target, left = LiveTarget(), words()
    value = bytearray(size(left))
    struct.pack_into("<Q", value, left["off"], 1)
    with Session(compiled(target, 5 * MS), target) as session:
        watch = Watch(session, 10 * MS)
        session.attach()
        thread = os.pidfd_open(os.getpid())
        bpf.map_update(session.maps[SELF], struct.pack("<i", thread), bytes(value))
        os.close(thread)
        # It leaves its processor.
        time.sleep(0.001)
        session.detach()
        watch.take()
    (count,) = (line.split()[0] for line in watch.complaints() if "the switch that ended them was not seen" in line)
    assert int(count) >= 1


def test_short_waits_of_threads_that_end_together_are_counted_and_said(workload: Callable[..., Any]) -> None:
    """Of each it is told what they came to, or it is counted."""
    target, threads = LiveTarget(), 100
    small = Ration(a_second=5, at_once=10)
    spec = compiled(target, 5 * MS, of=small)
    work = workload("ending", threads)
    with Session(spec, target) as session:
        ledger = Ledger([work.pid])
        watch = Watch(session, 10 * MS, [work.pid], ledger=ledger)
        began = time.monotonic()
        session.attach()
        assert work.release() == {"threads": threads}
        session.detach()
        seconds = time.monotonic() - began
        watch.take()
    accounts = [account.by for account in ledger.accounts()]
    (line,) = (line for line in watch.complaints() if line.startswith("short waits of "))
    counted = int(line.split()[3])
    assert counted > 0
    assert sum(SHORT in by for by in accounts) + counted >= threads + 1
    # A long wait is told of with the short ones before it.
    assert sum(by.keys() == {SHORT} for by in accounts) <= target.cpus * (
        small.at_once + small.a_second * (seconds + 1)
    )
