"""The kernel's own types, from /sys/kernel/btf/vmlinux: member offsets, tracepoints' parameters, function ids.

Format: Documentation/bpf/btf.rst. A header, the types one after the other, their strings. Types have no index, so one
linear pass finds where each begins; they are decoded when asked for. `kernel.types` remembers the answers between runs,
because even the pass (20 ms) is most of a one-liner's life.
"""

from __future__ import annotations

import mmap
import re
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Set
from functools import cached_property

from pyvtrace.target import KernelParameter, KernelType, MemberPlace

VMLINUX = "/sys/kernel/btf/vmlinux"


class Kind:
    """BTF_KIND_*."""

    INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO = range(1, 14)
    VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(14, 20)


_WRAPPERS = {Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG}
# Words after the three that every type has: fixed ones, and ones for each of its `vlen` entries.
_FIXED = {Kind.INT: 1, Kind.ARRAY: 3, Kind.VAR: 1, Kind.DECL_TAG: 1}
_EACH = {Kind.STRUCT: 3, Kind.UNION: 3, Kind.ENUM: 2, Kind.FUNC_PROTO: 2, Kind.DATASEC: 3, Kind.ENUM64: 3}
# A find costs 1 ms by searching; an index of all names costs 30 ms once.
_FINDS_BEFORE_INDEX = 20
_SIGNED = 1 << 24
_ENUMS = {Kind.ENUM, Kind.ENUM64}
_KIND_FLAG = 1 << 31
# Where a tracepoint's parameters have names: `btf_trace_<name>` points to a prototype without them. All three have the
# extra first parameter `void *__data`. Only the first two exist once for each event rather than for a class of them.
_NAMED_BY = ("__traceiter_", "__probestub_", "__bpf_trace_")

_KEYWORDS = {
    Kind.STRUCT: "struct",
    Kind.UNION: "union",
    Kind.ENUM: "enum",
    Kind.ENUM64: "enum",
    Kind.VOLATILE: "volatile",
    Kind.CONST: "const",
    Kind.RESTRICT: "restrict",
}
# DWARF's names of C's integers, which BTF inherits, and those that people write.
_SHORT = {
    "short int": "short",
    "short unsigned int": "unsigned short",
    "long int": "long",
    "long unsigned int": "unsigned long",
    "long long int": "long long",
    "long long unsigned int": "unsigned long long",
}


class BtfError(Exception):
    """The kernel has no readable type information, or it is not what btf.rst describes."""


class _Lengths(dict[int, int]):
    """Length of a type in words by its info word; a few hundred different ones occur."""

    def __missing__(self, info: int) -> int:
        kind, entries = info >> 24 & 31, info & 0xFFFF
        if not 0 < kind <= Kind.ENUM64:
            raise BtfError(f"type of unknown kind {kind}")
        self[info] = length = 3 + _FIXED.get(kind, 0) + _EACH.get(kind, 0) * entries
        return length


