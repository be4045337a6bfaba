"""What programs put out by BPF_PERF_OUTPUT and BPF_RINGBUF_OUTPUT: the buffers, and the events in them.

A perf output has a buffer for each CPU, which this process maps: records of kind SAMPLE with the program's bytes, and
of kind LOST where there was no room (perf_event_open(2)). A ring buffer is one for all.
"""

from __future__ import annotations

import errno
import mmap
import os
import select
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

from pyvtrace.bpf import maps
from pyvtrace.cprobes.program import CTable
from pyvtrace.cprobes.types import Named, Unreadable, decode, event_scalars
from pyvtrace.kernel import bpf, perf
from pyvtrace.kernel.cpus import online
from pyvtrace.runtime.ring import RingBuffer
from pyvtrace.value import Value

_SOFTWARE, _BPF_OUTPUT = 1, 10
_SAMPLE_RAW, _FORMAT_LOST = 1 << 10, 1 << 4
_HEAD, _TAIL = 1024, 1032
_HEADER = struct.Struct("<IHH")
_LOST, _SAMPLE = 2, 9
# Of records, a power of two; a page of control comes on top. bcc has 8.
_PAGES = 64


class Output(Value):
    """One event: the table it came through, its members by name, in the order of the struct; the CPU, -1 where the
    buffer is one for all."""

    table: str
    cpu: int
    values: Mapping[str, int | str]

    def __str__(self) -> str:
        return f"{self.table}: {' '.join(f'{name}={value}' for name, value in self.values.items())}"


class Outputs:
    """All buffers of a program. What is opened belongs to the stack. `notes` say which events cannot be shown."""

    def __init__(self, tables: Sequence[CTable], fds: Mapping[str, int], held: ExitStack) -> None:
        self.notes: list[str] = []
        self._poll = select.poll()
        self._rings: list[tuple[str, tuple[Named, ...], RingBuffer]] = []
        self._buffers: list[tuple[str, tuple[Named, ...], _Buffer]] = []
        for table in tables:
            try:
                members = event_scalars(table.event)
            except Unreadable as problem:
                self.notes.append(f"events of {table.name} are not shown: they are {problem}")
                continue
            fd = fds[table.name]
            if table.type == maps.RINGBUF:
                ring = RingBuffer(fd, _ring_size(fd))
                held.callback(ring.close)
                self._poll.register(fd, select.POLLIN)
                self._rings.append((table.name, members, ring))
            else:
                for cpu in online():
                    buffer = _Buffer(fd, cpu)
                    held.callback(buffer.close)
                    self._poll.register(buffer.fd, select.POLLIN)
                    self._buffers.append((table.name, members, buffer))

    @property
    def members(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the values of each table's events, in their order."""
        return {table: tuple(named.name for named in members) for table, members, _ in (*self._rings, *self._buffers)}

    @property
    def lost(self) -> int:
        """How many events found no room in perf outputs; a program whose ring buffer is full is told so itself."""
        return sum(buffer.lost for _, _, buffer in self._buffers)

    def watch(self, fd: int, events: int = select.POLLIN) -> None:
        """Let `wait` end when another descriptor has something, too."""
        self._poll.register(fd, events)

    def unwatch(self, fd: int) -> None:
        self._poll.unregister(fd)

    def wait(self, timeout_ms: int) -> None:
        """Until there may be an event, or the time is over."""
        self._poll.poll(timeout_ms)

    def read(self) -> list[Output]:
        """The events since the last call."""
        found: list[Output] = []
        for name, members, ring in self._rings:
            found.extend(Output(name, -1, _values(members, raw)) for raw in ring.read())
        for name, members, buffer in self._buffers:
            # The length in front of the bytes counts the padding behind them.
            found.extend(Output(name, buffer.cpu, _values(members, body[4:])) for body in buffer.samples())
        return found


def _values(members: Sequence[Named], raw: bytes | memoryview) -> Mapping[str, int | str]:
    return {named.name: decode(named.field, raw) for named in members}


def _ring_size(fd: int) -> int:
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("max_entries:"))


def _open(cpu: int, read_format: int) -> int:
    return perf.open_event(
        f"open an output buffer on CPU {cpu}",
        perf.EVERY_TASK,
        cpu,
        type=_SOFTWARE,
        config=_BPF_OUTPUT,
        sample_type=_SAMPLE_RAW,
        sample_period=1,
        wakeup_events=1,
        read_format=read_format,
    )


class _Buffer:
    """The buffer of one CPU, and its event in the program's table."""

    def __init__(self, table: int, cpu: int) -> None:
        self.cpu = cpu
        self._recorded = 0
        try:
            self.fd, self._counts = _open(cpu, _FORMAT_LOST), True
        except perf.PerfError as error:
            if error.errno != errno.EINVAL:
                raise
            self.fd, self._counts = _open(cpu, 0), False
        self._size = _PAGES * mmap.PAGESIZE
        try:
            self._memory = mmap.mmap(self.fd, mmap.PAGESIZE + self._size)
            bpf.map_update(table, cpu.to_bytes(4, "little"), self.fd.to_bytes(4, "little"))
            perf.enable(self.fd)
        except BaseException:
            os.close(self.fd)
            raise

    def close(self) -> None:
        self._memory.close()
        os.close(self.fd)

    @property
    def lost(self) -> int:
        """Before Linux 6.0 only a record behind a gap tells of it, so that one at the very end stays unknown."""
        if not self._counts:
            return self._recorded
        return int(struct.unpack("<QQ", os.read(self.fd, 16))[1])

    def samples(self) -> Iterator[bytes]:
        """The body of each record that a program wrote."""
        (head,) = struct.unpack_from("<Q", self._memory, _HEAD)
        (tail,) = struct.unpack_from("<Q", self._memory, _TAIL)
        raw = self._bytes(tail, head - tail)
        struct.pack_into("<Q", self._memory, _TAIL, head)
        at = 0
        while at < len(raw):
            kind, _, size = _HEADER.unpack_from(raw, at)
            if kind == _SAMPLE:
                yield raw[at + _HEADER.size : at + size]
            elif kind == _LOST:
                self._recorded += struct.unpack_from("<Q", raw, at + _HEADER.size + 8)[0]
            at += size

    def _bytes(self, position: int, count: int) -> bytes:
        at = position % self._size
        start, first = mmap.PAGESIZE + at, min(count, self._size - at)
        return self._memory[start : start + first] + self._memory[mmap.PAGESIZE : mmap.PAGESIZE + count - first]
