"""From the records of `waits.d` to waits."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter

from pyvtrace.analysis.bubbles import reasons, waits
from pyvtrace.analysis.bubbles.history import PEER
from pyvtrace.analysis.bubbles.waits import Kind, Lock, Request, Sample, Stack, Thread, Wait, Waker
from pyvtrace.analysis.deps.endpoints import Endpoint, endpoint_of
from pyvtrace.runtime.printf import field_code
from pyvtrace.runtime.traces import Shower
from pyvtrace.spec import FieldSpec, PrintfAction, ProgramSpec, RecordSpec
from pyvtrace.value import Value, replace

_HEADER = struct.Struct("<I")
# Of a file, in bytes: the script's strsize without the NUL.
LONGEST_NAME = 63
# Waits for whose end nobody has been seen to come yet.
_MOST_WAKERS = 5_000
_STALE = 10_000_000_000  # ns
_MOST_THREADS = 10_000
# A request belongs to the next time that a thread sleeps, if that is no more ns later: between lie the block layer, the
# driver, and others who have the processor.
SUBMITTED = 200_000_000
# TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, TASK_RTLOCK_WAIT (include/linux/sched.h): neither stopped nor dead.
_SLEEPS = 0x1003
_STOPPED = 0x800C  # TASK_STOPPED, TASK_TRACED, TASK_FROZEN
_MOST_STACKS = 4096
# Who was woken stood in the run queue for its group's limit, if that kept the group for a half of the time or more.
_HALF = 2


# Of a pipe or connection: this end, the other one, and the network that both are in.
End = tuple[int, int, int]


class Woken(Value):
    """A wait was ended. `waker` is None for an interrupt; `end` is that of what the waker's system call was about."""

    tid: int
    at: int
    waker: Waker | None
    end: End = (0, 0, 0)


def meet(one: End, other: End) -> bool:
    """Whether these are the two ends of one pipe or connection."""
    return bool(one[0] and one[1]) and one == (other[1], other[0], other[2])


def pass_by(one: End, other: End) -> bool:
    """Whether these are of two connections of one network: packets of all of them are delivered by whoever sends or
    receives just then."""
    return all(one) and all(other) and one[2] == other[2]


class Stacks:
    """Frames of stacks, each distinct one named once, when somebody asks; `cut` says which of them count."""

    def __init__(
        self, frames: Callable[[bytes], list[str]], cut: Callable[[tuple[str, ...]], tuple[str, ...]] = tuple
    ) -> None:
        self.frames, self._cut = frames, cut
        self._known: dict[bytes, tuple[str, ...]] = {}
        self._later: dict[bytes, Stack] = {}

    def __call__(self, raw: bytes) -> tuple[str, ...]:
        frames = self._known.get(raw)
        if frames is None:
            if len(self._known) >= _MOST_STACKS:
                self._known.clear()
            frames = self._known[raw] = self._cut(tuple(self.frames(raw)))
        return frames

    def later(self, raw: bytes) -> Stack:
        """The same, when it is called; one for all that have this stack."""
        if raw not in self._later:
            if len(self._later) >= _MOST_STACKS:
                self._later.clear()
            self._later[raw] = partial(self, raw)
        return self._later[raw]


class Unpacker:
    """The values of a record's one printf(), as they are."""

    def __init__(self, record: RecordSpec) -> None:
        (action,) = record.actions
        assert isinstance(action, PrintfAction)
        self.fields: Sequence[FieldSpec] = action.fields
        ordered = sorted(range(len(self.fields)), key=lambda place: self.fields[place].offset)
        form, at = "<", 0
        for place in ordered:
            code, offset = field_code(self.fields[place])
            form += f"{offset - at}x{code}"
            at = offset + self.fields[place].size
        self._unpack = struct.Struct(form).unpack_from
        self._in_order = itemgetter(*(ordered.index(place) for place in range(len(ordered))))

    def __call__(self, record: memoryview | bytes) -> Sequence[int | bytes]:
        found: Sequence[int | bytes] = self._in_order(self._unpack(record))
        return found


