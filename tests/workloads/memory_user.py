"""N pages of memory used in one way: `python -m tests.workloads.memory_user OPERATION N [PATH]`.

The use stands between two calls of getppid(2), the only ones after the gate has opened. The same was done before to
other pages, so what the program itself needs for it is there. OPERATION is

- `anonymous`: each page is written for the first time;
- `filled`: the kernel writes each page for the first time, in read(2);
- `copied`: each page is written while a child still has it as well;
- `file`: each page of a file is read through a mapping, the page cache having none of them, and no reading ahead;
- `saved`: N times a page of a file is written and synchronized;
- `direct`: the device PATH is read into memory, past the page cache;
- `swapped`: the pages, of which the kernel has no others like them, are given to swap, then read. The swap is a zram
  device of this process, which is gone again when it ends.

The file is in the ext4 file system that PATH has, mounted in a mount namespace of this process. Truth: `pages`.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.workloads import gate
from tests.workloads.disk_user import MOUNTPOINT, check, libc, mount

MADV_PAGEOUT, MADV_NOHUGEPAGE, MADV_POPULATE_WRITE = 21, 15, 23
PAGE = mmap.PAGESIZE
ZRAM_CONTROL, SWAP_SIZE = "/sys/class/zram-control", 64 << 20

Use = Callable[[], object]

libc.memchr.argtypes = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
libc.madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long


# Addresses of the memory that is to be used.
USED: list[int] = []


def memory(pages: int) -> int:
    """The address of memory that nobody has touched."""
    address: int = libc.mmap(None, pages * PAGE, mmap.PROT_READ | mmap.PROT_WRITE, 0x22, -1, 0)
    check(libc.madvise(address, pages * PAGE, MADV_NOHUGEPAGE))
    USED.append(address)
    return address


def own_the_rest() -> None:
    """No child shares a page any more but of the memory that is to be used: what Python writes meanwhile is copied
    already (Linux 5.14)."""
    with open("/proc/self/maps") as maps:
        lines = [line.split() for line in maps]
    for place, permissions, *_ in lines:
        start, end = (int(part, 16) for part in place.split("-"))
        if permissions == "rw-p" and not any(start <= address < end for address in USED):
            check(libc.madvise(start, end - start, MADV_POPULATE_WRITE))


def write(address: int, pages: int, value: int = 1) -> None:
    ctypes.memset(address, value, pages * PAGE)


def read(address: int, pages: int) -> None:
    """All of it: no byte is 255."""
    libc.memchr(address, 255, pages * PAGE)


def anonymous(pages: int, held: ExitStack) -> Use:
    address = memory(pages)
    return lambda: write(address, pages)


def filled(pages: int, held: ExitStack) -> Use:
    address = memory(pages)
    place = (ctypes.c_char * (pages * PAGE)).from_address(address)
    zeros = os.open("/dev/zero", os.O_RDONLY)
    return lambda: os.readv(zeros, [place])


def copied(pages: int, held: ExitStack) -> Use:
    address = memory(pages)
    write(address, pages)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    held.callback(os.waitpid, child, 0)
    held.callback(os.close, writing)
    return lambda: write(address, pages, 2)


def file_of(pages: int) -> int:
    fd = os.open(MOUNTPOINT, os.O_TMPFILE | os.O_RDWR)
    os.pwrite(fd, bytes(pages * PAGE), 0)
    os.fsync(fd)
    return fd


def mapped(pages: int, held: ExitStack) -> Use:
    fd = file_of(pages)
    address: int = libc.mmap(None, pages * PAGE, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    check(libc.madvise(address, pages * PAGE, mmap.MADV_RANDOM))
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    return lambda: read(address, pages)


def saved(pages: int, held: ExitStack) -> Use:
    fd = file_of(pages)

    def use() -> None:
        for number in range(pages):
            os.pwrite(fd, b"x" * PAGE, number * PAGE)
            os.fdatasync(fd)

    return use


def direct(pages: int, held: ExitStack, path: str) -> Use:
    address = memory(pages)
    write(address, pages)
    place = (ctypes.c_char * (pages * PAGE)).from_address(address)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    return lambda: os.preadv(fd, [place], 0)


def swapped(pages: int, held: ExitStack) -> Use:
    address = memory(pages)
    write(address, pages)

    def use() -> None:
        check(libc.madvise(address, pages * PAGE, MADV_PAGEOUT))
        read(address, pages)

    return use


def swap_on(held: ExitStack) -> None:
    """Swap, for as long as this process lives: a child has it, and takes it away when nobody writes to its pipe."""
    ready, making = os.pipe()
    alive, living = os.pipe()
    child = os.fork()
    if not child:
        os.close(living)
        with ExitStack() as swap:
            make_swap(swap)
            os.write(making, b"1")
            os.read(alive, 1)
        os._exit(0)
    for fd in (making, alive):
        os.close(fd)
    held.callback(os.waitpid, child, 0)
    held.callback(os.close, living)
    assert os.read(ready, 1), "no swap"


@contextmanager
def zram(size: int) -> Iterator[str]:
    """A new device in memory, by its path, which is gone afterwards."""
    with open(f"{ZRAM_CONTROL}/hot_add") as file:
        number = file.read().strip()
    try:
        tell(f"/sys/block/zram{number}/disksize", str(size))
        yield f"/dev/zram{number}"
    finally:
        tell(f"{ZRAM_CONTROL}/hot_remove", number)


def make_swap(held: ExitStack) -> None:
    device = held.enter_context(zram(SWAP_SIZE))
    subprocess.run(["mkswap", device], check=True, capture_output=True)
    check(libc.swapon(device.encode(), 0))
    held.callback(lambda: check(libc.swapoff(device.encode())))


def tell(path: str, value: str) -> None:
    with open(path, "w") as file:
        file.write(value)


OPERATIONS = {
    "anonymous": anonymous,
    "filled": filled,
    "copied": copied,
    "file": mapped,
    "saved": saved,
    "swapped": swapped,
}


def main(operation: str, count: str, path: str = "") -> None:
    pages = int(count)
    with ExitStack() as held:
        make = partial(direct, path=path) if operation == "direct" else OPERATIONS[operation]
        if path and operation != "direct":
            mount(path)
        if operation == "swapped":
            swap_on(held)
        before, use = (make(pages, held) for _ in range(2))
        before()
        if operation == "copied":
            own_the_rest()
        os.getppid()
        gate.wait("memory_user")
        os.getppid()
        use()
        os.getppid()
        gate.report(pages=pages)


if __name__ == "__main__":
    main(*sys.argv[1:])
