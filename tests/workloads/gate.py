"""The start gate of every workload: tracers attach while it is closed, so that no test has to sleep and hope."""

from __future__ import annotations

import json
import os
from typing import Any

PR_SET_PDEATHSIG = 1
COMM_SIZE = 15  # TASK_COMM_LEN without its terminating zero


def name_thread(name: str) -> None:
    """Makes `name` this thread's name, D's `execname`; threads started later inherit it."""
    with open("/proc/thread-self/comm", "w") as comm:
        comm.write(name[:COMM_SIZE])


def end_with_parent() -> None:
    """A child that calls this does not outlive the workload, however that ends."""
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def gettid() -> int:
    """The kernel's id of the calling thread, D's `tid`."""
    import threading

    return threading.get_native_id()


def wait(name: str, **facts: Any) -> None:
    """Takes `name` as the process's name, prints what can be known before the work, returns when the gate opens."""
    name_thread(name)
    _print({"name": name[:COMM_SIZE], "pid": os.getpid(), "tids": [gettid()]} | facts)
    os.read(0, 1)


def report(**truth: Any) -> None:
    """Prints what the work came to."""
    _print(truth)


def _print(line: dict[str, Any]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")
