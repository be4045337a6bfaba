"""Bubbles as they come and go: what a running `waits.d` tells, and what /proc says of those who still
wait."""

from __future__ import annotations

import os
import struct
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Set

from pyvtrace.analysis.bubbles import kept, reasons, sleepers, waits
from pyvtrace.analysis.bubbles.bubbles import Bubble, Identity, Settled, bubbles, starts
from pyvtrace.analysis.bubbles.history import History
from pyvtrace.analysis.bubbles.ledger import Ledger
from pyvtrace.analysis.bubbles.rations import LATE, LINE, LeftOut, left_out
from pyvtrace.analysis.bubbles.reader import FILE_CALLS, POLLS, SUBMITTED, Reader, is_disk, lock_of
from pyvtrace.analysis.bubbles.script import words
from pyvtrace.analysis.bubbles.storage import CLOCKS, CLOCKS_SIZE, WORD
from pyvtrace.analysis.bubbles.waits import Kind, Lock, Request, Sample, Thread, Wait, parts
from pyvtrace.analysis.deps.endpoints import Endpoint
from pyvtrace.analysis.deps.sockets import sockets_of
from pyvtrace.analysis.units import duration
from pyvtrace.providers import syscall
from pyvtrace.runtime import blocked
from pyvtrace.runtime.session import Session
from pyvtrace.value import Value

# A bubble is over when nobody has joined it for so long, in ns.
SETTLE = 300_000_000
# What is remembered, in ns.
MEMORY = 15_000_000_000
# What lasts longer is told of in parts, in ns.
LONGEST = 10_000_000_000
MOST_SAMPLES = 5_000


class Bounds(Value):
    """How many waits are remembered, and how many threads looked at for waits that go on."""

    waits: int = 6_000
    threads: int = 5_000


_BOUNDS = Bounds()
_GLIBC_OWNER = 8  # bytes behind the word of a mutex (struct __pthread_mutex_s of 64-bit glibc)


Found = tuple[tuple[int, tuple[int, ...]], int]


