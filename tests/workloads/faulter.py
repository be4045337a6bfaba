"""N page faults, or moves between CPUs, of a known kind: `python -m tests.workloads.faulter KIND N [FILE]`.

KIND is `touch` (each page of new memory is written for the first time), `copy` (the kernel does so, in read(2)), `load`
(each page of FILE, of which none is in memory, is read for the first time), or `migrate` (no faults: the process puts
itself on another CPU each time). Truth: `count`. `start` and `end` of the memory are known at the gate.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys

from tests.workloads import gate

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
PAGE = mmap.PAGESIZE
MADV_RANDOM, MADV_NOHUGEPAGE = 1, 15


def mapped(pages: int, path: str) -> int:
    """The address of so many pages, none of which is there yet; faults bring one each."""
    access = mmap.PROT_READ if path else mmap.PROT_READ | mmap.PROT_WRITE
    flags = mmap.MAP_PRIVATE | (0 if path else mmap.MAP_ANONYMOUS)
    file = os.open(path, os.O_RDONLY) if path else -1
    start: int = libc.mmap(None, pages * PAGE, access, flags, file, 0)
    libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(pages * PAGE), MADV_RANDOM if path else MADV_NOHUGEPAGE)
    return start


def main(kind: str, count: int, path: str = "") -> None:
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[0]})
    start = mapped(count, path)
    zeros = os.open("/dev/zero", os.O_RDONLY)
    memory = (ctypes.c_char * (count * PAGE)).from_address(start)
    gate.wait("faulter", start=start, end=start + count * PAGE)
    for number in range(count):
        if kind == "touch":
            memory[number * PAGE] = b"x"
        elif kind == "load":
            memory[number * PAGE]
        elif kind == "migrate":
            os.sched_setaffinity(0, {cpus[(number + 1) % 2]})
    if kind == "copy":
        os.readv(zeros, [memory])
    gate.report(count=count)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
