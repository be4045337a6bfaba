"""bcc's descriptions of types, and values of them in bytes.

A description is the name of a number (`"unsigned int"`), or `[name, members, "struct"]` (or "struct_packed", "union"),
a member `[name, type]`, `[name, type, [length]]` or, of a bit-field, `[name, type, width]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pyvtrace.spec import FieldSpec
from pyvtrace.value import Value

_SIZES = {
    "_Bool": 1,
    "char": 1,
    "signed char": 1,
    "unsigned char": 1,
    "short": 2,
    "unsigned short": 2,
    "int": 4,
    "unsigned int": 4,
    "long": 8,
    "unsigned long": 8,
    "long long": 8,
    "unsigned long long": 8,
    "__int128": 16,
    "unsigned __int128": 16,
}
_FILLING = "__pad"
# Events have their types as the program writes them.
_SHORT = {
    **{f"{prefix}{sign}{8 * size}": (sign, size) for prefix in ("", "__") for sign in "us" for size in (1, 2, 4, 8)},
    "bool": ("u", 1),
    "size_t": ("u", 8),
    "ssize_t": ("s", 8),
}
_NUMBERS = {1: "char", 2: "short", 4: "int", 8: "long long"}


class Unreadable(Exception):
    """A type that has no values we know how to show; the text says what it is."""


class Named(Value):
    """A scalar inside a type: where it is, and what its member is called (`a.b` inside others; "" of a type that is
    nothing but that)."""

    name: str
    field: FieldSpec


def scalars(type_: Any) -> tuple[Named, ...]:
    """The scalars of a type: numbers, texts (arrays of char) and other arrays as bytes. Padding is none.

    Raises:
        Unreadable: it has members of another kind.
    """
    return tuple(named for named in _scalars(type_, "", 0) if not named.name.rpartition(".")[2].startswith(_FILLING))


def _scalars(type_: Any, name: str, at: int) -> Iterator[Named]:
    if isinstance(type_, str):
        yield Named(name, FieldSpec(at, _size(type_), _kind(type_)))
        return
    if not isinstance(type_, list) or type_[-1] == "union":
        raise Unreadable(f"a union ({type_[0]})" if type_ else "of a type that bcc does not describe")
    packed = type_[-1] == "struct_packed"
    for member in type_[1]:
        inner, length = _member(member)
        at = at if packed else _up(at, _alignment(inner))
        path = f"{name}.{member[0]}".strip(".")
        if length is None:
            yield from _scalars(inner, path, at)
        elif inner == "char":
            yield Named(path, FieldSpec(at, length, "string"))
        else:
            yield Named(path, FieldSpec(at, _whole(inner) * length, "bytes"))
        at += _whole(inner) * (1 if length is None else length)


def _member(member: Sequence[Any]) -> tuple[Any, int | None]:
    """The type of a member and the length of an array, None of what is no array."""
    if len(member) == 2:
        return member[1], None
    rest = member[2]
    if isinstance(rest, list):
        length = 1
        for part in rest:
            length *= part
        return member[1], length
    if isinstance(rest, int):
        raise Unreadable(f"a bit-field ({member[0]})")
    return list(member), None


def _size(name: str) -> int:
    if name.startswith("enum "):
        return 4
    if name.endswith("*"):
        return 8
    if name not in _SIZES:
        raise Unreadable(f"of type {name}")
    return _SIZES[name]


def _kind(name: str) -> str:
    if name.endswith("*"):
        return "pointer"
    return "uint" if name.startswith(("unsigned", "_Bool", "enum ")) else "int"


def _alignment(type_: Any) -> int:
    if isinstance(type_, str):
        return _size(type_)
    if type_[-1] == "struct_packed":
        return 1
    return max((_alignment(_member(member)[0]) for member in type_[1]), default=1)


def _whole(type_: Any) -> int:
    """Size of a type with what C puts behind its last member."""
    if isinstance(type_, str):
        return _size(type_)
    packed, union, at, widest = type_[-1] == "struct_packed", type_[-1] == "union", 0, 0
    for member in type_[1]:
        inner, length = _member(member)
        size = _whole(inner) * (1 if length is None else length)
        widest = max(widest, size)
        at = (at if packed else _up(at, _alignment(inner))) + size
    return _up(widest if union else at, _alignment(type_))


def _up(at: int, alignment: int) -> int:
    return -(-at // alignment) * alignment


def event_scalars(members: Sequence[str]) -> tuple[Named, ...]:
    """Those of what a program puts out: `name#type` for each member, in C's layout.

    Raises:
        Unreadable: bcc could not tell the type.
    """
    rows: list[Any] = []
    for member in members:
        name, _, type_ = member.partition("#")
        element, bracket, length = type_.partition("[")
        element = written(element.strip())
        rows.append([name, element, [int(length.rstrip("]"))]] if bracket else [name, element])
    if not rows:
        raise Unreadable("of a type that bcc does not describe")
    return scalars(["event", rows, "struct"])


def written(name: str) -> str:
    """C's name of a number that has a short one."""
    if name.startswith("enum "):
        return "int"
    if name not in _SHORT:
        return name
    sign, size = _SHORT[name]
    signed = "signed char" if size == 1 else _NUMBERS[size]
    return signed if sign == "s" else f"unsigned {_NUMBERS[size]}"


def decode(field: FieldSpec, raw: bytes | memoryview) -> int | str:
    """One scalar: text up to its NUL, numbers, and other bytes as hexadecimal digits."""
    part = bytes(raw[field.offset : field.offset + field.size])
    if field.kind == "string":
        return part.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    if field.kind == "bytes":
        return part.hex()
    return int.from_bytes(part, "little", signed=field.kind == "int")
