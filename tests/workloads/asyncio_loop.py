"""An asyncio program that knows what it did: `python -m tests.workloads.asyncio_loop FILE REQUESTS SLOW`.

A server on a socket, and a client in a thread of its own that asks for REQUESTS things that are nothing, then for SLOW
pairs of a read of FILE, at a place that is not in the page cache, and a computation of 50 ms of processor time, both in
the loop's thread. Truth: `waits` of the loop from the gate to the last answer, and how long each thing took: `read_ns`,
`compute_ns` and, by the thread's own clock, `compute_cpu_ns`; `read_queued_ns`, how long it stood in a run queue while
it read.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
import sys
import threading
import time

from tests.workloads import gate

APART = 4 << 20  # further than any read-ahead
COMPUTE_NS = 50_000_000


class Counting(selectors.EpollSelector):
    """Counts its waits."""

    waits = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        Counting.waits += 1
        return super().select(timeout)


def compute() -> None:
    end = time.thread_time_ns() + COMPUTE_NS
    while time.thread_time_ns() < end:
        sum(range(2000))


def queued_ns() -> int:
    """How long the calling thread has stood in a run queue so far, as the kernel says."""
    with open("/proc/thread-self/schedstat") as file:
        return int(file.read().split()[1])


class Server(asyncio.Protocol):
    def __init__(self, disk: int, truth: dict[str, list[int]], over: asyncio.Event) -> None:
        self._disk, self._truth, self._over = disk, truth, over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        since, ran = time.monotonic_ns(), time.thread_time_ns()
        if data == b"r":
            queued = queued_ns()
            os.pread(self._disk, 4096, APART * (1 + len(self._truth["read_ns"])))
            self._truth["read_ns"].append(time.monotonic_ns() - since)
            self._truth["read_queued_ns"].append(queued_ns() - queued)
        elif data == b"c":
            compute()
            self._truth["compute_ns"].append(time.monotonic_ns() - since)
            self._truth["compute_cpu_ns"].append(time.thread_time_ns() - ran)
        elif data == b"q":
            self._over.set()
        self._transport.write(data)


def client(end: socket.socket, requests: int, slow: int) -> None:
    for what in [b"n"] * requests + [b"r", b"c"] * slow + [b"q"]:
        end.sendall(what)
        end.recv(1)


async def main(path: str, requests: int, slow: int) -> None:
    truth: dict[str, list[int]] = {"read_ns": [], "read_queued_ns": [], "compute_ns": [], "compute_cpu_ns": []}
    over = asyncio.Event()
    ours, theirs = socket.socketpair()
    disk = os.open(path, os.O_RDONLY)
    gate.wait("asyncio_loop")
    waits = Counting.waits
    await asyncio.get_running_loop().create_connection(lambda: Server(disk, truth, over), sock=ours)
    thread = threading.Thread(target=client, args=(theirs, requests, slow))
    thread.start()
    await over.wait()
    # The process ends in its turn: no further wait.
    gate.report(waits=Counting.waits - waits, **truth)
    os._exit(0)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Counting())) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
