"""`vtrace bubbles` against threads that hold each other up for a known time, and know who held whom.

The workload is in C: waits of an interpreter's own would be among what is measured.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pyvtrace.analysis.bubbles.blame import CPU, SHORT
from pyvtrace.analysis.bubbles.script import compiled, interrupts
from pyvtrace.analysis.bubbles.watch import Watch
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.places import device_names
from pyvtrace.runtime.session import Session
from tests.conftest import PATIENCE
from tests.truth.live import MS
from tests.truth.waiters import Killed, Object, Work, built
from tests.workloads.slowdisk import SlowDisk

DELAY = 400 * MS
SYS_FUTEX = 202
AWAKE = (CPU, SHORT)  # roots of a thread that is in no long wait
Span = tuple[int, int]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(tmp_path_factory.mktemp("bubbles"))


@pytest.fixture
def watched(program: str, tracer: Callable[..., Any]) -> Iterator[Callable[..., tuple[Work, Object, list[Object]]]]:
    """Runs the workload under `vtrace bubbles`: the work, its truth, and the bubbles that it waits in."""
    with ExitStack() as started:

        def watch(
            *arguments: object, minimum: str = "10ms", within: str | None = None, may_lose: bool = False
        ) -> tuple[Work, Object, list[Object]]:
            """`within` is the directory of a control group."""
            work = Work(program, *arguments)
            started.callback(work.end)
            if within is not None:
                Path(within, "cgroup.procs").write_text(str(work.pid))
            one = tracer("bubbles", "--json", "--min", minimum, "-p", str(work.pid))
            one.wait_for("tracing until")
            truth = work.release()
            done = one.stop()
            assert done.status == 0
            # A thread's own memory cannot be had in an interrupt at the wrong moment; but no record may be lost.
            assert may_lose or "drops on CPU" not in done.stderr
            return work, truth, [json.loads(line) for line in done.stdout.splitlines()]

        yield watch


def overlap(one: Span, other: Span) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def waits_of(bubble: Object, *tids: int) -> list[Object]:
    return [wait for wait in bubble["waits"] if wait["member"] and wait["thread"]["tid"] in tids]


def blamed(bubble: Object, waits: list[Object], *kinds: str) -> int:
    """ns of these waits that roots of these kinds are to blame for."""
    roots = bubble["roots"]
    return sum(part["ns"] for wait in waits for part in wait["blame"] if roots[part["root"]]["kind"] in kinds)


def by_way_of(bubble: Object, waits: list[Object], tid: int, *kinds: str) -> int:
    """The same of what a wait of thread `tid` lies in front of."""
    roots, all_waits = bubble["roots"], bubble["waits"]
    return sum(
        part["ns"]
        for wait in waits
        for part in wait["blame"]
        if roots[part["root"]]["kind"] in kinds and all_waits[part["path"][-1]]["thread"]["tid"] == tid
    )


def accounts_for(bubble: Object, waits: list[Object], tid: int, expected: int, *kinds: str) -> bool:
    """Whether that is what a clock of the thread's says, around its wait. A machine that is busy, or stands still, may
    be so between the two: then it was in no long wait, which is told as well."""
    roots = bubble["roots"]
    awake = sum(
        part["ns"]
        for wait in waits
        for part in wait["blame"]
        if roots[part["root"]]["kind"] in AWAKE and roots[part["root"]]["thread"]["tid"] == tid
    )
    found = by_way_of(bubble, waits, tid, *kinds)
    assert found == pytest.approx(expected, rel=0.05) or 0.95 * expected - awake < found < expected, (found, awake)
    return True


def the_one_with(bubbles: list[Object], *tids: int) -> Object:
    """The bubble in which all these threads wait. When it is over, they may all have to stand in the run queue: that is
    another one."""
    found = [bubble for bubble in bubbles if set(tids) <= {wait["thread"]["tid"] for wait in bubble["waits"]}]
    assert found, json.dumps([tids, bubbles])
    return max(found, key=lambda bubble: bubble["waiting_ns"])


def first_root(bubble: Object) -> tuple[str, str]:
    """Kind and name of what is to blame for the most, but for a machine that is busy."""
    return next((root["kind"], root["name"]) for root in bubble["roots"] if root["kind"] not in ("run queue", *AWAKE))


def adds_up(bubble: Object) -> bool:
    """Whether every nanosecond of every wait has been given to one root."""
    members = [wait for wait in bubble["waits"] if wait["member"]]
    spent = [wait["ended_ns"] - wait["began_ns"] for wait in members]
    given = [sum(part["ns"] for part in wait["blame"]) for wait in members]
    whole, roots = bubble["waiting_ns"], sum(root["ns"] for root in bubble["roots"])
    assert spent == given, [wait for wait, own, all_ in zip(members, spent, given, strict=True) if own != all_]
    assert whole == sum(spent) == roots, (whole, sum(spent), roots)
    return True


def test_a_slow_disk_is_to_blame_for_forty_who_want_the_readers_mutex(watched: Any) -> None:
    with SlowDisk(DELAY) as disk:
        work, truth, bubbles = watched("convoy", disk.path, 40)
    workers = [tid for tid, _, _ in truth["waits"]]
    bubble = the_one_with(bubbles, truth["holder"], *workers)
    assert adds_up(bubble)
    assert first_root(bubble) == ("device", os.path.basename(disk.path))
    # When the disk has answered, the reader may have to stand in the run queue: that is another wait.
    (held,) = [wait for wait in waits_of(bubble, truth["holder"]) if wait["kind"] == "block I/O"]
    assert held["call"] == "pread64"
    # The whole path only if the process still has it open when the wait is over.
    assert held["file"] in (disk.path, os.path.basename(disk.path))
    assert (held["request"]["operation"], held["request"]["bytes"]) == ("read", 4096)

    waits = [wait for wait in waits_of(bubble, *workers) if wait["kind"] == "user lock"]
    assert {wait["lock"]["address"] for wait in waits} == {work.facts["mutex"]}
    # Who was quick enough to find the mutex free after the read did not wait.
    expected = sum(overlap(truth["held"], (began, ended)) for _, began, ended in truth["waits"])
    # When the disk has answered, the reader may still have to wait for a processor.
    assert accounts_for(bubble, waits, truth["holder"], expected, "device", "run queue")
    assert blamed(bubble, waits, "device") > 0.5 * expected
    places = {place for place, wait in enumerate(bubble["waits"]) if wait in waits}
    ways = {(edge["known"], edge["proven"]) for edge in bubble["edges"]
            if edge["wait"] in places and edge["holder"] == truth["holder"]}  # fmt: skip
    assert ways == {("lock owner", True)}


def test_who_computes_with_a_mutex_held_is_to_blame_with_its_stack(watched: Any) -> None:
    work, truth, bubbles = watched("burn", 400, 8)
    workers = [tid for tid, _, _ in truth["waits"]]
    bubble = the_one_with(bubbles, *workers)
    assert adds_up(bubble)
    (root,) = [root for root in bubble["roots"] if root["kind"] == "CPU" and root["thread"]["tid"] == truth["holder"]]
    assert any(frame.endswith("`burn") for frame in root["stack"])
    waits = [wait for wait in waits_of(bubble, *workers) if wait["lock"]]
    assert {wait["lock"]["address"] for wait in waits} == {work.facts["mutex"]}
    expected = sum(overlap(truth["held"], (began, ended)) for _, began, ended in truth["waits"])
    whole = sum(ended - began for _, began, ended in truth["waits"])
    assert sum(wait["ended_ns"] - wait["began_ns"] for wait in waits) == pytest.approx(whole, rel=0.05), json.dumps(
        [truth, bubbles]
    )
    # The holder's processor time was evenly spread over the time it held the mutex, or nearly so; on a busy machine its
    # short waits before its first long one count as well.
    used = expected * truth["used"] / (truth["held"][1] - truth["held"][0])
    assert 0.85 * used < blamed(bubble, waits, "CPU") < used + 0.25 * whole


@pytest.mark.parametrize(
    ("address", "name", "call"),
    [
        ("127.0.0.1", "tcp 127.0.0.1:{}", "recvfrom"),
        ("::1", "tcp [::1]:{}", "recvfrom"),
        ("::1", "tcp [::1]:{}", "poll"),
    ],
)
def test_who_listens_with_a_mutex_held_waits_for_the_far_end(watched: Any, address: str, name: str, call: str) -> None:
    _, truth, bubbles = watched("silence", 400, 8, address, *[call] * (call == "poll"))
    workers = [tid for tid, _, _ in truth["waits"]]
    bubble = the_one_with(bubbles, *workers)
    assert adds_up(bubble)
    peers = [root["name"] for root in bubble["roots"] if root["kind"] == "network peer"]
    if call == "poll" and not interrupts(LiveTarget()):
        # There its memory, in which the descriptor is, cannot be read when it is over.
        assert (peers, bubble["roots"][0]["kind"]) == ([], "unknown")
        return
    assert peers == [name.format(truth["port"])]
    waits = [wait for wait in waits_of(bubble, *workers) if wait["lock"]]
    expected = sum(overlap(truth["held"], (began, ended)) for _, began, ended in truth["waits"])
    assert accounts_for(bubble, waits, truth["holder"], expected, "network peer", "run queue")
    assert blamed(bubble, waits, "network peer") > 0.5 * expected
    # When that is over, the holder may have to stand in the run queue: that is another wait.
    own = [wait for wait in bubble["waits"] if wait["thread"]["tid"] == truth["holder"] and wait["far"]]
    (held,) = [wait for wait in own if wait["kind"] != "run queue"]
    assert held["far"] == {"protocol": "tcp", "address": address, "port": truth["port"]}
    assert held["call"] == call


@pytest.mark.parametrize("how", [(), ("poll",)])
def test_what_a_holder_still_waits_for_is_known_before_it_is_over(program: str, how: tuple[str, ...]) -> None:
    target = LiveTarget()
    spec = compiled(target, 5 * MS)
    work = Work(program, "silence", round(1000 * PATIENCE), 4, "127.0.0.1", *how)
    try:
        with Session(spec, target) as session:
            watch = Watch(session, 10 * MS, [work.pid])
            session.attach()
            work.open()
            bubble, deadline, most = None, time.monotonic() + PATIENCE, 0
            while bubble is None or len(bubble.waits) < 4 or most < 0.9 * bubble.waiting:
                assert time.monotonic() < deadline, bubble and bubble.roots()
                watch.take()
                watch.look(time.clock_gettime_ns(time.CLOCK_MONOTONIC))
                bubble = max(watch.growing(), key=lambda one: len(one.waits), default=None)
                peers = [ns for root, ns in bubble.roots() if root.kind == "network peer"] if bubble else []
                most = max(peers, default=0)
    finally:
        work.end()
    root, _ = bubble.roots()[0]
    assert str(root.which).rpartition(":")[0] == "tcp 127.0.0.1"


def test_who_waits_since_before_the_trace_began_is_told_of_when_it_is_over(program: str) -> None:
    target = LiveTarget()
    spec = compiled(target, 5 * MS)
    with SlowDisk(2000 * MS) as disk, Session(spec, target) as session:
        work = Work(program, "convoy", disk.path, 5)
        try:
            work.open()
            deadline = time.monotonic() + PATIENCE
            while sum(sleeps_for(work.facts["mutex"], work.pid)) < 5:
                assert time.monotonic() < deadline
            watch = Watch(session, 10 * MS, [work.pid])
            session.attach()
            attached = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            truth = work.result()
            session.detach()
            watch.take()
        finally:
            work.end()
    assert attached < truth["held"][1]
    workers = {tid: ended for tid, _, ended in truth["waits"]}
    (bubble,) = [b for b in watch.growing() if workers.keys() < {one.wait.thread.tid for one in b.waits}]
    found = [one.wait for one in bubble.waits if one.wait.lock and one.wait.thread.tid in workers]
    assert {wait.lock.address for wait in found if wait.lock} == {work.facts["mutex"]}
    for wait in found:
        assert wait.began <= attached
        assert wait.ended == pytest.approx(workers[wait.thread.tid], abs=200 * MS)
    owners = {hop.held.thread.tid for one in bubble.waits for share in one.shares for hop in share.hops
              if hop.held and hop.held.thread and hop.held.proven}  # fmt: skip
    assert truth["holder"] in owners


def sleeps_for(mutex: int, pid: int) -> Iterator[bool]:
    """Of each thread of a process. It may sleep in a futex(2) for another thread's end, or at a barrier."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            yield (task / "syscall").read_text().split()[:2] == [str(SYS_FUTEX), hex(mutex)]