class Btf:
    """Types by id (1...; 0 is void). `data` is the whole file.

    Raises:
        BtfError: it is not BTF.
    """

    def __init__(self, data: bytes | mmap.mmap) -> None:
        if len(data) < 24 or data[:2] != struct.pack("=H", 0xEB9F):
            raise BtfError("no BTF header")
        header, types, types_size, strings, strings_size = struct.unpack_from("=5I", data, 4)
        self._data = data
        self._types, self._types_end = header + types, header + types + types_size
        self._strings, self._strings_end = header + strings, header + strings + strings_size
        self._words = memoryview(data)[self._types : self._types_end].cast("I")
        self._finds = 0

    @cached_property
    def _starts(self) -> array[int]:
        """Where each type begins, in words: id 1 first."""
        words, lengths, at, end = self._words, _Lengths(), 0, len(self._words)
        starts = array("I")
        put = starts.append
        while at < end:
            put(at)
            at += lengths[words[at + 1]]
        return starts

    def _at(self, identifier: int) -> int:
        return self._starts[identifier - 1]

    def kind(self, identifier: int) -> int:
        return self._words[self._at(identifier) + 1] >> 24 & 31 if identifier else 0

    def _text(self, offset: int) -> str:
        start = self._strings + offset
        return self._data[start : self._data.find(b"\0", start)].decode()

    def name(self, identifier: int) -> str:
        return self._text(self._words[self._at(identifier)])

    def find(self, name: str, *kinds: int) -> int | None:
        """Id of the first type of one of the kinds that has this name."""
        # Strings are stored once each, so a name's offset identifies it.
        string = self._data.find(b"\0" + name.encode() + b"\0", self._strings, self._strings_end)
        if string < 0:
            return None
        offset = string + 1 - self._strings
        self._finds += 1
        if self._finds <= _FINDS_BEFORE_INDEX:
            return self._search(offset, kinds)
        found = [self._index[offset << 5 | kind] for kind in kinds if offset << 5 | kind in self._index]
        return min(found, default=None)

    def _search(self, offset: int, kinds: tuple[int, ...]) -> int | None:
        """By searching the types for the bytes of the name's offset; they must be the first word of a type, not any
        word that happens to be equal."""
        wanted = struct.pack("=I", offset)
        starts = self._starts
        at = self._data.find(wanted, self._types, self._types_end)
        while at >= 0:
            word, odd = divmod(at - self._types, 4)
            index = bisect_left(starts, word)
            if not odd and index < len(starts) and starts[index] == word and self.kind(index + 1) in kinds:
                return index + 1
            at = self._data.find(wanted, at + 1, self._types_end)
        return None

    @cached_property
    def _index(self) -> dict[int, int]:
        """Name's offset << 5 | kind -> the first type's id."""
        words, starts = self._words, self._starts
        return {words[starts[i]] << 5 | words[starts[i] + 1] >> 24 & 31: i + 1 for i in range(len(starts) - 1, -1, -1)}

    def enumerator(self, name: str) -> tuple[int, int] | None:
        """The enum that has a constant of this name, and its value."""
        string = self._data.find(b"\0" + name.encode() + b"\0", self._strings, self._strings_end)
        if string < 0:
            return None
        wanted = struct.pack("=I", string + 1 - self._strings)
        at = self._data.find(wanted, self._types, self._types_end)
        while at >= 0:
            word, ragged = divmod(at - self._types, 4)
            if not ragged and (found := self._constant_at(word)):
                return found
            at = self._data.find(wanted, at + 1, self._types_end)
        return None

    def _constant_at(self, word: int) -> tuple[int, int] | None:
        """(enum, value) of the constant whose name is at this word of the types."""
        identifier = bisect_right(self._starts, word)
        start = self._at(identifier)
        info = self._words[start + 1]
        kind, entry = info >> 24 & 31, word - start - 3
        each = _EACH.get(kind, 0)
        if kind not in (Kind.ENUM, Kind.ENUM64) or entry < 0 or entry % each:
            return None
        value = self._words[word + 1] | (self._words[word + 2] << 32 if kind == Kind.ENUM64 else 0)
        bits = 64 if kind == Kind.ENUM64 else 32
        return identifier, value - (value >> bits - 1 << bits) if info & _KIND_FLAG else value

    def called(self, names: Set[str]) -> tuple[list[int], list[int]]:
        """Of many names at once: structs, unions, enums, typedefs and integers of these names, and enums that have a
        constant of one; each in the order of the types."""
        wanted, offset, encoded = set(), 0, {name.encode() for name in names}
        for text in self._data[self._strings : self._strings_end].split(b"\0"):
            if text in encoded:
                wanted.add(offset)
            offset += len(text) + 1
        words, kinds = self._words, {*_KEYWORDS, Kind.TYPEDEF, Kind.INT} - {Kind.VOLATILE, Kind.CONST, Kind.RESTRICT}
        types, enums = [], []
        for index, at in enumerate(self._starts, 1):
            kind = words[at + 1] >> 24 & 31
            if words[at] in wanted and kind in kinds:
                types.append(index)
            if kind in _ENUMS:
                end, each = at + 3 + _EACH[kind] * (words[at + 1] & 0xFFFF), _EACH[kind]
                if not wanted.isdisjoint(words[at + 3 : end : each].tolist()):
                    enums.append(index)
        return types, enums

    def constants(self, enum: int) -> Iterator[tuple[str, int]]:
        """Names and values of an enum's constants."""
        at = self._at(enum)
        info = self._words[at + 1]
        each = _EACH[info >> 24 & 31]
        for entry in range(at + 3, at + 3 + each * (info & 0xFFFF), each):
            found = self._constant_at(entry)
            assert found is not None
            yield self._text(self._words[entry]), found[1]

    def inner(self, identifier: int) -> int:
        """The type of a variable, of a function, or of what a pointer points to."""
        return self._words[self._at(identifier) + 2]

    def section(self, name: str) -> frozenset[int]:
        """Ids of the variables of a section; empty if there is none."""
        found = self.find(name, Kind.DATASEC)
        if found is None:
            return frozenset()
        at = self._at(found)
        return frozenset(self._words[at + 3 : at + 3 + 3 * (self._words[at + 1] & 0xFFFF) : 3].tolist())

    def function(self, name: str) -> int | None:
        """Id of the function `name`, as BPF_PROG_LOAD's attach_btf_id takes it."""
        return self.find(name, Kind.FUNC)

    def functions(self) -> list[str]:
        """Names of all functions, also of those that are gone after start-up."""
        words = self._words
        return [self._text(words[at]) for at in self._starts if words[at + 1] >> 24 & 31 == Kind.FUNC]

    def prototype(self, name: str) -> tuple[KernelParameter, ...] | None:
        """The parameters of a function, then its result without a name; of kind "void" where it has none."""
        function = self.function(name)
        if function is None:
            return None
        prototype = self._words[self._at(function) + 2]
        found = [KernelParameter(text, self.describe(type_)) for text, type_ in self._parameters(prototype)]
        result = self._words[self._at(prototype) + 2]
        void = KernelType("void", "void", 0)
        return (*found, KernelParameter("", self.describe(result) if result else void))

    def typed_tracepoint(self, name: str) -> int | None:
        """Id of the type of a tracepoint's programs, as attach_btf_id takes it."""
        return self.find(f"btf_trace_{name}", Kind.TYPEDEF)

    # ------------------------------------------------------------------------------------------------------- members

    def member(self, struct_name: str, path: str) -> MemberPlace | None:
        """Place of `a.b` in a struct or union; anonymous ones inside are seen through. None for what is not there, and
        for bit-fields, which have no byte offset."""
        found = self.find(struct_name, Kind.STRUCT, Kind.UNION)
        offset = 0
        for name in path.split("."):
            step = self._step(self.bare(found), name) if found else None
            if step is None:
                return None
            found, offset = step[0], offset + step[1]
        return MemberPlace(offset, self.size(found), self._is_signed(found)) if found else None

    def _step(self, aggregate: int, name: str) -> tuple[int, int] | None:
        """(type id, byte offset) of a direct member, or of one of an anonymous member."""
        if self.kind(aggregate) not in (Kind.STRUCT, Kind.UNION):
            return None
        for member, identifier, bits, width in self.members(aggregate):
            if member == name:
                return None if width or bits & 7 else (identifier, bits >> 3)
            if not member and (inner := self._step(self.bare(identifier), name)):
                return inner[0], inner[1] + (bits >> 3)
        return None

    def members(self, aggregate: int) -> Iterator[tuple[str, int, int, int]]:
        """(name, type id, offset in bits, width in bits or 0)."""
        at = self._at(aggregate)
        info = self._words[at + 1]
        for entry in range(at + 3, at + 3 + 3 * (info & 0xFFFF), 3):
            name, identifier, place = self._words[entry : entry + 3]
            bits, width = (place & 0xFFFFFF, place >> 24) if info & _KIND_FLAG else (place, 0)
            yield self._text(name) if name else "", identifier, bits, width

    def bare(self, identifier: int) -> int:
        """The type without typedefs and qualifiers."""
        while self.kind(identifier) in _WRAPPERS:
            identifier = self._words[self._at(identifier) + 2]
        return identifier

    def array(self, identifier: int) -> tuple[int, int]:
        """The type of an array's elements, and their number."""
        at = self._at(identifier)
        return self._words[at + 3], self._words[at + 5]

    def size(self, identifier: int) -> int:
        """Size in bytes."""
        identifier = self.bare(identifier)
        kind = self.kind(identifier)
        if kind == Kind.PTR:
            return 8
        if kind == Kind.ARRAY:
            element, length = self.array(identifier)
            return self.size(element) * length
        return 0 if kind in (0, Kind.FWD, Kind.FUNC, Kind.FUNC_PROTO) else self._words[self._at(identifier) + 2]

    def _is_signed(self, identifier: int) -> bool:
        at = self._at(self.bare(identifier)) if self.bare(identifier) else -1
        if at < 0:
            return False
        kind = self._words[at + 1] >> 24 & 31
        if kind == Kind.INT:
            return bool(self._words[at + 3] & _SIGNED)
        return kind in (Kind.ENUM, Kind.ENUM64) and bool(self._words[at + 1] & _KIND_FLAG)

    # ---------------------------------------------------------------------------------------------------- tracepoints

    def raw_tracepoints(self) -> list[str]:
        """Names of all tracepoints, in the order of the string table."""
        return [name.decode() for name in re.findall(rb"\0btf_trace_(\w+)(?=\0)", self._data)]

    def raw_tracepoint(self, name: str) -> tuple[KernelParameter, ...] | None:
        """Parameters of a tracepoint; ones without a name are called arg0, arg1 ..."""
        typedef = self.find("btf_trace_" + name, Kind.TYPEDEF)
        if typedef is None:
            return None
        prototype = self.bare(self._words[self._at(self.bare(typedef)) + 2])
        parameters = self._parameters(prototype)
        for prefix in _NAMED_BY:
            function = self.find(prefix + name, Kind.FUNC)
            if function is not None:
                parameters = self._parameters(self._words[self._at(function) + 2])
                break
        return tuple(
            KernelParameter(text or f"arg{index}", self.describe(identifier))
            for index, (text, identifier) in enumerate(parameters[1:])
        )

    def _parameters(self, prototype: int) -> list[tuple[str, int]]:
        at = self._at(prototype)
        entries = self._words[at + 3 : at + 3 + 2 * (self._words[at + 1] & 0xFFFF)].tolist()
        return [(self._text(name), identifier) for name, identifier in zip(entries[::2], entries[1::2], strict=True)]

    def describe(self, identifier: int) -> KernelType:
        """The type as a D scalar; `char *` is a "string"."""
        bare = self.bare(identifier)
        kind = self.kind(bare)
        name, size = self.c_name(identifier), self.size(identifier)
        if kind == Kind.PTR:
            target = self.bare(self._words[self._at(bare) + 2])
            text = self.kind(target) == Kind.INT and self.name(target) == "char"
            return KernelType("string" if text else "pointer", name, size)
        if kind in (Kind.INT, Kind.ENUM, Kind.ENUM64) and size <= 8:
            return KernelType("int", name, size, self._is_signed(identifier))
        return KernelType("other", name, size)

    def c_name(self, identifier: int) -> str:
        """The type as C writes it: "const char *", "struct task_struct *", "char [16]", "void (*)(int)"."""
        if not identifier:
            return "void"
        at = self._at(identifier)
        info, inner = self._words[at + 1], self._words[at + 2]
        kind, name = info >> 24 & 31, self.name(identifier) or "(anonymous)"
        match kind:
            case Kind.PTR:
                target = self.c_name(inner)
                if self.kind(inner) == Kind.FUNC_PROTO:
                    return target.replace("(", "(*)(", 1)
                return target + ("*" if target.endswith("*") else " *")
            case Kind.ARRAY:
                return f"{self.c_name(self._words[at + 3])} [{self._words[at + 5]}]"
            case Kind.STRUCT | Kind.UNION | Kind.ENUM | Kind.ENUM64:
                return f"{_KEYWORDS[kind]} {name}"
            case Kind.FWD:
                return f"{'union' if info & _KIND_FLAG else 'struct'} {name}"
            case Kind.VOLATILE | Kind.CONST | Kind.RESTRICT:
                text, qualifier = self.c_name(inner), _KEYWORDS[kind]
                return f"{text}{qualifier}" if text.endswith("*") else f"{qualifier} {text}"
            case Kind.FUNC_PROTO:
                shown = ", ".join(self.c_name(parameter) for _, parameter in self._parameters(identifier))
                return f"{self.c_name(inner)} ({shown or 'void'})"
            case Kind.TYPE_TAG:  # __user, __rcu ... are no part of a type's identity
                return self.c_name(inner)
        return _SHORT.get(name, name)


def open_vmlinux(path: str = VMLINUX) -> Btf:
    """The running kernel's types.

    Raises:
        BtfError: the kernel was built without CONFIG_DEBUG_INFO_BTF, or the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            try:
                # Since 6.16, and only privately (btf_sysfs_vmlinux_mmap); before that the file can be read only.
                return Btf(mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ))
            except (OSError, ValueError):
                return Btf(file.read())
    except OSError as error:
        raise BtfError(f"{path}: {error.strerror}") from None
