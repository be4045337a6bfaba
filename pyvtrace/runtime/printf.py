"""D's printf: a format and the fields of a record, compiled once into a function from record bytes to text.

Python's % operator does what C does for plain integers, so those formats are one `struct` call and one %. What differs
from C, or is D's own (%S, %Y, `*` widths, strings with a width, which C counts in bytes), goes through a function a
conversion. Text is str in which bytes that are no UTF-8 survive as surrogate escapes.
"""

from __future__ import annotations

import math
import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from pyvtrace.lang.formats import WIDEST, Conversion, Literal, parse_format
from pyvtrace.runtime.traces import Shower
from pyvtrace.spec import TRACES, FieldSpec, ProbeName
from pyvtrace.value import Value

PROBE_PARTS = {"probeprov": "provider", "probemod": "module", "probefunc": "function", "probename": "name"}

_EXTENDED = os.uname().machine in ("x86_64", "i686")
_INTEGER_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def to_bytes(text: str) -> bytes:
    """The bytes that `to_text` made the text of."""
    return text.encode("utf-8", "surrogateescape")


def to_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def cut(raw: bytes) -> bytes:
    """A string's bytes: up to the first NUL."""
    return raw.partition(b"\0")[0]


def to_float(raw: bytes) -> float:
    """A float, a double or a long double, as the machine keeps them."""
    if len(raw) < 16:
        number: float = struct.unpack("<f" if len(raw) == 4 else "<d", raw)[0]
        return number
    word = int.from_bytes(raw, "little")
    # x86's 80 bits have their leading 1 written out; elsewhere 128 bits have not.
    bits = 63 if _EXTENDED else 112
    fraction = word & (1 << bits) - 1
    exponent = (word >> (64 if _EXTENDED else bits)) & 0x7FFF
    sign = -1.0 if word >> (79 if _EXTENDED else 127) & 1 else 1.0
    if exponent == 0x7FFF:
        return math.nan if fraction else sign * math.inf
    whole = word >> bits & 1 if _EXTENDED else bool(exponent)
    try:
        return sign * math.ldexp((whole << bits) + fraction, max(exponent, 1) - 16383 - bits)
    except OverflowError:
        return sign * math.inf


# ------------------------------------------------------------------------------------------------- values as C has them


def pad(raw: bytes, width: int, flags: str) -> str:
    """C's %-10s: the width counts bytes."""
    return to_text(raw.ljust(width) if "-" in flags else raw.rjust(width))


def format_string(raw: bytes, flags: str, width: int, precision: int) -> str:
    """%s. DTrace takes a precision of 0 for none."""
    text = cut(raw)
    return pad(text[:precision] if precision > 0 else text, width, flags)


def format_integer(value: int, letter: str, flags: str, width: int, precision: int) -> str:
    """C's integer conversions, for what Python's % does differently: `#` of 0 and of octal, `*`."""
    digits = f"{abs(value):{letter if letter in 'oxX' else 'd'}}".rjust(max(precision, 0), "0")
    prefix = "-" if value < 0 else "+" if "+" in flags else " " if " " in flags else ""
    if "#" in flags and value:
        if letter in "xX":
            prefix = "0" + letter
        elif letter == "o" and digits[0] != "0":
            digits = "0" + digits
    if "0" in flags and "-" not in flags and precision <= 0:
        digits = digits.rjust(width - len(prefix), "0")
    return (prefix + digits).ljust(width) if "-" in flags else (prefix + digits).rjust(width)


def format_character(value: int, flags: str, width: int, precision: int) -> str:
    """%c: one byte, whatever it is."""
    return pad(bytes((value & 0xFF,)), width, flags)


def format_wide_character(value: int, flags: str, width: int, precision: int) -> str:
    return pad(chr(value % 0x110000).encode("utf-8", "surrogatepass"), width, flags)


