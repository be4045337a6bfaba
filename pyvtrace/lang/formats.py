"""printf's format text as data: literals and conversions (Dynamic Tracing Guide, "Output Formatting")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pyvtrace.value import Value

_CONVERSION = re.compile(
    r"%(?P<flags>[-+ #0'?@]*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d*))?(?P<rest>.*)", re.DOTALL
)
# The largest width and precision: what is shown is text for people.
WIDEST = 65535
SIZES = ("hh", "h", "ll", "l", "L", "w")
# Statistics of a distribution, which are ours: %p50, %p99.9, %max, %mean.
_STATISTIC = re.compile(r"%@?(?P<flags>[-+ 0]*)(?P<width>\d+)?(?P<what>p\d+(?:\.\d+)?|max|mean)")
# The types of integers that conversions with a size take: those only, but %hx, %lx and %llx take either sign.
SIZED = {"h": "short", "l": "long", "ll": "long long"}
# What a conversion takes, by size and letter.
TAKES = {
    **dict.fromkeys("dioxXu", "integer"), **dict.fromkeys("cC", "character"), **dict.fromkeys("TYy", "time"),
    **dict.fromkeys(("s", "S", "ws"), "string"), "wc": "int",
    **dict.fromkeys(("e", "E", "f", "g", "G", "Le", "LE", "Lf", "Lg", "LG"), "float"),
    "%": "", "p": "pointer", "a": "address", "A": "user address", "k": "stack",
    **{size + letter: type_ for size, type_ in SIZED.items() for letter in "di"},
    **{size + letter: f"unsigned {type_}" for size, type_ in SIZED.items() for letter in "ou"},
    **{size + letter: f"any {type_}" for size, type_ in SIZED.items() for letter in "xX"},
}  # fmt: skip


class Literal(Value):
    text: str


class Conversion(Value):
    """`width` and `precision` are texts: digits, "*" for an argument, or None; `letter` is "d", "s", ..., "@" for a
    value of an aggregation, "statistic" for one of a distribution, and `text` the whole as written."""

    flags: str
    width: str | None
    precision: str | None
    size: str
    letter: str
    text: str

    @property
    def takes_key(self) -> bool:
        """Whether, in printa(), a member of the key is what it shows."""
        return self.letter not in ("@", "statistic")

    @property
    def takes(self) -> str:
        """A value of `TAKES`."""
        return TAKES[self.size + self.letter]

    @property
    def stars(self) -> int:
        return (self.width == "*") + (self.precision == "*")


class BadFormat(Exception):
    """A conversion that D does not have; the message is DTrace's."""


def parse_printa(text: str, functions: Sequence[str], keys: int) -> tuple[Literal | Conversion, ...]:
    """The parts of a format for aggregations by such functions, with so many members in their keys. What means
    something in D keeps its meaning: `%p50` of a quantize() is a statistic only where no member is left for `%p`.

    Raises:
        BadFormat: for an undefined conversion.
    """
    if "exphist" in functions:
        return parse_format(text, statistics=True)
    if "quantize" not in functions:
        return parse_format(text)
    parts = parse_format(text, statistics=True)
    found = [part.text for part in parts if isinstance(part, Conversion) and part.letter == "statistic"]
    if any(statistic.endswith("mean") for statistic in found):
        raise BadFormat("%mean is known of exphist() only")
    if any(statistic.endswith("max") for statistic in found):
        return parts
    plain = parse_format(text)
    taken = sum(part.takes_key + part.stars for part in plain if isinstance(part, Conversion))
    return plain if taken <= keys else parts


def _bounded(size: str | None) -> str | None:
    """A width or precision as it is written."""
    return str(min(int(size[:20]), WIDEST)) if size and size != "*" else size


def parse_format(text: str, *, statistics: bool = False) -> tuple[Literal | Conversion, ...]:
    """The parts of a format; with `statistics`, `%p50` and the like are no `%p`.

    Raises:
        BadFormat: for an undefined conversion.
    """
    parts: list[Literal | Conversion] = []
    at = number = 0
    while at < len(text):
        percent = text.find("%", at)
        if percent != at:
            end = len(text) if percent < 0 else percent
            parts.append(Literal(text[at:end]))
            at = end
            continue
        if text.startswith("%%", at):
            parts.append(Literal("%"))
            at += 2
            continue
        number += 1
        if statistics and (found := _STATISTIC.match(text, at)):
            parts.append(Conversion(found["flags"], _bounded(found["width"]), None, "", "statistic", found[0]))
            at = found.end()
            continue
        match = _CONVERSION.match(text, at)
        assert match is not None
        rest = match["rest"]
        size = next((s for s in SIZES if rest.startswith(s)), "")
        letter = rest[len(size) : len(size) + 1]
        if size in ("w", "l") and letter in ("c", "s"):
            size, letter = "", "w" + letter
        start = match.start("rest")
        end = start + len(size) + len(letter)
        if not letter:
            raise BadFormat(f"format conversion #{number} name expected before end of format string")
        if size + letter not in TAKES:
            raise BadFormat(f"format conversion #{number} is undefined: {text[at:end]}")
        flags = match["flags"]
        if letter == "%":
            parts.append(Literal("%"))
            at = end
            continue
        if "@" in flags:
            # printa's %@d is the aggregation's value, whatever the letter.
            flags, letter = flags.replace("@", ""), "@"
        parts.append(
            Conversion(flags, _bounded(match["width"]), _bounded(match["precision"]), size, letter, text[at:end])
        )
        at = end
    return tuple(parts)
