"""Memory mapped, touched and asked for: a known number of pages and bytes; see `acts`."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
from typing import Any

from tests.workloads import acts, gate

PAGE = mmap.PAGESIZE


def touches(pages: int) -> dict[str, Any]:
    """Pages written one by one under a name of their own; all faults meanwhile, by the kernel's count for us."""
    memory = mmap.mmap(-1, (pages + 1024) * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    before = resource.getrusage(resource.RUSAGE_SELF)
    gate.name_thread("touching")
    for page in range(pages):
        memory[page * PAGE] = 1
    gate.name_thread("touches")
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {"most": after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt}


def maps(count: int, size: int) -> dict[str, Any]:
    """Mappings made, and all but one of them taken away, in a child that does nothing else."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    child = os.fork()
    if not child:
        gate.name_thread("mapping")
        places = [libc.mmap(None, size, 3, 0x22, -1, 0) for _ in range(count)]
        for place in places[1:]:
            libc.munmap(place, size)
        libc.mmap(None, 0, 3, 0x22, -1, 0)  # EINVAL
        gate.name_thread("done")
        os._exit(0)
    os.waitpid(child, 0)
    return {"child": child}


def allocs(count: int, size: int) -> dict[str, Any]:
    """malloc, calloc and realloc of a size that nothing else here asks for."""
    libc = ctypes.CDLL(None)
    for name, restype in (("malloc", ctypes.c_void_p), ("calloc", ctypes.c_void_p), ("realloc", ctypes.c_void_p)):
        getattr(libc, name).restype = restype
    libc.free.argtypes = libc.realloc.argtypes = [ctypes.c_void_p]
    for _ in range(count):
        libc.free(libc.malloc(ctypes.c_size_t(size)))
        libc.free(libc.calloc(ctypes.c_size_t(2), ctypes.c_size_t(size)))
    return {}


if __name__ == "__main__":
    acts.main(globals())
