"""DTrace's columns: what stands before a record's output, and how trace() and print() show a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pyvtrace.runtime.printf import PROBE_PARTS, Piece, cut, escape, field_code, name_bytes, pad, to_text
from pyvtrace.runtime.shapes import constant_name
from pyvtrace.runtime.shapes import show as show_shape
from pyvtrace.spec import STACKS, FieldSpec, PrintAction, ProbeName

HEADER = f"{'CPU':>3} {'ID':>6} {'FUNCTION:NAME':>32}\n"
FLOW_HEADER = f"{'CPU':>3} {'FUNCTION':<41}\n"
# trace() of an integer, by its size in bytes, and of a string.
TRACE_COLUMNS: Mapping[int, int] = {1: 3, 2: 5, 4: 10, 8: 20}
TRACE_STRING = 33
SYMBOL_COLUMN = 50
# Offsets in a record's header (see `spec`).
_PROBE, _CPU = ("I", 4), ("I", 8)


def heading(probes: Mapping[int, ProbeName]) -> Piece:
    """CPU, probe id, function and name of the probe that fired."""
    made: dict[tuple[int, int], str] = {}

    def text(probe: int, cpu: int) -> str:
        known = made.get((probe, cpu))
        if known is None:
            name = probes[probe]
            known = made[probe, cpu] = f"{cpu:3} {probe:6} {f'{name.function}:{name.name}':>32} "
        return known

    return Piece("%s", (_PROBE, _CPU), text)


# -------------------------------------------------------------------------------------------------------------- trace()


def trace_piece(field: FieldSpec, probes: Mapping[int, ProbeName], quiet: bool) -> Piece:
    """trace(): an integer in the column for its size, a string in its column, bytes as a dump unless they are text."""
    code = field_code(field)
    if field.kind == "bytes":
        return Piece("%s", (code,), lambda raw: dump(raw, quiet))
    show: Callable[[bytes], str] = to_text if quiet else lambda raw: "  " + pad(raw, TRACE_STRING, "-")
    if field.kind in PROBE_PARTS:
        name = name_bytes(PROBE_PARTS[field.kind], probes)
        return Piece("%s", (code,), lambda number: show(name(number)))
    if field.kind == "string":
        return Piece("%s", (code,), lambda raw: show(cut(raw)))
    return Piece("%d" if quiet else f" %{TRACE_COLUMNS[field.size]}d", (code,))


_TEXT = frozenset(range(32, 127)) | frozenset(b"\a\b\t\n\v\f\r")


def dump(raw: bytes, quiet: bool) -> str:
    """Bytes as DTrace shows them: as a string if they are printable characters and then NULs only, else in hex. What
    has no NUL is in a column even where nothing else is."""
    text = raw.rstrip(b"\0")
    if text and _TEXT.issuperset(text):
        return to_text(text) if quiet and len(text) < len(raw) else "  " + pad(text, TRACE_STRING, "-")
    return "".join(_dump_lines(raw))


def _dump_lines(raw: bytes) -> Iterator[str]:
    yield f"\n{'':11}{''.join(f'  {digit:x}' for digit in range(16))}  0123456789abcdef\n"
    for at in range(0, len(raw), 16):
        row = raw[at : at + 16]
        characters = "".join(chr(c) if 32 <= c < 127 else "." for c in row)
        yield f"{at:10x}: {row.hex(' '):<47}  {characters}\n"


def tracemem_piece(field: FieldSpec, count: FieldSpec | None) -> Piece:
    """tracemem(): a dump, of as many bytes as `count` says if it is neither negative nor more than there are."""
    code = field_code(field)
    if count is None:
        return Piece("%s", (code,), lambda raw: "".join(_dump_lines(raw)))
    return Piece(
        "%s", (code, field_code(count)), lambda raw, size: "".join(_dump_lines(raw[:size] if size >= 0 else raw))
    )


def names_piece(field: FieldSpec, show: Callable[[bytes], str]) -> Piece:
    """A stack, a line a frame; the name of one address, in its column."""
    if field.kind in STACKS:
        return Piece("%s", (field_code(field),), show)
    return Piece("%s", (field_code(field),), lambda raw: f"  {show(raw):<{SYMBOL_COLUMN}}")


def text_piece(field: FieldSpec, probes: Mapping[int, ProbeName]) -> Piece:
    """A string alone."""
    if field.kind in PROBE_PARTS:
        name = name_bytes(PROBE_PARTS[field.kind], probes)
        return Piece("%s", (field_code(field),), lambda number: to_text(name(number)))
    return Piece("%s", (field_code(field),), lambda raw: to_text(cut(raw)))


# -------------------------------------------------------------------------------------------------------------- print()


def print_piece(action: PrintAction, probes: Mapping[int, ProbeName], most: int) -> Piece:
    """print(): the type, the value, and a newline; strings as constants of D. Of aggregates the first `most` bytes; all
    of them if it is 0."""
    field, type_name = action.field, action.type
    code = field_code(field)
    shape = action.shape
    label = type_name.replace("%", "%%")
    if shape is not None and field.kind != "bytes":
        return Piece(f"{label} %s\n", (code,), lambda value: constant_name(shape, value))
    if shape is not None and action.pointer is not None:
        codes = (field_code(action.pointer), code)
        return Piece("%s", codes, lambda at, raw: f"{at:#x} = *\n{show_shape(shape, raw[: most or None])}")
    if shape is not None:
        return Piece("%s", (code,), lambda raw: show_shape(shape, raw[: most or None]))
    if field.kind == "string":
        return Piece(f'{label} "%s"\n', (code,), lambda raw: escape(cut(raw)).decode("ascii"))
    if field.kind in PROBE_PARTS:
        name = name_bytes(PROBE_PARTS[field.kind], probes)
        return Piece(f'{label} "%s"\n', (code,), lambda number: escape(name(number)).decode("ascii"))
    return Piece(f"{label} {'%#x' if field.kind == 'pointer' else '%d'}\n", (code,))
