"""Traffic over loopback in a network namespace of its own:
`python -m tests.workloads.net_user OPERATION N [SIZE [HOST]]`.

OPERATION is what is done N times, at HOST (127.0.0.1 if not told):

- `exchange`: SIZE bytes are sent from a client to a server and come back, over one connection; then both close it, the
  client first;
- `refused`: a connection is asked for where nobody listens;
- `datagrams`: SIZE bytes are sent and taken; `pieces`: the same over a device that takes 1500 at once;
- `unanswered`: a connection is asked for at an address where nobody is, and again a second later.

At the gate: `netns`, the inode of the namespace, and `port`, the server's. Truth: `sent`, in bytes, each way; `client`,
the client's last port; `repeated`, how many requests for connections were, and `again`, how many other
segments, as the kernel counts. By then all that was sent has come: the connection is over at both ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import sys
import time
from collections.abc import Iterator

from tests.workloads import gate

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
SIOCADDRT = 0x890B
SIOCSIFMTU = 0x8922
TCP_SYNCNT = 7
DATAGRAMS = "datagrams", "pieces"
NOBODY = "10.99.99.99"
OVER = "06", "0A"  # TIME_WAIT, and LISTEN

libc = ctypes.CDLL(None, use_errno=True)


def enter() -> int:
    """A new namespace whose loopback is up, also for an address where nobody is."""
    if libc.unshare(CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("=16sH22x", b"lo", IFF_UP))
        add_route(any_socket)
    return os.stat("/proc/self/ns/net").st_ino


def take(size: int) -> None:
    """Loopback takes so many bytes at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFMTU, struct.pack("=16si20x", b"lo", size))


def add_route(any_socket: socket.socket) -> None:
    """To NOBODY over loopback: struct rtentry of include/uapi/linux/route.h."""
    device = ctypes.create_string_buffer(b"lo")
    address, mask, nothing = (
        struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(part))
        for part in (NOBODY, "255.255.255.255", "0.0.0.0")
    )
    flags = 0x1 | 0x4  # RTF_UP, RTF_HOST
    route = struct.pack(
        "@L16s16s16sHhLPhPLLH", 0, address, nothing, mask, flags, 0, 0, 0, 0, ctypes.addressof(device), 0, 0, 0
    )
    fcntl.ioctl(any_socket, SIOCADDRT, route)


def family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def receive(end: socket.socket, size: int) -> None:
    while size:
        size -= len(end.recv(size))


def exchange(server: socket.socket, count: int, size: int) -> int:
    client = socket.create_connection(server.getsockname()[:2])
    port: int = client.getsockname()[1]
    other, _ = server.accept()
    for _ in range(count):
        for one, another in ((client, other), (other, client)):
            one.sendall(bytes(size))
            receive(another, size)
    client.close()
    assert other.recv(1) == b""
    other.close()
    while any(state not in OVER for state in states()):
        time.sleep(0.001)
    return port


def states() -> Iterator[str]:
    """Of this namespace's TCP sockets, as proc(5) has them."""
    for name in ("tcp", "tcp6"):
        with open(f"/proc/thread-self/net/{name}") as file:
            next(file)
            yield from (line.split()[3] for line in file)


def ask(host: str, port: int) -> int:
    """For a connection that does not come about."""
    with socket.socket(family(host)) as client:
        client.setsockopt(socket.IPPROTO_TCP, TCP_SYNCNT, 1)
        with contextlib.suppress(OSError):
            client.connect((host, port))
            raise AssertionError("somebody is there")
    return 0


def counted(file: str, group: str, name: str) -> int:
    """A counter of this namespace's."""
    with open(f"/proc/thread-self/net/{file}") as counters:
        names, values = (line.split() for line in counters if line.startswith(f"{group}:"))
    return int(dict(zip(names, values, strict=True))[name])


def main(operation: str, count: str, size: str = "0", host: str = "127.0.0.1") -> None:
    number, netns = int(count), enter()
    server = socket.socket(family(host), socket.SOCK_DGRAM if operation in DATAGRAMS else socket.SOCK_STREAM)
    server.bind((host, 0))
    port = server.getsockname()[1]
    if operation == "exchange":
        server.listen()
    if operation == "pieces":
        take(1500)
    gate.wait("net_user", netns=netns, port=port)
    client = 0
    if operation == "exchange":
        client = exchange(server, number, int(size))
    elif operation in DATAGRAMS:
        with socket.socket(family(host), socket.SOCK_DGRAM) as sender:
            for _ in range(number):
                sender.sendto(bytes(int(size)), (host, port))
                assert len(server.recv(int(size))) == int(size)
            client = sender.getsockname()[1]
    else:
        for _ in range(number):
            ask(NOBODY if operation == "unanswered" else host, port)
    repeated = counted("netstat", "TcpExt", "TCPSynRetrans")
    again = counted("snmp", "Tcp", "RetransSegs") - repeated
    gate.report(sent=number * int(size), client=client, repeated=repeated, again=again)


if __name__ == "__main__":
    main(*sys.argv[1:])
