"""Files opened, read, written, made and removed a known number of times; see `acts`."""

from __future__ import annotations

import contextlib
import ctypes
import os
import time
from typing import Any

from tests.workloads import acts

BLOCK = 4096


def opens(directory: str, good: int, bad: int) -> dict[str, Any]:
    """Opens that succeed, and opens of what is not there."""
    there, missing = f"{directory}/there", f"{directory}/missing"
    os.close(os.open(there, os.O_CREAT | os.O_WRONLY))
    for _ in range(good):
        os.close(os.open(there, os.O_RDONLY))
    for _ in range(bad):
        with contextlib.suppress(FileNotFoundError):
            os.open(missing, os.O_RDONLY)
    return {"there": there, "good": good + 1, "missing": missing, "bad": bad}


def copies(directory: str, blocks: int) -> dict[str, Any]:
    """Blocks written to a file, half as many read back; a socket pair that carries as much, and is no file."""
    import socket

    path = f"{directory}/copied"
    fd = os.open(path, os.O_CREAT | os.O_RDWR)
    here, there = socket.socketpair()
    for _ in range(blocks):
        os.write(fd, bytes(BLOCK))
        os.write(here.fileno(), bytes(BLOCK))
        os.read(there.fileno(), BLOCK)
    os.lseek(fd, 0, os.SEEK_SET)
    for _ in range(blocks // 2):
        os.read(fd, BLOCK)
    os.close(fd)
    return {"path": path, "writes": blocks, "reads": blocks // 2, "block": BLOCK}


def slow_reads(path: str, reads: int) -> dict[str, Any]:
    """Reads of a file, each at its own place, with how long each took by this clock."""
    took = []
    fd = os.open(path, os.O_RDONLY)
    for number in range(reads):
        before = time.monotonic_ns()
        os.pread(fd, BLOCK, number * BLOCK)
        took.append(time.monotonic_ns() - before)
    os.close(fd)
    return {"took": took}


def lives(directory: str, count: int, milliseconds: int) -> dict[str, Any]:
    """Files that live for so long, one after the other, and one that stays."""
    os.close(os.open(f"{directory}/stays", os.O_CREAT | os.O_WRONLY))
    ages = []
    for number in range(count):
        path = f"{directory}/short{number}"
        before = time.monotonic_ns()
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        opened = time.monotonic_ns()
        time.sleep(milliseconds / 1000)
        least = time.monotonic_ns() - opened
        os.unlink(path)
        ages.append((least, time.monotonic_ns() - before))
    return {"ages": ages, "paths": [f"{directory}/short{number}" for number in range(count)]}


def changes(directory: str) -> dict[str, Any]:
    """Every way to change a directory, each once, and one that fails."""
    os.mkdir(f"{directory}/d")
    os.close(os.open(f"{directory}/a", os.O_CREAT | os.O_WRONLY))
    os.rename(f"{directory}/a", f"{directory}/b")
    os.link(f"{directory}/b", f"{directory}/c")
    os.symlink("b", f"{directory}/s")
    os.unlink(f"{directory}/b")
    os.rmdir(f"{directory}/d")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{directory}/nothing")
    return {}


def stats(directory: str, count: int) -> dict[str, Any]:
    """Attributes asked of a path that is there, and of one that is not."""
    for _ in range(count):
        os.stat(directory)
        with contextlib.suppress(FileNotFoundError):
            os.stat(f"{directory}/nothing")
    return {"count": count}


def syncs(directory: str) -> dict[str, Any]:
    """One of each way to wait for the medium."""
    fd = os.open(f"{directory}/synced", os.O_CREAT | os.O_WRONLY)
    os.write(fd, b"x")
    os.fsync(fd)
    os.write(fd, b"x")
    os.fdatasync(fd)
    os.close(fd)
    return {}


def mounts(directory: str) -> dict[str, Any]:
    """A file system mounted and unmounted, where nobody else sees it, and one that there is not."""
    libc = ctypes.CDLL(None, use_errno=True)
    os.makedirs(f"{directory}/m", exist_ok=True)
    place = f"{directory}/m".encode()
    clone_newns = 0x20000
    assert libc.unshare(clone_newns) == 0
    assert libc.mount(b"none", b"/", None, 0x44000, None) == 0  # MS_REC | MS_PRIVATE
    assert libc.mount(b"scratch", place, b"tmpfs", 0, b"size=1m") == 0
    assert libc.umount2(place, 2) == 0
    assert libc.mount(b"scratch", place, b"nosuchfs", 0, None) == -1
    return {"place": place.decode()}


def cold_reads(path: str) -> dict[str, Any]:
    """A file read that the page cache does not have."""
    fd = os.open(path, os.O_RDWR)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
    pages = 0
    while os.pread(fd, BLOCK, pages * BLOCK):
        pages += 1
    status = os.fstat(fd)
    return {"pages": pages, "inode": status.st_ino, "major": os.major(status.st_dev), "minor": os.minor(status.st_dev)}


if __name__ == "__main__":
    acts.main(globals())
