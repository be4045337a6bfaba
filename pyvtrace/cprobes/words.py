"""What the text of a C program says without being compiled: its words, what it defines, includes and is attached to.

The text may also be a Python script with C in it: then there are words too many, which costs little.
"""

from __future__ import annotations

import re

from pyvtrace.value import Value

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([\w./-]+)>", re.MULTILINE)
_TRACEPOINT = re.compile(r"\b(?:TRACEPOINT_PROBE\(\s*(\w+)\s*,\s*(\w+)\s*\)|tracepoint__(\w+?)__(\w+))")
_ENUM = re.compile(r"\benum\b[\s\w]*\{([^{}]*)\}")
_CONSTANT = re.compile(r"(?:^|,)\s*(\w+)")
# Tags, typedefs, tables and functions.
_DEFINITIONS = (
    re.compile(r"\b(?:struct|union|enum)\s+(\w+)\s*\{"),
    re.compile(r"\}\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?(\w+)\s*;"),
    re.compile(r"\btypedef\b[^;{}]*?(\w+)\s*;"),
    re.compile(r"\bBPF_[A-Z0-9_]+\(\s*(\w+)"),
    re.compile(r'\bBPF_TABLE\w*\(\s*"\w+"\s*,[^,]*,[^,]*,\s*(\w+)'),
    re.compile(r"\b(\w+)\s*\([^;{}()]*\)\s*\{"),
)


class Words(Value):
    """`names` are all identifiers, `defined` those with a meaning of the program's own, `includes` the headers in
    angle brackets, `tracepoints` groups and names."""

    names: frozenset[str]
    defined: frozenset[str]
    includes: frozenset[str]
    tracepoints: frozenset[tuple[str, str]]


def words(text: str) -> Words:
    """Those of a program."""
    code = without_comments(text)
    defined = {name for pattern in _DEFINITIONS for name in pattern.findall(code)}
    for body in _ENUM.findall(code):
        defined.update(_CONSTANT.findall(body))
    return Words(
        frozenset(_WORD.findall(code)),
        frozenset(defined),
        frozenset(_INCLUDE.findall(code)),
        frozenset((a or c, b or d) for a, b, c, d in _TRACEPOINT.findall(code)),
    )


def without_comments(text: str) -> str:
    """The text with a blank for each comment; lines stay where they are."""
    return _COMMENT.sub(lambda comment: " " + "\n" * comment[0].count("\n"), text)
