"""A view's D script: what its header declares.

The header is the script's first comment. Lines of the form `word: text` declare; deeper indented lines go on with the
entry above; the first empty line ends the declarations. Help texts, column heads, JSON keys and the live view all come
from them:

    question  what the view answers, in one sentence
    output    what the script prints when it is run by itself
    view      the command's name
    unit      unit of the values, "ns"
    axis      the two ends of the distribution's axis
    filter    probe descriptions of the clauses where an event is taken up: the user's conditions go to their predicates
    row       names of the keys that make a row
    key       name, D expression, kind and meaning of a key, in the order of the aggregation's tuple
    extra     the same for a key that is there only when asked for by --by
    measure   name and meaning of an aggregation
    apart     name of a key, why, and below it the values whose events are shown apart from all others
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from pyvtrace.analysis.units import parse_duration
from pyvtrace.value import Value, replace

_HEADER = re.compile(r"/\*(.*?)\*/", re.DOTALL)
_ENTRY = re.compile(r"(\w+):\s+(.*)")


def _top() -> str:
    """Where the shipped scripts are: in the installed package, or in the tree of sources."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "probes")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "probes")


def read_script(name: str) -> str:
    """The text of a shipped script."""
    with open(os.path.join(_top(), name), encoding="utf-8") as file:
        return file.read()


def shipped_scripts() -> list[str]:
    """`subject/name` of every shipped script."""
    top = _top()
    return sorted(
        f"{subject}/{name.removesuffix('.d')}"
        for subject in os.listdir(top)
        if os.path.isdir(os.path.join(top, subject))
        for name in os.listdir(os.path.join(top, subject))
        if name.endswith(".d")
    )


class BadHeader(ValueError):
    """A script whose header does not declare what a view needs, or whose clauses are not where it says."""


class KeyField(Value):
    """One part of the tuple: `kind` names its speller in `analysis.names`, `label` says what it is."""

    name: str
    expression: str
    kind: str
    label: str


class Measure(Value):
    """One aggregation, and what it measures."""

    name: str
    label: str


class Apart(Value):
    """Events that are not what the view is about: those whose `key` has one of `values`, for `reason`."""

    key: str
    reason: str
    values: frozenset[str]


class Script(Value):
    """A view's declarations, and the D text they came from. `axis` in ns."""

    view: str
    question: str
    output: str
    unit: str
    axis: tuple[int, int]
    filters: tuple[str, ...]
    row: tuple[str, ...]
    keys: tuple[KeyField, ...]
    extras: tuple[KeyField, ...]
    measures: tuple[Measure, ...]
    apart: Apart | None
    text: str

    def key(self, name: str) -> KeyField | None:
        """The key or extra of that name."""
        return next((k for k in (*self.keys, *self.extras) if k.name == name), None)

    def with_extras(self, names: Sequence[str]) -> Script:
        """The script whose keys include the extras named."""
        return replace(self, keys=(*self.keys, *(k for k in self.extras if k.name in names)))


def _entries(text: str) -> dict[str, list[str]]:
    """Declarations of a header by word; an entry's lines joined by newlines."""
    found: dict[str, list[str]] = {}
    match = _HEADER.match(text)
    current: list[str] | None = None
    for line in match.group(1).split("\n")[1:] if match else ():
        bare = line.strip().removeprefix("*")
        if not bare.strip():
            break
        entry = _ENTRY.match(bare.strip()) if bare[:2] != "  " else None
        if entry:
            current = found.setdefault(entry.group(1), [])
            current.append(entry.group(2))
        elif current is None:
            raise BadHeader(f"the header's first line declares nothing: {bare.strip()}")
        else:
            current[-1] += "\n" + bare.strip()
    return found


def _key(text: str) -> KeyField:
    parts = text.split(None, 3)
    if len(parts) != 4:
        raise BadHeader(f"a key has a name, an expression, a kind and a meaning: {text}")
    return KeyField(*parts)


def _measure(text: str) -> Measure:
    name, _, label = text.partition(" ")
    return Measure(name, label.strip())


def _apart(text: str) -> Apart:
    first, _, values = text.partition("\n")
    key, _, reason = first.partition(" ")
    return Apart(key, reason.strip(), frozenset(values.split()))


def declared_filters(text: str) -> tuple[str, ...]:
    """The probe descriptions that a script's header names as its `filter`; none where it has no header."""
    try:
        return tuple(" ".join(_entries(text).get("filter", ())).split())
    except BadHeader:
        return ()


def parse_script(text: str) -> Script:
    """The declarations of a view's script.

    Raises:
        BadHeader: something a view needs is not declared.
    """
    entries = _entries(text)
    missing = {"question", "output", "view", "unit", "axis", "filter", "row", "key", "measure"} - entries.keys()
    if missing:
        raise BadHeader(f"the header does not declare {', '.join(sorted(missing))}")

    def one(word: str) -> str:
        return " ".join(entries[word][0].split())

    low, high = (parse_duration(end) for end in one("axis").split())
    return Script(
        view=one("view"),
        question=one("question"),
        output=one("output"),
        unit=one("unit"),
        axis=(low, high),
        filters=tuple(one("filter").split()),
        row=tuple(one("row").split()),
        keys=tuple(map(_key, entries["key"])),
        extras=tuple(map(_key, entries.get("extra", ()))),
        measures=tuple(map(_measure, entries["measure"])),
        apart=_apart(entries["apart"][0]) if "apart" in entries else None,
        text=text,
    )
