"""The aggregations of a script as one table: a row for each key, a figure or a distribution for each `value`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyvtrace.analysis.names import SPELLERS, Names, Part
from pyvtrace.analysis.script import Field, Script
from pyvtrace.builtins.distributions import empty, is_distribution, value_of
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.spec import AggregationSpec, ProgramSpec
from pyvtrace.value import Value

# Aggregations by name: what their keys and words mean, and what they hold.
Held = Mapping[str, tuple[AggregationSpec, Mapping[Key, Words]]]


def spelled(field: Field, value: Part, names: Names) -> str:
    """A value as people read it."""
    return SPELLERS[field.kind](value, names.get(field.kind, {}))


class TableRow(Value):
    """What all aggregations of a script hold for one key, in the order of its `value` lines; `figures` has None for
    distributions. `weight` is what rows are ordered by."""

    key: Key
    words: tuple[Words, ...]
    figures: tuple[int | None, ...]
    weight: int


def table_rows(script: Script, held: Held, keep: Callable[[Key], bool] | None = None) -> list[TableRow]:
    """The rows that `keep` chooses, those with the most of the first value first."""
    specs = [held[field.name][0] for field in script.values]
    tables = [held[field.name][1] for field in script.values]
    rows = []
    for key in {key: None for table in tables for key in table if keep is None or keep(key)}:
        words = tuple(
            table[key] if key in table else empty(spec.function, spec.params)
            for spec, table in zip(specs, tables, strict=True)
        )
        values = [value_of(spec.function, spec.params, part) for spec, part in zip(specs, words, strict=True)]
        figures = tuple(
            None if is_distribution(spec.function) else value for spec, value in zip(specs, values, strict=True)
        )
        rows.append(TableRow(key, words, figures, values[0]))
    return sorted(rows, key=lambda row: (-row.weight, tuple(map(str, row.key))))


def check_table(script: Script, spec: ProgramSpec) -> None:
    """Whether the program has the aggregations that the header declares, with so many parts in their keys.

    Raises:
        BadHeader: it has not.
    """
    known = {aggregation.name: aggregation for aggregation in spec.aggregations}
    for field in script.values:
        if field.name not in known:
            there = ", ".join(f"@{name}" for name in known) or "none"
            raise script.bad(f"header: the script has no aggregation @{field.name}", "value", f"it has {there}")
        parts = len(known[field.name].keys)
        if parts != len(script.keys):
            message = f"header: @{field.name} has {parts} parts in its key, and there are {len(script.keys)} keys"
            raise script.bad(message, "key" if script.keys else "value")
