"""The ip, tcp and udp providers against traffic of which everything is known, in a network namespace of its own."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.truth.live import Missed, Trace, again_if_missed

HOSTS = ("127.0.0.1", "::1")
SYN, ACK, RST, FIN = 0x02, 0x10, 0x04, 0x01


class Repeated(Missed):
    """The machine stood still for so long that the kernel sent segments again, as it says: it was not this traffic."""


def traced(work: Any, program: str) -> tuple[Trace, dict[str, Any]]:
    """A program of which $1 is the namespace and $2 the server's port."""
    arguments = [work.facts["netns"], work.facts["port"]][: 1 + ("$2" in program)]
    with Trace(program, *arguments, strsize="64") as trace:
        truth = work.release()
    if trace.dropped("missed"):
        raise Missed
    if truth["again"]:
        raise Repeated
    return trace, truth


def counts(trace: Trace, name: str = "_") -> dict[Any, int]:
    return dict(trace.values(name))


SEGMENTS = """
tcp:::send, tcp:::receive /args[1]->cs_zoneid == $1/
{
    this->bytes = args[2]->ip_plength - args[4]->tcp_offset;
    @bytes[probename, args[2]->ip_saddr, args[4]->tcp_sport, args[2]->ip_daddr, args[4]->tcp_dport, args[2]->ip_ver] =
        sum(this->bytes);
    @flags[probename, args[4]->tcp_dport == $2, args[4]->tcp_flags & (TH_SYN | TH_FIN | TH_RST)] = count();
    @ends[probename, args[3]->tcps_laddr, args[3]->tcps_raddr, args[3]->tcps_local] = count();
    @ports[probename, args[3]->tcps_lport == args[4]->tcp_sport, args[3]->tcps_rport == args[4]->tcp_dport] = count();
    @again = sum(args[3]->tcps_retransmit);
}
"""


@pytest.mark.fires("tcp:::send", "tcp:::receive")
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(("number", "size"), [(1, 1), (40, 100), (3, 200_000)])
@again_if_missed
def test_every_byte_of_a_connection_is_sent_and_received(workload: Any, host: str, number: int, size: int) -> None:
    work = workload("net_user", "exchange", number, size, host)
    trace, truth = traced(work, SEGMENTS)
    ports = truth["client"], work.facts["port"]
    assert counts(trace, "bytes") == {
        (probe, host, source, host, destination, 4 if host == HOSTS[0] else 6): number * size
        for probe in ("send", "receive")
        for source, destination in (ports, ports[::-1])
    }
    flags = counts(trace, "flags")
    for probe in ("send", "receive"):
        for to_server in (0, 1):
            assert flags[probe, to_server, SYN] == flags[probe, to_server, FIN] == 1
    assert not any(key[2] & RST for key in flags)
    assert set(counts(trace, "ends")) == {("send", host, host, 1), ("receive", host, host, 1)}
    assert {key for key in counts(trace, "ports") if key[0] == "send"} == {("send", 1, 1)}
    assert counts(trace, "again") == {(): 0}


