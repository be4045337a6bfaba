"""Waiting for a lock of the kernel's that is held for a known time: `python -m tests.workloads.contended KIND DIRECTORY
ROUNDS`, DIRECTORY being that of a `SlowDisk`.

In each of ROUNDS the holder makes a call that keeps the lock for as long as the disk is slow, and the waiter one that
needs it. KIND is the lock and what becomes of the wait:

- `mutex`: both read through one descriptor, whose position a mutex guards;
- `rwsem-write`: both make a directory in DIRECTORY, each of which takes its inode's semaphore for writing;
- `rwsem-read`: the waiter looks up a name there, for which it takes the semaphore for reading;
- `killed`: the waiter is a process that lists DIRECTORY, and is killed while it waits.

The waiter starts when the holder sleeps in its call, as /proc/TID/syscall says. Truth: `waited_ns` from the waiter's
start to the end of the holder's call, one a round, and their sum; `awake_ns`, how long both were running or in a run
queue in all meanwhile: by so much the lock may have been waited for longer or less long; `victims` (process ids) are
known at the gate.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic_ns

from tests.workloads import gate
from tests.workloads.accounts import awake_ns
from tests.workloads.slow_file import NAME

Call = Callable[[], object]
LIST = "import os, sys; sys.stdin.read(1); os.listdir(sys.argv[1])"
# Numbers of the calls in which the threads are found asleep, for /proc/TID/syscall: x86-64 and the generic table.
READ, MKDIR, GETDENTS = ({"0", "63"}, {"83", "34"}, {"217", "61"})


def sleeps_in(numbers: set[str], pid: int, tid: int) -> bool:
    """Whether a thread is asleep in one of the system calls with these numbers."""
    with open(f"/proc/{pid}/task/{tid}/syscall") as file:
        return file.read().split()[0] in numbers


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        pass


class Holder:
    """A call in a thread of its own: `start` returns when it sleeps in the kernel, `end` when it is over. A call that
    was over before it was seen asleep, because the machine was away for so long, is made once more."""

    def __init__(self, call: Call, numbers: set[str]) -> None:
        self._call, self._numbers = call, numbers
        self.ended_ns = self.awake_ns = 0

    def start(self) -> None:
        wait_until(self._begins)

    def _begins(self) -> bool:
        """Whether a new call was seen asleep."""
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,))
        self._thread.start()
        started.wait()
        tid = self._thread.native_id or 0
        while self._thread.is_alive():
            with suppress(OSError):  # it has ended
                if sleeps_in(self._numbers, os.getpid(), tid):
                    return True
        return False

    def end(self) -> int:
        """When the call was over, by CLOCK_MONOTONIC."""
        self._thread.join()
        return self.ended_ns

    def _run(self, started: threading.Event) -> None:
        started.set()
        before = awake_ns()
        self._call()
        self.ended_ns = monotonic_ns()
        self.awake_ns = awake_ns() - before


def wait_once(holder: Holder, waiter: Call) -> tuple[int, int]:
    """How long the waiter's call had to wait for the holder's, and how long both were awake."""
    holder.start()
    start, before = monotonic_ns(), awake_ns()
    waiter()
    awake = awake_ns() - before
    return holder.end() - start, awake + holder.awake_ns


def wait_and_die(holder: Holder, victim: subprocess.Popen[str]) -> tuple[int, int]:
    """The same with a process that is killed before it has waited to the end: how long it waited. What it was awake it
    takes with it."""
    assert victim.stdin
    holder.start()
    start = monotonic_ns()
    victim.stdin.close()
    wait_until(lambda: victim.poll() is not None or sleeps_in(GETDENTS, victim.pid, victim.pid))
    assert victim.returncode is None, "the lock was free again before the victim came"
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    waited = monotonic_ns() - start
    holder.end()
    return waited, 0


def make(path: str) -> None:
    with suppress(PermissionError):
        os.mkdir(path)


def look_up(path: str) -> None:
    with suppress(FileNotFoundError):
        os.stat(path)


def main(kind: str, directory: str, rounds: str) -> None:
    gate.name_thread("contended")
    shared = os.open(os.path.join(directory, NAME), os.O_RDONLY)
    reads, makes = Holder(lambda: os.read(shared, 4096), READ), Holder(lambda: make(f"{directory}/held"), MKDIR)
    victims = [
        subprocess.Popen([sys.executable, "-c", LIST, directory], stdin=subprocess.PIPE, text=True)
        for _ in range(int(rounds) if kind == "killed" else 0)
    ]
    kinds: dict[str, Callable[[int], tuple[int, int]]] = {
        "mutex": lambda n: wait_once(reads, lambda: os.read(shared, 4096)),
        "rwsem-write": lambda n: wait_once(makes, lambda: make(f"{directory}/{n}")),
        "rwsem-read": lambda n: wait_once(makes, lambda: look_up(f"{directory}/{n}")),
        "killed": lambda n: wait_and_die(makes, victims[n]),
    }
    gate.wait("contended", victims=[victim.pid for victim in victims])
    waited, awake = zip(*(kinds[kind](n) for n in range(int(rounds))), strict=True)
    gate.report(rounds=len(waited), waited_ns=waited, waited_sum_ns=sum(waited), awake_ns=sum(awake))


if __name__ == "__main__":
    main(*sys.argv[1:])
