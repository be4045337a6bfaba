"""A process that calls five services of which one is slow: `python -m tests.workloads.caller HOW ROUNDS [old]`.

The services are a process of their own: three on ports of 127.0.0.1, one on ::1, one on a unix socket. Each answers
ANSWER bytes to QUESTION bytes: the third of 127.0.0.1 waits SLOW seconds first, the others QUICK. The caller asks each
ROUNDS times, one after the other, over a connection that it makes behind the gate, or before it if `old`. HOW:

- `blocking`: it sends and waits in recv;
- `asyncio`: streams of an event loop, which waits in epoll_wait.

At the gate: `services`, the name of each as people write it; `slow`, one of them. Truth, by the caller's clock:
`waited_ns` for each service, from the end of its questions to their answers, and `median_ns` of one; `whole_ns` of the
work, `cpu_ns` of it on a processor.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from tests.workloads import gate

QUESTION, ANSWER = 100, 3000
QUICK, SLOW = 0.001, 0.050
_SLOW_PLACE = 2

Times = dict[str, list[int]]
Ends = Mapping[str, socket.socket]


def receive(end: socket.socket, size: int) -> bool:
    """Whether all of it came, and not the end."""
    while size:
        part = end.recv(size)
        if not part:
            return False
        size -= len(part)
    return True


def answer(end: socket.socket, delay: float) -> None:
    with end, contextlib.suppress(ConnectionError):
        while receive(end, QUESTION):
            time.sleep(delay)
            end.sendall(bytes(ANSWER))


def serve(server: socket.socket, delay: float) -> None:
    """Until the process ends; in a process that closes the server, until it does."""
    while True:
        try:
            end, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(end, delay), daemon=True).start()


def listeners(directory: str) -> list[socket.socket]:
    made = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    made.append(socket.create_server(("::1", 0), family=socket.AF_INET6))
    local = socket.socket(socket.AF_UNIX)
    local.bind(os.path.join(directory, "service"))
    local.listen()
    return [*made, local]


def name_of(server: socket.socket) -> str:
    """As people write it."""
    address = server.getsockname()
    if isinstance(address, str):
        return address
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.contextmanager
def elsewhere(work: Callable[[], object]) -> Iterator[None]:
    """Work that never ends, in a process of its own, until the block does or this process is gone."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        threading.Thread(target=work, daemon=True).start()
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@contextlib.contextmanager
def services() -> Iterator[dict[str, tuple[socket.AddressFamily, object]]]:
    """Family and address of each, by name."""
    with tempfile.TemporaryDirectory() as directory:
        servers = listeners(directory)

        def work() -> None:
            for place, server in enumerate(servers):
                delay = SLOW if place == _SLOW_PLACE else QUICK
                threading.Thread(target=serve, args=(server, delay), daemon=True).start()

        with elsewhere(work):
            places = {
                name_of(server): (socket.AddressFamily(server.family), server.getsockname()) for server in servers
            }
            for server in servers:
                server.close()
            yield places


# ------------------------------------------------------------------------------------------------------------- callers


def connect(family: socket.AddressFamily, address: object) -> socket.socket:
    end = socket.socket(family)
    end.connect(address)  # type: ignore[arg-type]
    return end


def call_blocking(ends: Ends, rounds: int) -> Times:
    waited: Times = {name: [] for name in ends}
    for _ in range(rounds):
        for name, end in ends.items():
            end.sendall(bytes(QUESTION))
            asked = time.monotonic_ns()
            assert receive(end, ANSWER)
            waited[name].append(time.monotonic_ns() - asked)
    return waited


async def call_each(ends: Ends, rounds: int) -> Times:
    waited: Times = {name: [] for name in ends}
    streams = {name: await asyncio.open_connection(sock=end) for name, end in ends.items()}
    for _ in range(rounds):
        for name, (reader, writer) in streams.items():
            writer.write(bytes(QUESTION))
            asked = time.monotonic_ns()
            await reader.readexactly(ANSWER)
            waited[name].append(time.monotonic_ns() - asked)
    for _, writer in streams.values():
        writer.close()
    return waited


def call_asyncio(ends: Ends, rounds: int) -> Times:
    for end in ends.values():
        end.setblocking(False)
    return asyncio.run(call_each(ends, rounds))


CALLERS: Mapping[str, Callable[[Ends, int], Times]] = {"blocking": call_blocking, "asyncio": call_asyncio}


def main(how: str, rounds: str, old: str = "") -> None:
    with services() as places:
        ends = {name: connect(*place) for name, place in places.items()} if old else {}
        gate.wait("caller", services=list(places), slow=list(places)[_SLOW_PLACE])
        began, used = time.monotonic_ns(), time.process_time_ns()
        ends = ends or {name: connect(*place) for name, place in places.items()}
        waited = CALLERS[how](ends, int(rounds))
        gate.report(
            waited_ns={name: sum(times) for name, times in waited.items()},
            median_ns={name: statistics.median(times) for name, times in waited.items()},
            whole_ns=time.monotonic_ns() - began,
            cpu_ns=time.process_time_ns() - used,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
