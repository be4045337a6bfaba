"""A process whose services are slow to connect, refuse, break off, or have names: `python -m tests.workloads.troubled
WHAT COUNT`, in a network namespace of its own. WHAT:

- `refused`: COUNT connections are asked for where nobody listens; `refused-later` the same without waiting in connect;
- `unreachable`: likewise at an address to which there is no way;
- `missing`: at the path of a unix socket that there is not;
- `backlog`: one is asked for whose other end cannot take it before the caller asks a second time, a second later;
- `reset`: COUNT questions, each of which is answered by a reset;
- `dns`: a name server that takes DELAY seconds is asked for one name COUNT times and for another one once, over sockets
  that are made for each; `dns-unconnected` by one socket that stays without a connection; `dns-tcp` over connections;
- `pool`: COUNT threads, each over a connection of its own, ask one service CALLS times;
- `silent`: COUNT datagrams to who never answers;
- `old-wait`: the caller waits since before the gate for an answer that comes DELAY seconds behind it, COUNT times;
- `served`: the caller is a server, and answers COUNT questions, which come DELAY seconds after one another;
- `unlike`: it waits COUNT times DELAY seconds each for the time, for a lock, for a pipe and for a child.

At the gate: `server`, the endpoint. Truth: `whole_ns` of the work by the caller's clock, `cpu_ns` of it on a processor.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from tests.workloads import gate
from tests.workloads.caller import ANSWER, QUESTION, elsewhere, name_of, receive, serve
from tests.workloads.net_user import enter

DELAY = 0.030
NAMES = "www.service.example", "a-name-that-is-longer-than-thirty-two-characters.example"
CALLS = 5  # of each thread of a pool
_DNS_HEADER = struct.Struct("!6H")
_SO_LINGER_NOW = struct.pack("ii", 1, 0)


def query(name: str) -> bytes:
    """A question for an address (RFC 1035, 4.1)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return _DNS_HEADER.pack(7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def name_server() -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    return server


def answer_names(server: socket.socket) -> None:
    while True:
        question, caller = server.recvfrom(512)
        time.sleep(DELAY)
        server.sendto(question, caller)


def closed_port() -> tuple[str, int]:
    """Where nobody listens: of a socket that is bound."""
    _HELD.append(socket.socket())
    _HELD[-1].bind(("127.0.0.1", 0))
    name: tuple[str, int] = _HELD[-1].getsockname()
    return name


_HELD: list[socket.socket] = []


def fails(address: object, family: int, *codes: int) -> None:
    with socket.socket(family) as end:
        code = end.connect_ex(address)  # type: ignore[arg-type]
        assert code in codes, os.strerror(code)


def refused(count: int) -> Iterator[str]:
    address = closed_port()
    yield f"{address[0]}:{address[1]}"
    for _ in range(count):
        fails(address, socket.AF_INET, errno.ECONNREFUSED)


def refused_later(count: int) -> Iterator[str]:
    address = closed_port()
    yield f"{address[0]}:{address[1]}"
    for _ in range(count):
        with socket.socket() as end:
            end.setblocking(False)
            assert end.connect_ex(address) == errno.EINPROGRESS
            select.select([], [end], [])
            assert end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def unreachable(count: int) -> Iterator[str]:
    yield "192.0.2.1:80"
    for _ in range(count):
        fails(("192.0.2.1", 80), socket.AF_INET, errno.ENETUNREACH)


def missing(count: int) -> Iterator[str]:
    yield "/nowhere/service"
    for _ in range(count):
        fails("/nowhere/service", socket.AF_UNIX, errno.ENOENT)


def turned_away() -> int:
    """How many requests for connections found a full queue in this network namespace."""
    with open("/proc/thread-self/net/netstat") as file:
        names, values = (line.split() for line in file if line.startswith("TcpExt:"))
    return int(values[names.index("ListenOverflows")])


def backlog(count: int) -> Iterator[str]:
    """A queue for one (the kernel adds one to what listen() is given) is full until the second request was made."""
    server = socket.create_server(("127.0.0.1", 0), backlog=0)
    yield name_of(server)
    first = socket.create_connection(server.getsockname())
    before = turned_away()

    def take() -> None:
        while turned_away() == before:
            time.sleep(0.001)
        server.accept()

    waiter = threading.Thread(target=take)
    waiter.start()
    second = socket.create_connection(server.getsockname())
    waiter.join()
    first.close()
    second.close()


def reset(count: int) -> Iterator[str]:
    server = socket.create_server(("127.0.0.1", 0))

    def break_off() -> None:
        while True:
            end, _ = server.accept()
            receive(end, QUESTION)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _SO_LINGER_NOW)
            end.close()

    with elsewhere(break_off):
        address = server.getsockname()
        server.close()
        yield f"{address[0]}:{address[1]}"
        for _ in range(count):
            with socket.create_connection(address) as end:
                end.sendall(bytes(QUESTION))
                with contextlib.suppress(ConnectionResetError):
                    raise AssertionError(end.recv(1))


def asked_names(count: int) -> Iterator[str]:
    return (name for name in [*[NAMES[0]] * count, NAMES[1]])


