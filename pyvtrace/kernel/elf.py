"""ELF files, as far as probes need them: where functions lie, and which static probes there are (System V ABI; the
notes' layout is SystemTap's, UserSpaceProbeImplementation).

A file is mapped and never copied: of a program of 100 MB only the pages of its tables are read.
"""

from __future__ import annotations

import mmap
import os
import struct
from bisect import bisect_right
from collections.abc import Iterator

from pyvtrace.target import Functions, NoAccess, Note, Place
from pyvtrace.value import Value

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_CLASS64, _LITTLE = 2, 1
_PT_LOAD = 1
_SHT_SYMTAB, _SHT_NOTE, _SHT_NOBITS, _SHT_DYNSYM, _SHT_VERSYM = 2, 7, 8, 11, 0x6FFFFFFF
_STT_FUNC, _STT_IFUNC = 2, 10
# e_machine by `uname -m`.
_MACHINES = {"x86_64": 62, "aarch64": 183, "riscv64": 243}
# A version that only programs linked long ago use (VERSYM_HIDDEN).
_HIDDEN = 0x8000
_NT_STAPSDT = 3


class Section(Value):
    """A part of the file; `link` is the section that it refers to."""

    name: str
    type: int
    address: int
    offset: int
    size: int
    link: int


class NotElf(Exception):
    """The file is no program or library of this machine; the text says what it is instead."""