class Reader:
    """Makes waits of records. `calls` names system calls by number; `path` names an open file of a process."""

    def __init__(
        self, spec: ProgramSpec, shower: Shower, calls: Mapping[int, str], path: Callable[[int, int], str]
    ) -> None:
        self._calls, self._path = calls, path
        self._unpackers = {record.id: Unpacker(record) for record in spec.records if record.actions}
        # In the order of the script's clauses.
        makers: tuple[Callable[..., Wait | Woken | Sample | None], ...] = (
            self._woken,
            self._wait,
            self._queue,
            self._sample,
            self._sample,
            self._end,
        )
        self._makers = dict(zip(sorted(self._unpackers), makers, strict=True))
        stacks = {
            field.kind: Stacks(shower.frames(field))
            for unpacker in self._unpackers.values()
            for field in unpacker.fields
            if field.kind in ("stack", "ustack")
        }
        self._kernel, self._user = stacks["stack"], stacks["ustack"]
        self._waited = Stacks(stacks["stack"].frames, reasons.waited)
        self._wakers: dict[int, Woken] = {}
        # Who ended a wait, that nobody knows any more.
        self.forgotten = 0
        self._threads: dict[tuple[int, bytes, bytes], Thread] = {}

    def read(self, record: memoryview | bytes) -> Wait | Sample | None:
        """A wait that is over, or a sample; None for a record that something later needs."""
        (number,) = _HEADER.unpack_from(record)
        if number not in self._makers:
            return None
        made = self._makers[number](*self._unpackers[number](record))
        if isinstance(made, Woken):
            self._wakers.pop(made.tid, None)
            if len(self._wakers) >= _MOST_WAKERS:
                self._forget_wakers(made.at)
            self._wakers[made.tid] = made
            return None
        return made

    def _forget_wakers(self, now: int) -> None:
        """Make room: the first ones came first. Threads that have not run for so long have ended, or their records were
        lost, which is said elsewhere."""
        for tid in [*self._wakers][: _MOST_WAKERS // 8]:
            self.forgotten += now - self._wakers.pop(tid).at < _STALE

    def _thread(self, tid: int, pid: int, comm: bytes, process: bytes, of_kernel: int = 0) -> Thread:
        """One for all waits of a thread."""
        key = tid, comm, process
        if key not in self._threads:
            if len(self._threads) >= _MOST_THREADS:
                self._threads.clear()
            self._threads[key] = Thread(tid, pid, text_of(comm), text_of(process), bool(of_kernel))
        return self._threads[key]

    def _woken(
        self, tid: int, at: int, by: int, pid: int, comm: bytes, process: bytes,
        call: int, word: int, own: int, other: int, space: int, kernel: bytes,
    ) -> Woken:  # fmt: skip
        frames = self._kernel(kernel)
        if not by or reasons.by_interrupt(frames):
            return Woken(tid, at, None)
        futex = self._calls.get(call) == "futex"
        role = PEER if reasons.is_peer(frames) else ""
        waker = Waker(self._thread(by, pid, comm, process), word if futex else 0, role)
        return Woken(tid, at, waker, (own, other, space))

    def _wait(
        self, tid: int, pid: int, comm: bytes, process: bytes, began: int, ended: int,
        queued: int, kept: int, state: int, cpu: int, brief: int,
        call: int, first: int, second: int, third: int, lock: int, flags: int,
        owner: int, device: int, sector: int, size: int,
        operation: int, asked: int, of_kernel: int,
        input_output: int, own_end: int, other_end: int, space: int, far: int, high: int, low: int,
        disk: int, file: bytes, kernel: bytes, user: bytes = b"",
    ) -> Wait | None:  # fmt: skip
        woken = self._wakers.pop(tid, None)
        if not state & (_SLEEPS | _STOPPED):
            return None
        kind = waits.STOPPED if state & _STOPPED else reasons.of_stack(self._waited(kernel))
        if kind is waits.OTHER and (lock or input_output):
            # Where the stack lacks the functions of locks and of the scheduler.
            kind = waits.KERNEL_LOCK if lock else waits.BLOCK
        if kind is waits.FAULT and not reasons.in_call(self._waited(kernel)):
            # What stands where the number of a call would is the fault's own.
            call = -1
        name = self._calls.get(call, "")
        kind, held = lock_of(kind, pid, (first, second, third) if name == "futex" else None, lock, flags)
        seen = woken is not None and began < woken.at <= ended
        if kind is waits.USER_LOCK and seen and woken and woken.waker is None:
            # The clock ended it, and nobody let go of anything.
            kind, held = waits.FUTEX, None
        waker = woken.waker if seen and woken else None
        one_end = kind in (waits.PIPE, waits.SOCKET) or (kind is waits.POLL and name in POLLS)
        if waker and woken and one_end:
            own_ends = own_end, other_end, space
            if meet(own_ends, woken.end):
                waker = replace(waker, role=PEER)
            elif pass_by(own_ends, woken.end):
                waker = None
        own = kind in (waits.BLOCK, waits.FAULT) and 0 <= began - asked < SUBMITTED
        return Wait(
            self._thread(tid, pid, comm, process, of_kernel),
            kind,
            began,
            woken.at if seen and woken else max(began, ended - queued),
            ended,
            waker,
            held,
            owner if kind is waits.KERNEL_LOCK else 0,
            Request(device, sector, size, reasons.block_operation(operation)) if own else None,
            name,
            self._file(pid, first, text_of(file)) if name in FILE_CALLS and kind.hard else "",
            cpu,
            brief,
            False,
            self._waited.later(kernel),
            self._user.later(user) if user else tuple,
            limited=0 < queued <= _HALF * kept,
            far=_far(far, high, low) if one_end else None,
            disk=disk if not own and name in FILE_CALLS and is_disk(kind, disk) else 0,
        )

    def _queue(
        self, tid: int, pid: int, comm: bytes, process: bytes, began: int, ended: int, limited: int,
        cpu: int, brief: int, of_kernel: int,
    ) -> Wait:  # fmt: skip
        """Of one that could have gone on."""
        self._wakers.pop(tid, None)
        thread = self._thread(tid, pid, comm, process, of_kernel)
        kind = waits.THROTTLED if limited else waits.RUN_QUEUE
        return Wait(thread, kind, began, ended, ended, cpu=cpu, brief=brief, turn=not limited)

    def _end(self, tid: int, pid: int, comm: bytes, process: bytes, at: int, brief: int) -> Wait:
        """The end of a thread, as a wait of no length behind its last short ones."""
        return Wait(self._thread(tid, pid, comm, process), waits.OTHER, at, at, at, brief=brief)

    def _file(self, pid: int, number: int, name: str) -> str:
        """The path of a file that was open during a wait, if its process still has it open; else its name."""
        path = self._path(pid, number)
        if path.rpartition("/")[2].startswith(name):
            return path
        return name if len(name) < LONGEST_NAME else f"{name}…"

    def _sample(
        self, tid: int, pid: int, comm: bytes, process: bytes, at: int, cpu: int, kernel: bytes = b"", user: bytes = b""
    ) -> Sample:
        thread = self._thread(tid, pid, comm, process)
        if not (kernel or user):
            return Sample(thread, at, cpu)
        return Sample(thread, at, cpu, self._kernel.later(kernel), self._user.later(user))


def lock_of(
    kind: Kind, pid: int, futex: tuple[int, int, int] | None, lock: int, flags: int
) -> tuple[Kind, Lock | None]:
    """The lock that a wait is for, and its kind with what that tells."""
    if kind is waits.FUTEX and futex is not None:
        word, operation, value = futex
        if reasons.is_user_lock(operation, value):
            return waits.USER_LOCK, Lock(reasons.user_lock_kind(operation, value), pid, word)
    if kind is waits.KERNEL_LOCK and lock:
        return kind, Lock(reasons.kernel_lock_kind(flags), 0, lock)
    return kind, None


def is_disk(kind: Kind, device: int) -> bool:
    """Whether a wait of that kind in a call about a file on that device, by the kernel's dev_t, is for that device."""
    return kind is waits.BLOCK and device >> 20 != 0


def _far(far: int, high: int, low: int) -> Endpoint | None:
    """Who is at the far end of a connection, if anybody is: `far` has the port, the family and the protocol."""
    port = far >> 32
    return endpoint_of((far & 0xFFFF, high, low, port), {}) if port else None


def text_of(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")


# Those whose first argument is an open file.
_TRANSFERS = ("read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev", "preadv2", "pwritev2")
# Those that may be about one descriptor: of others, the record has the ends of none.
POLLS = frozenset(("poll", "ppoll"))
FILE_CALLS = frozenset((*_TRANSFERS, "fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate", "getdents64"))
