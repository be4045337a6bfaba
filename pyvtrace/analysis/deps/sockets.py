"""What a process has open and what its threads sleep in, from /proc: sockets made and waits begun before a trace."""

from __future__ import annotations

import contextlib
import os
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from pyvtrace.analysis.deps.endpoints import Endpoint
from pyvtrace.value import Value

_LISTEN, _ESTABLISHED = 0x0A, 0x01
_TABLES = {"tcp": "tcp", "tcp6": "tcp", "udp": "udp", "udp6": "udp"}
_UNIX_ACCEPTS = 1 << 16  # __SO_ACCEPTCON
# States of /proc/PID/stat in which a thread waits.
_ASLEEP = "SD"


class Sockets(Value):
    """`peers` has the endpoint of each socket that has one, by inode, `held` how many connections the process
    has to each endpoint, `listening` its ports of TCP, `ring` whether it has an io_uring."""

    peers: Mapping[int, Endpoint]
    held: Mapping[Endpoint, int]
    listening: frozenset[int]
    ring: bool


class Asleep(Value):
    """A thread that sleeps in the system call `number` (-1: none), whose first argument `fd` may be the descriptor of
    `file`, as /proc/PID/fd has it."""

    number: int
    file: str


def sockets_of(pid: int) -> Sockets:
    """As they are now; nothing for a process that has ended."""
    files = frozenset(_files(pid))
    inodes = {int(name[8:-1]) for name in files if name.startswith("socket:[")}
    listening: set[int] = set()
    peers: dict[int, Endpoint] = {}
    waiting: set[int] = set()  # for connections, and none themselves
    for table, protocol in _TABLES.items():
        for inode, local, remote, state in _rows(pid, table):
            if inode not in inodes:
                continue
            if protocol == "tcp" and state == _LISTEN:
                listening.add(local[1])
                waiting.add(inode)
                peers[inode] = Endpoint(protocol, "", local[1], True)
            elif remote[1] and (protocol == "udp" or state == _ESTABLISHED):
                peers[inode] = Endpoint(protocol, *remote)
            if protocol == "tcp" and local[1] in listening and state != _LISTEN:
                peers[inode] = Endpoint(protocol, "", local[1], True)
    for inode, endpoint, accepts in _unix(pid):
        if inode in inodes:
            peers[inode] = endpoint
            waiting |= {inode} if accepts else set()
    held = Counter(endpoint for inode, endpoint in peers.items() if inode not in waiting)
    return Sockets(peers, held, frozenset(listening), "anon_inode:[io_uring]" in files)


def _files(pid: int) -> Iterator[str]:
    """What descriptors are of; those that are closed meanwhile are left out."""
    with contextlib.suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                yield os.readlink(f"/proc/{pid}/fd/{fd}")


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().split("\n")[1:-1]
    except OSError:
        return []


def _rows(pid: int, table: str) -> Iterator[tuple[int, tuple[str, int], tuple[str, int], int]]:
    """(inode, local, remote, state) of a table in the process's network namespace; those that listen come first, as
    the kernel has them."""
    for line in _lines(f"/proc/{pid}/net/{table}"):
        fields = line.split()
        yield int(fields[9]), _place(fields[1]), _place(fields[2]), int(fields[3], 16)


def _place(text: str) -> tuple[str, int]:
    """Address and port of 0100007F:1F90, the address in words as they are in memory."""
    words, _, port = text.rpartition(":")
    raw = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
    if len(raw) == 4:
        return str(IPv4Address(raw)), int(port, 16)
    six = IPv6Address(raw)
    return str(six.ipv4_mapped or six), int(port, 16)


def _unix(pid: int) -> Iterator[tuple[int, Endpoint, bool]]:
    """(inode, endpoint, whether it waits for connections) of sockets with a name of their own: those that others come
    to. Whom one without a name talks to is not told."""
    for line in _lines(f"/proc/{pid}/net/unix"):
        fields = line.split(None, 7)
        if len(fields) == 8:
            yield int(fields[6]), Endpoint("unix", fields[7], 0, True), bool(int(fields[3], 16) & _UNIX_ACCEPTS)


def asleep(pid: int) -> dict[int, Asleep]:
    """The threads that sleep now, by number."""
    found = {}
    with contextlib.suppress(OSError):
        for tid in map(int, os.listdir(f"/proc/{pid}/task")):
            with contextlib.suppress(OSError):
                thread = _sleeper(pid, tid)
                if thread is not None:
                    found[tid] = thread
    return found


def _sleeper(pid: int, tid: int) -> Asleep | None:
    with open(f"/proc/{pid}/task/{tid}/stat", encoding="utf-8", errors="replace") as file:
        state = file.read().rpartition(")")[2].split()[0]
    if state not in _ASLEEP:
        return None
    with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as file:
        words = file.read().split()
    if len(words) < 2 or words[0] == "running":
        return None if words[:1] == ["running"] else Asleep(-1, "")
    fd, name = int(words[1], 16), ""
    if fd < 1 << 20:
        with contextlib.suppress(OSError):
            name = os.readlink(f"/proc/{pid}/fd/{fd}")
    return Asleep(int(words[0]), name)
