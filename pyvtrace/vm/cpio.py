"""The archive an initramfs is: "newc" cpio, as the kernel's early user space documentation gives it."""

from __future__ import annotations

import stat
from collections.abc import Iterable

from pyvtrace.value import Value


class Entry(Value):
    """One file of any kind: `mode` with its type bits, as stat(2) has it; for a link, `content` is where it points."""

    name: str
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def file(name: str, content: bytes, mode: int = 0o644) -> Entry:
    return Entry(name, stat.S_IFREG | mode, content)


def directory(name: str) -> Entry:
    return Entry(name, stat.S_IFDIR | 0o755)


def link(name: str, target: str) -> Entry:
    return Entry(name, stat.S_IFLNK | 0o777, target.encode())


def character_device(name: str, major: int, minor: int) -> Entry:
    return Entry(name, stat.S_IFCHR | 0o600, b"", (major, minor))


def archive(entries: Iterable[Entry]) -> bytes:
    """The archive of all entries. Times are zero: equal contents are equal archives."""
    numbered = enumerate(entries, 1)
    return b"".join(_member(entry, number) for number, entry in numbered) + _member(Entry("TRAILER!!!", 0), 0)


def _member(entry: Entry, number: int) -> bytes:
    name = entry.name.encode() + b"\0"
    # inode, mode, uid, gid, links, mtime, size, device of the file, device it stands for, length of the name, checksum
    fields = (number, entry.mode, 0, 0, 1, 0, len(entry.content), 0, 0, *entry.device, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + name) + _padded(entry.content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
