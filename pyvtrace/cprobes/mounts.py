"""tracefs and debugfs for ourselves: a mount namespace that nobody else sees and that ends with this process.

bcc reads the formats of tracepoints there, and its tools more. Where the system has them mounted, nothing is done.
"""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Callable
from typing import Any

from pyvtrace.kernel import tracefs

_CLONE_NEWNS = 0x00020000
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18
_DEBUGFS, _TRACEFS = "/sys/kernel/debug", "/sys/kernel/tracing"


def mounted() -> bool:
    """Whether bcc finds what it reads."""
    return os.path.isdir(f"{_DEBUGFS}/tracing/events") and os.path.isdir(f"{_TRACEFS}/events")


def mount_privately() -> None:
    """Give this process what the system has not mounted; without the privilege, or the file systems, things stay as
    they are, and bcc says what it misses."""
    if mounted():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(None, b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None):
        return
    for kind, place in ((b"tracefs", _TRACEFS), (b"debugfs", _DEBUGFS)):
        if not os.path.isdir(f"{place}/{'events' if kind == b'tracefs' else 'tracing'}"):
            libc.mount(kind, os.fsencode(place), kind, ctypes.c_ulong(0), None)


def there(ask: Callable[[], Any]) -> Any:
    """The answer, as JSON carries it, of a function that looks into tracefs: in a child where it is not mounted."""
    try:
        tracefs.find()
    except tracefs.TracefsError:
        return _in_child(ask)
    return ask()


def _in_child(ask: Callable[[], Any]) -> Any:
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if not pid:
        try:
            mount_privately()
            os.write(theirs, json.dumps(ask()).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as said:
        answer = said.read()
    os.waitpid(pid, 0)
    return json.loads(answer) if answer else None
