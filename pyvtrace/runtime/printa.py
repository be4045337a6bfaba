"""What printa() and the end of a trace print of an aggregation: rows in DTrace's columns, or in a format of the user's.

In a format, plain conversions and each `*` take the key's members in order and `%@` conversions the aggregations'
values, the last one again when there are more conversions than aggregations. Of a histogram (exphist), `%p50`,
`%p99.9`, `%max` and `%mean` print that statistic instead; no program of DTrace's has an exphist, so none changes its
meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pyvtrace.builtins.distributions import (
    EXPHIST_MAX,
    EXPHIST_NEGATIVE,
    EXPHIST_SUM,
    draw,
    empty,
    is_distribution,
    value_of,
)
from pyvtrace.builtins.percentiles import percentile
from pyvtrace.lang.formats import Conversion, Literal, parse_printa
from pyvtrace.runtime.printf import plan_conversion, to_bytes, to_text
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.runtime.traces import Shower
from pyvtrace.spec import STACKS, TRACES, AggregationSpec, FieldSpec
from pyvtrace.value import replace

# The widths of DTrace's columns for integers, by their size in bytes.
COLUMNS: Mapping[int, int] = {1: 3, 2: 5, 4: 8, 8: 16}
STRING_COLUMN = 50
# Conversions that show code by name.
NAMING = frozenset("aAk")

# A row to text: the key, the words of each aggregation, the factor each is divided by.
Row = Callable[[Key, Sequence[Words], Sequence[int]], str]
Part = Callable[[Key, Sequence[Words], Sequence[int]], str]


# -------------------------------------------------------------------------------------------------- DTrace's own layout


def key_columns(fields: Sequence[FieldSpec], key: Key) -> str:
    """The key's members, each in its column."""
    columns = []
    for field, part in zip(fields, key, strict=True):
        if field.kind in STACKS:
            columns.append(str(part))
        elif isinstance(part, str):
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


def format_row(text: str, specs: Sequence[AggregationSpec], shower: Shower | None = None) -> Row:
    """A printa format as a function of a row."""
    parts = list(_parts(text, specs, shower or Shower()))
    return lambda key, words, normals: "".join([part(key, words, normals) for part in parts])


def _parts(text: str, specs: Sequence[AggregationSpec], shower: Shower) -> Iterator[Part]:
    members = iter(enumerate(specs[0].keys))
    values = 0
    for part in parse_printa(text, [spec.function for spec in specs], len(specs[0].keys)):
        if isinstance(part, Literal):
            yield _literal(part.text)
            continue
        sizes = [next(members)[0] for _ in range(part.stars)]
        if part.takes_key:
            yield _member(part, sizes, *next(members), shower)
        else:
            place = min(values, len(specs) - 1)
            values += 1
            if part.letter == "@":
                yield _value(part, sizes, place, specs[place])
            else:
                yield _statistic(part, place, specs)


def _literal(text: str) -> Part:
    return lambda key, words, normals: text


def _member(conversion: Conversion, sizes: Sequence[int], place: int, field: FieldSpec, shower: Shower) -> Part:
    """A conversion that takes the key's member at `place`, and those at `sizes` for each `*`. Names are made when keys
    are read."""
    if conversion.letter in NAMING:
        conversion = replace(conversion, letter="s")
        plain = field.kind not in TRACES
    else:
        plain = False
    plan = plan_conversion(conversion)
    mask = (1 << 8 * field.size) - 1

    def show(key: Key, words: Sequence[Words], normals: Sequence[int]) -> str:
        part: Any = key[place]
        if plain:
            part = shower.kernel(part & mask)
        if isinstance(part, str):
            part = to_bytes(part)
        elif plan.unsigned:
            part &= mask
        return plan.template % (plan.convert(*[key[size] for size in sizes], part) if plan.convert else part)

    return show


def _value(conversion: Conversion, sizes: Sequence[int], place: int, spec: AggregationSpec) -> Part:
    """`%@d`: the value, or the picture of a distribution whatever the letter."""
    if is_distribution(spec.function):
        return lambda key, words, normals: draw(spec.function, spec.params, words[place], normals[place])
    letter = conversion.text[-1] if conversion.text[-1] in "dioxXuc" else "d"
    plan = plan_conversion(replace(conversion, letter=letter))

    def show(key: Key, words: Sequence[Words], normals: Sequence[int]) -> str:
        value = value_of(spec.function, spec.params, words[place], normals[place])
        if plan.unsigned:
            value &= (1 << 64) - 1
        return plan.template % (plan.convert(*[key[size] for size in sizes], value) if plan.convert else value)

    return show


def _statistic(conversion: Conversion, place: int, specs: Sequence[AggregationSpec]) -> Part:
    """`%p99`, `%max`, `%mean` of a histogram, in the values' own unit: a normalisation factor is for counts. Where the
    aggregation whose turn it is has no such thing, of the first that has."""
    plan = plan_conversion(replace(conversion, letter="d"))
    what = conversion.text.lstrip("%@-+ 0123456789")
    having = [n for n, s in enumerate(specs) if s.function in ("exphist", "quantize")[: 1 + (what != "mean")]]
    place = place if place in having else having[0]

    def show(key: Key, words: Sequence[Words], normals: Sequence[int]) -> str:
        return plan.template % statistic(specs[place], words[place], what)

    return show


def statistic(spec: AggregationSpec, words: Words, what: str) -> int:
    """ "max", "mean" or "p" with a percentage; 0 of one without values. Of a quantize() the greatest value is the upper
    bound of its bucket, and the mean is not known."""
    if what == "max":
        return words[EXPHIST_MAX] if spec.function == "exphist" else percentile(spec.function, spec.params, words, 1.0)
    if what == "mean":
        return words[EXPHIST_SUM] // (sum(words[EXPHIST_NEGATIVE + 1 :]) or 1)
    return percentile(spec.function, spec.params, words, _fraction(what[1:]))


def _fraction(digits: str) -> float:
    """ "50" and "99.9" are percentages; more than two digits go on behind the point: "999" is 99.9."""
    if "." not in digits and len(digits) > 2 and digits != "100":
        digits = f"{digits[:2]}.{digits[2:]}"
    return min(float(digits), 100.0) / 100


def or_empty(specs: Sequence[AggregationSpec], words: Sequence[Words | None]) -> list[Words]:
    """The words, zeros where an aggregation does not have the key."""
    return [w if w is not None else empty(s.function, s.params) for s, w in zip(specs, words, strict=True)]
