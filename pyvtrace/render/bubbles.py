"""A bubble as lines of text: what is to blame, who holds what up because of it, and who waits for whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyvtrace.analysis import units
from pyvtrace.analysis.bubbles import blame, reasons, waits
from pyvtrace.analysis.bubbles.blame import Hop, Root, Share
from pyvtrace.analysis.bubbles.bubbles import Blamed, Bubble, meanwhile, running
from pyvtrace.analysis.bubbles.names import Devices, lock_name, root_name, thread_name
from pyvtrace.analysis.bubbles.waits import Sample, Thread, Wait
from pyvtrace.analysis.stacks import function

_NUMBERED = re.compile(r"[-_:#/ ]?\d+$")
_LIBRARIES = re.compile(r"lib(c|pthread|m|dl|stdc\+\+)[.-]|ld-linux|\[vdso\]|linux-vdso")
# Of a bubble's waiting: what is less is not drawn, but counted.
_LEAST = 0.01
_STACK = 6
# Named of those who had the processors.
_PROCESSES = 4
# Columns: of a line, and of what stands at its right.
WIDTH, _RIGHT, _NARROWEST = 120, 28, 60


class Node:
    """A row of the tree: waits of the same kind, by threads of the same kind, for the same next one."""

    __slots__ = ("below", "holding", "hop", "parts", "threads")

    def __init__(self, hop: Hop | None, holding: waits.Lock | None) -> None:
        self.hop, self.holding = hop, holding
        self.parts: dict[tuple[int, int], int] = {}
        self.threads: dict[int, Thread] = {}
        self.below: dict[object, Node] = {}

    def take(self, wait: Wait, ns: int) -> None:
        self.parts[wait.identity] = self.parts.get(wait.identity, 0) + ns
        self.threads[wait.thread.tid] = wait.thread

    @property
    def wait(self) -> Wait:
        assert self.hop is not None
        return self.hop.wait


def _group(comm: str) -> str:
    """Threads of a pool differ in their numbers only."""
    return _NUMBERED.sub("", comm) or comm


class Tree:
    """What a root is to blame for, `ns` of it."""

    __slots__ = ("ns", "root", "top")

    def __init__(self, root: Root, ns: int) -> None:
        self.root, self.ns = root, ns
        self.top = Node(None, None)


def trees(bubble: Bubble) -> list[Tree]:
    """A tree for each root that is not too little to be drawn, those to blame for most first."""
    least = _LEAST * bubble.waiting
    found = {(root.kind, root.which): Tree(root, ns) for root, ns in bubble.roots() if ns >= least}
    held: dict[tuple[int, int], waits.Lock | None] = {}
    for one in bubble.waits:
        for share in one.shares:
            if share.ns < _LEAST * one.wait.spent:
                continue
            for waiter, holder in zip(share.hops, share.hops[1:], strict=False):
                held[holder.wait.identity] = waiter.wait.lock or held.get(holder.wait.identity)
    for one in bubble.waits:
        for share in one.shares:
            if (tree := found.get((share.root.kind, share.root.which))) is not None:
                _grow(tree.top, one, share, held)
    return [*found.values()]


def _grow(node: Node, one: Blamed, share: Share, held: Mapping[tuple[int, int], waits.Lock | None]) -> None:
    """The share's way through the tree, from the root to who waits; its time counts at its end."""
    for hop in reversed(share.hops):
        wait = hop.wait
        holding = held.get(wait.identity)
        known = (hop.held.known, hop.held.proven) if hop.held else (wait.request is not None,)
        key = (wait.thread.pid, _group(wait.thread.comm), wait.kind.name, wait.call, wait.lock, holding, known)
        if (below := node.below.get(key)) is None:
            below = node.below[key] = Node(hop, holding)
        node = below
    node.take(one.wait, share.ns)


# --------------------------------------------------------------------------------------------------------------- words


