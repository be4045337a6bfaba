"""A file whose use takes a set time: a FUSE server of one file, speaking the kernel's protocol on /dev/fuse itself.

The protocol is a few fixed records (include/uapi/linux/fuse.h), so that no FUSE library is needed. The mount is never
put at a path: fsmount(2) gives it as a descriptor, and it is gone when the last one closes, however its owner ends.

Run as `python -m tests.workloads.slow_file FUSE DELAY_NS EVERY SIZE`, FUSE being an inherited descriptor of a mounted
/dev/fuse, it serves the file and obeys lines of its input, each answered by the truth so far: `delay NS`, `every N`,
`truth`; it ends with its input. Who opens the file has to be another process: a file that a process serves to itself
keeps it from dying (close waits for FLUSH's answer, after the last thread that could give one).

Its directory is slow too: mkdir(2) in it fails after the same time, for which the kernel holds the directory's lock.
"""

from __future__ import annotations

import ctypes
import errno
import heapq
import json
import mmap
import os
import platform
import select
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from enum import IntEnum
from struct import Struct
from time import monotonic_ns

# The same numbers on every architecture that Linux 5.2 and later knows.
SYS_FSOPEN, SYS_FSCONFIG, SYS_FSMOUNT = 430, 431, 432
FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE = 1, 6
FSOPEN_CLOEXEC = FSMOUNT_CLOEXEC = 1

PR_SET_PDEATHSIG = 1


class Opcode(IntEnum):
    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    MKDIR = 9
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    FSYNC = 20
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    INTERRUPT = 36
    BATCH_FORGET = 42
    FALLOCATE = 43


# Requests that take their time, by the name under which they are counted.
SLOW = {
    Opcode.READ: "reads",
    Opcode.WRITE: "writes",
    Opcode.FSYNC: "flushes",
    Opcode.FALLOCATE: "discards",
    Opcode.MKDIR: "mkdirs",
}
UNANSWERED = {Opcode.FORGET, Opcode.INTERRUPT, Opcode.BATCH_FORGET}
FOPEN_DIRECT_IO, FOPEN_NOFLUSH = 1, 32
ROOT_NODE, FILE_NODE = 1, 2
NAME = "disk"

IN_HEADER = Struct("=IIQQIIIHH")  # len opcode unique node uid gid pid extensions padding
OUT_HEADER = Struct("=IiQ")  # len error unique
READ_IN = Struct("=QQI")  # handle offset size, and flags of no interest here
WRITE_IN = Struct("=QQI20x")  # the same, then the data
WRITE_OUT = Struct("=I4x")  # size
FALLOCATE_IN = Struct("=QQQI")  # handle offset length mode
STATFS_OUT = Struct("=5Q3I4x24x")  # blocks free available, files free, block size, name length, fragment size
ATTRIBUTES = Struct("=QQQQQQ10I")  # ino size blocks 3 x seconds, 3 x ns mode nlink uid gid rdev blksize flags
ENTRY_OUT = Struct("=QQQQII")  # node generation, then how long entry and attributes are valid
ATTR_OUT = Struct("=QII")
OPEN_OUT = Struct("=QIi")  # handle flags backing
INIT_OUT = Struct("=IIIIHHI36x")  # major minor read-ahead flags, background congestion max_write, defaults
PROTOCOL = (7, 31)  # what the records above are; a newer kernel speaks it
MAX_WRITE = 128 * 1024
REQUEST_SIZE = MAX_WRITE + 4096
BLOCK = 4096

libc = ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *args: object) -> int:
    result: int = libc.syscall(ctypes.c_long(number), *args)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), f"system call {number} on {platform.machine()}")
    return result


def detached(kind: str, **options: str) -> int:
    """Directory descriptor of a new mount of a file system, at no path. Raises OSError without privileges."""
    context = _syscall(SYS_FSOPEN, kind.encode(), FSOPEN_CLOEXEC)
    try:
        for key, value in options.items():
            _syscall(SYS_FSCONFIG, context, FSCONFIG_SET_STRING, key.encode(), value.encode(), 0)
        _syscall(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, None, None, 0)
        return _syscall(SYS_FSMOUNT, context, FSMOUNT_CLOEXEC, 0)
    finally:
        os.close(context)


def detached_mount(fuse: int) -> int:
    """Directory descriptor of a FUSE mount served through `fuse`. Raises OSError without privileges."""
    return detached("fuse", source="slow_file", fd=str(fuse), rootmode="40000", user_id="0", group_id="0")


