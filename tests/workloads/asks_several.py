"""One UDP socket without a connection that asks three servers at once: `python -m tests.workloads.asks_several HOW N`.

Each answers after a time of its own (`DELAYS`, s), so that the answers come in another order than the questions went.
HOW they are read: `recvfrom`, `recvmsg`, or after `select`. At the gate: `servers`, the endpoints in the order in which
they are asked. Truth: `took_ns` of each one's answers in all, by the caller's clock, and `cpu_ns` of the work.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
import time

from tests.workloads import gate

DELAYS = (0.02, 0.06, 0.04)
QUESTION, ANSWER = 32, (100, 200, 300)  # bytes


def serve(server: socket.socket, delay: float, size: int) -> None:
    while True:
        _, who = server.recvfrom(1 << 16)
        time.sleep(delay)
        server.sendto(bytes(size), who)


def listen() -> list[socket.socket]:
    servers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in DELAYS]
    for server in servers:
        server.bind(("127.0.0.1", 0))
    return servers


def main(how: str, rounds: int) -> None:
    servers = listen()
    places = [server.getsockname() for server in servers]
    if os.fork() == 0:
        gate.end_with_parent()
        for server, delay, size in zip(servers, DELAYS, ANSWER, strict=True):
            threading.Thread(target=serve, args=(server, delay, size)).start()
        return
    for server in servers:
        server.close()
    gate.wait("asks_several", servers=[f"{host}:{port}" for host, port in places])
    took = dict.fromkeys(places, 0)
    used = time.process_time_ns()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        for _ in range(rounds):
            asked = {}
            for place in places:
                asked[place] = time.monotonic_ns()
                own.sendto(bytes(QUESTION), place)
            for _ in places:
                if how == "select":
                    select.select([own], [], [])
                who = own.recvmsg(1 << 16)[3] if how == "recvmsg" else own.recvfrom(1 << 16)[1]
                took[who] += time.monotonic_ns() - asked[who]
    gate.report(
        took_ns={f"{host}:{port}": ns for (host, port), ns in took.items()}, cpu_ns=time.process_time_ns() - used
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