class Watch:
    """Waits of a session so far. `pids` are the processes that bubbles have to be about, all where there are none."""

    def __init__(
        self,
        session: Session,
        minimum: int,
        pids: Collection[int] = (),
        bounds: Bounds = _BOUNDS,
        ledger: Ledger | None = None,
    ) -> None:
        self._ledger, self._settled = ledger, 0
        self._session, self._minimum, self._pids, self._bounds = session, minimum, frozenset(pids), bounds
        calls = {number: name for name, number in syscall.table(os.uname().machine).items()}
        self._calls = calls
        self._reader = Reader(session.spec, session.shower, calls, blocked.open_file)
        self._scan = blocked.Scan(bounds.threads, session.programs[sleepers.NAME])
        self._futexes = frozenset(number for number, name in calls.items() if name == "futex")
        self._history, self._blame = History(), Settled()
        self._told: set[Identity] = set()
        # Waits that make a bubble which was not told of yet.
        self._fresh: set[Identity] = set()
        self._words = words()
        self._started = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        blocked.set_first(session.maps[CLOCKS], struct.pack("<3q", 0, self._started, 0))
        self._looked = 0
        # Of threads of which the kernel cannot tell: what they were found to wait for first when, now and a look ago.
        self._seen: dict[int, Found] = {}
        self._before: dict[int, Found] = {}
        self.samples: deque[Sample] = deque(maxlen=MOST_SAMPLES)
        self.forgotten = 0
        self.unseen = 0
        self._left_out = LeftOut()

    def take(self) -> None:
        """Read what the program has recorded."""
        self._session.shower.observe()
        for record in self._session.records():
            made = self._reader.read(record)
            if isinstance(made, Wait):
                self._account(made)
                for wait in parts(made, self._minimum):
                    self._history.add(wait)
                    if starts(wait, self._minimum):
                        self._fresh.add(wait.identity)
                self._bound()
            elif made is not None:
                self.samples.append(made)
        self._left_out = left_out(blocked.first(self._session.maps[LATE], LINE * self._session.target.cpus))

    def _account(self, wait: Wait) -> None:
        if self._ledger is not None and (not self._settled or wait.ended <= self._settled):
            self._ledger.add(wait)

    def settle(self) -> None:
        """Close the ledger, with what threads wait for now."""
        if self._ledger is None:
            return
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        found = [self._still(one, now, 0) for one in self._scan.all(self._pids)]
        self.unseen = max(self.unseen, self._scan.left_out)
        self._settled = now
        # What was over before that, and was not read yet.
        self.take()
        for wait in found:
            if wait is not None and not self._ledger.has(wait):
                self._ledger.add(wait)

    def look(self, now: int) -> None:
        """Ask for those who still wait."""
        self._looked = now
        self._before, self._seen = self._seen, {}
        found: dict[int, Wait] = {}
        for one in self._scan.threads(self._futexes):
            if (wait := self._still(one, now)) is not None and wait.kind.hard:
                found[wait.thread.tid] = wait
        self.unseen = max(self.unseen, self._scan.left_out)
        self._follow(found, now)
        self._history.drop_open(found)
        for wait in found.values():
            self._history.add(wait)
        self._bound()

    def _follow(self, found: dict[int, Wait], now: int) -> None:
        """Add what those wait for that others wait for, whatever it is."""
        seen, holders = {0, *found}, [wait.owner for wait in found.values()]
        while holders:
            tid = holders.pop()
            if tid in seen:
                continue
            seen.add(tid)
            one = blocked.thread(tid)
            if one is not None and one.waits and (wait := self._still(one, now)) is not None:
                found[tid] = wait
                holders.append(wait.owner)

    def finished(self, now: int) -> list[Bubble]:
        """Bubbles that are over and were not told of yet, and of those that go on for long the waits that are over."""
        if not self._fresh:
            self._forget(now)
            return []
        over = self._over(now)
        if over and self._looked + SETTLE <= now:
            # Somebody may still be in it.
            self.look(now)
            over = self._over(now)
        for bubble in over:
            told = {one.wait.identity for one in bubble.waits}
            self._told |= told
            self._fresh -= told
            self._blame.drop(told)
        self._forget(now)
        return [bubble for bubble in over if self._wanted(bubble)]

    def _over(self, now: int) -> list[Bubble]:
        crammed, found = self._is_crammed(), []
        for bubble in self._bubbles():
            # Where it is crowded somebody waits at any time; in a deadlock nobody's wait is ever over.
            part = bubble.closed
            if part is None or not any(one.wait.identity in self._fresh for one in part.waits):
                continue
            long = crammed or part.began + LONGEST <= now
            if long or (not bubble.open and bubble.ended + SETTLE <= now):
                found.append(part)
        return found

    def _is_crammed(self) -> bool:
        """Whether so many waits came since the oldest that is still to be told of that it might be forgotten."""
        if 2 * len(self._history) < self._bounds.waits:
            return False
        ended = sorted(wait.ended for wait in self._history)
        oldest = min((wait.ended for wait in self._history if wait.identity in self._fresh), default=0)
        return 2 * (len(ended) - bisect_left(ended, oldest)) >= self._bounds.waits

    def growing(self) -> list[Bubble]:
        """Bubbles of which nobody knows yet when they will be over."""
        return [bubble for bubble in self._bubbles() if self._wanted(bubble)]

    def complaints(self) -> list[str]:
        """What was left out."""
        made = []
        left = self._left_out
        if left.waits:
            made.append(f"{left.waits} long waits left out, {duration(left.ns)} in all: there were too many at once")
        if left.lost:
            made.append(f"{left.lost} long waits lost: the interrupt that tells of them was not seen in time")
        if left.unseen:
            made.append(f"{left.unseen} long waits counted as short: the switch that ended them was not seen")
        if left.ends:
            short = duration(left.short_ns)
            made.append(f"short waits of {left.ends} threads left out, {short} in all: too many ended at once")
        if self.forgotten:
            made.append(f"{self.forgotten} waits forgotten before they could be told of: there were too many at once")
        if self._reader.forgotten:
            made.append(f"{self._reader.forgotten} wake-ups forgotten before the woken thread ran: there were too many")
        if self._ledger is not None and self._ledger.left_out:
            made.append(f"{self._ledger.left_out} waits of more threads than are accounted for")
        if self.unseen:
            made.append(
                f"{self.unseen} threads not looked at for waits that go on: there are more than {self._bounds.threads}"
            )
        return made

    def _bubbles(self) -> list[Bubble]:
        return bubbles(self._history, self._minimum, self._told, self._blame)

    def _wanted(self, bubble: Bubble) -> bool:
        return not self._pids or any(one.wait.thread.pid in self._pids for one in bubble.waits)

    def _bound(self) -> None:
        """Keep no more waits than there is room for, however long it takes to find bubbles among them."""
        if len(self._history) > self._bounds.waits:
            gone = {wait.identity for wait in self._history.cut(self._bounds.waits * 7 // 8)}
            self.forgotten += len(gone - self._told)
            self._drop(gone)

    def _forget(self, now: int) -> None:
        gone = {wait.identity for wait in self._history.forget(now - MEMORY)}
        self.forgotten += len(gone & self._fresh)
        self._drop(gone)

    def _drop(self, gone: Set[Identity]) -> None:
        """Of waits that are not remembered nothing else is."""
        self._fresh -= gone
        self._told -= gone
        self._blame.drop(gone)

    # -------------------------------------------------------------------------------------------------- still waiting

    def _since(self, one: blocked.Blocked, now: int) -> int:
        """When a thread was first found in the wait that it is found in now."""
        what, at = self._before.get(one.tid, (None, now))
        if what != (one.call, one.arguments):
            at = now
        self._seen[one.tid] = (one.call, one.arguments), at
        return at

    def _skew(self) -> int:
        """What CLOCK_MONOTONIC is ahead of the scheduler's clock."""
        return int.from_bytes(blocked.first(self._session.maps[CLOCKS], CLOCKS_SIZE)[:WORD], "little", signed=True)

    def _still(self, one: blocked.Blocked, now: int, least: int | None = None) -> Wait | None:
        """The wait of a thread that was found waiting, if it has lasted for `least` ns, or the shortest that counts."""
        answer = blocked.answer(self._session.programs[kept.NAME], one.tid, kept.most(self._words))
        of = kept.read(self._words, answer or b"", one.tid)
        if of is not None:
            began = of.gone + self._skew() if of.gone else now
        else:
            # Nothing was seen of it: it has waited since before. Where nobody knows, since it was first found to wait.
            of = kept.nothing(self._words)
            began = self._started if answer == b"" else self._since(one, now)
        began = min(began, now)
        if now - began < (self._minimum if least is None else least):
            return None
        lock, flags, owner = of["lock"], of["kind"], of["owner"]
        name = self._calls.get(one.call, "")
        word, command, value = (*one.arguments, 0, 0, 0)[:3]
        futex = (word, command, value) if name == "futex" else None
        kind = waits.FUTEX if futex else reasons.of_stack(one.stack)
        if one.state in blocked.STOPPED:
            kind = waits.STOPPED
        elif not one.waits:
            kind = waits.RUN_QUEUE
        kind, held = lock_of(kind, one.pid, futex, lock, flags)
        own = kind in (waits.BLOCK, waits.FAULT) and 0 <= began - of.asked < SUBMITTED
        return Wait(
            Thread(one.tid, one.pid, one.comm, blocked.command(one.pid)),
            kind,
            began,
            now,
            now,
            None,
            held,
            _owner(kind, held, owner),
            Request(of["device"], of["sector"], of["bytes"], reasons.block_operation(of["operation"])) if own else None,
            name,
            blocked.open_file(one.pid, one.arguments[0]) if name in FILE_CALLS and kind.hard else "",
            brief=of["brief"],
            open=True,
            kernel_stack=lambda: one.stack,
            far=_far(one, kind, name),
            disk=_disk(one, kind) if not own and name in FILE_CALLS else 0,
        )


def _disk(one: blocked.Blocked, kind: Kind) -> int:
    """The block device of the file that a thread waits for."""
    device = blocked.device_of(one.pid, one.arguments[0])
    return device if is_disk(kind, device) else 0


def _far(one: blocked.Blocked, kind: Kind, call: str) -> Endpoint | None:
    """Who is at the far end of the connection that a thread waits for, if that is one."""
    if kind is waits.SOCKET and one.arguments:
        number = one.arguments[0]
    elif kind is waits.POLL and call in POLLS and one.arguments[1] == 1:
        number = blocked.user_word(one.pid, one.arguments[0])
    else:
        return None
    inode = blocked.open_file(one.pid, number).removeprefix("socket:[").removesuffix("]")
    found = sockets_of(one.pid).peers.get(int(inode)) if inode.isdigit() else None
    return found if found is not None and not found.inwards and found.port else None


def _owner(kind: Kind, lock: Lock | None, owner: int) -> int:
    """Who holds a lock now."""
    if kind is not waits.USER_LOCK or lock is None:
        return owner if kind is waits.KERNEL_LOCK else 0
    if lock.kind == "mutex":
        return blocked.user_word(lock.space, lock.address + _GLIBC_OWNER)
    return blocked.user_word(lock.space, lock.address) & reasons.OWNER
