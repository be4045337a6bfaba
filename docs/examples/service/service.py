"""A small service, with faults that can be switched on: what `vtrace check` is to find.

It answers orders: for each it reads the order and its lines from the data file, adds them up in some threads under one
lock, and writes a receipt that has to survive a crash. `FAULTS` names what goes wrong, separated by commas:

    fsync       the receipt is synchronised after every line instead of once
    contention  every thread keeps the lock while it waits
    n-plus-one  the lines of an order are read one by one instead of at once
"""

from __future__ import annotations

import os
import sys
import threading
import time

ORDERS, LINES, SIZE = 4, 8, 4096
FAULTS = frozenset(filter(None, os.environ.get("FAULTS", "").split(",")))


def read_order(data: int, order: int) -> bytes:
    """An order's lines, SIZE bytes each."""
    start = order * LINES * SIZE
    if "n-plus-one" in FAULTS:
        return b"".join(os.pread(data, SIZE, start + line * SIZE) for line in range(LINES))
    return os.pread(data, LINES * SIZE, start)


def total(lines: bytes) -> int:
    """The sum of an order's bytes, by threads that share the result."""
    lock, found = threading.Lock(), [0]

    def add(part: bytes) -> None:
        value = sum(part)
        with lock:
            if "contention" in FAULTS:
                time.sleep(0.005)
            found[0] += value

    threads = [threading.Thread(target=add, args=(lines[n * SIZE : (n + 1) * SIZE],)) for n in range(LINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found[0]


def write_receipt(receipts: int, order: int, sum_: int) -> None:
    """One line, safe on the disk when this returns."""
    os.write(receipts, f"{order} {sum_}\n".encode())
    for _ in range(LINES if "fsync" in FAULTS else 1):
        os.fsync(receipts)


def main(path: str, receipts_path: str) -> None:
    data = os.open(path, os.O_RDONLY)
    # Orders are new: they come from the disk, each by itself.
    os.posix_fadvise(data, 0, 0, os.POSIX_FADV_RANDOM)
    os.posix_fadvise(data, 0, 0, os.POSIX_FADV_DONTNEED)
    receipts = os.open(receipts_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for order in range(ORDERS):
        write_receipt(receipts, order, total(read_order(data, order)))


if __name__ == "__main__":
    main(*sys.argv[1:])
