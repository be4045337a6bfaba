"""Children that end in every way there is, and calls of execve(2) that fail: `python -m tests.workloads.lives [CALL]`.

One child ends by itself, one with status 3, one by SIGKILL, one by SIGABRT, which leaves a core file where the system
lets it; some have two more threads, which all end at the same time. Truth: `ends`, for each child how it ended as
waitid(2) tells it, by process id; `threads`, how many threads each had; `failures`, the error number of execve(2), or
of execveat(2) if that is the CALL, by path.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
import threading
from collections.abc import Callable

from tests.workloads import gate
from tests.workloads.forker import CALLS

PATHS = ("/nonexistent/program", "/")
THREADS = 2


def with_threads() -> None:
    running = threading.Barrier(THREADS + 1)

    def wait() -> None:
        running.wait()
        signal.pause()

    for _ in range(THREADS):
        threading.Thread(target=wait, daemon=True).start()
    running.wait()
    os._exit(0)


def abort() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    os.abort()


WAYS: list[tuple[Callable[[], object], int]] = [
    (lambda: os._exit(0), 1),
    (lambda: os._exit(3), 1),
    (lambda: os.kill(os.getpid(), signal.SIGKILL), 1),
    (abort, 1),
    *[(with_threads, 1 + THREADS)] * 20,
]


def end(way: Callable[[], object]) -> tuple[int, int]:
    """(process id, CLD_* of how it ended) of a child."""
    child = os.fork()
    if not child:
        way()
    told = os.waitid(os.P_PID, child, os.WEXITED)
    assert told
    return child, told.si_code


def fail(path: str, call: str) -> int:
    try:
        CALLS[call](path, [path])
    except OSError as error:
        return error.errno or 0
    raise AssertionError


def main(call: str = "execve") -> None:
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        gate.wait("lives")
        ends = [end(way) for way, _ in WAYS]
        threads = {pid: number for (pid, _), (_, number) in zip(ends, WAYS, strict=True)}
        gate.report(ends=dict(ends), threads=threads, failures={path: fail(path, call) for path in PATHS})
        os.chdir("/")


if __name__ == "__main__":
    main(*sys.argv[1:])
