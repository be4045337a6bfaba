"""Endpoints: whom a process talks to, as the probes number them and as people write them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from errno import errorcode
from ipaddress import IPv4Address, IPv6Address

from pyvtrace.value import Value

_WORD = (1 << 64) - 1
_UNIX, _INET, _INET6 = 1, 2, 10  # AF_* of Linux
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 136: "udplite"}
_INWARDS = 1 << 16
_NAMELESS = 1  # the port of a unix socket whose peer has no name
DNS = 53

# What may have become of a connection, by the kernel's number of the error; others go by their C names.
_FAILURES = {
    0: "given up",
    2: "no such socket",
    32: "closed by peer",
    99: "no address",
    101: "no network",
    103: "aborted",
    104: "reset",
    110: "timed out",
    111: "refused",
    112: "host down",
    113: "no route",
}


class Endpoint(Value):
    """`protocol` is "tcp", "udp", "unix" and the like; `address` an IP address, the path of a unix socket ("@" before
    abstract ones), or a description where there is no name. `port` is 0 where there is none. `inwards`: whoever comes
    to a port or a socket of the process itself; then `address` is "" for all networks' addresses."""

    protocol: str
    address: str
    port: int = 0
    inwards: bool = False

    @property
    def name(self) -> str:
        """As people write it: 10.0.0.7:5432, [::1]:53, /run/service, clients of :80."""
        if self.protocol == "unix" or not self.port:
            name = self.address
        else:
            name = f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"
        return f"clients of {name}" if self.inwards else name

    @property
    def kind(self) -> str:
        """The protocol; "dns" for questions to a name server."""
        return "dns" if self.port == DNS and self.protocol in ("tcp", "udp") and not self.inwards else self.protocol


def endpoint_of(key: Sequence[int | str], paths: Mapping[int, str]) -> Endpoint:
    """The endpoint of a key's first four numbers: family * 256 + protocol + 65536 if it comes to us, address in two
    words, port. `paths` has names of unix sockets by the kernel's address of them."""
    kind, high, low, port = (int(part) for part in key[:4])
    inwards, family, protocol = bool(kind & _INWARDS), kind >> 8 & 0xFF, kind & 0xFF
    if family == _UNIX:
        return _unix(low & _WORD, port, inwards, paths)
    address = "" if inwards else _address(family, high & _WORD, low & _WORD)
    return Endpoint(_PROTOCOLS.get(protocol, f"ip {protocol}"), address, port, inwards)


def _unix(low: int, port: int, inwards: bool, paths: Mapping[int, str]) -> Endpoint:
    if port == _NAMELESS:
        return Endpoint("unix", f"socketpair of process {low}")
    if not low:
        return Endpoint("unix", "without a peer")
    return Endpoint("unix", paths.get(low, f"name at {low:#x}"), 0, inwards)


def _address(family: int, high: int, low: int) -> str:
    """The text of an address that is in memory as the network has it; IPv4 in an IPv6 socket is IPv4."""
    if family == _INET:
        return str(IPv4Address(struct.pack("<Q", low)[:4]))
    six = IPv6Address(struct.pack("<2Q", high, low))
    return str(six.ipv4_mapped or six)


def failure(number: int) -> str:
    """What became of it, in words."""
    return _FAILURES.get(number) or errorcode.get(number, f"error {number}")


def name_asked(labels: str) -> str:
    """A name of DNS as people write it: the packet's labels, but for the first one's length. A length is below 64, so
    that it may be a character of names, too: lengths are followed, not looked for."""
    raw = labels.encode("utf-8", "surrogateescape")
    # The first label ends where following lengths from there leads to the end.
    for first in range(1, min(64, len(raw)) + 1):
        parts = _labels(raw, first)
        if parts is not None:
            return ".".join(parts)
    return raw.decode("ascii", "replace")


def _labels(raw: bytes, first: int) -> list[str] | None:
    parts, at, size = [], 0, first
    while True:
        part = raw[at : at + size]
        if len(part) < size:
            return None
        parts.append(part.decode("ascii", "replace"))
        at += size
        if at == len(raw):
            return parts
        size = raw[at]
        at += 1
        if not 0 < size < 64:
            return None
