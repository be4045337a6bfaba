"""How a value lies in a record, a key or a variable."""

from __future__ import annotations

from pyvtrace.lang import typed
from pyvtrace.lang.types import Integer, String, Trace, Type
from pyvtrace.spec import FieldSpec

# Builtins whose value as a key or record field is the probe's id: the consumer shows the text.
SYMBOLIC = ("probeprov", "probemod", "probefunc", "probename")


def aligned(offset: int, size: int) -> int:
    """`offset` rounded up to the natural alignment of a field of `size` bytes (at most 8)."""
    step = min(8, 1 << (size.bit_length() - 1)) if size & (size - 1) == 0 else 8
    return (offset + step - 1) & -step


def field_of(expr: typed.Expr, offset: int) -> FieldSpec:
    """How the value of an expression is stored at or after `offset`."""
    if isinstance(expr, typed.Builtin) and expr.variable.name in SYMBOLIC:
        return FieldSpec(aligned(offset, 4), 4, expr.variable.name)
    if isinstance(expr, typed.Memory):
        return FieldSpec(aligned(offset, 8), expr.type.size, "bytes")
    return field_of_type(expr.type, offset)


def field_of_type(type_: Type, offset: int) -> FieldSpec:
    """How a value of a type is stored at or after `offset`."""
    if isinstance(type_, String):
        size = (type_.capacity + 7) & ~7
        return FieldSpec(aligned(offset, 8), size, "string")
    if isinstance(type_, Trace):
        return FieldSpec(aligned(offset, 8), type_.size, type_.kind)
    if not type_.is_scalar:
        return FieldSpec(aligned(offset, 8), type_.size, "bytes")
    kind = ("int" if type_.signed else "uint") if isinstance(type_, Integer) else "pointer"
    return FieldSpec(aligned(offset, type_.size), type_.size, kind)


def key_fields(types: tuple[Type, ...], start: int = 0) -> tuple[tuple[FieldSpec, ...], int]:
    """Fields of a tuple and the size of the whole, a multiple of 8."""
    fields: list[FieldSpec] = []
    end = start
    for type_ in types:
        fields.append(field_of_type(type_, end))
        end = fields[-1].offset + fields[-1].size
    return tuple(fields), (end + 7) & ~7