@again_if_missed
def test_segments_of_a_connection_tell_of_its_socket(workload: Any) -> None:
    """Each number of a 100-byte message, of a connection that has sent nothing else."""
    program = """
    tcp:::send /args[1]->cs_zoneid == $1 && args[2]->ip_plength - args[4]->tcp_offset == 100/
    {
        @[args[3]->tcps_addr == args[1]->cs_addr, args[3]->tcps_state, args[3]->tcps_snxt - args[4]->tcp_seq,
            args[3]->tcps_rnxt - args[4]->tcp_ack, args[3]->tcps_suna - args[4]->tcp_seq] = count();
        @mss = min(args[3]->tcps_mss);
        @window = min(args[3]->tcps_cwnd / args[3]->tcps_mss);
        @scaled = min(args[3]->tcps_rwnd - (args[4]->tcp_window << args[3]->tcps_rcv_ws));
        @more[args[0]->pkt_addr != 0, args[3]->tcps_swnd > 100, args[3]->tcps_cwnd_ssthresh > 0,
            args[3]->tcps_snd_ws == args[3]->tcps_rcv_ws, args[3]->tcps_rack <= args[3]->tcps_rnxt,
            args[4]->tcp_urgent, args[4]->tcp_hdr->doff * 4 == args[4]->tcp_offset] = count();
    }
    """
    trace, _ = traced(workload("net_user", "exchange", 10, 100), program)
    assert counts(trace) == {(1, 1, 0, 0, 0): 20}
    assert 500 < counts(trace, "mss")[()] < 65536
    assert counts(trace, "window")[()] >= 10
    assert 0 <= counts(trace, "scaled")[()] < 1 << 14
    assert sum(counts(trace, "more").values()) == 20
    assert set(counts(trace, "more")) == {(1, 1, 1, 1, 1, 0, 1)}


STATES = """
tcp:::state-change /args[1]->cs_zoneid == $1/
{
    @[args[3]->tcps_rport == $2 ? "client" : "server", tcp_state_string[args[5]->tcps_state],
        tcp_state_string[args[3]->tcps_state]] = count();
}
"""
LIFE = {
    "client": ["closed", "syn-sent", "established", "fin-wait-1", "fin-wait-2", "closed"],
    "server": ["listen", "syn-received", "established", "close-wait", "last-ack", "closed"],
}


@pytest.mark.fires("tcp:::state-change")
@pytest.mark.parametrize("host", HOSTS)
@again_if_missed
def test_a_connection_goes_through_its_states(workload: Any, host: str) -> None:
    trace, _ = traced(workload("net_user", "exchange", 1, 10, host), STATES)
    expected = {
        (end, f"state-{old}", f"state-{new}"): 1 for end, states in LIFE.items() for old, new in pairwise(states)
    }
    # The server's socket that listens is closed when its process ends.
    assert counts(trace) == expected | {("server", "state-listen", "state-closed"): 1}


CONNECTIONS = """
tcp:::connect-request, tcp:::accept-refused /args[1]->cs_zoneid == $1/
{
    @packets[probename, args[2]->ip_saddr, args[2]->ip_daddr, args[4]->tcp_dport == $2, args[4]->tcp_sport == $2,
        args[4]->tcp_flags] = count();
}

tcp:::connect-established, tcp:::connect-refused, tcp:::accept-established /args[1]->cs_zoneid == $1/
{
    @[probename, args[2]->ip_saddr, args[2]->ip_daddr, args[3]->tcps_lport == $2, args[3]->tcps_rport == $2,
        tcp_state_string[args[3]->tcps_state]] = count();
    @same[args[3]->tcps_lport == args[4]->tcp_dport, args[3]->tcps_rport == args[4]->tcp_sport, args[3]->tcps_local,
        args[0]->pkt_addr] = count();
}
"""


@pytest.mark.fires("tcp:::connect-request", "tcp:::connect-established", "tcp:::accept-established")
@pytest.mark.parametrize("host", HOSTS)
@again_if_missed
def test_a_connection_is_asked_for_and_established_at_both_ends(workload: Any, host: str) -> None:
    trace, _ = traced(workload("net_user", "exchange", 5, 100, host), CONNECTIONS)
    packets = counts(trace, "packets")
    assert {key[:5]: (key[5] & 0x3F, number) for key, number in packets.items()} == {
        ("connect-request", host, host, 1, 0): (SYN, 1)
    }
    assert counts(trace) == {
        ("connect-established", host, host, 0, 1, "state-established"): 1,
        ("accept-established", host, host, 1, 0, "state-established"): 1,
    }
    assert counts(trace, "same") == {(1, 1, 1, 0): 2}


