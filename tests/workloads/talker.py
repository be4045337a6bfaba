"""A process that talks to services in the less usual ways: `python -m tests.workloads.talker WHAT`, in a network
namespace of its own. A service answers ANSWER bytes DELAY seconds after a question of QUESTION bytes. WHAT:

- `unix`: by datagrams, with and without a connection, and packets to unix sockets with paths and abstract names;
- `copied`: a descriptor that was copied for it is closed between question and answer;
- `reused`: one descriptor is that of two services in turn;
- `spliced`: questions and answers go through sendfile() and splice();
- `pipelined`: three questions at once over one connection, which are answered one after the other;
- `half-closed`: the answer comes once the caller has shut its half;
- `hung-up`: the service closes instead of answering;
- `non-blocking`: connections are asked for and answers taken when epoll says so;
- `silence`: no answer comes in the time that the caller gives it, and no connection;
- `batches`: several messages a call, over UDP on IPv6, with an address in each;
- `encrypted`: with TLS, whose handshake is two turns more;
- `threads`: a pool of them, and a child, which is another process;
- `relay`: a server asks a service for each question that it is asked;
- `open`: everything was open before, and one question was asked.

Truth: `talks`, by endpoint the counts of connections, questions, answers, bytes sent and received that there were;
`errors` likewise; `whole_ns` of the work by the caller's clock, `cpu_ns` of it on a processor, `slow` how many times
DELAY something was waited for.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tests.workloads import gate
from tests.workloads.caller import ANSWER, QUESTION, elsewhere, name_of, receive, serve
from tests.workloads.net_user import enter

DELAY = 0.020
Talks = dict[str, tuple[int, int, int, int, int]]  # connections, questions, answers, bytes sent, received
Way = Generator[Talks, None, None]

T = TypeVar("T")

ERRORS: dict[str, dict[str, int]] = {}
_TCP_USER_TIMEOUT = 18
_MSG_WAITFORONE = 0x10000


@contextlib.contextmanager
def service(work: Callable[[socket.socket], object] | None = None) -> Iterator[tuple[str, socket.socket]]:
    """Name and listening socket of one over TCP that is a process of its own."""
    server = socket.create_server(("127.0.0.1", 0))
    with elsewhere(lambda: (work or (lambda server: serve(server, DELAY)))(server)):
        yield name_of(server), server


def talk(connections: int, turns: int) -> tuple[int, int, int, int, int]:
    return connections, turns, turns, turns * QUESTION, turns * ANSWER


def ask(end: socket.socket, times: int = 1) -> None:
    for _ in range(times):
        end.sendall(bytes(QUESTION))
        assert receive(end, ANSWER)


def each(server: socket.socket, work: Callable[[socket.socket], None]) -> None:
    """One connection after the other."""
    while True:
        end, _ = server.accept()
        with end:
            work(end)


def echo(server: socket.socket) -> None:
    while True:
        question, caller = server.recvfrom(4096)
        time.sleep(DELAY)
        server.sendto(question, caller)


def echo_packets(server: socket.socket) -> None:
    def work(end: socket.socket) -> None:
        while question := end.recv(4096):
            time.sleep(DELAY)
            end.send(question)

    each(server, work)


def unix() -> Way:
    with tempfile.TemporaryDirectory() as directory:
        path, hidden, packets = f"{directory}/datagrams", "\0hidden", "\0packets"
        works: dict[str, Callable[[socket.socket], None]] = {path: echo, hidden: echo, packets: echo_packets}
        servers = {}
        for name in works:
            kind = socket.SOCK_SEQPACKET if name == packets else socket.SOCK_DGRAM
            servers[name] = socket.socket(socket.AF_UNIX, kind)
            servers[name].bind(name)
        servers[packets].listen()

        def work() -> None:
            for name, server in servers.items():
                threading.Thread(target=works[name], args=(server,), daemon=True).start()

        with elsewhere(work):
            for server in servers.values():
                server.close()
            yield {}
            ends = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(3)]
            for number, end in enumerate(ends):
                end.bind(f"\0talker {number}")
            ends[0].connect(path)
            for _ in range(2):
                ends[0].send(bytes(10))
                ends[0].recv(10)
            for _ in range(3):
                ends[1].sendto(bytes(10), path)
                ends[1].recv(10)
            for _ in range(4):
                ends[2].sendmsg([bytes(10)], [], 0, hidden)
                ends[2].recvmsg(10)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
                end.connect(packets)
                for _ in range(5):
                    end.send(bytes(10))
                    end.recv(10)
        yield {path: (1, 5, 5, 50, 50), "@hidden": (0, 4, 4, 40, 40), "@packets": (1, 5, 5, 50, 50)}


def copied() -> Way:
    with service() as (name, server):
        yield {}
        with socket.create_connection(server.getsockname()) as end:
            for _ in range(4):
                with end.dup() as other:
                    other.sendall(bytes(QUESTION))
                assert receive(end, ANSWER)
        yield {name: talk(1, 4)}


def reused() -> Way:
    with service() as (name, server), service() as (other, another):
        yield {}
        numbers = set()
        for place in (server.getsockname(), another.getsockname()) * 3:
            with socket.create_connection(place) as end:
                numbers.add(end.fileno())
                ask(end)
        assert len(numbers) == 1
        yield {name: talk(3, 3), other: talk(3, 3)}


def spliced() -> Way:
    with service() as (name, server), tempfile.TemporaryFile() as file:
        file.write(bytes(QUESTION))
        file.flush()
        out, into = os.pipe()
        yield {}
        with socket.create_connection(server.getsockname()) as end:
            for _ in range(2):
                os.sendfile(end.fileno(), file.fileno(), 0, QUESTION)
                assert receive(end, ANSWER)
            for _ in range(3):
                os.write(into, bytes(QUESTION))
                assert os.splice(out, end.fileno(), QUESTION) == QUESTION
                left = ANSWER
                while left:
                    part = os.splice(end.fileno(), into, left)
                    left -= len(os.read(out, part))
        yield {name: talk(1, 5)}


def pipelined() -> Way:
    def work(end: socket.socket) -> None:
        while receive(end, QUESTION):
            time.sleep(DELAY)
            end.sendall(bytes(ANSWER))

    with service(lambda server: each(server, work)) as (name, server):
        yield {}
        with socket.create_connection(server.getsockname()) as end:
            for _ in range(2):
                for _ in range(3):
                    end.sendall(bytes(QUESTION))
                assert receive(end, 3 * ANSWER)
        yield {name: (1, 2, 2, 6 * QUESTION, 6 * ANSWER)}


def half_closed() -> Way:
    def work(end: socket.socket) -> None:
        while end.recv(4096):
            pass
        time.sleep(DELAY)
        end.sendall(bytes(ANSWER))

    with service(lambda server: each(server, work)) as (name, server):
        yield {}
        for _ in range(4):
            with socket.create_connection(server.getsockname()) as end:
                end.sendall(bytes(QUESTION))
                end.shutdown(socket.SHUT_WR)
                assert receive(end, ANSWER)
                assert not end.recv(1)
        yield {name: talk(4, 4)}


def hung_up() -> Way:
    def work(end: socket.socket) -> None:
        receive(end, QUESTION)
        time.sleep(DELAY)

    with service(lambda server: each(server, work)) as (name, server):
        yield {}
        for _ in range(4):
            with socket.create_connection(server.getsockname()) as end:
                end.sendall(bytes(QUESTION))
                assert not end.recv(1)
        yield {name: (4, 4, 0, 4 * QUESTION, 0)}


def non_blocking() -> Way:
    with service() as (name, server):
        yield {}
        for _ in range(4):
            with socket.socket() as end, select.epoll() as events:
                end.setblocking(False)
                assert end.connect_ex(server.getsockname()) == errno.EINPROGRESS
                events.register(end, select.EPOLLOUT)
                events.poll()
                assert end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
                end.send(bytes(QUESTION))
                events.modify(end, select.EPOLLIN)
                left = ANSWER
                while left:
                    events.poll()
                    left -= len(end.recv(left))
        yield {name: talk(4, 4)}


def silence() -> Way:
    with (
        service(lambda server: time.sleep(60)) as (name, server),
        # A queue for one (the kernel adds one to what listen() is given), and who is in it.
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
    ):
        yield {}
        with socket.create_connection(server.getsockname()) as end:
            end.settimeout(2 * DELAY)
            for _ in range(3):
                end.sendall(bytes(QUESTION))
                with contextlib.suppress(TimeoutError):
                    raise AssertionError(end.recv(1))
        for _ in range(2):
            with socket.socket() as end:
                end.settimeout(2 * DELAY)
                with contextlib.suppress(TimeoutError):
                    raise AssertionError(end.connect(full.getsockname()))  # type: ignore[func-returns-value]
        with socket.socket() as end:
            # Looked at when the request is repeated, a second later.
            end.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, 500)
            assert end.connect_ex(full.getsockname()) == errno.ETIMEDOUT
        ERRORS[name_of(full)] = {"given up": 2, "timed out": 1}
        yield {name: (1, 1, 0, 3 * QUESTION, 0), name_of(full): (0, 0, 0, 0, 0)}


class _Part(ctypes.Structure):
    _fields_ = [("base", ctypes.POINTER(ctypes.c_char)), ("size", ctypes.c_size_t)]  # struct iovec


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = [
        ("name", ctypes.c_char_p), ("name_size", ctypes.c_uint), ("parts", ctypes.POINTER(_Part)),
        ("count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int), ("padding", ctypes.c_int), ("size", ctypes.c_uint),
    ]  # fmt: skip


def _messages(sizes: Sequence[int], place: bytes = b"") -> ctypes.Array[_Message]:
    """To an address, or with room for what comes."""
    parts = [
        _Part(ctypes.cast(ctypes.create_string_buffer(size), ctypes.POINTER(ctypes.c_char)), size) for size in sizes
    ]
    return (_Message * len(sizes))(*(_Message(place or None, len(place), ctypes.pointer(part), 1) for part in parts))


def batches() -> Way:
    """As glibc asks for both kinds of addresses at once; the service waits before the first of its answers."""
    sizes, libc = (10, 20, 30), ctypes.CDLL(None, use_errno=True)

    def answer(server: socket.socket) -> None:
        while True:
            question, caller = server.recvfrom(100)
            time.sleep(DELAY if len(question) == sizes[0] else 0)
            server.sendto(question, caller)

    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.bind(("::1", 0))
        port = server.getsockname()[1]
        place = socket.AF_INET6.to_bytes(2, sys.byteorder) + port.to_bytes(2, "big") + bytes(4)
        place += socket.inet_pton(socket.AF_INET6, "::1") + bytes(4)
        with elsewhere(lambda: answer(server)):
            yield {}
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as end:
                for _ in range(4):
                    sent = _messages(sizes, place)
                    assert libc.sendmmsg(end.fileno(), sent, len(sizes), 0) == len(sizes)
                    left = len(sizes)
                    while left:
                        into = _messages((sizes[-1],) * left)
                        got = libc.recvmmsg(end.fileno(), into, left, _MSG_WAITFORONE, None)
                        assert got > 0
                        left -= got
            yield {f"[::1]:{port}": (0, 4, 4, 4 * sum(sizes), 4 * sum(sizes))}


def _context(protocol: int) -> ssl.SSLContext:
    """TLS 1.2 by a key that nobody vouches for: it needs no certificates, and its handshake is two turns (RFC 5246)."""
    context = ssl.SSLContext(protocol)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    return context


def encrypted() -> Way:
    """The caller moves the bytes between TLS and the socket, and counts them."""

    def work(end: socket.socket) -> None:
        with _context(ssl.PROTOCOL_TLS_SERVER).wrap_socket(end, server_side=True) as inside:
            while receive(inside, QUESTION):
                time.sleep(DELAY)
                inside.sendall(bytes(ANSWER))

    with service(lambda server: each(server, work)) as (name, server):
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = _context(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(into, out)
        sent = received = 0
        yield {}
        with socket.create_connection(server.getsockname()) as end:

            def until_done(act: Callable[[], T]) -> T:
                nonlocal sent, received
                while True:
                    try:
                        return act()
                    except ssl.SSLWantReadError:
                        sent += end.send(out.read()) if out.pending else 0
                        received += into.write(end.recv(1 << 16))

            until_done(tls.do_handshake)
            for _ in range(4):
                tls.write(bytes(QUESTION))
                left = ANSWER
                while left:
                    left -= len(until_done(lambda: tls.read(ANSWER)))
        yield {name: (1, 2 + 4, 2 + 4, sent, received)}


def threads() -> Way:
    with service() as (name, server):

        def call() -> None:
            with socket.create_connection(server.getsockname()) as end:
                ask(end)

        yield {}
        with ThreadPoolExecutor(4) as pool:
            for _ in range(12):
                pool.submit(call)
        child = os.fork()
        if child == 0:
            call()
            os._exit(0)
        os.waitpid(child, 0)
        yield {name: talk(12, 12)}


def relay() -> Way:
    front = socket.create_server(("127.0.0.1", 0))

    def clients() -> None:
        with socket.create_connection(front.getsockname()) as end:
            for _ in range(4):
                end.sendall(bytes(10))
                receive(end, 20)
            receive(end, 1)

    with service() as (name, server):
        yield {}
        with elsewhere(clients):
            end, _ = front.accept()
            with end, socket.create_connection(server.getsockname()) as backend:
                for _ in range(4):
                    receive(end, 10)
                    ask(backend)
                    end.sendall(bytes(20))
        yield {name: talk(1, 4), f"clients of :{front.getsockname()[1]}": (0, 0, 0, 80, 40)}


def opened() -> Way:
    with service() as (name, server), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        with elsewhere(lambda: echo(datagrams)):
            ends = [socket.create_connection(server.getsockname()) for _ in range(2)]
            connected = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            connected.connect(datagrams.getsockname())
            ends[1].sendall(bytes(QUESTION))
            yield {}
            assert receive(ends[1], ANSWER)
            ask(ends[0], 3)
            for _ in range(3):
                connected.send(bytes(10))
                connected.recv(10)
        yield {name: (0, 3, 3, 3 * QUESTION, 4 * ANSWER), name_of(datagrams): (0, 3, 3, 30, 30)}


# How many times DELAY the caller waits, at least, and how.
WAYS: Mapping[str, tuple[int, Callable[[], Way]]] = {
    "unix": (14, unix),
    "copied": (4, copied),
    "reused": (6, reused),
    "spliced": (5, spliced),
    "pipelined": (6, pipelined),
    "half-closed": (4, half_closed),
    "hung-up": (4, hung_up),
    "non-blocking": (4, non_blocking),
    "silence": (10 + 25, silence),
    "batches": (4, batches),
    "encrypted": (4, encrypted),
    "threads": (12, threads),
    "relay": (4, relay),
    "open": (6, opened),
}


def main(what: str) -> None:
    enter()
    slow, way = WAYS[what]
    work = way()
    next(work)
    gate.wait("talker")
    began, used = time.monotonic_ns(), time.process_time_ns()
    talks = next(work)
    gate.report(
        talks=talks, errors=ERRORS, slow=slow,
        whole_ns=time.monotonic_ns() - began, cpu_ns=time.process_time_ns() - used,
    )  # fmt: skip
    work.close()


if __name__ == "__main__":
    main(sys.argv[1])
