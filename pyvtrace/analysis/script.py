"""What a D script says of itself: the declarations of its header.

The header is the script's first comment. Lines of the form `word: text` declare; deeper indented lines go on with the
entry above; the first empty line ends the declarations. Help texts, column heads, JSON keys, the live view and the
page of the documentation all come from them. Every script has

    question  what it answers, in one sentence
    output    what it prints
    filter    probe descriptions of the clauses where an event is taken up: the user's conditions go to their
              predicates. Without one, the script cannot be narrowed to some processes
    option    name, kind and meaning of a value that the user may set: `inline TYPE NAME = DEFAULT;` in the script
    needs     what the script cannot do without, in words
    example   the rest of a command line, whose output is shown in the documentation

One that prints a line an event has

    column    name, kind and meaning of a value of its printf(), in order

one that counts has

    key       name, D expression, kind and meaning of a key, in the order of the aggregations' tuples
    value     name, kind and meaning of an aggregation: a column, or a histogram for each key

and a live view over histograms of time has keys, and

    view      the command's name
    unit      unit of the values, "ns"
    axis      the two ends of the distribution's axis
    row       names of the keys that make a row
    extra     the same as `key` for one that is there only when asked for by --by
    measure   name and meaning of an aggregation
    apart     name of a key, why, and below it the values whose events are shown apart from all others
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pyvtrace.analysis.names import SPELLERS
from pyvtrace.analysis.units import BadDuration, parse_duration
from pyvtrace.source import NOWHERE, CompileError, Diagnostic, Source, Span
from pyvtrace.value import Value, replace

_HEADER = re.compile(r"(?:#!.*\n)?\s*/\*(.*?)\*/", re.DOTALL)
_ENTRY = re.compile(r"(\w+):\s+(.*)")

_WORDS = ("question", "output", "filter", "option", "needs", "example", "column", "key", "value", "view", "unit",
          "axis", "row", "extra", "measure", "apart")  # fmt: skip
# One of these makes a comment a header: other people's scripts begin with comments, too.
_DECLARING = frozenset(("question", "column", "option", "view", "measure"))
_OF_VIEWS = frozenset(("unit", "axis", "row", "measure"))
OPTION_KINDS = ("flag", "duration", "number", "bytes", "text")


class BadHeader(CompileError, ValueError):
    """A script whose header does not declare what is needed, or whose clauses are not where it says."""

    def __init__(self, script: Source, message: str, span: Span = NOWHERE, hint: str = "") -> None:
        super().__init__(script, [Diagnostic("D_SYNTAX", span, message, hint)])


class Field(Value):
    """A column of events, or an aggregation that is one: `kind` names its speller in `analysis.names`, `label` says
    what it is."""

    name: str
    kind: str
    label: str


class KeyField(Field):
    """One part of the tuple."""

    expression: str


class Option(Value):
    """A value that the user may set. `default` is D, as the script has it at `span`."""

    name: str
    kind: str
    label: str
    default: str
    span: Span


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
    """A script's declarations, and the D text they came from. `axis` in ns; `places` tells where an entry of a word
    stands (the first, of several)."""

    question: str = ""
    output: str = ""
    filters: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    needs: str = ""
    example: str = ""
    columns: tuple[Field, ...] = ()
    keys: tuple[KeyField, ...] = ()
    values: tuple[Field, ...] = ()
    view: str = ""
    unit: str = ""
    axis: tuple[int, int] = (0, 0)
    row: tuple[str, ...] = ()
    extras: tuple[KeyField, ...] = ()
    measures: tuple[Measure, ...] = ()
    apart: Apart | None = None
    text: str = ""
    name: str = "script"
    places: Mapping[str, Span] = {}

    @property
    def source(self) -> Source:
        return Source(self.name, self.text)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Everything that has a column."""
        return (*self.columns, *self.keys, *self.values)

    def key(self, name: str) -> KeyField | None:
        """The key or extra of that name."""
        return next((k for k in (*self.keys, *self.extras) if k.name == name), None)

    def with_extras(self, names: Sequence[str]) -> Script:
        """The script whose keys include the extras named."""
        return replace(self, keys=(*self.keys, *(k for k in self.extras if k.name in names)))

    def bad(self, message: str, word: str = "", hint: str = "") -> BadHeader:
        """What to raise where the script is not what an entry of its header says."""
        return BadHeader(self.source, message, self.places.get(word, NOWHERE), hint)

    def with_values(self, given: Mapping[str, str]) -> Script:
        """The script whose options have these values, in D."""
        text = self.text
        for option in sorted(self.options, key=lambda option: -option.span.start):
            if option.name in given:
                text = text[: option.span.start] + given[option.name] + text[option.span.end :]
        return replace(self, text=text)


