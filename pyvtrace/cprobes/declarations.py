"""The kernel's types as C declares them, out of BTF: those that a program's words name, and what these need.

A whole kernel's types are 3 MB of C, most of a second to compile, and full of names that programs use themselves. So
declared are the types and constants a program names, what they embed, and what a pointer points to if the program has a
word for that pointer: whoever follows it writes its name.

Offsets are BTF's. Where C would lay a member out elsewhere, padding is put before it, or the struct is packed. Pointers
to functions are `void *`, and qualifiers are left out: neither changes a layout, and nobody calls the kernel from BPF.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from pyvtrace.kernel.btf import Btf, Kind

_KEYWORDS = {Kind.STRUCT: "struct", Kind.UNION: "union", Kind.ENUM: "enum", Kind.ENUM64: "enum"}
_QUALIFIERS = {Kind.CONST, Kind.VOLATILE, Kind.RESTRICT, Kind.TYPE_TAG}
_POINTER = 8
# What a name of the kernel's gets in front that the program has a meaning of its own for.
_OURS = "__kernel_"


class Declarations:
    """`words` are the program's identifiers; `defined` those that it gives a meaning of its own."""

    def __init__(self, btf: Btf, words: Set[str], defined: Set[str]) -> None:
        self._btf, self._words = btf, words
        self._taken = set(defined)
        self._names: dict[int, str] = {}
        self._tags: dict[str, int] = {}
        self._begun: set[int] = set()
        self._alignments: dict[int, int] = {}
        self._later: list[int] = []
        self._parts: list[str] = []
        self._fillers = 0

    def text(self) -> str:
        """All declarations, each after what it needs."""
        types, enums = self._btf.called(self._words)
        for identifier in types:
            self._need(identifier, followed=True)
        for identifier in enums:
            self._define(identifier)
        while self._later:
            self._define(self._later.pop())
        return "\n".join(self._parts) + "\n"

    # ------------------------------------------------------------------------------------------------------------ names

    def _tag(self, identifier: int) -> str:
        """`struct name`. Of several of one name, and of one the program declares itself, only the kernel's first has
        it as it is."""
        keyword, name = _KEYWORDS[self._btf.kind(identifier)], self._btf.name(identifier)
        known = self._names.get(identifier)
        if known is None:
            first = self._tags.setdefault(name, identifier)
            known = name if first == identifier and name not in self._taken else f"{_OURS}{identifier}_{name}"
            self._names[identifier] = known
        return f"{keyword} {known}"

    def _global(self, identifier: int, name: str) -> str:
        """The name of a typedef or constant, of which there can be one."""
        if name in self._taken:
            name = f"{_OURS}{identifier}_{name}"
        self._taken.add(name)
        return name

    # ------------------------------------------------------------------------------------------------------ definitions

    def _define(self, identifier: int) -> None:
        """Declare a type, completely, unless that has begun."""
        btf, kind = self._btf, self._btf.kind(identifier)
        if identifier in self._begun:
            return
        self._begun.add(identifier)
        if kind == Kind.TYPEDEF:
            inner = btf.inner(identifier)
            # What it names may itself have a pointer of this type, and is declared where somebody needs it whole.
            self._need(inner, pointed=True)
            name = self._names[identifier] = self._global(identifier, btf.name(identifier))
            self._parts.append(f"typedef {self._declare(inner, name, '')};")
        elif kind in (Kind.STRUCT, Kind.UNION):
            self._needs_inside(identifier)
            body = self._body(identifier, "")
            self._parts.append(f"{self._tag(identifier)} {body};")
        elif kind in (Kind.ENUM, Kind.ENUM64):
            self._parts.append(f"{self._enum(identifier)};")

    def _need(self, identifier: int, *, followed: bool = False, pointed: bool = False) -> None:
        """Declare what a declarator of this type needs, and if the program follows the pointer, soon what is there."""
        btf, named = self._btf, False
        while True:
            kind = btf.kind(identifier)
            if kind == Kind.TYPEDEF:
                self._define(identifier)
                named = True
            elif kind == Kind.ARRAY:
                identifier = btf.array(identifier)[0]
                continue
            elif kind == Kind.PTR:
                pointed = True
            elif kind not in _QUALIFIERS:
                break
            identifier = btf.inner(identifier)
        if kind == Kind.FWD and followed:
            whole = btf.find(btf.name(identifier), Kind.STRUCT, Kind.UNION)
            self._later += [whole] if whole else []
        elif kind in _KEYWORDS and not btf.name(identifier):
            if kind in (Kind.STRUCT, Kind.UNION) and not named:
                self._needs_inside(identifier)
        elif kind in (Kind.ENUM, Kind.ENUM64) or (kind in _KEYWORDS and not pointed):
            self._define(identifier)
        elif kind in _KEYWORDS and followed:
            self._later.append(identifier)

    def _needs_inside(self, aggregate: int) -> None:
        """What the members need has to be declared before the whole that they are written in."""
        for name, type_, _, _ in self._btf.members(aggregate):
            self._need(type_, followed=name in self._words)

    def _enum(self, identifier: int) -> str:
        btf = self._btf
        tag = self._tag(identifier) if btf.name(identifier) else "enum"
        rows = [f"{self._global(identifier, name)} = {value}" for name, value in btf.constants(identifier)]
        small = " __attribute__((packed))" if btf.size(identifier) < 4 else ""
        return f"{tag} {{ {', '.join(rows)} }}{small}" if rows else tag

    def _declare(self, identifier: int, name: str, indent: str) -> str:
        """A declarator of that type."""
        btf = self._btf
        while True:
            kind = btf.kind(identifier)
            if kind in _QUALIFIERS:
                identifier = btf.inner(identifier)
            elif kind == Kind.PTR:
                identifier = btf.inner(identifier)
                if btf.kind(self._unqualified(identifier)) == Kind.FUNC_PROTO:
                    return f"void *{name}"
                name = f"*{name}"
            elif kind == Kind.ARRAY:
                identifier, length = btf.array(identifier)
                name = f"({name})[{length}]" if name.startswith("*") else f"{name}[{length}]"
            else:
                return f"{self._written(identifier, indent)} {name}".rstrip()

    def _unqualified(self, identifier: int) -> int:
        while self._btf.kind(identifier) in _QUALIFIERS:
            identifier = self._btf.inner(identifier)
        return identifier

    def _written(self, identifier: int, indent: str) -> str:
        """The type that a declarator begins with."""
        btf, kind = self._btf, self._btf.kind(identifier)
        if kind == Kind.TYPEDEF:
            return self._names[identifier]
        if kind in _KEYWORDS and btf.name(identifier):
            return self._tag(identifier)
        if kind in (Kind.STRUCT, Kind.UNION):
            return f"{_KEYWORDS[kind]} {self._body(identifier, indent)}"
        if kind in (Kind.ENUM, Kind.ENUM64):
            return self._enum(identifier)
        if kind in (Kind.INT, Kind.FLOAT):
            return btf.name(identifier)
        return btf.c_name(identifier) if kind == Kind.FWD else "void"

    # ---------------------------------------------------------------------------------------------------------- layouts

    def _body(self, identifier: int, indent: str) -> str:
        """`{ members } attributes` of a struct or union."""
        inside = indent + "\t"
        packed = self._is_packed(identifier)
        self._alignments[identifier] = 1 if packed else self._alignment(identifier)
        lines = self._lines(identifier, inside)
        text = "".join(f"{inside}{line};\n" for line in lines)
        return f"{{\n{text}{indent}}}{' __attribute__((packed))' if packed else ''}"

    def _alignment(self, identifier: int) -> int:
        """What C aligns a type of ours to."""
        btf, kind = self._btf, self._btf.kind(identifier)
        if identifier in self._alignments:
            return self._alignments[identifier]
        if kind in _QUALIFIERS or kind == Kind.TYPEDEF:
            return self._alignment(btf.inner(identifier))
        if kind == Kind.ARRAY:
            return self._alignment(btf.array(identifier)[0])
        if kind in (Kind.STRUCT, Kind.UNION):
            if self._is_packed(identifier):
                found = 1
            else:
                found = max((self._alignment(type_) for _, type_, _, _ in btf.members(identifier)), default=1)
            self._alignments[identifier] = found
            return found
        if kind == Kind.PTR:
            return _POINTER
        return max(1, btf.size(identifier)) if kind in (Kind.INT, Kind.ENUM, Kind.ENUM64, Kind.FLOAT) else 1

    def _is_packed(self, identifier: int) -> bool:
        """Whether a member lies, or the whole ends, where C would not put it."""
        btf = self._btf
        rows = list(btf.members(identifier))
        alignments = [self._alignment(type_) for _, type_, _, _ in rows]
        wrong = any(
            bits % (8 * alignment) and not width
            for (_, _, bits, width), alignment in zip(rows, alignments, strict=True)
        )
        return wrong or btf.size(identifier) % max(alignments, default=1) != 0

    def _lines(self, identifier: int, indent: str) -> Iterator[str]:
        """The members, and what fills the gaps."""
        btf, union = self._btf, self._btf.kind(identifier) == Kind.UNION
        at = 0
        for name, type_, bits, width in btf.members(identifier):
            if union:
                at = 0
            if bits < at:
                continue
            yield from self._fill(at, bits)
            if width:
                room = 8 * btf.size(type_)
                # Bits that C would put elsewhere are left to the filling; nothing reads them.
                if bits % room + width > room:
                    at = bits
                    continue
                yield f"{self._declare(type_, name, indent)}:{width}"
            else:
                yield self._declare(type_, name, indent)
            at = bits + (width or 8 * btf.size(type_))
        size = 8 * btf.size(identifier)
        if union:
            if size:
                yield f"char {self._filler()}[{size // 8}]"
        else:
            yield from self._fill(at, size, last=True)

    def _fill(self, at: int, to: int, *, last: bool = False) -> Iterator[str]:
        """From one bit to another."""
        if at % 8 and to > at:
            step = min(to, at + 7 & ~7)
            # After the last bits of a byte C goes on with the next one by itself.
            if step == to or to - step >= 8 or last:
                yield f"unsigned char {self._filler()}:{step - at}"
                at = step
        if to - at >= 8:
            yield f"char {self._filler()}[{(to - at) // 8}]"
            at += (to - at) // 8 * 8
        if to > at:
            yield f"unsigned char {self._filler()}:{to - at}"

    def _filler(self) -> str:
        self._fillers += 1
        return f"__fill{self._fillers}"