def test_two_who_want_each_others_mutex_are_a_deadlock(watched: Any) -> None:
    work, truth, bubbles = watched("crossed")
    began = {tid: began for tid, began, _ in truth["waits"]}
    bubble = the_one_with(bubbles, *began)
    assert adds_up(bubble)
    assert bubble["growing"]
    assert bubble["roots"][0]["kind"] == "deadlock"
    waits = waits_of(bubble, *began)
    assert blamed(bubble, waits, "deadlock") > 0.95 * bubble["waiting_ns"]
    assert {wait["lock"]["address"] for wait in waits} == {work.facts["mutex"], work.facts["other"]}
    for wait in waits:
        assert wait["began_ns"] >= began[wait["thread"]["tid"]]
        assert wait["ended_ns"] - wait["began_ns"] > 200 * MS
    known = {(bubble["waits"][edge["wait"]]["thread"]["tid"], edge["holder"], edge["proven"])
             for edge in bubble["edges"]}  # fmt: skip
    left, right = began
    assert known == {(left, right, True), (right, left, True)}


def test_a_wait_is_followed_through_a_connection_and_a_pipe_to_the_disk(watched: Any) -> None:
    with SlowDisk(DELAY) as disk:
        _, truth, bubbles = watched("relay", disk.path)
    client, relay, reader = truth["client"], truth["relay"], truth["reader"]
    bubble = the_one_with(bubbles, client[0], relay[0], reader[0])
    assert adds_up(bubble)
    assert first_root(bubble) == ("device", os.path.basename(disk.path))
    for pid, began, ended in (client, relay):
        waits = waits_of(bubble, pid)
        expected = overlap((began, ended), (reader[1], reader[2]))
        assert accounts_for(bubble, waits, reader[0], expected, "device", "run queue")
        assert blamed(bubble, waits, "device") > 0.5 * expected
    own = blamed(bubble, waits_of(bubble, reader[0]), "device", "run queue")
    assert 0.95 * DELAY < own < 1.05 * (reader[2] - reader[1])
    (wait,) = [wait for wait in waits_of(bubble, client[0]) if wait["kind"] == "socket"]
    longest = max(wait["blame"], key=lambda part: part["ns"])
    path = [bubble["waits"][place]["thread"]["pid"] for place in longest["path"]]
    assert path == [client[0], relay[0], reader[0]]
    known = {(bubble["waits"][edge["wait"]]["thread"]["pid"], edge["holder"]): edge for edge in bubble["edges"]}
    assert known[relay[0], reader[0]]["known"] == "peer"
    assert known[relay[0], reader[0]]["proven"]
    # Whose packet it was is known by the sockets, unless an interrupt delivered it.
    if (client[0], relay[0]) in known:
        assert known[client[0], relay[0]]["known"] == "peer"
        assert known[client[0], relay[0]]["proven"]


