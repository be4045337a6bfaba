"""A bubble as plain data for JSON: its waits, who stood in the way of each, and what they were in the end about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyvtrace.analysis.bubbles.blame import Hop, Root
from pyvtrace.analysis.bubbles.bubbles import Bubble, meanwhile, running
from pyvtrace.analysis.bubbles.ledger import Account
from pyvtrace.analysis.bubbles.names import Devices, root_name
from pyvtrace.analysis.bubbles.waits import RUN_QUEUE, Sample, Thread, Wait

Object = dict[str, Any]


def bubble_object(bubble: Bubble, wall_ns: int, devices: Devices, samples: Iterable[Sample] = ()) -> Object:
    """`wall_ns` is when it began, in ns since 1970; all other times are of CLOCK_MONOTONIC.

    `waits` has those of the bubble first, then (`member` false) those that only lie on the way to a root. `edges` lead
    from a wait, by its place there, to the thread that stood in its way; `blame` of a wait adds up to its length, and
    its `path` has the places of the waits up to the one that is for the root itself.
    """
    waits: dict[tuple[int, int], Wait] = {one.wait.identity: one.wait for one in bubble.waits}
    members, known = len(waits), list(samples)
    for one in bubble.waits:
        for share in one.shares:
            for hop in share.hops:
                waits.setdefault(hop.wait.identity, hop.wait)
    places = {identity: place for place, identity in enumerate(waits)}
    roots = bubble.roots()
    numbers = {(root.kind, root.which): place for place, (root, _) in enumerate(roots)}
    holders = {hop.wait.identity for one in bubble.waits for share in one.shares for hop in share.hops[1:]}
    listed = [_wait(wait, devices, member=place < members) for place, wait in enumerate(waits.values())]
    for wait, made in zip(waits.values(), listed, strict=True):
        # Where a thread lost its processor says nothing, and names of it all would take long.
        if wait.kind is not RUN_QUEUE or wait.identity in holders:
            made.update(kernel=list(wait.kernel), user=list(wait.user))
    for one in bubble.waits:
        listed[places[one.wait.identity]]["blame"] = [
            {
                "root": numbers[share.root.kind, share.root.which],
                "ns": share.ns,
                "path": [places[hop.wait.identity] for hop in share.hops],
            }
            for share in one.shares
        ]
    return {
        "time_ns": wall_ns,
        "began_ns": bubble.began,
        "ended_ns": bubble.ended,
        "growing": bubble.open,
        "threads": bubble.threads,
        "waiting_ns": bubble.waiting,
        "roots": [{**_root(root, ns, devices), "stack": list(running(bubble, root, known))} for root, ns in roots],
        "meanwhile": [{"thread": _thread(thread), "samples": count} for thread, count in meanwhile(bubble, known)],
        "waits": listed,
        "edges": _edges(bubble, places),
    }


def account_object(account: Account) -> Object:
    """What a thread waited for in all, in ns."""
    return {"thread": _thread(account.thread), "off_cpu_ns": account.ns, "waits": dict(account.by)}


def _edges(bubble: Bubble, places: Mapping[tuple[int, int], int]) -> list[Object]:
    """Each pair of a wait and who stood in its way, with how long."""
    found: dict[tuple[int, int, str], tuple[Hop, int]] = {}
    for one in bubble.waits:
        for share in one.shares:
            hop = share.hops[0]
            if hop.held is not None and hop.held.thread is not None:
                key = places[hop.wait.identity], hop.held.thread.tid, hop.held.known
                found[key] = hop, found.get(key, (hop, 0))[1] + share.ns
    return [
        {"wait": place, "holder": tid, "ns": ns, "known": known, "proven": bool(hop.held and hop.held.proven)}
        for (place, tid, known), (hop, ns) in found.items()
    ]


def _thread(thread: Thread) -> Object:
    return {"tid": thread.tid, "pid": thread.pid, "comm": thread.comm, "process": thread.process}


def _root(root: Root, ns: int, devices: Devices) -> Object:
    return {
        "kind": root.kind,
        "name": root_name(root, devices),
        "thread": _thread(root.thread) if root.thread else None,
        "ns": ns,
    }


def _wait(wait: Wait, devices: Devices, *, member: bool) -> Object:
    lock, request, far = wait.lock, wait.request, wait.far
    return {
        "member": member,
        "thread": _thread(wait.thread),
        "kind": wait.kind.name,
        "call": wait.call,
        "file": wait.file,
        "began_ns": wait.began,
        "woken_ns": wait.woken,
        "ended_ns": wait.ended,
        "growing": wait.open,
        "lock": {"kind": lock.kind, "space": lock.space, "address": lock.address} if lock else None,
        "request": {
            "device": devices.get(request.device, str(request.device)),
            "sector": request.sector,
            "bytes": request.size,
            "operation": request.operation,
        }
        if request
        else None,
        "disk": devices.get(wait.disk, str(wait.disk)) if wait.disk else None,
        "far": {"protocol": far.protocol, "address": far.address, "port": far.port} if far else None,
        "woken_by": wait.waker.thread.tid if wait.waker else None,
        "cpu": wait.cpu,
        "kernel": [],
        "user": [],
        "blame": [],
    }