def place_of(user: Sequence[str]) -> str:
    """The innermost function of a program's own."""
    for frame in user:
        module, _, name = frame.partition("`")
        if name and not name.startswith("0x") and not _LIBRARIES.match(module):
            return function(name)
    return ""


def doing(wait: Wait) -> str:
    """What a thread is in while it waits."""
    place = reasons.place(wait.kernel) if wait.kind is waits.OTHER else ""
    call = f"in {wait.call or place}" if wait.call or place else wait.kind.name
    if wait.kind in waits.LOCKS and wait.lock is not None:
        where = reasons.taken_in(wait.kernel) if wait.kind is waits.KERNEL_LOCK else ""
        return f"waits for {lock_name(wait.lock)}{where and f' in {where}'}"
    if wait.kind is waits.FAULT:
        call = "page fault" if not wait.call else f"page fault in {wait.call}"
    return f"{call} {wait.far.name if wait.far else wait.file}".rstrip()


def evidence(hop: Hop) -> str:
    """How an edge is known."""
    if hop.held is None:
        return "proven: request" if hop.wait.request is not None else ""
    return f"{'proven' if hop.held.proven else 'inferred'}: {hop.held.known}" if hop.held.known else ""


def lasting(parts: Iterable[int]) -> str:
    """Of several times, the middle one and the longest."""
    times = sorted(parts)
    if len(times) == 1:
        return units.duration(times[0])
    return f"median {units.duration(_middle(times))}, max {units.duration(times[-1])}"


def _middle(ordered: Sequence[int]) -> int:
    """Their median; `statistics` would bring decimals and random numbers along, a megabyte of them."""
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2


# --------------------------------------------------------------------------------------------------------------- lines


def lines(
    bubble: Bubble, clock: str, devices: Devices, samples: Iterable[Sample] = (), width: int = WIDTH
) -> Iterator[str]:
    """A bubble; `clock` is the time of day when it began. Lines may be longer than `width`: nothing is cut."""
    at = max(_NARROWEST, width - _RIGHT)
    for left, right in _rows(bubble, clock, devices, list(samples)):
        yield f"{left:<{at}}  {right}" if right else left


Line = tuple[str, str]


def _rows(bubble: Bubble, clock: str, devices: Devices, known: Sequence[Sample]) -> Iterator[Line]:
    """What it says, and how that is known."""
    state = "still growing, " if bubble.open else ""
    length, waiting = units.duration(bubble.ended - bubble.began), bubble.waiting
    threads = f"{bubble.threads} thread{'s' * (bubble.threads != 1)}"
    yield f"{clock}  bubble {length}, {state}{threads}, {units.duration(waiting)} of waiting", ""
    rest = waiting
    for tree in trees(bubble):
        rest -= tree.ns
        yield from _tree(tree, bubble, 100 * tree.ns / waiting, devices, known)
    if rest:
        yield f"  others: {units.duration(rest)}, {100 * rest / waiting:.1f} % of the blame", ""


def _tree(tree: Tree, bubble: Bubble, percent: float, devices: Devices, samples: Sequence[Sample]) -> Iterator[Line]:
    kind = f"{tree.root.kind}: " if tree.root.kind in (blame.DEVICE, blame.NETWORK) else ""
    part = f"{percent:.0f} % of the blame"
    yield f"  {root_name(tree.root, devices)}{_request(tree)}", f"{kind}{part}"
    if tree.root.kind == blame.CPU:
        yield from ((f"     {frame}", "") for frame in running(bubble, tree.root, samples)[:_STACK])
    if tree.root.kind == blame.RUN_QUEUE and (who := _meanwhile(bubble, samples)):
        yield f"     meanwhile on the processors: {who}", ""
    if tree.root.kind == blame.DEADLOCK:
        yield from _circle(tree.root, bubble)
    else:
        yield from _below(tree.top, "  ", tree.ns, devices)