@contextmanager
def slow_ext4(directory: Path) -> Iterator[tuple[SlowDisk, str]]:
    """A file system on a slow disk that is quick until it is told. The kernel's thread that would read bitmaps and
    write tables some seconds later has nothing left to do."""
    with SlowDisk(0, size=64 << 20, writable=True) as disk:
        subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", disk.path], check=True)
        subprocess.run(["mount", "-o", "noinit_itable,no_prefetch_block_bitmaps", disk.path, directory], check=True)
        try:
            yield disk, os.path.join(directory, "file")
        finally:
            disk.delay_ns = 0
            subprocess.run(["umount", directory], check=True)


def test_writers_of_one_file_wait_for_its_lock_and_that_for_the_disk(watched: Any, tmp_path: Path) -> None:
    with slow_ext4(tmp_path) as (disk, path):
        Path(path).touch()
        disk.delay_ns = 60 * MS
        _, truth, bubbles = watched("append", path, 5)
    writers = [tid for tid, _, _ in truth["waits"]]
    bubble = the_one_with(bubbles, *writers)
    assert adds_up(bubble)
    assert first_root(bubble) == ("device", os.path.basename(disk.path))
    waits = [wait for wait in waits_of(bubble, *writers) if wait["kind"] == "kernel lock"]
    assert {wait["lock"]["kind"] for wait in waits} == {"rwsem write"}
    assert len({wait["lock"]["address"] for wait in waits}) == 1
    # On a busy machine some come when the one before has gone.
    assert len({wait["thread"]["tid"] for wait in waits}) >= 2
    # From when a writer began to when it ended it waited for the lock or the disk; a busy machine adds to what
    # the owner of the lock needed besides.
    expected = sum(ended - began for _, began, ended in truth["waits"])
    ours = waits_of(bubble, *writers)
    found = blamed(bubble, ours, "device", "run queue", "CPU", "short waits")
    assert found == pytest.approx(expected, rel=0.1), json.dumps(bubble["roots"])
    assert blamed(bubble, ours, "device") > 0.5 * expected
    firsts = [edge for edge in bubble["edges"] if bubble["waits"][edge["wait"]] in waits and edge["proven"]]
    assert firsts
    assert {edge["holder"] for edge in firsts} <= set(writers)


