"""The ip, tcp and udp providers: packets, segments and datagrams that go and come, and what becomes of connections.

    send, receive   a packet is handed to a device, or comes from one (net_dev_queue, netif_receive_skb)
    state-change    a connection's state is about to become another one (inet_sock_set_state)
    connect-request, connect-established, connect-refused       of those that ask
    accept-established, accept-refused                          of those that are asked

Where a segment tells, the headers it has are the arguments; a change of state has the socket. A packet is seen at each
device that it passes, large segments before the device cuts them and after it has joined them.
"""

from __future__ import annotations

from pyvtrace.providers.provider import IP_IDS, TCP_IDS, UDP_IDS
from pyvtrace.providers.stable import Row, stable

_SEND, _RECEIVE = "rawtp:net::net_dev_queue", "rawtp:net::netif_receive_skb"
_STATE = "rawtp:sock::inet_sock_set_state"

# Where a packet's IP header is. One that comes has its data begin there, and other marks are set later.
_SENT = "this->__net_header = (uint8_t *)args[0]->head + args[0]->network_header"
_RECEIVED = "this->__net_header = (uint8_t *)args[0]->data"
# ETH_P_IP and ETH_P_IPV6, as the network has them.
_KIND = "this->__net_kind = args[0]->protocol"
_V4, _V6 = "this->__net_kind == 0x0008", "this->__net_kind == 0xdd86"
_HEADER, _PAYLOAD = "this->__net_header", "__net_payload"


def _is(place: str, protocol: int) -> str:
    """The packet is of that protocol, and no later part of a fragmented one, which has no header of it."""
    v4 = f"((struct iphdr *){_HEADER})->protocol == {protocol} && !(((struct iphdr *){_HEADER})->frag_off & 0xff1f)"
    # Options hop by hop (0) come before everything else, if there are any: the lengths of very large segments do.
    v6 = f"({_HEADER}[6] == {protocol} || {_HEADER}[6] == 0 && {_HEADER}[40] == {protocol})"
    return f"({_KIND}, {place}, {_V4} ? {v4} : {_V6} && {v6})"


def _ip(place: str) -> str:
    return f"({_KIND}, {place}, {_V4} || {_V6})"


_PACKET = ("pktinfo_t *", "args[0]"), ("csinfo_t *", "args[0]"), ("ipinfo_t *", f"(struct iphdr *){_HEADER}")
_IP_ARGUMENTS = (
    *_PACKET,
    ("ifinfo_t *", "args[0]->dev"),
    ("ipv4info_t *", f"(struct iphdr *){_HEADER}"),
    ("ipv6info_t *", f"(struct ipv6hdr *){_HEADER}"),
)
_TCP_INFO = ("tcpinfo_t *", f"(struct tcphdr *){_PAYLOAD}")
_TCP_SENT = (*_PACKET, ("tcpsinfo_t *", "(struct __tcp_sent *)args[0]"), _TCP_INFO)
_TCP_RECEIVED = (*_PACKET, ("tcpsinfo_t *", "(struct __tcp_received *)args[0]"), _TCP_INFO)
_UDP_INFO = ("udpinfo_t *", f"(struct udphdr *){_PAYLOAD}")

_SOCKET = "(struct sock *)args[0]"
_MOVED = ("tcpsinfo_t *", "(struct __tcp_moved *)args[0]")
_BY_SOCKET = (
    ("pktinfo_t *", _SOCKET),
    ("csinfo_t *", _SOCKET),
    ("ipinfo_t *", _SOCKET),
    _MOVED,
    ("tcpinfo_t *", _SOCKET),
)
_NOTHING = ("void *", "(void *)NULL")
_STATES = (_NOTHING, ("csinfo_t *", _SOCKET), _NOTHING, _MOVED, _NOTHING, ("tcplsinfo_t *", "(int)args[1]"))

_TCP, _UDP = 6, 17
_IS_TCP = f"args[0]->sk_protocol == {_TCP}"
# What this machine only passes on has come from a device before.
_OWN = "args[0]->skb_iif == 0"
_TCP_GOES, _TCP_COMES = f"{_is(_SENT, _TCP)} && {_OWN}", _is(_RECEIVED, _TCP)
_UDP_GOES, _UDP_COMES = f"{_is(_SENT, _UDP)} && {_OWN}", _is(_RECEIVED, _UDP)
_FLAGS = f"((uint8_t *){_PAYLOAD})[13]"
# A SYN without ACK, the first of its socket.
_ASKS = (
    f"({_FLAGS} & 0x12) == 0x02 && __tcp_whole[args[0]->sk] && "
    "!((struct inet_connection_sock *)args[0]->sk)->icsk_retransmits"
)
# A reset with ACK and without a number is the answer to what had no ACK itself: a SYN that nobody listens for.
_REFUSES = f"({_FLAGS} & 0x14) == 0x14 && ((struct tcphdr *){_PAYLOAD})->seq == 0"


def _moves(old: int, new: int) -> str:
    """Between states of include/net/tcp_states.h."""
    return f"args[1] == {old} && args[2] == {new} && {_IS_TCP}"


IP = stable(
    "ip",
    IP_IDS,
    [Row("send", _SEND, _IP_ARGUMENTS, _ip(_SENT)), Row("receive", _RECEIVE, _IP_ARGUMENTS, _ip(_RECEIVED))],
)

TCP = stable(
    "tcp",
    TCP_IDS,
    [
        Row("send", _SEND, _TCP_SENT, _TCP_GOES),
        Row("receive", _RECEIVE, _TCP_RECEIVED, _TCP_COMES),
        Row("state-change", _STATE, _STATES, _IS_TCP),
        Row("connect-request", _SEND, _TCP_SENT, f"{_TCP_GOES} && {_ASKS}"),
        Row("connect-established", _STATE, _BY_SOCKET, _moves(2, 1)),
        # The socket has its error already: ECONNREFUSED.
        Row("connect-refused", _STATE, _BY_SOCKET, f"{_moves(2, 7)} && args[0]->sk_err == 111"),
        Row("accept-established", _STATE, _BY_SOCKET, _moves(3, 1)),
        Row("accept-refused", _SEND, _TCP_SENT, f"{_TCP_GOES} && {_REFUSES}"),
    ],
)

UDP = stable(
    "udp",
    UDP_IDS,
    [
        Row("send", _SEND, (*_PACKET, ("udpsinfo_t *", "(struct __udp_sent *)args[0]"), _UDP_INFO), _UDP_GOES),
        Row(
            "receive", _RECEIVE, (*_PACKET, ("udpsinfo_t *", "(struct __udp_received *)args[0]"), _UDP_INFO), _UDP_COMES
        ),
    ],
)