@pytest.mark.fires("tcp:::connect-refused", "tcp:::accept-refused")
@pytest.mark.parametrize("host", HOSTS)
@again_if_missed
def test_a_connection_that_nobody_accepts_is_refused_at_both_ends(workload: Any, host: str) -> None:
    trace, _ = traced(workload("net_user", "refused", 7, 0, host), CONNECTIONS)
    packets = counts(trace, "packets")
    assert {key[:5]: (key[5] & 0x3F, number) for key, number in packets.items()} == {
        ("connect-request", host, host, 1, 0): (SYN, 7),
        ("accept-refused", host, host, 0, 1): (RST | ACK, 7),
    }
    assert counts(trace) == {("connect-refused", host, host, 0, 1, "state-closed"): 7}


@again_if_missed
def test_a_request_that_is_repeated_is_one_request_and_several_segments(workload: Any) -> None:
    program = """
    tcp:::connect-request /args[1]->cs_zoneid == $1/ { @requests[args[2]->ip_daddr] = count(); }
    tcp:::send /args[1]->cs_zoneid == $1/ { @[args[4]->tcp_flags & TH_SYN, args[3]->tcps_retransmit] = count(); }
    tcp:::connect-refused, tcp:::connect-established /args[1]->cs_zoneid == $1/ { @wrong[probename] = count(); }
    """
    trace, truth = traced(workload("net_user", "unanswered", 1), program)
    assert truth["repeated"] > 0
    assert counts(trace, "requests") == {("10.99.99.99",): 1}
    assert counts(trace) == {(SYN, 0): 1, (SYN, 1): truth["repeated"]}
    assert counts(trace, "wrong") == {}


DATAGRAMS = """
udp:::send, udp:::receive /args[1]->cs_zoneid == $1/
{
    @[probename, args[2]->ip_saddr, args[4]->udp_sport, args[2]->ip_daddr, args[4]->udp_dport] =
        sum(args[4]->udp_length - 8);
    @count[probename, args[3]->udps_laddr, args[3]->udps_raddr, args[3]->udps_addr == args[1]->cs_addr,
        args[4]->udp_hdr->len == htons(args[4]->udp_length), args[0]->pkt_addr != 0] = count();
    @ports[probename, args[3]->udps_lport, args[3]->udps_rport] = count();
}
"""


@pytest.mark.fires("udp:::send", "udp:::receive")
@pytest.mark.parametrize("host", HOSTS)
@again_if_missed
def test_datagrams_are_sent_and_received(workload: Any, host: str) -> None:
    work = workload("net_user", "datagrams", 30, 700, host)
    trace, truth = traced(work, DATAGRAMS)
    client, server = truth["client"], work.facts["port"]
    assert counts(trace) == {(probe, host, client, host, server): 21_000 for probe in ("send", "receive")}
    assert {key[:3]: number for key, number in counts(trace, "count").items()} == {
        ("send", host, host): 30,
        ("receive", host, host): 30,
    }
    assert all(key[4:] == (1, 1) for key in counts(trace, "count"))
    assert ("send", host, host, 1, 1, 1) in counts(trace, "count")
    assert counts(trace, "ports") == {("send", client, server): 30, ("receive", server, client): 30}


@again_if_missed
def test_a_datagram_in_pieces_is_one_datagram_and_many_packets(workload: Any) -> None:
    """4008 bytes with UDP's header, behind 20 of IP's in each packet of 1500."""
    program = """
    ip:::send, ip:::receive /args[1]->cs_zoneid == $1/
    {
        @[probename, args[4]->ipv4_protostr, args[4]->ipv4_offset, args[4]->ipv4_flags & IPV4_MF, args[2]->ip_plength] =
            count();
    }
    udp:::send, udp:::receive /args[1]->cs_zoneid == $1/ { @datagrams[probename, args[4]->udp_length] = count(); }
    """
    trace, _ = traced(workload("net_user", "pieces", 3, 4000), program)
    packets = [("UDP", 0, 1, 1480), ("UDP", 1480, 1, 1480), ("UDP", 2960, 0, 1048)]
    assert counts(trace) == {(probe, *packet): 3 for probe in ("send", "receive") for packet in packets}
    assert counts(trace, "datagrams") == {("send", 4008): 3, ("receive", 4008): 3}


