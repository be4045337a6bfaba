"""One datagram to each of many addresses of this host: `python -m tests.workloads.datagrams COUNT`.

SIZE bytes go to each of 127.1.0.0 and those that follow, where nobody listens. Truth: `sent`, how many.
"""

from __future__ import annotations

import socket
import sys
from ipaddress import IPv4Address

from tests.workloads import gate

FIRST, PORT, SIZE = IPv4Address("127.1.0.0"), 9, 10


def main(count: int) -> None:
    gate.wait("datagrams")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for place in range(count):
            out.sendto(bytes(SIZE), (str(FIRST + place), PORT))
    gate.report(sent=count)


if __name__ == "__main__":
    main(int(sys.argv[1]))
