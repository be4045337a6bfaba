"""Where the members of a struct or union lie: C's layout on LP64 systems, bit-fields as the System V ABI has them."""

from __future__ import annotations

from pyvtrace.lang.types import Integer, Member, Struct, Type


class Fields:
    """Members placed one after the other, or (`overlap`: a union) all at the start."""

    def __init__(self, overlap: bool) -> None:
        self._overlap = overlap
        self._members: list[Member] = []
        # In bits: where the next member may begin, and what the largest takes.
        self._at = self._end = 0

    def has(self, name: str) -> bool:
        return self.struct("struct", "").member(name) is not None

    def add(self, name: str, type_: Type) -> None:
        unit = 8 * type_.align
        self._place(name, type_, (self._at + unit - 1) // unit * unit, 8 * type_.size)

    def add_bits(self, name: str, type_: Integer, bits: int) -> None:
        """A bit-field does not cross a boundary of its type; one of no bits moves the next to such a boundary."""
        unit = 8 * type_.bytes
        at = self._at
        if not bits or at % unit + bits > unit:
            at = (at + unit - 1) // unit * unit
        if name:
            self._place(name, type_, at, bits, bits)
        else:
            self._take(at, bits)

    def _place(self, name: str, type_: Type, at: int, size: int, bits: int = 0) -> None:
        self._members.append(Member(name, type_, at, bits))
        self._take(at, size)

    def _take(self, at: int, size: int) -> None:
        self._end = max(self._end, at + size)
        if not self._overlap:
            self._at = at + size

    def struct(self, keyword: str, tag: str) -> Struct:
        """The aggregate as a whole: its size is a multiple of its alignment."""
        members = tuple(self._members)
        align = max((m.type.align for m in members), default=1)
        size = (self._end + 7) // 8
        return Struct(keyword, tag, members, (size + align - 1) // align * align)
