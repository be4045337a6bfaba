"""Processes that all want the same short lock of the kernel's: `python -m tests.workloads.storm KIND N`.

Two processes for each CPU do N times what takes a lock of that KIND: `spinlock` (that of one file's flocks), `mutex`
(that of one pipe), `rwsem` (that of one directory) or `rwlock` (that of the table of processes). How often they meet is
chance, that they do is not. Truth: `pids`, `calls`, and `alive_ns`, the times from start to end of all of them, summed:
they cannot have waited longer.
"""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections.abc import Callable
from itertools import repeat
from time import monotonic_ns

from tests.workloads import gate

PIECE = b"x" * 4096  # PIPE_BUF: written and read in one piece


def spinlock(directory: str, calls: int) -> None:
    file = os.open(f"{directory}/one", os.O_RDWR | os.O_CREAT)
    for _ in repeat(None, calls):
        fcntl.flock(file, fcntl.LOCK_SH)


def rwsem(directory: str, calls: int) -> None:
    name = f"{directory}/{os.getpid()}"
    for _ in repeat(None, calls):
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
        os.unlink(name)


def mutex(pipe: str, calls: int) -> None:
    ends = os.open(pipe, os.O_RDWR)
    for _ in repeat(None, calls):
        os.write(ends, PIECE)
        os.read(ends, len(PIECE))


def rwlock(directory: str, calls: int) -> None:
    for _ in repeat(None, calls):
        os.setpgid(0, 0)
        os.killpg(0, 0)


KINDS: dict[str, Callable[[str, int], None]] = {"spinlock": spinlock, "mutex": mutex, "rwsem": rwsem, "rwlock": rwlock}


def start(work: Callable[[], None], opens: tuple[int, int], tells: int) -> int:
    """Process id of a child that works when the pipe `opens` is closed, and then tells how long it was alive."""
    gate_end, keep_open = opens
    child = os.fork()
    if child:
        return child
    born = monotonic_ns()
    os.close(keep_open)
    os.read(gate_end, 1)
    work()
    os.write(tells, (monotonic_ns() - born).to_bytes(8, "little"))
    os._exit(0)


def main(kind: str, calls: int) -> None:
    gate.name_thread("storm")
    with tempfile.TemporaryDirectory() as directory:
        path = directory
        if kind == "mutex":
            path = f"{directory}/pipe"
            os.mkfifo(path)
        opens, (hears, tells) = os.pipe(), os.pipe()
        count = 2 * len(os.sched_getaffinity(0))
        pids = [start(lambda: KINDS[kind](path, calls), opens, tells) for _ in range(count)]
        gate.wait("storm", pids=pids)
        os.close(opens[1])
        for pid in pids:
            os.waitpid(pid, 0)
        told = os.read(hears, 8 * count)
    alive = [int.from_bytes(told[at : at + 8], "little") for at in range(0, len(told), 8)]
    gate.report(pids=pids, alive_ns=sum(alive), calls=calls * count)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