def _meanwhile(bubble: Bubble, samples: Sequence[Sample]) -> str:
    """The processes that had the processors, with their parts."""
    by_process: dict[tuple[int, str], tuple[int, int]] = {}
    found = meanwhile(bubble, samples)
    for thread, count in found:
        key = thread.pid, thread.process or thread.comm
        threads, before = by_process.get(key, (0, 0))
        by_process[key] = threads + 1, before + count
    whole = sum(count for _, count in found)
    most = sorted(by_process.items(), key=lambda one: -one[1][1])
    said = [
        f"{name}[{pid}]{f' {threads} threads' if threads > 1 else ''} {100 * count / whole:.0f} %"
        for (pid, name), (threads, count) in most[:_PROCESSES]
    ]
    if rest := sum(count for _, (_, count) in most[_PROCESSES:]):
        said.append(f"others {100 * rest / whole:.0f} %")
    return ", ".join(said)


def _circle(root: Root, bubble: Bubble) -> Iterator[Line]:
    """Who waits for whom in a deadlock, once round, and how many others wait for them."""
    hops: dict[int, Hop] = {}
    outside: set[int] = set()
    for one in bubble.waits:
        for share in one.shares:
            if (share.root.kind, share.root.which) != (root.kind, root.which):
                continue
            last = share.hops[-1].held
            tids = [hop.wait.thread.tid for hop in share.hops]
            start = tids.index(last.thread.tid) if last and last.thread else 0
            hops.update({hop.wait.thread.tid: hop for hop in share.hops[start:]})
            outside.update(tids[:start])
    for hop in hops.values():
        holder = hop.held.thread if hop.held and hop.held.thread else hop.wait.thread
        row = f"  {thread_name(hop.wait.thread)}  {doing(hop.wait)} held by {thread_name(holder)}"
        yield f"{row}  {units.duration(hop.wait.spent)}", evidence(hop)
    if others := outside - hops.keys():
        yield f"  {len(others)} more thread{'s' * (len(others) != 1)} wait for them", ""


def _request(tree: Tree) -> str:
    """What the device was asked, where it was one thing."""
    requests = {
        (node.wait.request.operation, node.wait.request.size)
        for node in tree.top.below.values()
        if node.wait.request is not None
    }
    if tree.root.kind != blame.DEVICE or len(requests) != 1:
        return ""
    ((operation, size),) = requests
    return f" {operation} {units.size(size)}" if size else f" {operation}"


def _below(node: Node, indent: str, whole: int, devices: Devices) -> Iterator[Line]:
    """What hangs on a node, without what is too little of the root's blame, `whole`."""
    children = sorted(node.below.values(), key=lambda child: -_whole(child))
    shown = [child for child in children if _whole(child) >= _LEAST * whole]
    for place, child in enumerate(shown):
        last = place == len(shown) - 1
        yield f"{indent}{'└─ ' if last else '├─ '}{_row(child, devices)}", evidence_of(child)
        yield from _below(child, indent + ("   " if last else "│  "), whole, devices)


def evidence_of(node: Node) -> str:
    return evidence(node.hop) if node.hop else ""


def _whole(node: Node) -> int:
    return sum(node.parts.values()) + sum(map(_whole, node.below.values()))


def _row(node: Node, devices: Devices) -> str:
    wait = node.wait
    threads = node.threads or {wait.thread.tid: wait.thread}
    process = wait.thread.process or wait.thread.comm
    if len(threads) > 1:
        group = _group(wait.thread.comm)
        own = f" {group}" if group != process else ""
        who = f"{process}[{wait.thread.pid}] {len(threads)} threads{own}"
    else:
        who = thread_name(next(iter(threads.values())))
    where = place_of(wait.user) if node.below else ""
    holding = f" holding {lock_name(node.holding)}" if node.holding is not None else ""
    inside = f" ({where})" if where else ""
    times = f"  {lasting(node.parts.values())}" if node.parts else ""
    return f"{who}  {doing(wait)}{holding}{inside}{times}"
