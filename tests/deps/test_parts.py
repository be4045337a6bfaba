"""The parts of `vtrace deps` that need no permission: names, shares, the script's table of waits, and lines."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.analysis.deps.endpoints import Endpoint, endpoint_of, failure, name_asked
from pyvtrace.analysis.deps.program import program, waits_of
from pyvtrace.analysis.deps.report import percents
from pyvtrace.analysis.deps.sockets import asleep, sockets_of
from pyvtrace.analysis.library import read_script
from pyvtrace.analysis.script import parse_script

SCRIPT = parse_script(read_script("deps/waits.d"))


@pytest.mark.parametrize(
    ("key", "name", "kind"),
    [
        ((2 * 256 + 6, 0, 0x0100007F, 5432), "127.0.0.1:5432", "tcp"),
        ((10 * 256 + 6, 0, 1 << 56, 80), "[::1]:80", "tcp"),
        # ::ffff:10.0.0.7
        ((10 * 256 + 17, 0, 0x0700000A_FFFF0000, 53), "10.0.0.7:53", "dns"),
        ((65536 + 2 * 256 + 6, 0, 0, 8080), "clients of :8080", "tcp"),
        ((256, 0, 7, 0), "/run/service", "unix"),
        ((65536 + 256, 0, 7, 0), "clients of /run/service", "unix"),
        ((256, 0, 42, 1), "socketpair of process 42", "unix"),
        # A key's parts are signed where the first that was seen was.
        ((2 * 256 + 17, 0, -1, 9), "255.255.255.255:9", "udp"),
    ],
)
def test_endpoints_are_named_as_people_write_them(key: tuple[int, int, int, int], name: str, kind: str) -> None:
    endpoint = endpoint_of(key, {7: "/run/service"})
    assert (endpoint.name, endpoint.kind) == (name, kind)


@pytest.mark.parametrize(
    "name", ["example", "www.example.org", "a" * 40 + ".b", "x." + "y" * 63, "0." * 20 + "ip6.arpa", "-." + "z" * 45]
)
def test_names_of_dns_are_read_by_their_lengths(name: str) -> None:
    wire = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    assert name_asked(wire[1:].decode("ascii")) == name


def test_errors_have_words() -> None:
    assert [failure(number) for number in (111, 104, 110, 13)] == ["refused", "reset", "timed out", "EACCES"]


@given(st.lists(st.integers(min_value=0, max_value=10**15), min_size=1, max_size=200))
def test_shares_add_up_to_a_hundred(parts: list[int]) -> None:
    shares = percents(parts)
    whole = sum(parts)
    assert round(sum(shares), 1) == (100.0 if whole else 0.0)
    for part, share in zip(parts, shares, strict=True):
        assert not whole or abs(share - 100 * part / whole) < 0.1 + 1e-9


def test_the_script_says_what_calls_wait_for() -> None:
    waits = waits_of(SCRIPT)
    expected = {
        "epoll_wait": "events",
        "epoll_pwait2": "events",
        "poll": "events",
        "futex": "locks",
        "futex_waitv": "locks",
        "clock_nanosleep": "timers",
        "fdatasync": "disk",
        "wait4": "children",
        "accept4": "clients",
        "recvfrom": "",
        "write": "",
        "pause": "other",
    }
    assert {name: waits.of_call(name) for name in expected} == expected
    assert set(expected.values()) - {""} <= set(waits.kinds.values())


def test_conditions_are_in_every_clause_where_something_is_taken_up() -> None:
    text = program(SCRIPT, ["(pid == 42)"], 42, [8080, 443])
    assert text.count("pid == 42") == len(SCRIPT.filters) == 8
    assert "args[2]->tgid == 42" in text
    assert "listening[443] = 1;\n\tlistening[8080] = 1;" in text


def test_what_this_process_has_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET6) as unused:
        address, port = server.getsockname()
        with socket.create_connection((address, port)) as client, socket.create_connection((address, port)) as other:
            taken = [server.accept()[0] for _ in range(2)]
            found = sockets_of(os.getpid())
            assert port in found.listening
            assert found.held[Endpoint("tcp", address, port)] == 2
            assert found.held[Endpoint("tcp", "", port, True)] == 2
            inode = os.fstat(client.fileno()).st_ino
            assert found.peers[inode] == Endpoint("tcp", address, port)
            assert os.fstat(other.fileno()).st_ino in found.peers
            assert os.fstat(unused.fileno()).st_ino not in found.peers
            for end in taken:
                end.close()
    assert not found.ring


def test_a_process_that_has_ended_has_nothing() -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    assert not sockets_of(gone).peers
    assert asleep(gone) == {}
