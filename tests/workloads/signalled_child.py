"""A child that gets N of each of three signals: `python -m tests.workloads.signalled_child N`.

It handles SIGUSR1, ignores SIGUSR2 and waits for SIGALRM with sigwait(3); the next is sent when it has said that it had
the one before. Truth: `signals` of each. `child`, its process id, is known at the gate.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import repeat

from tests.workloads import gate


def child(count: int, ready: int, closed: int) -> None:
    # The interpreter's own handler writes at once; one in Python would wait for the end of a read that begins before
    # its turn comes.
    os.set_blocking(ready, False)
    signal.set_wakeup_fd(ready)
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    os.write(ready, b".")
    os.read(closed, 1)
    for _ in repeat(None, count):
        signal.sigwait({signal.SIGALRM})
        os.write(ready, b".")
    os._exit(0)


def main(count: int) -> None:
    (hears, ready), (closed, close) = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        gate.end_with_parent()
        child(count, ready, closed)
    os.read(hears, 1)
    gate.wait("signalled_child", child=pid)
    for _ in repeat(None, count):
        os.kill(pid, signal.SIGUSR2)
        os.kill(pid, signal.SIGUSR1)
        os.read(hears, 1)
    os.write(close, b".")
    for _ in repeat(None, count):
        os.kill(pid, signal.SIGALRM)
        os.read(hears, 1)
    os.waitpid(pid, 0)
    gate.report(signals=count)


if __name__ == "__main__":
    main(int(sys.argv[1]))
