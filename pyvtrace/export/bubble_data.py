"""A bubble as plain data for a recording, and back: what is told of it, drawn and exported again is then the same.

Threads, stacks and waits are in lists of their own, and are numbered from 0 everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from pyvtrace.analysis.bubbles import waits
from pyvtrace.analysis.bubbles.blame import Hop, Root, Share
from pyvtrace.analysis.bubbles.bubbles import Blamed, Bubble
from pyvtrace.analysis.bubbles.history import Held
from pyvtrace.analysis.bubbles.told import Told
from pyvtrace.analysis.bubbles.waits import Kind, Lock, Request, Sample, Stack, Thread, Wait, Waker
from pyvtrace.analysis.deps.endpoints import Endpoint
from pyvtrace.export.replay import BadRecording

KIND = "bubbles"
Data = Mapping[str, Any]
_KINDS = {kind.name: kind for kind in vars(waits).values() if isinstance(kind, Kind)}

_Item = TypeVar("_Item")


class _Numbered(Generic[_Item]):
    """Things, numbered as they come."""

    def __init__(self) -> None:
        self._numbers: dict[_Item, int] = {}

    def __call__(self, item: _Item) -> int:
        return self._numbers.setdefault(item, len(self._numbers))

    def __iter__(self) -> Any:
        return iter(self._numbers)


# ----------------------------------------------------------------------------------------------------------- to a file


def data(told: Told) -> Data:
    """What a recording keeps of it."""
    made = _Writer(told.bubble)
    members = [[made.place(one.wait), [made.share(share) for share in one.shares]] for one in told.bubble.waits]
    samples = [made.sample(sample) for sample in told.samples]
    listed = [made.wait(wait) for wait in made.waits()]
    return {
        "wall": told.wall_ns,
        "devices": {str(number): name for number, name in told.devices.items()},
        "threads": [list(_values(thread)) for thread in made.threads],
        "stacks": [list(stack) for stack in made.stacks],
        "waits": listed,
        "members": members,
        "samples": samples,
    }


def _values(thread: Thread) -> tuple[object, ...]:
    return thread.tid, thread.pid, thread.comm, thread.process, thread.of_kernel


class _Writer:
    def __init__(self, bubble: Bubble) -> None:
        self.threads: _Numbered[Thread] = _Numbered()
        self.stacks: _Numbered[tuple[str, ...]] = _Numbered()
        self._waits: dict[tuple[int, int], tuple[int, Wait]] = {}
        # Where a thread lost its processor is of no interest, unless somebody waited for it.
        self._holders = {hop.wait.identity for one in bubble.waits for share in one.shares for hop in share.hops[1:]}

    def place(self, wait: Wait) -> int:
        return self._waits.setdefault(wait.identity, (len(self._waits), wait))[0]

    def waits(self) -> Sequence[Wait]:
        return [wait for _, wait in self._waits.values()]

    def share(self, share: Share) -> object:
        root, thread = share.root, share.root.thread
        hops = [[self.place(hop.wait), self._held(hop.held)] for hop in share.hops]
        return [root.kind, root.which, self._thread(thread), share.began, share.ended, hops]

    def _thread(self, thread: Thread | None) -> int | None:
        return None if thread is None else self.threads(thread)

    def _held(self, held: Held | None) -> object:
        if held is None:
            return None
        return [self._thread(held.thread), held.began, held.ended, held.known, held.proven]

    def wait(self, wait: Wait) -> object:
        lock, request, waker, far = wait.lock, wait.request, wait.waker, wait.far
        says = wait.kind is not waits.RUN_QUEUE or wait.identity in self._holders
        return {
            "thread": self.threads(wait.thread),
            "kind": wait.kind.name,
            "times": [wait.began, wait.woken, wait.ended],
            "waker": [self.threads(waker.thread), waker.word, waker.role] if waker else None,
            "lock": [lock.kind, lock.space, lock.address] if lock else None,
            "owner": wait.owner,
            "request": [request.device, request.sector, request.size, request.operation] if request else None,
            "call": wait.call,
            "file": wait.file,
            "cpu": wait.cpu,
            "brief": wait.brief,
            "open": wait.open,
            "turn": wait.turn,
            "limited": wait.limited,
            "disk": wait.disk,
            "far": [far.protocol, far.address, far.port] if far else None,
            "stacks": [self.stacks(wait.kernel), self.stacks(wait.user)] if says else None,
        }

    def sample(self, sample: Sample) -> object:
        stacks = [self.stacks(sample.kernel_stack()), self.stacks(sample.user_stack())]
        return [self.threads(sample.thread), sample.at, sample.cpu, *stacks]


# --------------------------------------------------------------------------------------------------------- from a file


def read(line: Data) -> Told:
    """What `data` was given.

    Raises:
        BadRecording: it is something else.
    """
    try:
        return _Reader(line).told()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as odd:
        raise BadRecording(f"a bubble in it is none ({odd})") from None


class _Reader:
    def __init__(self, line: Data) -> None:
        self._line = line
        self._threads = [Thread(*values) for values in line["threads"]]
        self._stacks = [tuple(map(str, stack)) for stack in line["stacks"]]
        self._waits = [self._wait(**wait) for wait in line["waits"]]

    def told(self) -> Told:
        line = self._line
        members = [
            Blamed(self._waits[place], tuple(self._share(*share) for share in shares))
            for place, shares in line["members"]
        ]
        devices = {int(number): str(name) for number, name in line["devices"].items()}
        samples = tuple(self._sample(*sample) for sample in line["samples"])
        return Told(Bubble(tuple(members)), int(line["wall"]), devices, samples)

    def _thread(self, place: int | None) -> Thread | None:
        return None if place is None else self._threads[place]

    def _stack(self, place: int) -> Stack:
        frames = self._stacks[place]
        return lambda: frames

    def _wait(self, **of: Any) -> Wait:
        waker, lock, request, stacks = of["waker"], of["lock"], of["request"], of["stacks"]
        kernel, user = map(self._stack, stacks) if stacks else (tuple, tuple)
        began, woken, ended = map(int, of["times"])
        return Wait(
            self._threads[of["thread"]],
            _KINDS[of["kind"]],
            began,
            woken,
            ended,
            waker=Waker(self._threads[waker[0]], *waker[1:]) if waker else None,
            lock=Lock(*lock) if lock else None,
            owner=int(of["owner"]),
            request=Request(*request) if request else None,
            call=str(of["call"]),
            file=str(of["file"]),
            cpu=int(of["cpu"]),
            brief=int(of["brief"]),
            open=bool(of["open"]),
            kernel_stack=kernel,
            user_stack=user,
            turn=bool(of["turn"]),
            limited=bool(of["limited"]),
            far=Endpoint(*of["far"]) if of["far"] else None,
            disk=int(of["disk"]),
        )

    def _share(self, kind: str, which: int | str, thread: int | None, began: int, ended: int, hops: Any) -> Share:
        root = Root(str(kind), which if isinstance(which, str) else int(which), self._thread(thread))
        way = tuple(Hop(self._waits[place], self._held(held)) for place, held in hops)
        return Share(root, int(began), int(ended), way)

    def _held(self, held: Any) -> Held | None:
        if held is None:
            return None
        thread, began, ended, known, proven = held
        return Held(self._thread(thread), int(began), int(ended), str(known), bool(proven))

    def _sample(self, thread: int, at: int, cpu: int, kernel: int, user: int) -> Sample:
        return Sample(self._threads[thread], int(at), int(cpu), self._stack(kernel), self._stack(user))
