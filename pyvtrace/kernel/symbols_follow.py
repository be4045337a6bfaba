"""Following what processes map, fork and execute, while it happens: the records that the kernel writes for perf(1).

A process that lives for a millisecond has no /proc/PID/maps any more when its stack is shown; the kernel's records of
its mappings are still there.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator

from pyvtrace.kernel import perf
from pyvtrace.kernel.cpus import online
from pyvtrace.kernel.symbols_process import Area
from pyvtrace.value import Value

_SOFTWARE, _DUMMY = 1, 9
_SAMPLE_TIME = 1 << 2
# Members of struct perf_event_attr's bit-field.
_MMAP, _COMM, _TASK, _ID_ALL, _MMAP2, _COMM_EXEC = (1 << bit for bit in (8, 9, 13, 18, 23, 24))
_PAGES = 32
_HEAD, _TAIL = 1024, 1032
_HEADER = struct.Struct("<IHH")
_MMAP2_RECORD = struct.Struct("<II3QIIQQII")
_TASK_RECORD = struct.Struct("<4I")
_LOST, _COMM_RECORD, _FORK, _MAPPED = 2, 3, 7, 10
_IS_EXEC = 1 << 13


class Event(Value):
    """Base of what a process did, at a time of the kernel's own clock."""


class Mapped(Event):
    pid: int
    area: Area


class Forked(Event):
    pid: int
    parent: int


class Executed(Event):
    pid: int


class Missed(Event):
    """So many records found no room."""

    count: int


class Follower:
    """Records of all CPUs. A context manager of perf events; `events` gives what is new."""

    def __init__(self) -> None:
        self._rings: list[_Ring] = []
        flags = _MMAP | _COMM | _TASK | _ID_ALL | _MMAP2 | _COMM_EXEC
        try:
            for cpu in online():
                task = f"follow the mappings of processes on CPU {cpu}"
                fd = perf.open_event(
                    task, perf.EVERY_TASK, cpu, type=_SOFTWARE, config=_DUMMY, sample_type=_SAMPLE_TIME, flags=flags
                )
                self._rings.append(_Ring(fd))
                perf.enable(fd)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for ring in self._rings:
            ring.close()
        self._rings = []

    def events(self) -> list[Event]:
        """What happened since the last call, in order."""
        found = [record for ring in self._rings for record in ring.read()]
        found.sort(key=lambda record: record[0])
        return [event for time, kind, misc, raw in found if (event := _event(kind, misc, raw)) is not None]


class _Ring:
    """The buffer of one CPU."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = _PAGES * mmap.PAGESIZE
        try:
            self._memory = mmap.mmap(fd, mmap.PAGESIZE + self._size)
        except OSError:
            os.close(fd)
            raise

    def close(self) -> None:
        self._memory.close()
        os.close(self._fd)

    def read(self) -> Iterator[tuple[int, int, int, bytes]]:
        """(time, type, misc, body) of every record that was written."""
        (head,) = struct.unpack_from("<Q", self._memory, _HEAD)
        (tail,) = struct.unpack_from("<Q", self._memory, _TAIL)
        if head == tail:
            return
        raw = self._bytes(tail, head - tail)
        struct.pack_into("<Q", self._memory, _TAIL, head)
        at = 0
        while at < len(raw):
            kind, misc, size = _HEADER.unpack_from(raw, at)
            (time,) = struct.unpack_from("<Q", raw, at + size - 8)
            yield time, kind, misc, raw[at + _HEADER.size : at + size - 8]
            at += size

    def _bytes(self, position: int, count: int) -> bytes:
        at = position % self._size
        start, first = mmap.PAGESIZE + at, min(count, self._size - at)
        return self._memory[start : start + first] + self._memory[mmap.PAGESIZE : mmap.PAGESIZE + count - first]


def _event(kind: int, misc: int, raw: bytes) -> Event | None:
    if kind == _MAPPED:
        pid, _, start, length, offset, major, minor, inode, *_ = _MMAP2_RECORD.unpack_from(raw)
        path = raw[_MMAP2_RECORD.size :].partition(b"\0")[0].decode("utf-8", "surrogateescape")
        path = "" if path == "//anon" else path
        return Mapped(pid, Area(start, start + length, offset, path, inode, f"{major:02x}:{minor:02x}"))
    if kind == _FORK:
        pid, parent, tid, _ = _TASK_RECORD.unpack_from(raw)
        return Forked(pid, parent) if pid == tid and pid != parent else None
    if kind == _COMM_RECORD and misc & _IS_EXEC:
        return Executed(struct.unpack_from("<I", raw)[0])
    if kind == _LOST:
        return Missed(struct.unpack_from("<QQ", raw)[1])
    return None
