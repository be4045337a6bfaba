"""Probe descriptions as patterns: each field a name, or a glob of `*`, `?`, `[..]`, `[!..]`; an empty one fits all."""

from __future__ import annotations

import re
from functools import lru_cache

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.spec import ProbeName

# Compiled when the first glob comes, by `re`, which keeps them: most programs have none.
_TOKEN = r"(?s)(?P<any>\*+)|\[(?P<not>!?)(?P<set>(?:\\.|[^\\])(?:\\.|[^\]\\])*)\]|(?P<char>\\.|.)"
_RANGE = r"(?s)(\\.|[^\\])-(\\.|[^\\])|(\\.|[^\\])"
_NEVER = "(?!)"


class Glob:
    """One field. `literal` is the only name that fits, None where several may."""

    __slots__ = ("_regex", "literal")

    def __init__(self, text: str) -> None:
        plain = text and not any(c in text for c in "*?[\\")
        self.literal = text if plain else None
        self._regex = None if plain or not text else re.compile(_translated(text), re.DOTALL)

    def __call__(self, name: str) -> bool:
        if self.literal is not None:
            return name == self.literal
        return self._regex is None or self._regex.fullmatch(name) is not None


# Remembers what it was asked, nothing else: a program's clauses and the hints ask for the same few fields.
@lru_cache(maxsize=256)
def glob(text: str) -> Glob:
    return Glob(text)


def _translated(text: str) -> str:
    return "".join(map(_token, re.finditer(_TOKEN, text)))


def _token(token: re.Match[str]) -> str:
    if token["any"]:
        return ".*"
    if token["set"]:
        members = "".join(map(_members, re.finditer(_RANGE, token["set"])))
        if not members:
            return "." if token["not"] else _NEVER
        return f"[{'^' if token['not'] else ''}{members}]"
    # A bracket that is never closed fits nothing, as in gmatch(3GEN), whose rules DTrace follows.
    return {"?": ".", "[": _NEVER}.get(token["char"]) or _quoted(token["char"])


def _members(part: re.Match[str]) -> str:
    low, high, single = part.groups()
    if single:
        return _quoted(single)
    return f"{_quoted(low)}-{_quoted(high)}" if low[-1] <= high[-1] else ""


def _quoted(char: str) -> str:
    """The character, or the one that a backslash takes by its word."""
    return re.escape(char[-1])


class Pattern:
    """A description's four fields, ready to be asked."""

    __slots__ = ("function", "module", "name", "provider", "text")

    def __init__(self, description: ProbeDescription) -> None:
        self.provider = glob(description.provider)
        self.module = glob(description.module)
        self.function = glob(description.function)
        self.name = glob(description.name)
        # The probe's name as it is written, for providers whose names mean something.
        self.text = description.name

    def fits(self, name: ProbeName) -> bool:
        """Whether module, function and name do. Who asks has chosen the provider already."""
        return self.name(name.name) and self.function(name.function) and self.module(name.module)