class Elf:
    """One mapped file. A context manager."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size < _HEADER.size:
                raise NotElf("it is no ELF file")
            self._data = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ)
        try:
            self._open()
        except BaseException:
            self._data.close()
            raise

    def __enter__(self) -> Elf:
        return self

    def __exit__(self, *error: object) -> None:
        self._data.close()

    def _open(self) -> None:
        head = _HEADER.unpack_from(self._data)
        ident, machine = head[0], head[2]
        if ident[:4] != b"\x7fELF":
            raise NotElf("it is no ELF file")
        if ident[4] != _CLASS64:
            raise NotElf("it is a 32-bit program, and only 64-bit ones can be traced")
        if ident[5] != _LITTLE or machine != _MACHINES.get(os.uname().machine, machine):
            raise NotElf("it is a program of another architecture")
        self.entry, segments, sections = head[4:7]
        segment_count, section_count, names = head[10], head[12], head[13]
        try:
            self._loads = [
                (address, offset, size)
                for type_, _, offset, address, _, size, _, _ in self._rows(_SEGMENT, segments, segment_count)
                if type_ == _PT_LOAD
            ]
            self._sections = list(self._read_sections(sections, section_count, names))
        except struct.error:
            raise NotElf("its tables are damaged") from None

    def _rows(self, row: struct.Struct, offset: int, count: int) -> Iterator[tuple[int, ...]]:
        return (row.unpack_from(self._data, offset + index * row.size) for index in range(count))

    def _read_sections(self, offset: int, count: int, names: int) -> Iterator[Section]:
        rows = list(self._rows(_SECTION, offset, count))
        table = rows[names][4] if names < len(rows) else 0
        for name, type_, _, address, place, size, link, _, _, _ in rows:
            yield Section(self._text(table + name), type_, address, place, size, link)

    def _text(self, offset: int) -> str:
        end = self._data.find(b"\0", offset)
        return self._data[offset:end].decode("utf-8", "replace")

    def file_offset(self, address: int) -> int | None:
        """Where in the file the byte lies that is loaded at an address; None for one that is not of the file."""
        for start, offset, size in self._loads:
            if start <= address < start + size:
                return address - start + offset
        return None

    # ----------------------------------------------------------------------------------------------------- functions

    def functions(self) -> Functions:
        """All functions of the symbol table, else those that are exported. A name may stand for several: local ones of
        several files, or a function inlined nowhere twice."""
        tables = {section.type: section for section in self._sections if section.type in (_SHT_SYMTAB, _SHT_DYNSYM)}
        table = tables.get(_SHT_SYMTAB) or tables.get(_SHT_DYNSYM)
        if table is None:
            return Functions({}, frozenset(), True)
        names = self._sections[table.link]
        strings = self._data[names.offset : names.offset + names.size]
        versions = self._versions(table)
        found: dict[str, dict[int, int]] = {}
        older: dict[str, dict[int, int]] = {}
        chosen: set[str] = set()
        rows = _SYMBOL.iter_unpack(self._data[table.offset : table.offset + table.size // 24 * 24])
        for index, (name, info, _, section, address, size) in enumerate(rows):
            kind = info & 15
            if kind not in (_STT_FUNC, _STT_IFUNC) or not section or not address:
                continue
            text = strings[name : strings.find(b"\0", name)].decode("utf-8", "replace")
            if kind == _STT_IFUNC:
                chosen.add(text)
            elif (offset := self.file_offset(address)) is not None:
                hidden = versions and versions[index] & _HIDDEN
                (older if hidden else found).setdefault(text, {})[offset] = size
        for text, places in older.items():
            # Nobody calls the old function of a name that now means one of several.
            if text not in chosen:
                found.setdefault(text, places)
        functions = {text: tuple(Place(*place) for place in places.items()) for text, places in found.items()}
        return Functions(functions, frozenset(chosen - found.keys()), table.type == _SHT_DYNSYM)

    def _versions(self, table: Section) -> tuple[int, ...]:
        """The version of each exported symbol; empty where there are none."""
        section = next((s for s in self._sections if s.type == _SHT_VERSYM), None)
        if table.type != _SHT_DYNSYM or section is None:
            return ()
        return struct.unpack_from(f"<{section.size // 2}H", self._data, section.offset)

    # --------------------------------------------------------------------------------------------------------- notes

    def notes(self) -> tuple[Note, ...]:
        """The static probes, in the order of the file."""
        section = next((s for s in self._sections if s.name == ".note.stapsdt"), None)
        if section is None:
            return ()
        base = next((s.address for s in self._sections if s.name == ".stapsdt.base"), None)
        starts = sorted((p.offset, p.size, name) for name, places in self.functions().at.items() for p in places)
        return tuple(note for data in self._descriptions(section) if (note := self._note(data, base, starts)))

    def _descriptions(self, section: Section) -> Iterator[bytes]:
        at, end = section.offset, section.offset + section.size
        while at + 12 <= end:
            name_size, size, kind = struct.unpack_from("<III", self._data, at)
            name = at + 12
            data = name + (name_size + 3 & ~3)
            if kind == _NT_STAPSDT and self._data[name : name + 7] == b"stapsdt":
                yield self._data[data : data + size]
            at = data + (size + 3 & ~3)

    def _note(self, data: bytes, base: int | None, starts: list[tuple[int, int, str]]) -> Note | None:
        location, linked, semaphore = struct.unpack_from("<QQQ", data)
        # Prelinking moves the code but not what the note says.
        moved = base - linked if base is not None else 0
        provider, name, arguments = (part.decode("utf-8", "replace") for part in data[24:].split(b"\0")[:3])
        offset = self.file_offset(location + moved)
        counter = self.file_offset(semaphore + moved) if semaphore else 0
        if offset is None or counter is None:
            return None
        index = bisect_right(starts, (offset, 1 << 64, "")) - 1
        inside = index >= 0 and offset < starts[index][0] + starts[index][1]
        return Note(provider, name, starts[index][2] if inside else "", offset, counter, arguments)


_UNREADABLE = (OSError, ValueError, IndexError, struct.error, NotElf)


def _refused(path: str, error: Exception) -> NoAccess:
    if isinstance(error, NotElf):
        return NoAccess(f"{path} cannot be traced: {error}")
    return NoAccess(f"{path} cannot be read: {error.strerror if isinstance(error, OSError) else 'it is damaged'}")


def functions(path: str) -> Functions | NoAccess:
    """The functions of a program or library, or why they are not to be had."""
    try:
        with Elf(path) as elf:
            return elf.functions()
    except _UNREADABLE as error:
        return _refused(path, error)


def notes(path: str) -> tuple[Note, ...]:
    """The static probes of a program or library; none of what is no such file."""
    try:
        with Elf(path) as elf:
            return elf.notes()
    except _UNREADABLE:
        return ()
