"""Connections over the loopback, made, refused, slowed down and ended; see `acts`."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import time
from typing import Any

from tests.workloads import acts

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def connects() -> dict[str, Any]:
    """A connection to IPv4, one to IPv6, one that is refused, and one to a path, which is no address."""
    refused = _free_port()
    ports = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.create_server((address, 0), family=family) as server:
            ports.append(server.getsockname()[1])
            socket.create_connection((address, ports[-1])).close()
    for target in (("127.0.0.1", refused), "/nonexistent/socket"):
        family = socket.AF_UNIX if isinstance(target, str) else socket.AF_INET
        with socket.socket(family) as tried, contextlib.suppress(ConnectionRefusedError, FileNotFoundError):
            tried.connect(target)
    return {"ports": ports, "refused": refused}


def accepts() -> dict[str, Any]:
    """Two connections accepted, from IPv4 and IPv6."""
    seen = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.create_server((address, 0), family=family) as server:
            client = socket.create_connection(server.getsockname()[:2])
            taken, peer = server.accept()
            seen.append((taken.fileno(), server.getsockname()[1], peer[1], address))
            client.close()
            taken.close()
    return {"seen": seen}


def carries(sent: int, answered: int, milliseconds: int) -> dict[str, Any]:
    """A connection on which this process sends and gets so many bytes, and a child is the other side."""
    server = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if not child:
        with server.accept()[0] as taken:
            left = sent
            while left:
                left -= len(taken.recv(min(left, 65536)))
            taken.sendall(bytes(answered))
            taken.recv(1)
        os._exit(0)
    began = time.monotonic_ns()
    client = socket.create_connection(server.getsockname())
    established = time.monotonic_ns()
    client.sendall(bytes(sent))
    left = answered
    while left:
        left -= len(client.recv(min(left, 65536)))
    time.sleep(milliseconds / 1000)
    port, local = server.getsockname()[1], client.getsockname()[1]
    least = time.monotonic_ns() - established
    client.close()
    os.waitpid(child, 0)
    return {"port": port, "local": local, "child": child, "lasted": (least, time.monotonic_ns() - began)}


def loses() -> dict[str, Any]:
    """A segment that a filter at the other side throws away until it has come twice more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        taken, _ = server.accept()
        nothing = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # ret 0
        program = struct.pack("HL", 1, ctypes.addressof(nothing))
        taken.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
        client.sendall(b"lost")

        def retransmitted() -> int:
            # tcpi_total_retrans of struct tcp_info
            info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
            return int(struct.unpack_from("I", info, 100)[0])

        while retransmitted() < 2:
            time.sleep(0.01)
        taken.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        taken.recv(4)
        truth = {"again": retransmitted(), "port": server.getsockname()[1], "local": client.getsockname()[1]}
        client.close()
        taken.close()
    return truth


def refused() -> dict[str, Any]:
    """A connection that is refused, and one that the other side breaks off."""
    port = _free_port()
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        taken, _ = server.accept()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        taken.close()
        with contextlib.suppress(ConnectionResetError):
            client.recv(1)
        broken = server.getsockname()[1], client.getsockname()[1]
    return {"refused": port, "broken": broken}


def lookups() -> dict[str, Any]:
    """Names looked up: one that is there, twice, and one that cannot be."""
    took = []
    for name in ("localhost", "localhost", "no such name"):
        before = time.monotonic_ns()
        with contextlib.suppress(socket.gaierror):
            socket.getaddrinfo(name, None)
        took.append(time.monotonic_ns() - before)
    return {"took": took}


if __name__ == "__main__":
    acts.main(globals())