def long_waits(bubbles: list[Object], tid: int, kind: str) -> int:
    """ns of the waits of 10 ms and more that a thread had of this kind."""
    found = [wait for bubble in bubbles for wait in waits_of(bubble, tid) if wait["kind"] == kind]
    spent = [wait["ended_ns"] - wait["began_ns"] for wait in found]
    return sum(ns for ns in spent if ns >= 10 * MS)


def test_a_crowd_on_one_cpu_waits_in_its_run_queue(watched: Any) -> None:
    """Twenty are too many: of turns of 2 to 4 ms, the next one comes after 38 and more."""
    _, truth, bubbles = watched("crowd", 100, 20)
    threads = [tid for tid, _, _ in truth["waits"]]
    assert all(map(adds_up, bubbles))
    # Each thread knows by its own clock how long it was away. One wait of just 10 ms may be none to the other clock.
    for tid, away in zip(threads, truth["away"], strict=True):
        assert long_waits(bubbles, tid, "run queue") == pytest.approx(away, rel=0.05, abs=11 * MS)
    assert sum(truth["away"]) > 20 * 100 * MS
    own = sum(blamed(bubble, waits_of(bubble, *threads), "run queue") for bubble in bubbles)
    assert own == pytest.approx(sum(truth["away"]), rel=0.05)
    # On the processor that they waited for were they themselves, and whoever else was busy there.
    wall = max(ended for _, _, ended in truth["waits"]) - min(began for _, began, _ in truth["waits"])
    (bubble, *_) = sorted(bubbles, key=lambda bubble: -len(waits_of(bubble, *threads)))
    found = bubble["meanwhile"]
    ours = sum(one["samples"] for one in found if one["thread"]["tid"] in threads)
    assert {one["thread"]["tid"] for one in found} & set(threads)
    if len({wait["cpu"] for wait in bubble["waits"] if wait["kind"] == "run queue"}) == 1:
        assert ours / sum(one["samples"] for one in found) == pytest.approx(sum(truth["used"]) / wall, abs=0.25)


