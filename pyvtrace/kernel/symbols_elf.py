"""Function names of ELF files: .symtab, .dynsym, separate debug files, and MiniDebugInfo (.gnu_debugdata).

What is kept of a symbol are sixteen bytes and its name, as they were in the file.
"""

from __future__ import annotations

import os
import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyvtrace.value import Value

DEBUG = "/usr/lib/debug"
_MAGIC, _CLASS_64, _LITTLE = b"\x7fELF", 2, 1
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMTAB, _NOTE, _DYNSYM, _LOAD, _NOBITS = 2, 7, 11, 1, 8
_FUNCTIONS = frozenset((2, 10))  # STT_FUNC, STT_GNU_IFUNC
_BUILD_ID = 3
_SIZE_BITS, _NAME_BITS = 32, 32
_NAME_MASK = (1 << _NAME_BITS) - 1

Read = Callable[[int, int], bytes]


class NotElf(Exception):
    """No 64-bit little-endian ELF file."""


class Section(Value):
    name: str
    type: int
    offset: int
    size: int
    link: int


class Elf:
    """The parts of one ELF file that names come from. `read(offset, size)` gives bytes of it, fewer past its end."""

    def __init__(self, read: Read) -> None:
        self.read = read
        start = read(0, _HEADER.size)
        if len(start) < _HEADER.size or start[:4] != _MAGIC or start[4] != _CLASS_64 or start[5] != _LITTLE:
            raise NotElf
        header = _HEADER.unpack(start)
        segments, sections, count, total, names = header[5], header[6], header[10], header[12], header[13]
        try:
            self.segments = list(_SEGMENT.iter_unpack(self._whole(segments, count * _SEGMENT.size)))
            # A file whose section headers were cut off still has segments.
            self.sections = list(self._sections(sections, total, names)) if sections else []
        except (OSError, OverflowError):
            raise NotElf from None

    def _whole(self, at: int, size: int) -> bytes:
        found = self.read(at, size)
        if len(found) < size:
            raise NotElf
        return found

    def _sections(self, at: int, count: int, names: int) -> Iterator[Section]:
        headers = list(_SECTION.iter_unpack(self._whole(at, count * _SECTION.size)))
        texts = self.read(*headers[names][4:6]) if names < count else b""
        for name, type_, _, _, offset, size, link, *_ in headers:
            yield Section(text_at(texts, name), type_, offset, size, link)

    def bytes_of(self, name: str) -> bytes:
        """Contents of a section; empty if there is none."""
        return next((self.contents(s) for s in self.sections if s.name == name and s.type != _NOBITS), b"")

    def contents(self, section: Section) -> bytes:
        try:
            return self.read(section.offset, section.size)
        except (OSError, OverflowError, MemoryError):
            return b""

    def table(self, type_: int) -> Section | None:
        return next((s for s in self.sections if s.type == type_ and s.size), None)

    def build_id(self) -> str:
        """In hex; "" if there is none."""
        note = self.bytes_of(".note.gnu.build-id")
        if len(note) < 16:
            return ""
        name, size, type_ = struct.unpack_from("<III", note)
        start = 12 + (name + 3 & ~3)
        return note[start : start + size].hex() if type_ == _BUILD_ID else ""


class Table:
    """The functions of one symbol table, by address."""

    def __init__(self, elf: Elf, section: Section) -> None:
        packed = sorted(_functions(elf.contents(section)))
        # As it is: the file may be another one by the time that a name is asked for.
        self._texts = elf.contents(elf.sections[section.link]) if packed else b""
        self._starts = array("Q", (p >> _SIZE_BITS + _NAME_BITS for p in packed))
        self._sizes = array("I", (p >> _NAME_BITS & _NAME_MASK for p in packed))
        self._names = array("I", (p & _NAME_MASK for p in packed))

    def __len__(self) -> int:
        return len(self._starts)

    def find(self, address: int) -> tuple[str, int] | None:
        """Name of the function an address is in, and how far; None if it is in none.

        Of several names at one address the last in the table's order of size is taken; a function without a size (of
        assembler) ends where the next begins.
        """
        at = bisect_right(self._starts, address) - 1
        while at >= 0:
            offset = address - self._starts[at]
            size = self._sizes[at]
            if offset < size or not size:
                return text_at(self._texts, self._names[at]), offset
            # An alias of no size or a smaller one may stand in front of what covers the address.
            if at and self._starts[at - 1] != self._starts[at]:
                return None
            at -= 1
        return None


