"""A process that sends itself N signals and handles each: `python -m tests.workloads.signalled N`.

Each raise is one tgkill(2), and leaving each handler one rt_sigreturn(2). Truth: `signals` that the handler saw.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

from tests.workloads import gate


def main(count: int) -> None:
    seen = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1

    signal.signal(signal.SIGUSR1, handle)
    gate.wait("signalled")
    for _ in range(count):
        signal.raise_signal(signal.SIGUSR1)
    gate.report(signals=seen)


if __name__ == "__main__":
    main(int(sys.argv[1]))