@contextmanager
def v1_group(controller: str, **settings: object) -> Iterator[str]:
    """A control group of one of the old hierarchies, with what its files are to hold; gone afterwards."""
    directory = Path(f"/sys/fs/cgroup/{controller}/vtrace-test-{os.getpid()}")
    directory.mkdir()
    try:
        for name, value in settings.items():
            (directory / f"{controller}.{name}").write_text(str(value))
        yield str(directory)
    finally:
        end_all(directory)
        directory.rmdir()


def end_all(group: Path) -> None:
    """Who is in it is ours: ended, and waited for."""
    while pids := (group / "cgroup.procs").read_text().split():
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.01)


def test_who_has_used_up_what_the_group_may_use_waits_for_its_limit(watched: Any) -> None:
    with v1_group("cpu", cfs_period_us=100_000, cfs_quota_us=20_000) as group:
        _, truth, bubbles = watched("crowd", 100, 1, within=group)
        counts = dict(line.split() for line in Path(group, "cpu.stat").read_text().splitlines())
    ((tid, began, ended),), (away,), (used,) = truth["waits"], truth["away"], truth["used"]
    assert int(counts["nr_throttled"]) >= 3
    assert all(map(adds_up, bubbles))
    limited = sum(blamed(bubble, waits_of(bubble, tid), "CPU limit") for bubble in bubbles)
    queued = sum(blamed(bubble, waits_of(bubble, tid), "run queue") for bubble in bubbles)
    assert limited + queued == pytest.approx(away, rel=0.1)
    # The kernel's own count is of the group, from the moment on at which its time was used up. Others on its processor
    # may have kept it from running besides, before or behind that.
    throttled = int(counts["throttled_time"])
    assert abs(limited - throttled) < 0.1 * throttled + max(0, ended - began - used - throttled)


