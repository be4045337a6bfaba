"""N O_DIRECT reads of 4 KiB, one after the other: `python -m tests.workloads.direct_reader PATH N`.

PATH is a block device or a file on a file system that knows O_DIRECT; reads start over at its end. Each is one
preadv(2). Truth: `reads`, `each_ns` by its own clock around each, and their `sum_ns`;
`cpu_ns` of the work on a processor.
"""

from __future__ import annotations

import mmap
import os
import sys
from time import monotonic_ns, process_time_ns

from tests.workloads import gate

BLOCK = 4096


class DirectFile:
    """A file read past the page cache, a block at a time.

    Raises OSError where its file system cannot do that, ValueError for a file shorter than a block.
    """

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
        self._blocks = os.lseek(self._fd, 0, os.SEEK_END) // BLOCK
        if not self._blocks:
            raise ValueError(f"{path} is shorter than {BLOCK} bytes")
        self._page = mmap.mmap(-1, BLOCK)  # O_DIRECT wants an aligned buffer; a mapping is

    def __enter__(self) -> DirectFile:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._fd)

    def read(self, number: int) -> int:
        """Nanoseconds that reading block `number` (modulo the file's size) took."""
        start = monotonic_ns()
        got = os.preadv(self._fd, [self._page], number % self._blocks * BLOCK)
        took = monotonic_ns() - start
        if got != BLOCK:
            raise OSError(f"{got} of {BLOCK} bytes read")
        return took


def main(path: str, reads: int) -> None:
    file = DirectFile(path)
    gate.wait("direct_reader", path=path)
    used = process_time_ns()
    each = [file.read(number) for number in range(reads)]
    used = process_time_ns() - used
    gate.report(reads=reads, bytes=reads * BLOCK, each_ns=each, sum_ns=sum(each), cpu_ns=used)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
