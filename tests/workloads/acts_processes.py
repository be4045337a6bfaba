"""Processes, threads, signals and ids: a known number of each; see `acts`."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import Any

from tests.workloads import acts, gate

ARGUMENTS = ["a", "b c", "", "d", "e", "f"]


def _child(work: Any) -> tuple[int, int]:
    """A child that does something and exits with 0 unless it ends otherwise; its process id and wait status."""
    pid = os.fork()
    if not pid:
        with contextlib.suppress(FileNotFoundError):
            work()
        os._exit(0)
    return pid, os.waitpid(pid, 0)[1]


def execs() -> dict[str, Any]:
    """A program executed with arguments, and one that is not there."""
    good, _ = _child(lambda: os.execv("/bin/true", ["renamed", *ARGUMENTS]))
    bad, _ = _child(lambda: os.execv("/nonexistent/program", ["x"]))
    return {"good": good, "arguments": ["renamed", *ARGUMENTS], "bad": bad}


def exits(milliseconds: int) -> dict[str, Any]:
    """A child that ends well, one that ends with 3, one that a signal ends; each lives at least so long."""
    nap = milliseconds / 1000

    def ends(how: Any) -> Any:
        def end() -> None:
            time.sleep(nap)
            how()

        return end

    before = time.monotonic_ns()
    fine, _ = _child(ends(lambda: None))
    three, _ = _child(ends(lambda: os._exit(3)))
    killed, _ = _child(ends(lambda: os.kill(os.getpid(), signal.SIGKILL)))
    return {"fine": fine, "three": three, "killed": killed, "all": time.monotonic_ns() - before}


def starts() -> dict[str, Any]:
    """Two processes and three threads."""
    processes = [_child(lambda: None)[0] for _ in range(2)]
    threads = []

    def say() -> None:
        threads.append(gate.gettid())

    for _ in range(3):
        thread = threading.Thread(target=say)
        thread.start()
        thread.join()
    return {"processes": processes, "threads": threads}


def signals() -> dict[str, Any]:
    """A signal that ends a child; one to itself that is ignored, and one that comes twice while it is blocked."""
    child = os.fork()
    if not child:
        signal.pause()
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    os.kill(os.getpid(), signal.SIGUSR2)
    os.kill(os.getpid(), signal.SIGUSR2)
    return {"child": child}


def ids() -> dict[str, Any]:
    """A child that becomes nobody in three steps, and then fails to become root."""

    def work() -> None:
        os.setgid(1234)
        os.setreuid(2345, 2345)
        with contextlib.suppress(PermissionError):
            os.setuid(0)
        with contextlib.suppress(PermissionError):
            os.setresuid(-1, 0, 7)

    child, _ = _child(work)
    return {"child": child}


if __name__ == "__main__":
    acts.main(globals())
