"""What print() has to know of a type: its members' names, and where their bytes are."""

from __future__ import annotations

from pyvtrace.lang.types import Array, Float, Integer, String, Struct, Type
from pyvtrace.spec import PartSpec, ShapeSpec


def shape_of(type_: Type) -> ShapeSpec:
    """The shape of a value of a type."""
    match type_:
        case Struct(members=members):
            parts = tuple(PartSpec(m.name, m.bit_offset, m.bits, shape_of(m.type)) for m in members or ())
            return ShapeSpec("struct", str(type_), type_.size, parts)
        case Array(element=Integer(bytes=1)):
            return ShapeSpec("string", str(type_), type_.size)
        case Array(element=element):
            return ShapeSpec("array", str(type_), type_.size, (PartSpec("", 0, 0, shape_of(element)),))
        case Float():
            return ShapeSpec("float", str(type_), type_.size)
        case String():
            return ShapeSpec("string", str(type_), type_.size)
        case Integer(signed=signed, constants=constants):
            return ShapeSpec("int" if signed else "uint", str(type_), type_.size, constants=constants)
    return ShapeSpec("pointer", str(type_), type_.size)
