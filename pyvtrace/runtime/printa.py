"""What printa() and the end of a trace print of an aggregation: rows in DTrace's columns, or in a format of the user's.

In a format, plain conversions take the key's members in order and `%@` conversions the aggregations' values, the last
one again when there are more conversions than aggregations. Of a histogram (exphist), `%p50`, `%p99.9`, `%max` and
`%mean` print that statistic instead; no program of DTrace's has an exphist, so none changes its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pyvtrace.builtins.distributions import (
    EXPHIST_MAX,
    EXPHIST_NEGATIVE,
    EXPHIST_SUM,
    draw,
    empty,
    is_distribution,
    percentile,
    value_of,
)
from pyvtrace.lang.formats import Conversion, Literal, parse_format
from pyvtrace.runtime.printf import KINDS, plan_conversion, to_bytes, to_text
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.spec import AggregationSpec, FieldSpec

# The widths of DTrace's columns for integers, by their size in bytes.
COLUMNS: Mapping[int, int] = {1: 3, 2: 5, 4: 8, 8: 16}
STRING_COLUMN = 50

# A row to text: the key, the words of each aggregation, the factor each is divided by.
Row = Callable[[Key, Sequence[Words], Sequence[int]], str]
Part = Callable[[Key, Sequence[Words], Sequence[int]], str]

_VALUE = re.compile(
    r"%%"
    r"|%(?P<before>[-+ #0'?]*)@(?P<after>[-+ #0'?]*)(?P<width>\d+)?(?:\.(?P<precision>\d*))?"
    r"(?:hh|h|ll|l|L)?(?P<letter>[a-zA-Z])"
)
_STATISTIC = re.compile(r"%%|%@?(?P<flags>[-+ 0]*)(?P<width>\d+)?(?P<what>p\d+(?:\.\d+)?|max|mean)")


# -------------------------------------------------------------------------------------------------- DTrace's own layout


def key_columns(fields: Sequence[FieldSpec], key: Key) -> str:
    """The key's members, each in its column."""
    columns = []
    for field, part in zip(fields, key, strict=True):
        if isinstance(part, str):
            columns.append("  " + to_text(to_bytes(part).ljust(STRING_COLUMN)))
        else:
            columns.append(f" {part:{COLUMNS.get(field.size, COLUMNS[8])}}")
    return "".join(columns)


def value_column(spec: AggregationSpec, words: Words, normal: int) -> str:
    if is_distribution(spec.function):
        return draw(spec.function, spec.params, words, normal)
    return f" {value_of(spec.function, spec.params, words, normal):16}"


def default_row(specs: Sequence[AggregationSpec]) -> Row:
    """Key columns, then a column or picture for each aggregation, then a newline."""

    def row(key: Key, words: Sequence[Words], normals: Sequence[int]) -> str:
        values = map(value_column, specs, words, normals)
        return f"{key_columns(specs[0].keys, key)}{''.join(values)}\n"

    return row


# ------------------------------------------------------------------------------------------------------ a user's format


def format_row(text: str, specs: Sequence[AggregationSpec]) -> Row:
    """A printa format as a function of a row."""
    parts = list(_parts(text, specs))
    return lambda key, words, normals: "".join([part(key, words, normals) for part in parts])


def _parts(text: str, specs: Sequence[AggregationSpec]) -> Iterator[Part]:
    members = iter(enumerate(specs[0].keys))
    values = 0
    for piece in _split(text, specs):
        if isinstance(piece, re.Match):
            place = min(values, len(specs) - 1)
            values += 1
            yield (
                _statistic(piece, place, specs[place])
                if "what" in piece.groupdict()
                else _value(piece, place, specs[place])
            )
            continue
        for part in parse_format(piece):
            yield _literal(part.text) if isinstance(part, Literal) else _member(part, *next(members))


def _split(text: str, specs: Sequence[AggregationSpec]) -> Iterator[str | re.Match[str]]:
    """The format in order: matches for the conversions that take an aggregation, text for everything between."""
    found = [m for m in _VALUE.finditer(text) if m["letter"]]
    if any(spec.function == "exphist" for spec in specs):
        statistics = [m for m in _STATISTIC.finditer(text) if m["what"]]
        starts = {m.start() for m in statistics}
        found = sorted([*statistics, *(m for m in found if m.start() not in starts)], key=lambda m: m.start())
    at = 0
    for match in found:
        yield text[at : match.start()]
        yield match
        at = match.end()
    yield text[at:]


def _literal(text: str) -> Part:
    return lambda key, words, normals: text


def _member(conversion: Conversion, place: int, field: FieldSpec) -> Part:
    """A conversion that takes the key's member at `place`."""
    plan = plan_conversion(conversion)
    mask = (1 << 8 * field.size) - 1

    def show(key: Key, words: Sequence[Words], normals: Sequence[int]) -> str:
        part: Any = key[place]
        if isinstance(part, str):
            part = to_bytes(part)
        elif plan.unsigned:
            part &= mask
        return plan.template % (plan.convert(part) if plan.convert else part)

    return show


def _value(match: re.Match[str], place: int, spec: AggregationSpec) -> Part:
    """`%@d`: the value, or the picture of a distribution whatever the letter."""
    if is_distribution(spec.function):
        return lambda key, words, normals: draw(spec.function, spec.params, words[place], normals[place])
    letter = match["letter"] if match["letter"] in KINDS else "d"
    flags = match["before"] + match["after"]
    plan = plan_conversion(Conversion(flags, match["width"], match["precision"], "", letter, match[0]))

    def show(key: Key, words: Sequence[Words], normals: Sequence[int]) -> str:
        value = value_of(spec.function, spec.params, words[place], normals[place])
        if plan.unsigned:
            value &= (1 << 64) - 1
        return plan.template % (plan.convert(value) if plan.convert else value)

    return show


def _statistic(match: re.Match[str], place: int, spec: AggregationSpec) -> Part:
    """`%p99`, `%max`, `%mean` of a histogram, in the values' own unit: a normalisation factor is for counts."""
    plan = plan_conversion(Conversion(match["flags"], match["width"], None, "", "d", match[0]))
    what = match["what"]

    def show(key: Key, words: Sequence[Words], normals: Sequence[int]) -> str:
        return plan.template % statistic(spec, words[place], what)

    return show


def statistic(spec: AggregationSpec, words: Words, what: str) -> int:
    """ "max", "mean" or "p" with a percentage, of an exphist; 0 of one without values."""
    if what == "max":
        return words[EXPHIST_MAX]
    if what == "mean":
        return words[EXPHIST_SUM] // (sum(words[EXPHIST_NEGATIVE + 1 :]) or 1)
    return percentile(spec.function, spec.params, words, min(float(what[1:]), 100.0) / 100)


def or_empty(specs: Sequence[AggregationSpec], words: Sequence[Words | None]) -> list[Words]:
    """The words, zeros where an aggregation does not have the key."""
    return [w if w is not None else empty(s.function, s.params) for s, w in zip(specs, words, strict=True)]
