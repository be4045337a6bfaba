"""A process that talks to very many endpoints: `python -m tests.workloads.endpoints HOW COUNT`.

One service listens at a port of all addresses; the caller asks it SIZE bytes at each of 127.1.0.0 and those that
follow, one after the other, and takes an answer of as many. HOW:

- `tcp`: over a connection to each, which it breaks off;
- `udp`: from one socket without a connection.

At the gate: `port`. Truth: `whole_ns` of the work.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address

from tests.workloads import gate
from tests.workloads.caller import elsewhere

FIRST, SIZE = IPv4Address("127.1.0.0"), 10
_SO_LINGER_NOW = struct.pack("ii", 1, 0)  # no port is kept in TIME_WAIT


def address(place: int) -> str:
    """The address that is asked as number `place`, from 0."""
    return str(FIRST + place)


def answer_streams(server: socket.socket) -> None:
    while True:
        end, _ = server.accept()
        with end, contextlib.suppress(ConnectionError):
            end.sendall(end.recv(SIZE))
            end.recv(1)


def ask_streams(count: int, port: int) -> None:
    for place in range(count):
        with socket.socket() as end:
            end.connect((address(place), port))
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _SO_LINGER_NOW)
            end.sendall(bytes(SIZE))
            assert len(end.recv(SIZE)) == SIZE


def answer_datagrams(server: socket.socket) -> None:
    while True:
        server.sendto(*server.recvfrom(SIZE))


def ask_datagrams(count: int, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        for place in range(count):
            end.sendto(bytes(SIZE), (address(place), port))
            assert len(end.recv(SIZE)) == SIZE


WAYS: Mapping[str, tuple[int, Callable[[socket.socket], None], Callable[[int, int], None]]] = {
    "tcp": (socket.SOCK_STREAM, answer_streams, ask_streams),
    "udp": (socket.SOCK_DGRAM, answer_datagrams, ask_datagrams),
}


def main(how: str, count: int) -> None:
    kind, answer, ask = WAYS[how]
    server = socket.socket(socket.AF_INET, kind)
    server.bind(("0.0.0.0", 0))
    if kind == socket.SOCK_STREAM:
        server.listen()
    port = server.getsockname()[1]
    with elsewhere(lambda: answer(server)):
        server.close()
        gate.wait("endpoints", port=port)
        began = time.monotonic_ns()
        ask(count, port)
        gate.report(whole_ns=time.monotonic_ns() - began)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
