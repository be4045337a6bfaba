"""The consumer's side of a BPF ring buffer: what programs wrote, read in place, in the order they reserved it.

Layout (kernel/bpf/ringbuf.c): a page with the consumer's position, a page with the producers', then the data.
Positions only grow; modulo the size they are offsets. A record is a u32 length with two flags, a u32 for the kernel,
the data, and padding to 8 bytes. The data could be mapped a second time behind the first, where a record that wraps is
contiguous; but all of it would then count twice as memory of ours, so the one record of each round that wraps is put
together instead.

Memory ordering, from Python: positions and headers are aligned words, which the interpreter copies with one load or
store. The kernel stores a header before it moves the producers' position, and a record's data before it clears BUSY,
both with release semantics. x86 keeps loads in order, and stores behind earlier loads: there nothing is needed between
them. On other architectures `_order` stands where C has load-acquire and store-release. One place needs a barrier
everywhere: see `wait`.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
from _thread import allocate_lock
from collections.abc import Callable, Generator

_BUSY, _DISCARD = 1 << 31, 1 << 30
_LENGTH = _DISCARD - 1
_HEADER = 8
_STRONGLY_ORDERED = os.uname().machine in ("x86_64", "i686")


def _barrier() -> Callable[[], None]:
    """A full memory barrier: a release followed by an acquire of the same lock, which no access crosses."""
    lock = allocate_lock()
    lock.acquire()

    def cross() -> None:
        lock.release()
        lock.acquire()

    return cross


class Run:
    """Consecutive records of one size. `view` starts at the header of the first: record i's `size` bytes of data are at
    `i * stride + 8`, so `struct.iter_unpack` with a format of `stride` bytes, the first 8 of them padding, decodes all.
    Valid until the next run is asked for."""

    __slots__ = ("size", "stride", "view")

    def __init__(self, view: memoryview, size: int, stride: int) -> None:
        self.view, self.size, self.stride = view, size, stride

    def __len__(self) -> int:
        return len(self.view) // self.stride


class RingBuffer:
    """The only consumer of the map `fd`, whose max_entries is `size` bytes. The fd stays the caller's."""

    def __init__(self, fd: int, size: int) -> None:
        page = mmap.PAGESIZE
        self._size, self._mask = size, size - 1
        self._consumer_pages = mmap.mmap(fd, page)
        self._producer_pages = mmap.mmap(fd, page + size, mmap.MAP_SHARED, mmap.PROT_READ, offset=page)
        self._consumer = memoryview(self._consumer_pages)[:8].cast("Q")
        self._producer = memoryview(self._producer_pages)[:8].cast("Q")
        self._data = memoryview(self._producer_pages)[page:]
        self._words = self._data.cast("I")
        self._position = self._published = self._consumer[0]
        self._barrier = _barrier()
        self._order: Callable[[], None] = (lambda: None) if _STRONGLY_ORDERED else self._barrier
        # poll, not epoll: epoll keeps a readiness list and only learns of a record by a wake-up; poll looks at the
        # positions each time, so a missed wake-up costs nothing once we wait again. It is also one fd less.
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)
        self._others = select.poll()

    def wait(self, timeout_ms: int) -> bool:
        """Whether a record can be read, waiting up to `timeout_ms` for one (-1: for ever)."""
        # The kernel wakes us only for a record at the consumer's position: our store of that position must be out
        # before we look for a record, or both sides could see the old state and we would sleep on a record.
        self._barrier()
        return self._ready() or (bool(self._poll.poll(timeout_ms)) and self._ready())

    def watch(self, fd: int, events: int = select.POLLIN) -> None:
        """Let `wait` return, with False, as soon as another descriptor has an event, too; `rest` as well."""
        self._poll.register(fd, events)
        self._others.register(fd, events)

    def unwatch(self, fd: int) -> None:
        self._poll.unregister(fd)
        self._others.unregister(fd)

    def rest(self, timeout_ms: int) -> None:
        """Let records gather, until a watched descriptor has an event or the time is over."""
        self._others.poll(timeout_ms)

    @property
    def is_behind(self) -> bool:
        """Whether there are records that were not read, be they finished or not."""
        return self._producer[0] != self._position

    def _ready(self) -> bool:
        position = self._position
        return self._producer[0] != position and not self._words[(position & self._mask) >> 2] & _BUSY

    def read(self) -> Generator[memoryview, None, None]:
        """The data of each record committed by now; a view is valid until the next one is asked for.

        Records not asked for stay. Records written meanwhile are for the next call, so a flood cannot hold the caller.
        """
        end = self._producer[0]
        try:
            while (run := self._run(end)) is not None:
                for offset in range(0, len(run.view), run.stride):
                    self._position += run.stride
                    yield run.view[offset + _HEADER : offset + _HEADER + run.size]
                self._publish_sometimes()
        finally:
            self._publish()

    def read_batches(self) -> Generator[Run, None, None]:
        """As `read`, in runs of equal-size records: a flood of one kind is a few runs."""
        end = self._producer[0]
        try:
            while (run := self._run(end)) is not None:
                self._position += len(run.view)
                yield run
                self._publish_sometimes()
        finally:
            self._publish()

    def _run(self, end: int) -> Run | None:
        """The longest run at the position, after stepping over discarded records; None at `end` or a BUSY record."""
        self._order()
        while self._position < end:
            start = self._position & self._mask
            header = self._words[start >> 2]
            size = header & _LENGTH
            stride = (size + _HEADER + 7) & ~7
            if header & _BUSY:
                return None
            if header & _DISCARD:
                self._position += stride
                continue
            room = self._size - start
            if stride > room:
                self._order()
                return Run(memoryview(bytes(self._data[start:]) + self._data[: stride - room]), size, stride)
            limit = min(end - self._position, room) // stride
            length = self._equal_headers(start, stride, header, limit) * stride
            self._order()
            return Run(self._data[start : start + length], size, stride)
        return None

    def _equal_headers(self, start: int, stride: int, header: int, limit: int) -> int:
        """How many of the `limit` records that could be at `start` have this very header word.

        As long as all headers so far were equal, the next word really is a header. Looked at in windows that double, so
        that mixed records cost no more than their number.
        """
        count, window, step = 1, 4, stride >> 2
        if limit > 1 and self._words[(start + stride) >> 2] != header:
            return 1
        while count < limit:
            window = min(window, limit - count)
            first = (start + count * stride) >> 2
            headers = self._words[first : first + window * step : step].tolist()
            if headers.count(header) != window:
                return count + next(i for i, other in enumerate(headers) if other != header)
            count += window
            window *= 2
        return count

    def _publish_sometimes(self) -> None:
        """The position is on a page that every producer reads: moving it for each record would cost them."""
        if self._position - self._published > self._size >> 3:
            self._publish()

    def _publish(self) -> None:
        self._order()
        self._consumer[0] = self._published = self._position

    def close(self) -> None:
        """Unmap. Views still held keep the memory until they go."""
        for view in (self._consumer, self._producer, self._words, self._data):
            view.release()
        for pages in (self._consumer_pages, self._producer_pages):
            with contextlib.suppress(BufferError):
                pages.close()
