"""Where things stand in a TOML file: `tomllib` gives values, and not where they were written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pyvtrace.checks.problems import Spot
from pyvtrace.source import Source

_SECTION = re.compile(r"\s*\[\[\s*(?:tool\s*\.\s*vtrace\s*\.\s*)?check\s*\]\]")
# TOML 1.1: what stands in a basic string for another character, for a line's end that is none, and for itself.
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([ \t]*\n\s*)|(.))", re.DOTALL)
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


class TomlPlaces:
    """The lines of a file, and where the keys of its checks and their values are."""

    def __init__(self, path: str, text: str) -> None:
        self.source = Source(path, text)
        self._lines = text.split("\n")
        self._starts = [line for line, words in enumerate(self._lines) if _SECTION.match(words)]

    def of(self, check: int | None, key: str, words: str = "", part: str = "") -> Spot:
        """Where a key of the check with that number is, or words in its value, or a part of these words; else where the
        check begins."""
        found = self._key(check, key)
        if found is None:
            start = self._section(check)[0]
            return self._spot(start, 0, len(self._lines[start]))
        line, column, _ = found
        end = self._section(check)[1]
        at = next((n for n in range(line, end) if words and words in self._lines[n]), None)
        if at is None:
            return self._spot(line, column, len(key))
        column = self._lines[at].index(words)
        inner = words.find(part) if part else -1
        return self._spot(at, column + max(inner, 0), len(part) if inner >= 0 else len(words))

    def at(self, line: int, column: int) -> Spot:
        """A place that is known by its numbers, which begin with 1."""
        return self._spot(line - 1, column - 1, 1)

    def characters(self, check: int, key: str, value: str) -> Sequence[int] | None:
        """The offset in the file of each character of a text that is the key's value, and of its end; None where the
        value is not written behind the key."""
        found = self._key(check, key)
        if found is None:
            return None
        line, _, behind = found
        start = sum(len(words) + 1 for words in self._lines[:line]) + behind
        start += len(self.source.text[start:]) - len(self.source.text[start:].lstrip(" \t"))
        places, read = list[int](), list[str]()
        for offset, character in _string(self.source.text, start):
            places.append(offset)
            read.append(character)
        return places if "".join(read) == value and len(places) == len(value) + 1 else None

    def _section(self, check: int | None) -> tuple[int, int]:
        """The lines of a check, or of all that there is."""
        if check is None or check >= len(self._starts):
            return 0, len(self._lines)
        end = self._starts[check + 1] if check + 1 < len(self._starts) else len(self._lines)
        return self._starts[check], end

    def _key(self, check: int | None, key: str) -> tuple[int, int, int] | None:
        """The line of a key, the column that it begins in, and that behind what follows it."""
        is_key = re.compile(rf"\s*(?:\[+\s*)?[\"']?({re.escape(key)})[\"']?\s*[=.\]]")
        for line in range(*self._section(check)):
            if found := is_key.match(self._lines[line]):
                return line, found.start(1), found.end()
        return None

    def _spot(self, line: int, start: int, width: int) -> Spot:
        return Spot(self.source.name, line + 1, self._lines[line] if line < len(self._lines) else "", start, width)


def _string(text: str, start: int) -> list[tuple[int, str]]:
    """The characters of the TOML string that begins there, each with its offset; and the offset of its end, with none.
    An empty list if there is no string."""
    quote = text[start : start + 1]
    if quote not in ("'", '"') or not quote:
        return []
    long, more = text.startswith(quote * 3, start), re.compile(f"{quote}{{0,2}}")
    at, found = start + (3 if long else 1), list[tuple[int, str]]()
    if long and text.startswith("\n", at):
        at += 1
    while at < len(text):
        if text[at] == quote and not long:
            return [*found, (at, "")]
        if text.startswith(quote * 3, at):
            # Up to two more may stand before the three that end it.
            first = more.match(text, at + 3)
            ahead = len(first[0]) if first else 0
            found += [(at + n, quote) for n in range(ahead)]
            return [*found, (at + ahead, "")]
        if text[at] == "\\" and quote == '"':
            escape = _ESCAPE.match(text, at)
            if escape is None:
                return []
            *codes, folded, short = escape.groups()
            if folded is None:
                code = next(filter(None, codes), None)
                found.append((at, chr(int(code, 16)) if code else _SHORT.get(short, "")))
            at = escape.end()
        else:
            found.append((at, text[at]))
            at += 1
    return []