_ESCAPES = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def escape(raw: bytes) -> bytes:
    """As in a C string constant."""
    return "".join(_ESCAPES.get(c) or (chr(c) if 32 <= c < 127 else f"\\{c:03o}") for c in raw).encode("ascii")


def format_escaped(raw: bytes, flags: str, width: int, precision: int) -> str:
    """%S."""
    text = escape(cut(raw))
    return pad(text[:precision] if precision > 0 else text, width, flags)


def format_escaped_character(value: int, flags: str, width: int, precision: int) -> str:
    """%C."""
    return pad(escape(bytes((value & 0xFF,))), width, flags)


def format_date(nanoseconds: int, flags: str, width: int, precision: int) -> str:
    """%Y: `2009 Sep 14 10:00:00`, local time, whatever the locale."""
    t = time.localtime(nanoseconds // 1_000_000_000)
    text = f"{t.tm_year} {_MONTHS[t.tm_mon - 1]} {t.tm_mday:2} {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}"
    return pad(text.encode(), width, flags)


def format_mail_date(nanoseconds: int, flags: str, width: int, precision: int) -> str:
    """%T: `Mon, 14 Sep 2009 10:00:00 UTC`, local time, whatever the locale."""
    t = time.localtime(nanoseconds // 1_000_000_000)
    day = f"{_DAYS[t.tm_wday]}, {t.tm_mday:02} {_MONTHS[t.tm_mon - 1]} {t.tm_year}"
    return pad(f"{day} {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} {t.tm_zone}".encode(), width, flags)


def format_address(value: int, flags: str, width: int, precision: int) -> str:
    """%a, %A, %k."""
    return pad(hex(value).encode(), width, flags)


# `show(value, flags, width, precision)`; the value is bytes for strings.
Show = Callable[[Any, str, int, int], str]


class Kind(Value):
    """How a conversion letter treats its value: `unsigned` reads the field's bits so, whatever its type. `python` is
    the letter of the % operator where that agrees with C but for `*`, and for `#` where `show` is needed for it."""

    show: Show
    unsigned: bool = False
    python: str = ""


def _number(letter: str) -> Show:
    def show(value: int, flags: str, width: int, precision: int) -> str:
        return format_integer(value, letter, flags, width, precision)

    return show


def _float(letter: str) -> Show:
    def show(raw: bytes, flags: str, width: int, precision: int) -> str:
        size = (str(width) if width else "") + (f".{precision}" if precision >= 0 else "")
        template = f"%{flags}{size}{letter}"
        return template % to_float(raw)

    return show


KINDS: Mapping[str, Kind] = {
    "d": Kind(_number("d"), python="d"),
    "i": Kind(_number("d"), python="d"),
    "u": Kind(_number("u"), unsigned=True, python="d"),
    "x": Kind(_number("x"), unsigned=True, python="x"),
    "X": Kind(_number("X"), unsigned=True, python="X"),
    "o": Kind(_number("o"), unsigned=True, python="o"),
    "p": Kind(_number("x"), unsigned=True, python="x"),
    "a": Kind(format_address, unsigned=True),
    "A": Kind(format_address, unsigned=True),
    "k": Kind(format_address, unsigned=True),
    "c": Kind(format_character, unsigned=True),
    "C": Kind(format_escaped_character, unsigned=True),
    "wc": Kind(format_wide_character, unsigned=True),
    "s": Kind(format_string),
    "ws": Kind(format_string),
    "S": Kind(format_escaped),
    "Y": Kind(format_date),
    "y": Kind(format_date),
    "T": Kind(format_mail_date),
    **{letter: Kind(_float(letter)) for letter in "eEfFgG"},
}
POINTER_DIGITS = 16


class Plan(Value):
    """A conversion made ready. `template` is text for the % operator with one conversion; `convert` turns the values
    (`*` widths first) into what it takes, None where it takes the one value as it is."""

    template: str
    convert: Callable[..., str] | None
    unsigned: bool


def plan_conversion(conversion: Conversion) -> Plan:
    """What to do with the conversion's values; its letter is one of `KINDS`."""
    kind = KINDS[conversion.letter]
    flags = "".join(flag for flag in "-+ #0" if flag in conversion.flags)
    width, precision = conversion.width or "", conversion.precision
    if "?" in conversion.flags and not width:
        width = str(POINTER_DIGITS)
    if kind.unsigned:
        flags = flags.replace("+", "").replace(" ", "")
    digits = int(precision) if precision and precision != "*" else -1
    if not kind.python or "#" in flags or conversion.stars:
        return Plan("%s", _converter(kind, flags, width, precision or ""), kind.unsigned)
    # C ignores 0 beside a precision; DTrace takes a precision of 0 for none.
    if digits > 0:
        flags = flags.replace("0", "")
    return Plan(f"%{flags}{width}{f'.{digits}' if digits > 0 else ''}{kind.python}", None, kind.unsigned)


def _converter(kind: Kind, flags: str, width: str, precision: str) -> Callable[..., str]:
    show = kind.show
    if "*" not in (width, precision):
        fixed_width, fixed_precision = int(width or 0), int(precision or -1)
        if show is format_string and not fixed_width and fixed_precision <= 0:
            return _plain_string
        return lambda value: show(value, flags, fixed_width, fixed_precision)

    def convert(*values: Any) -> str:
        stars = iter(values)
        wide = _starred(next(stars)) if width == "*" else int(width or 0)
        exact = _starred(next(stars)) if precision == "*" else int(precision or -1)
        # C: a negative width is a width with the - flag.
        return show(next(stars), flags + "-" if wide < 0 else flags, abs(wide), exact)

    return convert


def _starred(size: int) -> int:
    """The value of a `*`, which is an int to C and may be any number that a program came upon."""
    size = (size + (1 << 31)) % (1 << 32) - (1 << 31)
    return max(-WIDEST, min(size, WIDEST))


def _plain_string(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


# ---------------------------------------------------------------------------------------------------- records as pieces


class Piece(Value):
    """A stretch of output: `template` for the % operator, taking `fields` (struct code, offset in the record) as they
    are, or what `convert` makes of them."""

    template: str
    fields: tuple[tuple[str, int], ...] = ()
    convert: Callable[..., str] | None = None


def literal(text: str) -> Piece:
    return Piece(text.replace("%", "%%"))


def field_code(field: FieldSpec, *, unsigned: bool = False) -> tuple[str, int]:
    """The struct code and offset that decode a field: an int, or bytes for text."""
    if field.kind in ("string", "bytes") or field.kind in TRACES:
        return f"{field.size}s", field.offset
    code = _INTEGER_CODES[field.size]
    return code.upper() if unsigned or field.kind != "int" else code, field.offset


def name_bytes(part: str, probes: Mapping[int, ProbeName]) -> Callable[[int], bytes]:
    """From a probe id to one of the probe's names."""
    names = {number: to_bytes(getattr(probe, part)) for number, probe in probes.items()}
    return lambda number: names.get(number, b"")


def printf_pieces(
    text: str, fields: Sequence[FieldSpec], probes: Mapping[int, ProbeName], shower: Shower | None = None
) -> Iterator[Piece]:
    """A format applied to a record's fields, taken in order."""
    rest = iter(fields)
    shower = shower or Shower()
    for part in parse_format(text):
        if isinstance(part, Literal):
            yield literal(part.text)
            continue
        taken = [next(rest) for _ in range(part.stars + 1)]
        plan = plan_conversion(part)
        last = taken[-1]
        convert = plan.convert
        if last.kind in PROBE_PARTS and convert is not None:
            convert = _named(convert, name_bytes(PROBE_PARTS[last.kind], probes))
        if named := _naming(part, last, shower):
            convert = _named(_converter(KINDS["s"], *_layout(part)), named)
            yield Piece("%s", tuple(field_code(f) for f in taken), convert)
            continue
        codes = (*(field_code(f) for f in taken[:-1]), field_code(last, unsigned=plan.unsigned))
        yield Piece(plan.template, codes, convert)


def _naming(conversion: Conversion, field: FieldSpec, shower: Shower) -> Callable[[Any], bytes] | None:
    """From the value of a conversion that shows code by name to that name."""
    if conversion.letter == "k":
        show = shower.of(field)
        return None if show is None else lambda raw: to_bytes(show(raw))
    if conversion.letter not in ("a", "A"):
        return None
    if field.kind in TRACES:
        return lambda raw: to_bytes(shower.with_offset(field, raw))
    mask = (1 << 64) - 1
    return lambda value: to_bytes(shower.kernel(value & mask))


def _layout(conversion: Conversion) -> tuple[str, str, str]:
    """Flags, width and precision of a conversion that shows text."""
    return "".join(flag for flag in "-" if flag in conversion.flags), conversion.width or "", conversion.precision or ""


def _named(convert: Callable[..., str], name: Callable[[int], bytes]) -> Callable[..., str]:
    return lambda *values: convert(*values[:-1], name(values[-1]))


class Formatter:
    """Pieces in a row, compiled: one struct decodes a record, one template makes its text."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        pieces = tuple(pieces)
        self._template = "".join(piece.template for piece in pieces)
        fields = [field for piece in pieces for field in piece.fields]
        self._places = sorted(set(fields), key=itemgetter(1))
        indexes = [self._places.index(field) for field in fields]
        # Fields mostly lie in the order in which the format takes them.
        self._order = None if indexes == list(range(len(indexes))) else indexes
        self._steps = self._make_steps(pieces) if any(piece.convert for piece in pieces) else None
        self._unpack = struct.Struct(self._layout(0, 0)).unpack_from
        self._bulk: dict[tuple[int, int], struct.Struct] = {}

    @staticmethod
    def _make_steps(pieces: Iterable[Piece]) -> list[tuple[int, int, Callable[..., Any]]]:
        """(first value, one past the last, function) for each conversion of the template."""
        steps: list[tuple[int, int, Callable[..., Any]]] = []
        at = 0
        for piece in pieces:
            end = at + len(piece.fields)
            if piece.convert is not None:
                steps.append((at, end, piece.convert))
            else:
                steps += [(i, i + 1, _same) for i in range(at, end)]
            at = end
        return steps

    def _layout(self, start: int, stride: int) -> str:
        """The struct format of a record that begins `start` bytes into `stride` bytes (0: ends with the last field)."""
        codes, at = [f"<{start}x"], 0
        for code, offset in self._places:
            codes.append(f"{offset - at}x{code}")
            at = offset + struct.calcsize(f"<{code}")
        return "".join(codes) + (f"{stride - start - at}x" if stride else "")

    def _text(self, values: tuple[Any, ...]) -> str:
        if self._order is not None:
            values = tuple([values[i] for i in self._order])
        if self._steps is not None:
            values = tuple([convert(*values[a:b]) for a, b, convert in self._steps])
        return self._template % values

    def __call__(self, record: memoryview | bytes) -> str:
        """The text of one record."""
        return self._text(self._unpack(record))

    def format_many(self, batch: memoryview | bytes, stride: int, start: int = 0) -> str:
        """The text of equal records, each in `stride` bytes of `batch` and `start` bytes into them. The length of
        `batch` is a multiple of `stride`."""
        layout = self._bulk.get((start, stride))
        if layout is None:
            layout = self._bulk[start, stride] = struct.Struct(self._layout(start, stride))
        plain = self._order is None and self._steps is None
        return "".join(map(partial(_percent, self._template) if plain else self._text, layout.iter_unpack(batch)))


def _same(value: Any) -> Any:
    return value


_percent = str.__mod__


def compile_printf(text: str, fields: Sequence[FieldSpec], probes: Mapping[int, ProbeName] | None = None) -> Formatter:
    """A printf action as a function of its record."""
    return Formatter(printf_pieces(text, fields, probes or {}))
