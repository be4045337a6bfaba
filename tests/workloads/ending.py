"""A process whose threads end together: `python -m tests.workloads.ending N`.

Each of N threads sleeps a little, often, and then waits for the others. Truth: `threads`, those that have ended.
"""

from __future__ import annotations

import sys
import threading
import time

from tests.workloads import gate

SLEEPS, LENGTH = 10, 0.0001  # s


def main(count: int) -> None:
    together = threading.Barrier(count)

    def work() -> None:
        for _ in range(SLEEPS):
            time.sleep(LENGTH)
        together.wait()

    gate.wait("ending")
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.report(threads=count)


if __name__ == "__main__":
    main(int(sys.argv[1]))