PACKETS = """
ip:::send, ip:::receive /args[1]->cs_zoneid == $1/
{
    @[probename, args[2]->ip_ver, args[2]->ip_saddr, args[2]->ip_daddr, args[2]->ip_plength] = count();
    @device[args[3]->if_name, args[3]->if_local, args[3]->if_ipstack == $1, args[3]->if_addr != 0] = count();
    @v4[args[4]->ipv4_ver, args[4]->ipv4_ihl, args[4]->ipv4_tos, args[4]->ipv4_length, args[4]->ipv4_flags,
        args[4]->ipv4_offset, args[4]->ipv4_ttl, args[4]->ipv4_protocol, args[4]->ipv4_protostr,
        args[4]->ipv4_saddr, args[4]->ipv4_daddr] = count();
    @addresses[ntohl(args[4]->ipv4_src), ntohl(args[4]->ipv4_dst), args[4]->ipv4_hdr != NULL] = count();
    @v6[args[5]->ipv6_ver, args[5]->ipv6_tclass, args[5]->ipv6_plen, args[5]->ipv6_nexthdr, args[5]->ipv6_nextstr,
        args[5]->ipv6_hlim, args[5]->ipv6_saddr, args[5]->ipv6_daddr, args[5]->ipv6_hdr != NULL,
        args[5]->ipv6_src != NULL, args[5]->ipv6_dst != NULL] = count();
    @rest[args[4]->ipv4_ident >= 0, args[4]->ipv4_checksum >= 0, args[5]->ipv6_flow >= 0] = count();
}
"""
NO_V4 = (0, 0, 0, 0, 0, 0, 0, 0, "<null>", "<null>", "<null>")
NO_V6 = (0, 0, 0, 0, "<null>", 0, "<null>", "<null>", 0, 0, 0)
LOOPBACK = 0x7F000001


@pytest.mark.fires("ip:::send", "ip:::receive")
@pytest.mark.parametrize("host", HOSTS)
@again_if_missed
def test_packets_have_their_headers(workload: Any, host: str) -> None:
    trace, _ = traced(workload("net_user", "datagrams", 10, 100, host), PACKETS)
    is_v4 = host == HOSTS[0]
    assert counts(trace) == {(probe, 4 if is_v4 else 6, host, host, 108): 10 for probe in ("send", "receive")}
    assert counts(trace, "device") == {("lo", 1, 1, 1): 20}
    v4 = (4, 20, 0, 128, 2, 0, 64, 17, "UDP", host, host) if is_v4 else NO_V4
    v6 = NO_V6 if is_v4 else (6, 0, 108, 17, "UDP", 64, host, host, 1, 1, 1)
    assert (counts(trace, "v4"), counts(trace, "v6")) == ({v4: 20}, {v6: 20})
    addresses = (LOOPBACK, LOOPBACK, 1) if is_v4 else (0, 0, 0)
    assert counts(trace, "addresses") == {addresses: 20}
    assert sum(counts(trace, "rest").values()) == 20


@pytest.mark.parametrize(
    ("probe", "member"),
    [
        ("tcp:::send", "args[1]->cs_pid"),
        ("tcp:::receive", "args[3]->tcps_state"),
        ("tcp:::connect-established", "args[4]->tcp_flags"),
    ],
)
def test_what_the_kernel_does_not_know_is_refused(vtrace: Any, probe: str, member: str) -> None:
    done = vtrace("-n", f"{probe} {{ trace({member}); }}")
    assert done.status == 1
    assert f"does not define conversion for member: {member.partition('->')[2]}" in done.stderr
