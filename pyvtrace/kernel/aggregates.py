"""Structs and unions of the kernel, out of its BTF."""

from __future__ import annotations

from pyvtrace.kernel.btf import Btf, Kind
from pyvtrace.target import KernelMember, KernelType

_KEYWORDS = {Kind.STRUCT: "struct", Kind.UNION: "union"}


def aggregate(btf: Btf, keyword: str, tag: str) -> KernelType | None:
    """`struct tag` or `union tag` with its members; None if there is none. Aggregates that are members have theirs only
    if they have no tag."""
    found = btf.find(tag, Kind.STRUCT if keyword == "struct" else Kind.UNION)
    return _whole(btf, found) if found else None


def _whole(btf: Btf, identifier: int) -> KernelType:
    keyword = _KEYWORDS[btf.kind(identifier)]
    members = tuple(
        KernelMember(name, type_of(btf, type_), offset, bits) for name, type_, offset, bits in btf.members(identifier)
    )
    return KernelType(keyword, btf.c_name(identifier), btf.size(identifier), members=members)


def type_of(btf: Btf, identifier: int) -> KernelType:
    """A type by its id. Structs and unions with a tag have no members here."""
    bare = btf.bare(identifier)
    kind = btf.kind(bare)
    if kind in _KEYWORDS:
        if not btf.name(bare):
            return _whole(btf, bare)
        return KernelType(_KEYWORDS[kind], btf.c_name(bare), btf.size(bare))
    if kind == Kind.ARRAY:
        element, length = btf.array(bare)
        part = KernelMember("", type_of(btf, element))
        return KernelType("array", btf.c_name(identifier), btf.size(bare), length=length, members=(part,))
    return btf.describe(identifier)
