"""Function names of ELF files: .symtab, .dynsym, separate debug files, and MiniDebugInfo (.gnu_debugdata).

A name is read from the mapped file when it is asked for; what is kept of a symbol are sixteen bytes.
"""

from __future__ import annotations

import mmap
import os
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator

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


class NotElf(Exception):
    """No 64-bit little-endian ELF file."""


class Section(Value):
    name: str
    type: int
    offset: int
    size: int
    link: int


class Elf:
    """The parts of one ELF file that names come from."""

    def __init__(self, data: mmap.mmap | bytes) -> None:
        if len(data) < _HEADER.size or data[:4] != _MAGIC or data[4] != _CLASS_64 or data[5] != _LITTLE:
            raise NotElf
        self.data = data
        try:
            header = _HEADER.unpack_from(data)
            segments, sections, count, total, names = header[5], header[6], header[10], header[12], header[13]
            self.segments = [_SEGMENT.unpack_from(data, segments + i * _SEGMENT.size) for i in range(count)]
            self.sections = list(self._sections(sections, total, names))
        except (struct.error, IndexError):
            raise NotElf from None

    def _sections(self, at: int, count: int, names: int) -> Iterator[Section]:
        # A file whose section headers lie past its end was cut by sstrip and the like: it still has segments.
        if not at or at + count * _SECTION.size > len(self.data):
            return
        headers = [_SECTION.unpack_from(self.data, at + i * _SECTION.size) for i in range(count)]
        texts = headers[names][4] if names < count else 0
        for name, type_, _, _, offset, size, link, *_ in headers:
            yield Section(self.text(texts + name), type_, offset, size, link)

    def text(self, at: int) -> str:
        end = self.data.find(b"\0", at)
        return self.data[at:end].decode("utf-8", "surrogateescape")

    def bytes_of(self, name: str) -> bytes:
        """Contents of a section; empty if there is none."""
        for s in self.sections:
            if s.name == name and s.type != _NOBITS:
                return bytes(self.data[s.offset : s.offset + s.size])
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

    def address(self, offset: int) -> int | None:
        """The address, as symbols have it, of a byte of the file; None if it is not loaded."""
        for type_, _, at, virtual, _, size, _, _ in self.segments:
            if type_ == _LOAD and at <= offset < at + size:
                return int(offset - at + virtual)
        return None


class Table:
    """The functions of one symbol table, by address."""

    def __init__(self, elf: Elf, section: Section) -> None:
        self._elf = elf
        self._texts = elf.sections[section.link].offset
        packed = sorted(_functions(elf.data[section.offset : section.offset + section.size]))
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
                return self._elf.text(self._texts + self._names[at]), offset
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
    """A mapped file: names by offsets in it. `build_id` is "" where it has none."""

    def __init__(self, elf: Elf, path: str) -> None:
        self._elf, self._path = elf, path
        self.build_id = elf.build_id()
        self._tables: list[Table] | None = None

    @property
    def tables(self) -> list[Table]:
        """Read when the first name is asked for."""
        if self._tables is None:
            self._tables = list(self._find_tables())
        return self._tables

    @property
    def is_stripped(self) -> bool:
        """Whether it has the names that other programs link with at most."""
        return self._elf.table(_SYMTAB) is None

    def find(self, offset: int) -> tuple[str, int] | None:
        """Name of the function at an offset of the file, and how far into it."""
        address = self._elf.address(offset)
        if address is None:
            return None
        return next((found for table in self.tables if (found := table.find(address))), None)

    def _find_tables(self) -> Iterator[Table]:
        for elf in self._sources():
            for type_ in (_SYMTAB, _DYNSYM):
                if (section := elf.table(type_)) is not None and section.link < len(elf.sections):
                    yield Table(elf, section)

    def _sources(self) -> Iterator[Elf]:
        """The file, and what was split off it: whatever has a full table ends the search."""
        yield self._elf
        if not self.is_stripped:
            return
        for path in self._debug_files():
            separate = open_elf(path)
            if separate is not None and separate.table(_SYMTAB) and separate.build_id() == self.build_id:
                yield separate
                return
        if (packed := self._elf.bytes_of(".gnu_debugdata")) and (small := _unpacked(packed)):
            yield small

    def _debug_files(self) -> Iterator[str]:
        if self.build_id:
            yield f"{DEBUG}/.build-id/{self.build_id[:2]}/{self.build_id[2:]}.debug"
        name = self._elf.bytes_of(".gnu_debuglink").partition(b"\0")[0].decode("utf-8", "surrogateescape")
        if name and "/" not in name:
            directory = os.path.dirname(self._path)
            yield from (f"{directory}/{name}", f"{directory}/.debug/{name}", f"{DEBUG}{directory}/{name}")


def _unpacked(packed: bytes) -> Elf | None:
    import lzma

    try:
        return Elf(lzma.decompress(packed))
    except (lzma.LZMAError, NotElf):
        return None


def open_elf(path: str) -> Elf | None:
    """The ELF file at a path; None if it cannot be read as one."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return Elf(mmap.mmap(fd, 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError, NotElf):
        return None
    finally:
        os.close(fd)