def _functions(raw: bytes) -> Iterator[int]:
    """Start, size and place of the name of every function, in one integer."""
    most = _NAME_MASK
    for name, info, _, section, value, size in _SYMBOL.iter_unpack(raw[: len(raw) // _SYMBOL.size * _SYMBOL.size]):
        if info & 15 in _FUNCTIONS and section and value:
            yield value << _SIZE_BITS + _NAME_BITS | min(size, most) << _NAME_BITS | name


class Image:
    """A mapped file: names by offsets in it. All that is needed of the file is read when it is made."""

    def __init__(self, elf: Elf, path: str) -> None:
        self.build_id = elf.build_id()
        self.is_stripped = elf.table(_SYMTAB) is None
        self._segments = elf.segments
        self.tables = list(self._tables_of(elf))
        if self.is_stripped:
            self.tables += self._split_off(elf, path)

    def find(self, offset: int) -> tuple[str, int] | None:
        """Name of the function at an offset of the file, and how far into it; None if it has none."""
        for type_, _, at, virtual, _, size, _, _ in self._segments:
            if type_ == _LOAD and at <= offset < at + size:
                address = offset - at + virtual
                return next((found for table in self.tables if (found := table.find(address))), None)
        return None

    @staticmethod
    def _tables_of(elf: Elf) -> Iterator[Table]:
        for type_ in (_SYMTAB, _DYNSYM):
            if (section := elf.table(type_)) is not None and section.link < len(elf.sections):
                yield Table(elf, section)

    def _split_off(self, elf: Elf, path: str) -> list[Table]:
        """The tables of the separate debug file of just this build, or else those packed into the file."""
        for place in self._debug_files(elf, path):
            with open_elf(place) as separate:
                if separate is not None and separate.table(_SYMTAB) and separate.build_id() == self.build_id:
                    return list(self._tables_of(separate))
        packed = elf.bytes_of(".gnu_debugdata")
        small = _unpacked(packed) if packed else None
        return list(self._tables_of(small)) if small is not None else []

    def _debug_files(self, elf: Elf, path: str) -> Iterator[str]:
        if self.build_id:
            yield f"{DEBUG}/.build-id/{self.build_id[:2]}/{self.build_id[2:]}.debug"
        name = elf.bytes_of(".gnu_debuglink").partition(b"\0")[0].decode("utf-8", "surrogateescape")
        if name and "/" not in name:
            directory = os.path.dirname(path)
            yield from (f"{directory}/{name}", f"{directory}/.debug/{name}", f"{DEBUG}{directory}/{name}")


def _unpacked(packed: bytes) -> Elf | None:
    import lzma

    try:
        return Elf(from_memory(lzma.decompress(packed)))
    except (lzma.LZMAError, NotElf):
        return None


def text_at(texts: bytes, at: int) -> str:
    """The string that begins there in a table of strings."""
    return texts[at : texts.find(b"\0", at)].decode("utf-8", "surrogateescape")


def from_memory(data: bytes) -> Read:
    """Reads what is in memory already."""
    return lambda at, size: data[at : at + size]


@contextmanager
def open_elf(path: str) -> Iterator[Elf | None]:
    """The ELF file at a path until the end of the block; None if there is none that can be read."""
    # Not by mapping it: a file that somebody cuts meanwhile would end us. Not blocked by what is no plain file.
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    try:
        yield _elf(lambda at, size: os.pread(fd, size, at))
    finally:
        os.close(fd)


def _elf(read: Read) -> Elf | None:
    try:
        return Elf(read)
    except (NotElf, OSError, OverflowError):
        return None
