"""The ring buffer's consumer: every record that was committed, once, in order, whatever their sizes."""

from __future__ import annotations

import mmap
import os
import random
import struct
from collections.abc import Iterator

import pytest

from pyvtrace.bpf import helpers, maps
from pyvtrace.kernel import bpf
from pyvtrace.runtime.ring import RingBuffer
from tests.kernel.code import Kernel, write_records

SIZE = 1 << 14


class Ring:
    """A ring buffer, and programs that write to it."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._fd = kernel.map(maps.RINGBUF, 0, 0, SIZE)
        self.buffer = RingBuffer(self._fd, SIZE)
        self._programs: dict[tuple[int, int, int], int] = {}

    def write(self, first: int, size: int, count: int, finish: int = helpers.RINGBUF_SUBMIT) -> int:
        """Writes records numbered from `first`; how many there was room for."""
        key = size, count, finish
        if key not in self._programs:
            self._programs[key] = self._kernel.program(write_records(size, count, finish=finish), ring=self._fd)
        return bpf.program_test_run(self._programs[key], (first,))


@pytest.fixture
def ring() -> Iterator[Ring]:
    with Kernel() as kernel:
        ring = Ring(kernel)
        yield ring
        ring.buffer.close()


def number(record: memoryview) -> int:
    return int(struct.unpack_from("=Q", record)[0])


def read_records(buffer: RingBuffer) -> list[int]:
    return [number(record) for record in buffer.read()]


def read_runs(buffer: RingBuffer) -> list[int]:
    found: list[int] = []
    for run in buffer.read_batches():
        rows = struct.Struct(f"=8xQ{run.stride - 16}x").iter_unpack(run.view)
        found.extend(value for (value,) in rows)
    return found


def test_nothing_to_read(ring: Ring) -> None:
    assert not ring.buffer.wait(0)
    assert read_records(ring.buffer) == []


def test_records_in_order(ring: Ring) -> None:
    assert ring.write(100, 24, 50) == 50
    assert ring.buffer.wait(0)
    assert read_records(ring.buffer) == list(range(100, 150))
    assert not ring.buffer.wait(0)


@pytest.mark.parametrize("size", [8, 12, 23, 24, 25, 1000])
def test_a_record_has_its_own_size(ring: Ring, size: int) -> None:
    ring.write(7, size, 3)
    assert [len(record) for record in ring.buffer.read()] == [size] * 3


def test_a_flood_is_one_run(ring: Ring) -> None:
    ring.write(0, 24, 500)
    (run,) = [(len(run), run.size, run.stride) for run in ring.buffer.read_batches()]
    assert run == (500, 24, 32)


def test_what_does_not_fit_is_refused_and_all_else_is_there(ring: Ring) -> None:
    room = ring.write(0, 24, 1000)
    assert room == SIZE // 32 - 1, "the kernel never fills the last byte"
    assert read_runs(ring.buffer) == list(range(room))
    assert ring.write(0, 24, 1000) == room


def test_discarded_records_are_not_seen(ring: Ring) -> None:
    ring.write(1, 16, 2)
    ring.write(0, 40, 3, helpers.RINGBUF_DISCARD)
    ring.write(3, 16, 1)
    assert read_records(ring.buffer) == [1, 2, 3]
    ring.write(0, 40, 3, helpers.RINGBUF_DISCARD)
    assert read_runs(ring.buffer) == []
    assert not ring.buffer.wait(0)


def test_records_not_asked_for_stay(ring: Ring) -> None:
    ring.write(0, 24, 10)
    reading = ring.buffer.read()
    assert [number(next(reading)) for _ in range(3)] == [0, 1, 2]
    reading.close()
    assert read_records(ring.buffer) == list(range(3, 10))


def test_records_written_meanwhile_are_for_the_next_call(ring: Ring) -> None:
    ring.write(0, 24, 2)
    reading = ring.buffer.read()
    assert number(next(reading)) == 0
    ring.write(2, 24, 2)
    assert [number(record) for record in reading] == [1]
    assert read_records(ring.buffer) == [2, 3]


def test_room_is_given_back_while_reading(ring: Ring) -> None:
    full = ring.write(0, 24, 1000)
    reading = ring.buffer.read_batches()
    next(reading)
    assert ring.write(0, 24, 1) == 0, "the records of a run must stay while it is being read"
    assert list(reading) == []
    assert ring.write(0, 24, 1000) == full


@pytest.mark.parametrize("seed", range(5))
def test_any_mixture_any_number_of_times_round(ring: Ring, seed: int) -> None:
    """Some 30 times round the buffer: records wrap at every place."""
    choose = random.Random(seed)
    written: list[int] = []
    seen: list[int] = []
    at = 0
    for _ in range(600):
        size, count = choose.choice([(8, 1), (24, 200), (36, 7), (24, 1), (100, 3), (2000, 1)])
        finish = choose.choice([helpers.RINGBUF_SUBMIT] * 4 + [helpers.RINGBUF_DISCARD])
        room = ring.write(at, size, count, finish)
        if finish == helpers.RINGBUF_SUBMIT:
            written.extend(range(at, at + room))
        at += room
        if choose.random() < 0.5:
            seen.extend(choose.choice([read_records, read_runs])(ring.buffer))
    seen.extend(read_records(ring.buffer))
    assert seen == written


def test_views_outlive_the_buffer() -> None:
    with Kernel() as kernel:
        ring = Ring(kernel)
        ring.write(5, 24, 1)
        record = next(ring.buffer.read())
        ring.buffer.close()
        assert number(record) == 5


def test_a_record_being_written_ends_the_reading() -> None:
    """The kernel's side, played: a file with the layout of the map. The second of three records is BUSY."""
    page, busy = mmap.PAGESIZE, 1 << 31
    fd = os.memfd_create("ring")
    try:
        os.ftruncate(fd, 2 * page + 2 * page)
        records = b"".join(struct.pack("=IIQ", 8 | flag, 0, i) for i, flag in enumerate((0, busy, 0)))
        os.pwrite(fd, struct.pack("=Q", len(records)), page)
        os.pwrite(fd, records, 2 * page)
        buffer = RingBuffer(fd, page)
        assert buffer.wait(0)
        assert read_records(buffer) == [0]
        assert os.pread(fd, 8, 0) == struct.pack("=Q", 16)
        assert not buffer.wait(0)
        assert read_runs(buffer) == []
        os.pwrite(fd, struct.pack("=I", 8), 2 * page + 16)
        assert buffer.wait(0)
        assert read_runs(buffer) == [1, 2]
        assert os.pread(fd, 8, 0) == struct.pack("=Q", 48)
        buffer.close()
    finally:
        os.close(fd)