def test_who_is_woken_and_may_not_run_waits_for_the_limit_as_well(watched: Any) -> None:
    with v1_group("cpu", cfs_period_us=100_000, cfs_quota_us=20_000) as group:
        _, truth, bubbles = watched("limited", 1000, within=group)
    tid = truth["sleeper"]
    asleep = 1 * MS
    spans = [(began, ended) for who, began, ended in truth["late"] if who == tid and ended - began >= 11 * MS]
    late = sum(ended - began - asleep for began, ended in spans)
    assert late > 80 * MS

    def felt(bubble: Object) -> list[Object]:
        """Its waits but for those that began elsewhere, between two sleeps: of these it takes no time."""
        return [
            wait
            for wait in waits_of(bubble, tid)
            if any(began <= wait["began_ns"] < ended for began, ended in spans)
        ]  # fmt: skip

    limited = sum(blamed(bubble, felt(bubble), "CPU limit") for bubble in bubbles)
    queued = sum(blamed(bubble, felt(bubble), "run queue") for bubble in bubbles)
    # On a busy machine it waits for a processor as well, before or behind the limit, also in parts of less than 10 ms.
    assert limited > 0
    assert 0.7 * late < limited + queued < 1.05 * late


def test_who_writes_more_than_its_group_may_keep_has_to_free_memory(watched: Any, tmp_path: Path) -> None:
    with slow_ext4(tmp_path) as (disk, path), v1_group("memory", limit_in_bytes=16 << 20) as group:
        # Where all that could be freed is on its way to the disk, the kernel may kill rather than wait: one time in 3.
        for _ in range(20):
            disk.delay_ns = 60 * MS
            with suppress(Killed):
                _, truth, bubbles = watched("fill", path, 28, within=group)
                break
            disk.delay_ns = 0
        disk.delay_ns = 0
    ((tid, began, ended),), (away,) = truth["waits"], truth["away"]
    assert all(map(adds_up, bubbles))
    waits = [wait for bubble in bubbles for wait in waits_of(bubble, tid) if began <= wait["began_ns"] < ended]
    assert sum(wait["ended_ns"] - wait["began_ns"] for wait in waits) < 1.02 * away
    # How much of a write goes to that is the kernel's choice; where it stood meanwhile is known apart from the reason.
    stacks = ["\n".join(wait["kernel"]) for wait in waits if wait["kind"] == "memory reclaim"]
    assert stacks and all("try_to_free_mem_cgroup_pages" in stack for stack in stacks)


def test_who_waits_for_a_page_that_another_one_has_asked_for_waits_for_its_disk(watched: Any) -> None:
    with SlowDisk(DELAY) as disk:
        _, truth, bubbles = watched("same", disk.path, 6)
    bubble = the_one_with(bubbles, *(tid for tid, _, _ in truth["waits"]))
    assert adds_up(bubble)
    name = os.path.basename(disk.path)
    waits = [wait for wait in waits_of(bubble, *(tid for tid, _, _ in truth["waits"])) if wait["kind"] == "block I/O"]
    assert [wait["disk"] for wait in waits if not wait["request"]] == 5 * [name]
    assert [wait["request"]["device"] for wait in waits if wait["request"]] == [name]
    assert bubble["roots"][0]["name"] == name
    expected = sum(ended - began for _, began, ended in truth["waits"])
    assert blamed(bubble, waits, "device", "run queue") == pytest.approx(expected, rel=0.05)


