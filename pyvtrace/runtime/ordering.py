"""The order in which DTrace shows an aggregation's rows, and what several aggregations side by side are.

By default rows go by value, ascending, and rows of equal value by key; `aggsortkey`, `aggsortkeypos`, `aggsortpos` and
`aggsortrev` change that. Integer keys compare as unsigned numbers of their size, strings byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyvtrace.builtins.distributions import rank
from pyvtrace.runtime.options import is_set, number
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.spec import AggregationSpec, FieldSpec
from pyvtrace.value import Value

Rows = Mapping[Key, Words]
# A key, and per aggregation its words; None where the aggregation does not have the key.
Joined = tuple[Key, tuple[Words | None, ...]]


class Order(Value):
    """`by_key`: by key only; `key_position`: the key to compare first, the others following in turn, then those before
    it; `position`: of several aggregations, the one to compare first; `reverse`: everything the other way round."""

    by_key: bool = False
    key_position: int = 0
    position: int = 0
    reverse: bool = False


BY_VALUE = Order()


def order_of(options: Mapping[str, str]) -> Order:
    """The order that the options in force ask for."""
    return Order(
        by_key=is_set(options, "aggsortkey"),
        key_position=number(options, "aggsortkeypos"),
        position=number(options, "aggsortpos"),
        reverse=is_set(options, "aggsortrev"),
    )


def key_rank(fields: Sequence[FieldSpec], first: int = 0) -> Callable[[Key], tuple[Any, ...]]:
    """What keys of these fields compare by, from the field `first` on; DTrace takes a position too large for 0."""
    count = len(fields)
    turn = first if 0 <= first < count else 0
    places = [(i % count, (1 << 8 * fields[i % count].size) - 1) for i in range(turn, turn + count)]

    def compared(key: Key) -> tuple[Any, ...]:
        parts: list[int | bytes] = []
        for place, mask in places:
            part = key[place]
            parts.append(part & mask if isinstance(part, int) else part.encode("utf-8", "surrogateescape"))
        return tuple(parts)

    return compared


def sort_rows(spec: AggregationSpec, rows: Rows, order: Order = BY_VALUE) -> list[tuple[Key, Words]]:
    """The rows of one aggregation in the order of printing."""
    keys = key_rank(spec.keys, order.key_position)
    if order.by_key:
        return sorted(rows.items(), key=lambda row: keys(row[0]), reverse=order.reverse)
    function, params = spec.function, spec.params
    return sorted(rows.items(), key=lambda row: (rank(function, params, row[1]), keys(row[0])), reverse=order.reverse)


def join_rows(specs: Sequence[AggregationSpec], tables: Sequence[Rows], order: Order = BY_VALUE) -> list[Joined]:
    """Several aggregations side by side, a row for each key that any of them has.

    Rows go by the values of the aggregation at `order.position` (0 if there is none), then by those of the ones after
    it and before it in turn, then by key. A missing value counts as zero.
    """
    keys = key_rank(specs[0].keys, order.key_position)
    first = order.position if 0 <= order.position < len(specs) else 0
    turn = [(first + i) % len(specs) for i in range(len(specs))]
    joined = [(key, tuple(table.get(key) for table in tables)) for key in dict.fromkeys(k for t in tables for k in t)]

    def values(row: Joined) -> tuple[tuple[int, int], ...]:
        return tuple(_rank_or_zero(specs[i], row[1][i]) for i in turn)

    if order.by_key:
        return sorted(joined, key=lambda row: (keys(row[0]), values(row)), reverse=order.reverse)
    return sorted(joined, key=lambda row: (values(row), keys(row[0])), reverse=order.reverse)


def _rank_or_zero(spec: AggregationSpec, words: Words | None) -> tuple[int, int]:
    return rank(spec.function, spec.params, words) if words is not None else (0, 0)


def truncated(spec: AggregationSpec, rows: Rows, count: int) -> list[Key]:
    """The keys that `trunc(@a, count)` removes: all but the `count` rows of largest value, or, of a negative count,
    all but the -count smallest. The sorting options do not matter here."""
    kept_last = sort_rows(spec, rows)
    keys = [key for key, _ in (reversed(kept_last) if count >= 0 else kept_last)]
    return keys[abs(count) :]