def sentence(text: str) -> str:
    """What a declaration says, as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(("?", ".")) else ".")


class _Entry(Value):
    """A declaration: its lines joined by newlines, and where it is."""

    word: str
    text: str
    span: Span

    def words(self) -> str:
        return " ".join(self.text.split())


class _Header:
    """The entries of a script's header, and how they become declarations."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.entries = self._read()

    def _read(self) -> list[_Entry]:
        match = _HEADER.match(self._source.text)
        if match is None:
            return []
        found: list[_Entry] = []
        at = match.start(1)
        for number, line in enumerate(match.group(1).split("\n")):
            bare, start = line.strip().removeprefix("*"), at
            at += len(line) + 1
            if number == 0:
                continue
            if not bare.strip():
                break
            span = Span(start + line.index(bare.strip()), start + len(line.rstrip()))
            entry = _ENTRY.match(bare.strip()) if bare[:2] != "  " else None
            if entry:
                found.append(_Entry(entry.group(1), entry.group(2), span))
            elif found:
                found[-1] = replace(found[-1], text=f"{found[-1].text}\n{bare.strip()}")
            else:
                found.append(_Entry("", bare.strip(), span))
        return found if any(entry.word in _DECLARING for entry in found) else []

    def all(self, word: str) -> list[_Entry]:
        return [entry for entry in self.entries if entry.word == word]

    def one(self, word: str) -> str:
        return next((entry.words() for entry in self.entries if entry.word == word), "")

    def bad(self, entry: _Entry, message: str, hint: str = "") -> BadHeader:
        return BadHeader(self._source, f"header: {message}", entry.span, hint)

    def check(self) -> None:
        """Whether all words are known and none is missing."""
        for entry in self.entries:
            if not entry.word:
                raise self.bad(entry, f"the first line declares nothing: {entry.text}")
            if entry.word not in _WORDS:
                import difflib

                near = difflib.get_close_matches(entry.word, _WORDS, 1)
                hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(_WORDS)}"
                raise self.bad(entry, f"no declaration is called '{entry.word}'", hint)
        there = {entry.word for entry in self.entries}
        needed = {"question", "output"}
        if there & _OF_VIEWS:
            needed |= {"view", "filter", "key", *_OF_VIEWS}
        elif "key" in there:
            needed.add("value")
        if missing := needed - there:
            raise self.bad(self.entries[0], f"the header does not declare {', '.join(sorted(missing))}")
        if taken := next((e for e in self.all("value") if e.words().split()[0] in ("time", "key")), None):
            raise self.bad(taken, "a value cannot be called time or key: the JSON objects have these already")
        if clash := next((e for e in self.entries if e.word in ("value", "measure") and "column" in there), None):
            raise self.bad(clash, "a script has columns of events or values of aggregations, not both")

    def kind(self, entry: _Entry, kind: str, known: Sequence[str]) -> str:
        if kind not in known:
            raise self.bad(entry, f"'{kind}' is no kind of value", f"there are {', '.join(known)}")
        return kind

    def key(self, entry: _Entry) -> KeyField:
        parts = entry.words().split(None, 3)
        if len(parts) != 4:
            raise self.bad(entry, f"a key has a name, an expression, a kind and a meaning: {entry.text}")
        name, expression, kind, label = parts
        return KeyField(name, self.kind(entry, kind, tuple(SPELLERS)), label, expression)

    def field(self, entry: _Entry, kinds: Sequence[str] = tuple(SPELLERS)) -> Field:
        parts = entry.words().split(None, 2)
        if len(parts) != 3:
            raise self.bad(entry, f"a line '{entry.word}' has a name, a kind and a meaning: {entry.text}")
        return Field(parts[0], self.kind(entry, parts[1], kinds), parts[2])

    def option(self, entry: _Entry) -> Option:
        field = self.field(entry, OPTION_KINDS)
        declared = re.search(rf"^inline\s[^;=]*\b{re.escape(field.name)}\s*=\s*(.*);", self._source.text, re.MULTILINE)
        if declared is None:
            raise self.bad(entry, f"the script does not declare option {field.name}", f"inline ... {field.name} = ...;")
        return Option(field.name, field.kind, field.label, declared.group(1), Span(*declared.span(1)))

    def axis(self) -> tuple[int, int]:
        for entry in self.all("axis"):
            ends = entry.words().split()
            try:
                low, high = map(parse_duration, ends)
            except BadDuration as problem:
                raise self.bad(entry, str(problem)) from None
            except ValueError:
                raise self.bad(entry, f"an axis has two ends: {entry.text}") from None
            return low, high
        return 0, 0

    def measure(self, entry: _Entry) -> Measure:
        name, _, label = entry.words().partition(" ")
        return Measure(name, label.strip())

    def apart(self) -> Apart | None:
        for entry in self.all("apart"):
            first, _, values = entry.text.partition("\n")
            key, _, reason = first.partition(" ")
            return Apart(key, reason.strip(), frozenset(values.split()))
        return None


def parse_script(text: str, name: str = "script") -> Script:
    """The declarations of a script; of one without a header, an empty one. `name` is what messages call it.

    Raises:
        BadHeader: something is not declared, or not as it has to be.
    """
    header = _Header(Source(name, text))
    if not header.entries:
        return Script(text=text, name=name)
    header.check()
    places: dict[str, Span] = {}
    for entry in header.entries:
        places.setdefault(entry.word, entry.span)
    return Script(
        question=header.one("question"),
        output=header.one("output"),
        filters=tuple(header.one("filter").split()),
        options=tuple(map(header.option, header.all("option"))),
        needs=header.one("needs"),
        example=header.one("example"),
        columns=tuple(map(header.field, header.all("column"))),
        keys=tuple(map(header.key, header.all("key"))),
        values=tuple(map(header.field, header.all("value"))),
        view=header.one("view"),
        unit=header.one("unit"),
        axis=header.axis(),
        row=tuple(header.one("row").split()),
        extras=tuple(map(header.key, header.all("extra"))),
        measures=tuple(map(header.measure, header.all("measure"))),
        apart=header.apart(),
        text=text,
        name=name,
        places=places,
    )