def dns(count: int) -> Iterator[str]:
    server = name_server()
    with elsewhere(lambda: answer_names(server)):
        server.close()
        yield "127.0.0.1:53"
        for name in asked_names(count):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.connect(("127.0.0.1", 53))
                end.send(query(name))
                assert select.select([end], [], [], 10)[0]
                end.recv(512)


def dns_unconnected(count: int) -> Iterator[str]:
    server = name_server()
    with elsewhere(lambda: answer_names(server)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        server.close()
        yield "127.0.0.1:53"
        for name in asked_names(count):
            end.sendmsg([query(name)], [], 0, ("127.0.0.1", 53))
            end.recvmsg(512)


def dns_tcp(count: int) -> Iterator[str]:
    """Questions and answers behind their lengths (RFC 1035, 4.2.2)."""
    server = socket.create_server(("127.0.0.1", 53))

    def answer() -> None:
        while True:
            end, _ = server.accept()
            with end:
                question = end.recv(512)
                time.sleep(DELAY)
                end.sendall(question)

    with elsewhere(answer):
        server.close()
        yield "127.0.0.1:53"
        for name in asked_names(count):
            with socket.create_connection(("127.0.0.1", 53)) as end:
                end.sendall(struct.pack("!H", len(query(name))) + query(name))
                end.recv(514)


def silent(count: int) -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.connect(server.getsockname())
            yield name_of(server)
            for _ in range(count):
                end.send(bytes(QUESTION))


def pool(count: int) -> Iterator[str]:
    server = socket.create_server(("127.0.0.1", 0))
    address = server.getsockname()

    def call() -> None:
        with socket.create_connection(address) as end:
            for _ in range(CALLS):
                end.sendall(bytes(QUESTION))
                receive(end, ANSWER)

    with elsewhere(lambda: serve(server, DELAY)):
        server.close()
        yield f"{address[0]}:{address[1]}"
        threads = [threading.Thread(target=call) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def old_wait(count: int) -> Iterator[str]:
    """A thread that is asleep in recv at the gate; what is behind it tells the service to answer."""
    server = socket.create_server(("127.0.0.1", 0))
    opened, go = os.pipe()

    def answer() -> None:
        end, _ = server.accept()
        while os.read(opened, 1):
            time.sleep(DELAY)
            end.sendall(b"1")

    with elsewhere(answer):
        name, end = name_of(server), socket.create_connection(server.getsockname())
        server.close()
        taken = threading.Semaphore(0)

        def take() -> None:
            for _ in range(count):
                receive(end, 1)
                taken.release()

        thread = threading.Thread(target=take)
        thread.start()
        while not _sleeps(thread.native_id or 0):
            time.sleep(0.001)
        yield name
        for _ in range(count):
            os.write(go, b"1")
            taken.acquire()
        thread.join()


def _sleeps(tid: int) -> bool:
    with open(f"/proc/self/task/{tid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def served(count: int) -> Iterator[str]:
    server = socket.create_server(("127.0.0.1", 0))
    address = server.getsockname()

    def ask() -> None:
        with socket.create_connection(address) as end:
            for _ in range(count):
                time.sleep(DELAY)
                end.sendall(bytes(QUESTION))
                receive(end, QUESTION)

    yield f"clients of :{address[1]}"
    with elsewhere(ask):
        end, _ = server.accept()
        for _ in range(count):
            receive(end, QUESTION)
            end.sendall(bytes(QUESTION))


WAYS: Mapping[str, Callable[[int], Iterator[str]]] = {
    "refused": refused,
    "refused-later": refused_later,
    "unreachable": unreachable,
    "missing": missing,
    "backlog": backlog,
    "reset": reset,
    "dns": dns,
    "dns-unconnected": dns_unconnected,
    "dns-tcp": dns_tcp,
    "pool": pool,
    "silent": silent,
    "old-wait": old_wait,
    "served": served,
}


# ------------------------------------------------------------------------------------------------------- waits alone


def for_time() -> None:
    time.sleep(DELAY)


def for_lock() -> None:
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(DELAY, lock.release).start()
    lock.acquire()


def for_pipe() -> None:
    with subprocess.Popen(["sleep", str(DELAY)], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.read()


def for_child() -> None:
    child = subprocess.Popen(["sleep", str(DELAY)])
    child.wait()


KINDS: Mapping[str, Callable[[], None]] = {
    "timers": for_time,
    "locks": for_lock,
    "pipes": for_pipe,
    "children": for_child,
}


def main(what: str, count: str) -> None:
    enter()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        work = unlike(int(count)) if what == "unlike" else WAYS[what](int(count))
        gate.wait("troubled", server=next(work))
        began, used = time.monotonic_ns(), time.process_time_ns()
        for _ in work:
            pass
        gate.report(whole_ns=time.monotonic_ns() - began, cpu_ns=time.process_time_ns() - used)
        os.chdir("/")


def unlike(count: int) -> Iterator[str]:
    yield ""
    for wait in KINDS.values():
        for _ in range(count):
            wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
