"""N uses of a block device, one after the other: `python -m tests.workloads.disk_user OPERATION PATH N [SIZE]`.

SIZE bytes each (4096 if not told), at ascending places. OPERATION is what is done to the device PATH:

- `backwards`: read past the page cache by quarters, all asked for at once, from the last to the first;
- `scattered`: read by pieces of 4096 bytes with gaps between, all asked for at once;
- `read`, `write`: past the page cache; `dsync`: written past the cache with O_DSYNC, so that each is on the medium;
- `fsync`: written past the cache, then fsync(2) for each;
- `discard`, `zero`: BLKDISCARD and BLKZEROOUT;
- `buffered`: a file on the ext4 file system that PATH has is written through the page cache, and syncfs(2) has the
  kernel write it back, by a thread of its own. The file system is mounted in a mount namespace of this process.

Truth: `count`, `size`, `each_ns` by its own clock around each use, `bytes`.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import platform
import sys
from collections.abc import Callable, Sequence
from struct import Struct, pack
from time import monotonic_ns

from tests.workloads import gate

BLKDISCARD, BLKZEROOUT = 0x1277, 0x127F
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
MOUNTPOINT = "/mnt"
SYS_IO_SETUP, SYS_IO_SUBMIT, SYS_IO_GETEVENTS = {"x86_64": (206, 209, 208), "aarch64": (0, 2, 4)}[platform.machine()]
IOCB = Struct("=QII HhI QQq QII")  # data, key, flags; opcode, priority, descriptor; buffer, size, place; the rest
IOCB_PREAD, IO_EVENT_SIZE = 0, 32
PIECE = 4096

libc = ctypes.CDLL(None, use_errno=True)

Use = Callable[[int, memoryview], object]


def check(result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def ranged(fd: int, request: int) -> Use:
    return lambda place, data: fcntl.ioctl(fd, request, pack("=QQ", place, len(data)))


def write_and_sync(fd: int) -> Use:
    def use(place: int, data: memoryview) -> None:
        os.pwritev(fd, [data], place)
        os.fsync(fd)

    return use


def mount(path: str) -> None:
    """Nobody else sees it, and it goes with this process."""
    check(libc.unshare(CLONE_NEWNS))
    check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    check(libc.mount(path.encode(), MOUNTPOINT.encode(), b"ext4", 0, None))


def buffered(path: str) -> Use:
    mount(path)
    fd = os.open(f"{MOUNTPOINT}/file", os.O_RDWR | os.O_CREAT)
    os.fsync(fd)

    def use(place: int, data: memoryview) -> None:
        os.pwritev(fd, [data], place)
        check(libc.syncfs(fd))

    return use


def kernel(number: int, *arguments: object) -> None:
    check(libc.syscall(ctypes.c_long(number), *arguments))


def batch(path: str, parts: Sequence[int], stride: int) -> Use:
    """Reads as many equal parts of the data as there are in `parts`, in that order, by one io_submit(2). Part n comes
    from where it would be in a device `stride` times as large."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    context = ctypes.c_ulong()
    kernel(SYS_IO_SETUP, len(parts), ctypes.byref(context))

    def use(place: int, data: memoryview) -> None:
        size = len(data) // len(parts)
        start = ctypes.addressof(ctypes.c_char.from_buffer(data))
        requests = [
            ctypes.create_string_buffer(
                IOCB.pack(n, 0, 0, IOCB_PREAD, 0, fd, start + n * size, size, (place + n * size) * stride, 0, 0, 0)
            )
            for n in parts
        ]
        pointers = (ctypes.c_void_p * len(parts))(*map(ctypes.addressof, requests))
        kernel(SYS_IO_SUBMIT, context, len(parts), pointers)
        events = ctypes.create_string_buffer(IO_EVENT_SIZE * len(parts))
        kernel(SYS_IO_GETEVENTS, context, ctypes.c_long(len(parts)), ctypes.c_long(len(parts)), events, None)

    return use


def opened(path: str, flags: int = 0) -> int:
    return os.open(path, os.O_RDWR | os.O_DIRECT | flags)


def reader(path: str) -> Use:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    return lambda place, data: os.preadv(fd, [data], place)


def writer(path: str, flags: int = 0) -> Use:
    fd = opened(path, flags)
    return lambda place, data: os.pwritev(fd, [data], place)


# From a path and the size of each use.
OPERATIONS: dict[str, Callable[[str, int], Use]] = {
    "read": lambda path, size: reader(path),
    "backwards": lambda path, size: batch(path, [3, 2, 1, 0], 1),
    "scattered": lambda path, size: batch(path, range(size // PIECE), 2),
    "write": lambda path, size: writer(path),
    "dsync": lambda path, size: writer(path, os.O_DSYNC),
    "fsync": lambda path, size: write_and_sync(opened(path)),
    "discard": lambda path, size: ranged(opened(path), BLKDISCARD),
    "zero": lambda path, size: ranged(opened(path), BLKZEROOUT),
    "buffered": lambda path, size: buffered(path),
}


def main(operation: str, path: str, count: str, size: str = "4096") -> None:
    use = OPERATIONS[operation](path, int(size))
    data = memoryview(mmap.mmap(-1, int(size)))  # aligned, as O_DIRECT wants it
    gate.wait("disk_user", path=path)
    each = []
    for number in range(int(count)):
        start = monotonic_ns()
        use(number * len(data), data)
        each.append(monotonic_ns() - start)
    gate.report(count=len(each), size=len(data), bytes=len(each) * len(data), each_ns=each)


if __name__ == "__main__":
    main(*sys.argv[1:])