def test_who_touches_a_page_that_is_not_in_memory_waits_for_the_disk(watched: Any) -> None:
    with SlowDisk(DELAY) as disk:
        _, truth, bubbles = watched("fault", disk.path, 3)
    assert all(map(adds_up, bubbles))
    for tid, began, ended in truth["waits"]:
        # The disk answers one after the other, and who comes later may be in a bubble that was told of later.
        of = [bubble for bubble in bubbles if waits_of(bubble, tid)]
        waits = [wait for bubble in of for wait in waits_of(bubble, tid) if wait["kind"] == "page fault"]
        # It had not called anything.
        assert {wait["call"] for wait in waits} == {""}
        assert {wait["request"]["device"] for wait in waits} == {os.path.basename(disk.path)}
        found = sum(blamed(bubble, waits_of(bubble, tid), "device", "run queue") for bubble in of)
        assert found == pytest.approx(ended - began, rel=0.05)


def test_who_touches_a_page_that_another_one_has_touched_waits_for_its_disk(watched: Any) -> None:
    """One asks for it, and all wait for the disk."""
    with SlowDisk(DELAY) as disk:
        _, truth, bubbles = watched("page", disk.path, 6)
    threads = [tid for tid, _, _ in truth["waits"]]
    assert all(map(adds_up, bubbles))
    waits = [wait for bubble in bubbles for wait in waits_of(bubble, *threads) if wait["kind"] == "page fault"]
    assert len(waits) == 6
    assert [wait["request"]["device"] for wait in waits if wait["request"]] == [os.path.basename(disk.path)]
    found = sum(blamed(bubble, waits_of(bubble, *threads), "device", "run queue") for bubble in bubbles)
    assert found == pytest.approx(sum(ended - began for _, began, ended in truth["waits"]), rel=0.05)


def test_processors_that_programs_cannot_interrupt_show_the_same_chain(program: str) -> None:
    """What runs where there is no such interrupt, on whatever this is."""
    spec = compiled(LiveTarget(), 2_500_000, interrupt=False)
    with SlowDisk(DELAY) as disk, Session(spec, LiveTarget()) as session:
        work = Work(program, "convoy", disk.path, 10)
        try:
            watch = Watch(session, 10 * MS, [work.pid])
            session.attach()
            truth = work.release()
            session.detach()
            watch.take()
        finally:
            work.end()
        devices = device_names()
    workers = {tid for tid, _, _ in truth["waits"]}
    (bubble,) = [b for b in watch.growing() if workers < {one.wait.thread.tid for one in b.waits}]
    root, _ = bubble.roots()[0]
    assert (root.kind, devices[root.which]) == ("device", os.path.basename(disk.path))
    waits = [one for one in bubble.waits if one.wait.thread.tid in workers and one.wait.lock]
    expected = sum(overlap(truth["held"], (began, ended)) for _, began, ended in truth["waits"])
    found = sum(
        share.ns
        for one in waits
        for share in one.shares
        if share.root.kind in ("device", "run queue") and share.hops[-1].wait.thread.tid == truth["holder"]
    )
    awake = sum(
        share.ns
        for one in waits
        for share in one.shares
        if share.root.kind in AWAKE and share.root.which == truth["holder"]
    )
    assert 0.95 * expected - awake < found < 1.05 * expected


def test_a_minute_under_load_in_which_nothing_is_wrong_has_no_bubble(watched: Any) -> None:
    """Threads that hold a mutex for a millisecond, idle ones, a client and a server, and one that computes. Where
    others make the machine busy, that is what there is to tell; but then those who waited know it themselves."""
    # What a busy machine loses in a minute can only take away from what is told.
    work, truth, bubbles = watched("calm", 60_000, may_lose=True)
    assert truth["rounds"] > 0
    assert truth["lost"] == 0
    hard = {"run queue", "user lock", "kernel lock", "block I/O", "page fault", "CPU limit", "memory reclaim"}
    for bubble in bubbles:
        for wait in bubble["waits"]:
            span = wait["began_ns"], wait["ended_ns"]
            # Of threads that begin and end nobody takes the time.
            known = truth["from"] <= span[0] < span[1] <= truth["to"]
            if (
                wait["thread"]["pid"] != work.pid
                or wait["kind"] not in hard
                or span[1] - span[0] < 10 * MS
                or not known
            ):
                continue
            felt = [
                overlap(span, (began, ended)) for tid, began, ended in truth["late"] if tid == wait["thread"]["tid"]
            ]
            assert sum(felt) > 0.9 * (span[1] - span[0]), json.dumps([wait, truth["late"]])
