"""print() of structs, unions and arrays: every member with its name and type."""

from __future__ import annotations

from collections.abc import Iterator

from pyvtrace.runtime.printf import cut, escape, to_float
from pyvtrace.spec import PartSpec, ShapeSpec

# How an aggregate's parts are enclosed.
_BRACKETS = {"struct": ("{", "}"), "array": ("[", "]")}


def show(shape: ShapeSpec, raw: bytes) -> str:
    """A value as D's print() has it, with a newline at its end. `raw` may lack its last bytes: of what lies there, dots
    are shown."""
    return "".join(_lines(shape, raw, 0, "", ""))


def _lines(shape: ShapeSpec, raw: bytes, depth: int, name: str, end: str) -> Iterator[str]:
    start = f"{'':{depth}}{name}({shape.name})"
    if not raw or (len(raw) < shape.size and shape.kind not in _BRACKETS):
        yield f"{start}...{end}\n"
        return
    if shape.kind not in _BRACKETS:
        yield f"{start}{_scalar(shape, raw)}{end}\n"
        return
    opening, closing = _BRACKETS[shape.kind]
    yield f"{start} {opening}\n"
    for part in _parts(shape):
        value = _bytes_of(part, raw)
        yield from _lines(part.shape, value, depth + 1, f".{part.name} = " if part.name else "", ",")
    yield f"{'':{depth}}{closing}{end}\n"


def _parts(shape: ShapeSpec) -> Iterator[PartSpec]:
    if shape.kind == "struct":
        yield from shape.parts
        return
    element = shape.parts[0].shape
    for at in range(0, shape.size, element.size):
        yield PartSpec("", 8 * at, 0, element)


def _bytes_of(part: PartSpec, raw: bytes) -> bytes:
    """The bytes of a part; a bit-field is widened to those of its type."""
    size = part.shape.size
    if not part.bits:
        return raw[part.bit_offset // 8 : part.bit_offset // 8 + size]
    unit = 8 * size
    start = part.bit_offset // unit * size
    value = int.from_bytes(raw[start : start + size], "little") >> part.bit_offset % unit & (1 << part.bits) - 1
    if part.shape.kind == "int" and value >> part.bits - 1:
        value -= 1 << part.bits
    return value.to_bytes(size, "little", signed=value < 0)


def _scalar(shape: ShapeSpec, raw: bytes) -> str:
    if shape.kind == "string":
        return f' "{escape(cut(raw)).decode("ascii")}"'
    if shape.kind == "float":
        return f"{to_float(raw):g}"
    value = int.from_bytes(raw, "little", signed=shape.kind == "int")
    return f"{value:#x}" if shape.kind == "pointer" else constant_name(shape, value)


def constant_name(shape: ShapeSpec, value: int) -> str:
    """The first constant of an enum that has the value; the number where none has."""
    return next((name for name, known in shape.constants if known == value), str(value))
