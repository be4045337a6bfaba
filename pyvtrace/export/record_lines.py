"""What a script saw as JSON lines: an object an event, or one a row of its table and interval.

Kinds that are numbers stay numbers, durations in ns; everything else is the text that is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.analysis.histogram import histogram
from pyvtrace.analysis.names import NUMERIC, Names, Part
from pyvtrace.analysis.script import Field, Script
from pyvtrace.analysis.tables import Held, TableRow, spelled
from pyvtrace.export.json_lines import distribution

_AS_THEY_ARE = NUMERIC | {"text", "time", "size"}


def plain(field: Field, value: Part, names: Names) -> Part:
    """A value as a program reads it."""
    return value if field.kind in _AS_THEY_ARE else spelled(field, value, names)


def event_object(columns: Sequence[Field], values: Sequence[Part], names: Names) -> Mapping[str, Part]:
    """An event: its values by the names of their columns."""
    return {field.name: plain(field, value, names) for field, value in zip(columns, values, strict=True)}


def row_objects(
    script: Script, held: Held, rows: Sequence[TableRow], names: Names, wall_ns: int
) -> Iterator[Mapping[str, object]]:
    """The rows of a table at a moment; all values are of the whole trace up to then."""
    specs = [held[field.name][0] for field in script.values]
    for row in rows:
        key = {field.name: plain(field, part, names) for field, part in zip(script.keys, row.key, strict=True)}
        values = {
            field.name: distribution(histogram(spec.function, spec.params, words)) if figure is None else figure
            for field, spec, words, figure in zip(script.values, specs, row.words, row.figures, strict=True)
        }
        yield {"time": wall_ns / 1e9, "key": key, **values}
