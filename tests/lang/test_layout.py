"""Structs and unions lie as C's compiler lays them out: what gcc says of bit-fields, what ctypes says of the rest."""

from __future__ import annotations

import ctypes
import random
from typing import Any

import pytest

from pyvtrace.lang import ast
from pyvtrace.lang.layout import Fields
from pyvtrace.lang.lexer import Macros
from pyvtrace.lang.naming import resolve
from pyvtrace.lang.parser import parse
from pyvtrace.lang.scope import Scope
from pyvtrace.lang.types import (
    CHAR,
    INT,
    LONG,
    SHORT,
    UCHAR,
    UINT,
    ULONG,
    USHORT,
    VOID,
    Array,
    Integer,
    Pointer,
    Struct,
    Type,
)
from pyvtrace.lang.values import Values
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.runtime.libraries import Shipped
from pyvtrace.runtime.program import Tables
from pyvtrace.source import Source
from tests.frozen import FrozenTarget
from tests.fuzz import seed, tries

# A definition, its size in bytes as gcc 12 has it on x86-64, and for each named member: first bit + number of bits.
BIT_FIELDS = """\
struct { short m0 : 5; unsigned char m1 : 7; } = 2 0+5 8+7
struct { long m0 : 11; } = 8 0+11
struct { unsigned long m0; unsigned int m1 : 11; } = 16 0+64 64+11
struct { short m0; short m1 : 1; short m2 : 14; unsigned char m3; } = 6 0+16 16+1 17+14 32+8
struct { int : 25; short m1 : 7; } = 4 25+7
struct { unsigned short m0 : 13; } = 2 0+13
union { short : 0; char m1 : 7; long m2 : 52; } = 8 0+7 0+52
struct { unsigned char m0 : 1; unsigned int : 26; unsigned short m2 : 8; } = 6 0+1 32+8
struct { unsigned char m0; unsigned int m1 : 16; long m2 : 11; } = 8 0+8 8+16 24+11
struct { int m0 : 19; unsigned int m1; short m2; int m3 : 19; } = 16 0+19 32+32 64+16 96+19
struct { unsigned short m0 : 12; long m1 : 26; char m2 : 3; unsigned long m3; } = 16 0+12 12+26 40+3 64+64
struct { short m0; unsigned long m1; long m2 : 23; } = 24 0+16 64+64 128+23
struct { int m0 : 25; short m1; } = 8 0+25 32+16
struct { unsigned long : 0; unsigned long m1 : 15; unsigned int m2; unsigned char m3 : 1; } = 16 0+15 32+32 64+1
struct { int : 21; int m1 : 4; long m2 : 44; unsigned short m3 : 10; short m4; } = 24 21+4 64+44 112+10 128+16
union { unsigned short m0; unsigned char m1 : 5; int : 0; short : 0; } = 2 0+16 0+5"""
ROWS = [row.partition(" = ") for row in BIT_FIELDS.splitlines()]


def defined(text: str) -> Struct:
    source = Source("test.d", f"{text};", "script")
    (item,) = parse(source, Macros()).items
    assert isinstance(item, ast.TypeDeclaration)
    type_ = resolve(Values(Scope(source, Tables(ProbeTable(FrozenTarget()), Shipped()), 256, 256)), item.type)
    assert isinstance(type_, Struct)
    return type_


@pytest.mark.parametrize(("text", "places"), [(text, places) for text, _, places in ROWS], ids=range(len(ROWS)))
def test_bit_fields_lie_as_in_c(text: str, places: str) -> None:
    type_ = defined(text)
    found = [f"{m.bit_offset}+{m.bits or 8 * m.type.size}" for m in type_.members or ()]
    assert " ".join([str(type_.size), *found]) == places


INTEGERS: list[tuple[Integer, Any]] = [
    (CHAR, ctypes.c_byte), (UCHAR, ctypes.c_ubyte), (SHORT, ctypes.c_short), (USHORT, ctypes.c_ushort),
    (INT, ctypes.c_int), (UINT, ctypes.c_uint), (LONG, ctypes.c_long), (ULONG, ctypes.c_ulong),
]  # fmt: skip
ROUNDS = tries(200)


def aggregate(chance: random.Random, depth: int) -> tuple[Type, Any]:
    """A random struct or union, as ours and as ctypes has it."""
    overlap = chance.random() < 0.3
    fields, theirs = Fields(overlap), []
    for number in range(chance.randint(1, 8)):
        type_, their = member(chance, depth)
        fields.add(f"m{number}", type_)
        theirs.append((f"m{number}", their))
    base: Any = ctypes.Union if overlap else ctypes.Structure
    return fields.struct("union" if overlap else "struct", ""), type("Random", (base,), {"_fields_": theirs})


def member(chance: random.Random, depth: int) -> tuple[Type, Any]:
    match chance.randrange(5):
        case 0 if depth:
            return aggregate(chance, depth - 1)
        case 1:
            element, their = member(chance, depth)
            length = chance.randint(1, 5)
            return Array(element, length), their * length
        case 2:
            return Pointer(VOID), ctypes.c_void_p
    return chance.choice(INTEGERS)


def test_random_definitions_lie_as_in_c() -> None:
    first = seed(7)
    for number in range(first, first + ROUNDS):
        ours, theirs = aggregate(random.Random(number), 2)
        assert isinstance(ours, Struct)
        assert ours.size == ctypes.sizeof(theirs), number
        for found in ours.members or ():
            place = getattr(theirs, found.name)
            assert (place.offset, place.size) == (found.offset, found.type.size), number
