"""Blame and bubbles of made-up waits: it adds up whatever the waits are, and chains end where they must."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.analysis.bubbles import blame, waits
from pyvtrace.analysis.bubbles.blame import shares
from pyvtrace.analysis.bubbles.bubbles import Bubble, bubbles
from pyvtrace.analysis.bubbles.history import OWNER, PEER, WOKEN, History
from pyvtrace.analysis.bubbles.reader import meet, pass_by
from pyvtrace.analysis.bubbles.reasons import by_interrupt, taken_in, waited
from pyvtrace.analysis.bubbles.waits import Kind, Lock, Request, Thread, Wait, Waker, parts
from pyvtrace.analysis.deps.endpoints import Endpoint

MS = 1_000_000
DISK = Request(7 << 20, 8, 4096, "read")
FAR = Endpoint("tcp", "10.0.0.7", 5432)
MUTEX, OTHER = Lock("mutex", 1, 0x1000), Lock("mutex", 1, 0x2000)


def thread(tid: int) -> Thread:
    return Thread(tid, tid, f"thread-{tid}")


def wait(
    tid: int,
    kind: Kind,
    began: int,
    ended: int,
    *,
    woken: int | None = None,
    by: int = 0,
    lock: Lock | None = None,
    owner: int = 0,
    request: Request | None = None,
    role: str = "",
    brief: int = 0,
    goes_on: bool = False,
    far: Endpoint | None = None,
) -> Wait:
    """Times in ms. Who wakes from a mutex of a process does so by its word."""
    waker = Waker(thread(by), lock.address if lock and lock.space else 0, role) if by else None
    return Wait(
        thread(tid), kind, began * MS, (ended if woken is None else woken) * MS, ended * MS, waker, lock, owner,
        request, brief=brief * MS, open=goes_on, far=far,
    )  # fmt: skip


def history(*found: Wait) -> History:
    made = History()
    for one in sorted(found, key=lambda one: one.ended):
        made.add(one)
    return made


def blamed(of: History, one: Wait) -> list[tuple[str, int | str, int]]:
    """(kind of the root, which, ms) by time, neighbours with the same root as one."""
    found: list[tuple[str, int | str, int]] = []
    for share in shares(of, one):
        root = share.root.kind, share.root.which
        ms = share.ns // MS
        if found and found[-1][:2] == root:
            ms += found.pop()[2]
        found.append((*root, ms))
    return found


# -------------------------------------------------------------------------------------------------------------- chains


def test_a_request_is_the_devices_until_it_is_done_and_then_the_run_queues() -> None:
    one = wait(1, waits.BLOCK, 0, 30, woken=25, request=DISK)
    assert blamed(history(one), one) == [(blame.DEVICE, DISK.device, 25), (blame.RUN_QUEUE, 0, 5)]


def test_a_lock_is_what_its_holder_waited_for_and_its_processor_otherwise() -> None:
    holder = wait(1, waits.BLOCK, 10, 40, request=DISK)
    one = wait(2, waits.USER_LOCK, 0, 50, by=1, lock=MUTEX)
    assert blamed(history(holder, one), one) == [
        (blame.CPU, 1, 10),
        (blame.DEVICE, DISK.device, 30),
        (blame.CPU, 1, 10),
    ]


def test_whoever_let_go_of_a_lock_had_it_since_the_one_before_did() -> None:
    first = wait(1, waits.BLOCK, 0, 20, request=DISK)
    second = wait(2, waits.USER_LOCK, 0, 20, by=1, lock=MUTEX)
    sleeps = wait(2, waits.TIMER, 25, 60)
    third = wait(3, waits.USER_LOCK, 0, 70, by=2, lock=MUTEX)
    of = history(first, second, sleeps, third)
    assert blamed(of, third) == [
        (blame.DEVICE, DISK.device, 20), (blame.CPU, 2, 5), (blame.TIMER, 2, 35), (blame.CPU, 2, 10),
    ]  # fmt: skip
    assert {share.hops[0].held.known for share in shares(of, third) if share.hops[0].held} == {OWNER}


def test_the_owner_that_a_kernel_lock_names_comes_before_who_wakes() -> None:
    lock = Lock("rwsem write", 0, 0xFFFF0)
    holder = wait(1, waits.BLOCK, 0, 20, request=DISK)
    one = wait(3, waits.KERNEL_LOCK, 0, 20, by=2, lock=lock, owner=1)
    (share,) = shares(history(holder, one), one)
    assert share.root.kind == blame.DEVICE
    assert share.hops[0].held is not None
    assert (share.hops[0].held.known, share.hops[0].held.proven) == (OWNER, True)
    unknown = wait(3, waits.KERNEL_LOCK, 0, 20, by=2, lock=lock)
    (share,) = shares(history(unknown), unknown)
    assert share.hops[0].held is not None
    assert (share.hops[0].held.known, share.hops[0].held.proven) == (WOKEN, False)


def test_chains_lead_through_several_processes() -> None:
    disk = wait(1, waits.BLOCK, 0, 100, request=DISK)
    pipe = wait(2, waits.PIPE, 0, 101, by=1, role=PEER)
    socket = wait(3, waits.SOCKET, 0, 102, by=2)
    of = history(disk, pipe, socket)
    assert blamed(of, socket) == [(blame.DEVICE, DISK.device, 100), (blame.CPU, 1, 1), (blame.CPU, 2, 1)]
    longest = max(shares(of, socket), key=lambda share: share.ns)
    assert [hop.wait.thread.tid for hop in longest.hops] == [3, 2, 1]
    assert [hop.held.proven if hop.held else None for hop in longest.hops] == [False, True, None]


def test_what_no_thread_of_this_host_has_ended_is_the_far_ends() -> None:
    holder = wait(1, waits.SOCKET, 0, 50, far=FAR)
    one = wait(2, waits.USER_LOCK, 0, 50, by=1, lock=MUTEX)
    assert blamed(history(holder, one), one) == [(blame.NETWORK, "tcp 10.0.0.7:5432", 50)]
    served = wait(1, waits.SOCKET, 0, 50, by=3, far=FAR)
    assert blamed(history(served, one), one) == [(blame.CPU, 3, 50)]


def test_who_waits_for_a_page_that_another_one_has_asked_for_waits_for_that_ones_device() -> None:
    asked = wait(1, waits.FAULT, 0, 50, request=DISK)
    one = wait(2, waits.FAULT, 10, 51, woken=50)
    assert blamed(history(asked, one), one) == [(blame.DEVICE, DISK.device, 40), (blame.RUN_QUEUE, 0, 1)]
    # What was read at another time, or from more than one device, tells nothing.
    later = wait(2, waits.FAULT, 10, 60)
    assert blamed(history(asked, later), later) == [(blame.UNKNOWN, 2, 50)]
    other = wait(3, waits.BLOCK, 5, 50, request=Request(8 << 20, 8, 4096, "read"))
    assert blamed(history(asked, other, one), one)[0] == (blame.UNKNOWN, 2, 40)
    calls = wait(2, waits.SOCKET, 10, 50)
    assert blamed(history(asked, calls), calls) == [(blame.UNKNOWN, 2, 40)]


def test_a_holder_that_is_stopped_does_not_run() -> None:
    one = wait(2, waits.USER_LOCK, 0, 50, by=1, lock=MUTEX)
    assert blamed(history(wait(1, waits.STOPPED, 0, 50), one), one) == [(blame.STOPPED, 1, 50)]


def test_whoever_delivers_packets_of_others_has_sent_none() -> None:
    mine, peer = (1 << 32 | 40000, 2 << 32 | 80, 9), (2 << 32 | 80, 1 << 32 | 40000, 9)
    another = 2 << 32 | 80, 1 << 32 | 40001, 9
    assert meet(mine, peer)
    assert not meet(mine, another)
    assert pass_by(mine, another)
    # Nothing can be said of other networks, of pipes, and of calls that are about no connection.
    assert not any(pass_by(mine, other) for other in ((*another[:2], 8), (*another[:2], 0), (0, 0, 0)))


@pytest.mark.parametrize("frame", ["asm_common_interrupt+0x22", "run_ksoftirqd+0x28", "irq_thread+0xc4"])
def test_threads_that_do_the_rest_of_an_interrupts_work_are_interrupts(frame: str) -> None:
    assert by_interrupt((f"vmlinux`{frame}",))
    assert not by_interrupt(("vmlinux`do_syscall_64+0x71",))


@pytest.mark.parametrize(
    "above",
    [
        ("__mutex_lock.constprop.0+0x3b2", "mutex_lock+0x4a"),
        ("rwsem_down_write_slowpath+0x20c", "down_write+0x6f"),
        ("schedule_preempt_disabled+0x11", "__down_common+0xa2", "down_interruptible+0x40"),
    ],
)
def test_a_kernel_lock_is_taken_in_the_function_below_those_of_locks(above: Sequence[str]) -> None:
    frames = ("__schedule+0x4bf", "schedule+0x23", *above, "write_cache_pages+0x17", "do_syscall_64+0x71")
    assert taken_in([f"vmlinux`{frame}" for frame in frames]) == "write_cache_pages"


def test_a_circle_of_locks_that_nobody_leaves_is_a_deadlock() -> None:
    left = wait(1, waits.USER_LOCK, 0, 50, lock=OTHER, owner=2, goes_on=True)
    right = wait(2, waits.USER_LOCK, 5, 50, lock=MUTEX, owner=1, goes_on=True)
    of = history(left, right)
    assert blamed(of, left) == [(blame.CPU, 2, 5), (blame.DEADLOCK, 1, 45)]
    assert blamed(of, right) == [(blame.DEADLOCK, 1, 45)]
    (bubble,) = bubbles(of, 10 * MS)
    assert bubble.open
    assert bubble.threads == 2


def test_a_circle_that_ends_is_none() -> None:
    ask = wait(1, waits.PIPE, 0, 50, by=2)
    answer = wait(2, waits.PIPE, 0, 50, by=1)
    assert {root for root, _, _ in blamed(history(ask, answer), ask)} == {blame.UNKNOWN}


def test_short_waits_of_a_holder_are_told_from_its_running() -> None:
    before = wait(1, waits.TIMER, 0, 10)
    after = wait(1, waits.TIMER, 50, 60, brief=30)
    one = wait(2, waits.USER_LOCK, 10, 50, by=1, lock=MUTEX)
    assert blamed(history(before, after, one), one) == [(blame.CPU, 1, 10), (blame.SHORT, 1, 30)]


# ------------------------------------------------------------------------------------------------------------- bubbles


def convoy(at: int, tid: int, device: Request = DISK, lock: Lock = MUTEX) -> list[Wait]:
    """A reader and three who wait for it, 100 ms."""
    reader = wait(tid, waits.BLOCK, at, at + 100, request=device)
    return [
        reader, *(wait(tid + n, waits.USER_LOCK, at + n, at + 100, by=tid, lock=lock) for n in (1, 2, 3)),
    ]  # fmt: skip


def threads_of(bubble: Bubble) -> set[int]:
    return {one.wait.thread.tid for one in bubble.waits}


def test_waits_with_one_cause_at_one_time_are_one_bubble() -> None:
    found = bubbles(history(*convoy(0, 10), *convoy(50, 20, lock=OTHER)), 10 * MS)
    assert [threads_of(bubble) for bubble in found] == [{10, 11, 12, 13, 20, 21, 22, 23}]


def test_waits_for_one_lock_are_one_bubble_however_short_what_holds_its_owner_up() -> None:
    holder = [wait(1, waits.RUN_QUEUE, at, at + 12) for at in range(0, 300, 20)]
    wants = [wait(tid, waits.USER_LOCK, 0, 300, by=1, lock=MUTEX) for tid in (2, 3)]
    (bubble,) = bubbles(history(*holder, *wants), 10 * MS)
    assert threads_of(bubble) == {1, 2, 3}


def test_a_crowd_is_one_bubble_and_apart_from_those_who_wait_for_one_of_it() -> None:
    crowd = [wait(tid, waits.RUN_QUEUE, 10 * tid, 10 * tid + 30) for tid in (1, 2, 3)]
    holder = wait(9, waits.RUN_QUEUE, 0, 60)
    wants = wait(10, waits.USER_LOCK, 0, 61, by=9, lock=MUTEX)
    assert [threads_of(bubble) for bubble in bubbles(history(*crowd, holder, wants), 10 * MS)] == [{9, 10}, {1, 2, 3}]


def test_a_long_stand_in_the_run_queue_is_a_wait_of_its_own() -> None:
    one = wait(1, waits.POLL, 0, 500, woken=470, by=2)
    blocked, queue = parts(one, 10 * MS)
    assert (blocked.kind, blocked.began, blocked.ended) == (waits.POLL, 0, 470 * MS)
    assert (queue.kind, queue.began, queue.ended) == (waits.RUN_QUEUE, 470 * MS, 500 * MS)
    assert parts(one, 31 * MS) == (one,)
    assert [threads_of(bubble) for bubble in bubbles(history(blocked, queue), 10 * MS)] == [{1}]
    at_once = wait(1, waits.POLL, 0, 30, woken=0)
    assert [part.kind for part in parts(at_once, 10 * MS)] == [waits.RUN_QUEUE]


def test_other_devices_and_other_times_are_other_bubbles() -> None:
    elsewhere = Request(8 << 20, 8, 4096, "read")
    of = history(*convoy(0, 10), *convoy(50, 20, elsewhere, OTHER), *convoy(500, 30))
    assert [threads_of(bubble) for bubble in bubbles(of, 10 * MS)] == [
        {10, 11, 12, 13}, {20, 21, 22, 23}, {30, 31, 32, 33},
    ]  # fmt: skip


def test_who_waits_for_work_makes_no_bubble_and_who_waits_for_a_member_joins_it() -> None:
    idle = wait(5, waits.SOCKET, 0, 900, by=10)
    client = wait(6, waits.SOCKET, 10, 101, by=10)
    assert bubbles(history(idle, wait(7, waits.POLL, 0, 500), wait(8, waits.TIMER, 0, 500)), 10 * MS) == []
    (bubble,) = bubbles(history(*convoy(0, 10), client, idle), 10 * MS)
    assert threads_of(bubble) == {10, 11, 12, 13, 6}


@pytest.mark.parametrize(("longest", "number"), [(9, 0), (10, 1)])
def test_waits_below_the_minimum_make_none(longest: int, number: int) -> None:
    of = history(wait(1, waits.BLOCK, 0, longest, request=DISK))
    assert len(bubbles(of, 10 * MS)) == number


def test_what_was_told_of_is_not_told_again() -> None:
    of = history(*convoy(0, 10))
    (bubble,) = bubbles(of, 10 * MS)
    assert bubbles(of, 10 * MS, [one.wait.identity for one in bubble.waits]) == []


def test_what_was_told_of_is_no_member_of_what_comes_later() -> None:
    reader, *others = convoy(0, 10)
    (bubble,) = bubbles(history(reader, *others), 10 * MS, [reader.identity])
    assert threads_of(bubble) == {11, 12, 13}
    # It still stands in their way.
    assert [root.kind for root, _ in bubble.roots()] == [blame.DEVICE]


# ------------------------------------------------------------------------------------------------------------ whatever

KINDS = (waits.BLOCK, waits.USER_LOCK, waits.KERNEL_LOCK, waits.PIPE, waits.RUN_QUEUE, waits.TIMER, waits.OTHER)
LOCKS = (MUTEX, OTHER, Lock("rwsem write", 0, 0x3000))


@st.composite
def lives(draw: st.DrawFn) -> Sequence[Wait]:
    """Waits of six threads, those of one after each other, with wakers, owners and locks as they come."""
    found = []
    for tid in range(1, 7):
        at = 0
        for _ in range(draw(st.integers(0, 5))):
            began = at + draw(st.integers(1, 30))
            at = began + draw(st.integers(0, 60))
            kind = draw(st.sampled_from(KINDS))
            found.append(
                wait(
                    tid, kind, began, at,
                    woken=draw(st.integers(began, at)),
                    by=draw(st.integers(0, 6)),
                    lock=draw(st.sampled_from(LOCKS)) if kind in waits.LOCKS else None,
                    owner=draw(st.integers(0, 6)) if kind is waits.KERNEL_LOCK else 0,
                    request=DISK if kind is waits.BLOCK and draw(st.booleans()) else None,
                    brief=draw(st.integers(0, 20)),
                )
            )  # fmt: skip
    return found


@given(lives())
def test_every_nanosecond_of_every_wait_has_one_root(found: Sequence[Wait]) -> None:
    of = history(*found)
    for one in found:
        at = one.began
        for share in shares(of, one):
            assert share.began == at
            assert share.ns > 0
            assert share.hops[0].wait is one
            at = share.ended
        assert at == one.ended


@given(lives())
def test_bubbles_share_no_wait_and_their_blame_is_their_waiting(found: Sequence[Wait]) -> None:
    made = bubbles(history(*found), 10 * MS)
    members = [one.wait.identity for bubble in made for one in bubble.waits]
    assert len(members) == len(set(members))
    hard = {one.identity for one in found if one.kind.hard and one.spent >= 10 * MS}
    assert hard <= set(members)
    for bubble in made:
        assert bubble.waiting == sum(ns for _, ns in bubble.roots())


@pytest.mark.parametrize(
    "interrupt",
    [
        (),
        ("__sysvec_irq_work", "sysvec_irq_work", "asm_sysvec_irq_work", "finish_task_switch.isra.0"),
        ("__sysvec_irq_work", "sysvec_irq_work", "asm_sysvec_irq_work"),
        (
            "sysvec_irq_work",
            "fred_extint",
            "fred_entry_from_kernel",
            "asm_fred_entrypoint_kernel",
            "finish_task_switch",
        ),
    ],
)
def test_the_interrupt_that_tells_of_a_wait_is_no_part_of_it(interrupt: tuple[str, ...]) -> None:
    stack = ("__schedule", "schedule", "io_schedule", "blkdev_read_iter", "vfs_read", "do_syscall_64")
    shown = tuple(f"vmlinux`{name}+0x1a" for name in (*interrupt, *stack))
    assert waited(shown) == shown[len(interrupt) :]
