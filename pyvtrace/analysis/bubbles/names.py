"""What threads, locks and roots are called."""

from __future__ import annotations

from collections.abc import Mapping

from pyvtrace.analysis.bubbles import blame
from pyvtrace.analysis.bubbles.blame import Root
from pyvtrace.analysis.bubbles.waits import Lock, Thread

Devices = Mapping[int, str]  # names of block devices by dev_t


def thread_name(thread: Thread) -> str:
    """Process, its number, and the thread: by its name if that is its own, else by its number if that is."""
    process = thread.process or thread.comm
    own = f" {thread.comm}" if thread.comm != process else f" ({thread.tid})" if thread.tid != thread.pid else ""
    return f"{process}[{thread.pid}]{own}"


def root_name(root: Root, devices: Devices) -> str:
    if root.kind == blame.NETWORK:
        return str(root.which)
    if root.kind == blame.DEVICE and isinstance(root.which, int):
        return devices.get(root.which, f"device {root.which >> 20}:{root.which & 0xFFFFF}")
    who = thread_name(root.thread) if root.thread is not None else ""
    return {
        blame.CPU: f"{who} on CPU",
        blame.RUN_QUEUE: "run queue: more threads than processors",
        blame.TIMER: f"{who} asleep by a timer",
        blame.STOPPED: f"{who} stopped: by a signal, a debugger or its group's freezer",
        blame.LIMIT: f"{who} over its CPU limit",
        blame.RECLAIM: f"{who} in memory reclaim",
        blame.DEADLOCK: "deadlock",
        blame.SHORT: f"{who} in short waits",
    }.get(root.kind, f"unknown, {who}")


def lock_name(lock: Lock) -> str:
    return f"{'pthread ' if lock.space else ''}{lock.kind} {lock.address:#x}"
