"""Globs of probe descriptions: `* ? [..] [!..]`; an empty field matches anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.spec import ProbeName


def is_glob(text: str) -> bool:
    return not text or any(c in text for c in "*?[")


@lru_cache(maxsize=256)
def field(text: str) -> Callable[[str], bool]:
    """Whether a name matches one field."""
    if not text:
        return lambda name: True
    if not is_glob(text):
        return text.__eq__
    translated = re.escape(text).replace(r"\*", ".*").replace(r"\?", ".").replace(r"\[!", "[^")
    translated = translated.replace(r"\[", "[").replace(r"\]", "]").replace(r"\-", "-")
    matches = re.compile(translated, re.DOTALL).fullmatch
    return lambda name: matches(name) is not None


def matcher(description: ProbeDescription) -> Callable[[ProbeName], bool]:
    """Whether a probe's names match a description."""
    parts = [
        field(description.provider),
        field(description.module),
        field(description.function),
        field(description.name),
    ]

    def matches(name: ProbeName) -> bool:
        provider, module, function, last = parts
        return last(name.name) and function(name.function) and provider(name.provider) and module(name.module)

    return matches
