"""printf's format text as data: literals and conversions (Dynamic Tracing Guide, "Output Formatting")."""

from __future__ import annotations

import re

from pyvtrace.value import Value

_CONVERSION = re.compile(
    r"%(?P<flags>[-+ #0'?@]*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d*))?(?P<rest>.*)", re.DOTALL
)
SIZES = ("hh", "h", "ll", "l", "L", "w")
# What a conversion takes: "integer", "string", "pointer", "any", "aggregation" or nothing.
TAKES = {
    **dict.fromkeys("dioxXucC", "integer"), **dict.fromkeys(("Y", "T"), "integer"), "s": "string", "S": "string",
    **dict.fromkeys("eEfFgG", "integer"), "p": "pointer", "a": "pointer", "A": "pointer", "k": "pointer",
    "@": "aggregation",
    "wc": "integer", "ws": "string", "y": "integer",
}  # fmt: skip


class Literal(Value):
    text: str


class Conversion(Value):
    """`width` and `precision` are texts: digits, "*" for an argument, or None; `letter` is "d", "s", "@", ... and
    `text` the whole as written."""

    flags: str
    width: str | None
    precision: str | None
    size: str
    letter: str
    text: str

    @property
    def stars(self) -> int:
        return (self.width == "*") + (self.precision == "*")


class BadFormat(Exception):
    """A conversion that D does not have; the message is DTrace's."""


def parse_format(text: str) -> tuple[Literal | Conversion, ...]:
    """The parts of a format.

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
        match = _CONVERSION.match(text, at)
        assert match is not None
        rest = match["rest"]
        size = next((s for s in SIZES if rest.startswith(s)), "")
        letter = rest[len(size) : len(size) + 1]
        if size == "w" and letter in ("c", "s"):
            size, letter = "", "w" + letter
        start = match.start("rest")
        end = start + len(size) + len(letter)
        if letter not in TAKES or size in ("hh", "w"):
            raise BadFormat(f"format conversion #{number} is undefined: {text[at:end]}")
        flags = match["flags"]
        if "@" in flags:
            # printa's %@d is the aggregation's value, whatever the letter.
            flags, letter = flags.replace("@", ""), "@"
        parts.append(Conversion(flags, match["width"], match["precision"], size, letter, text[at:end]))
        at = end
    return tuple(parts)