class SlowFile:
    """One file of `size` bytes, zeros at first; every `every`-th request of a kind is answered after `delay_ns`, the
    others at once.

    Each request waits on its own: two at once take one delay. `truth` has how many there were of each kind of `SLOW`,
    how many were `delayed`, and `held_ns`, summed from a request's arrival to its answer.
    """

    def __init__(self, fuse: int, delay_ns: int, every: int, size: int) -> None:
        self._fuse, self.delay_ns, self.every, self._size = fuse, delay_ns, every, size
        self._content = mmap.mmap(-1, size)
        self.truth = dict.fromkeys((*SLOW.values(), "delayed", "held_ns"), 0)
        self._waiting: list[tuple[int, int, bytes | int, int]] = []  # due, unique, answer, arrival

    def serve(self, stop: int) -> Iterator[None]:
        """Answers requests until the file system is gone; yields whenever the descriptor `stop` is readable."""
        while True:
            pause = max(0, self._waiting[0][0] - monotonic_ns()) / 1e9 if self._waiting else None
            ready, _, _ = select.select([self._fuse, stop], [], [], pause)
            if self._fuse in ready:
                try:
                    self._take(os.read(self._fuse, REQUEST_SIZE))
                except OSError as error:
                    if error.errno == errno.ENODEV:
                        return
                    if error.errno != errno.ENOENT:  # a request that was taken back before it was read
                        raise
            while self._waiting and self._waiting[0][0] <= monotonic_ns():
                _, unique, answer, arrival = heapq.heappop(self._waiting)
                self.truth["held_ns"] += monotonic_ns() - arrival
                self._reply(unique, answer)
            if stop in ready:
                yield

    def _take(self, request: bytes) -> None:
        _, opcode, unique, node, *_ = IN_HEADER.unpack_from(request)
        body = request[IN_HEADER.size :]
        if opcode in SLOW:
            self._schedule(SLOW[opcode], unique, self._work(opcode, body))
        elif opcode not in UNANSWERED:
            self._reply(unique, self._answer(opcode, node, body))

    def _schedule(self, kind: str, unique: int, answer: bytes | int) -> None:
        arrival = monotonic_ns()
        self.truth[kind] += 1
        slow = self.truth[kind] % self.every == 0
        self.truth["delayed"] += slow
        heapq.heappush(self._waiting, (arrival + self.delay_ns * slow, unique, answer, arrival))

    def _work(self, opcode: Opcode, body: bytes) -> bytes | int:
        match opcode:
            case Opcode.READ:
                _, offset, size = READ_IN.unpack_from(body)
                return self._content[offset : offset + size]
            case Opcode.WRITE:
                _, offset, size = WRITE_IN.unpack_from(body)
                self._content[offset : offset + size] = body[WRITE_IN.size : WRITE_IN.size + size]
                return WRITE_OUT.pack(size)
            case Opcode.FALLOCATE:
                _, offset, size, _ = FALLOCATE_IN.unpack_from(body)
                size = min(size, self._size - offset)
                self._content[offset : offset + size] = bytes(size)
            case Opcode.MKDIR:
                return errno.EPERM
        return b""

    def _answer(self, opcode: int, node: int, body: bytes) -> bytes | int:
        """The body of an answer, or an errno. ENOSYS tells the kernel not to ask for that again."""
        match opcode:
            case Opcode.INIT:
                return INIT_OUT.pack(*PROTOCOL, 0, 0, 0, 0, MAX_WRITE)
            case Opcode.LOOKUP if body.rstrip(b"\0") == NAME.encode():
                return ENTRY_OUT.pack(FILE_NODE, 0, 3600, 3600, 0, 0) + self._attributes(FILE_NODE)
            case Opcode.LOOKUP:
                return errno.ENOENT
            case Opcode.GETATTR:
                return ATTR_OUT.pack(3600, 0, 0) + self._attributes(node)
            case Opcode.OPEN:
                return OPEN_OUT.pack(0, FOPEN_DIRECT_IO | FOPEN_NOFLUSH, 0)
            case Opcode.STATFS:
                blocks = self._size // BLOCK
                return STATFS_OUT.pack(blocks, 0, 0, 1, 0, BLOCK, 255, BLOCK)
            case Opcode.OPENDIR:
                return OPEN_OUT.pack(0, 0, 0)
            case Opcode.RELEASE | Opcode.RELEASEDIR | Opcode.READDIR:
                return b""
        return errno.ENOSYS

    def _attributes(self, node: int) -> bytes:
        mode, size = (stat.S_IFREG | 0o644, self._size) if node == FILE_NODE else (stat.S_IFDIR | 0o555, 0)
        return ATTRIBUTES.pack(node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def _reply(self, unique: int, answer: bytes | int) -> None:
        """`answer` is a body, or the errno of a failure."""
        body, error = (answer, 0) if isinstance(answer, bytes) else (b"", answer)
        with suppress(FileNotFoundError):  # who asked was killed meanwhile, and the request with it
            os.write(self._fuse, OUT_HEADER.pack(OUT_HEADER.size + len(body), -error, unique) + body)


def obey(file: SlowFile, line: str) -> None:
    match line.split():
        case ["delay", value]:
            file.delay_ns = int(value)
        case ["every", value]:
            file.every = int(value)
    os.write(1, json.dumps(file.truth).encode() + b"\n")


def main(fuse: int, delay_ns: int, every: int, size: int) -> None:
    # The end of the input would do, had the owner not perhaps forked a child that holds the other end too.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    file = SlowFile(fuse, delay_ns, every, size)
    for _ in file.serve(stop=0):
        lines = os.read(0, 4096).decode()
        if not lines:
            return
        for line in lines.splitlines():
            obey(file, line)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
