"""What a script saw as text: a line an event, or a table of aggregations with a drawing for each distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.analysis.names import NUMERIC, Names, Part
from pyvtrace.analysis.script import Field, Script
from pyvtrace.analysis.tables import Held, TableRow, spelled
from pyvtrace.builtins.distributions import draw, is_distribution
from pyvtrace.runtime.snapshot import Key

# Width of a column of events by the kind of its values: nobody knows what is to come.
_WIDTHS: Mapping[str, int] = {
    "time": 12, "duration": 7, "bytes": 6, "number": 7, "signal": 9, "errno": 12, "operation": 7, "device": 8,
    "address": 18,
}  # fmt: skip
_TEXT, _COMMAND = 16, 15

# -------------------------------------------------------------------------------------------------------------- events


class EventLines:
    """Events in columns."""

    def __init__(self, columns: Sequence[Field], names: Names) -> None:
        self._columns, self._names = columns, names
        self._widths = [max(_width(field), len(field.name)) for field in columns]

    def heading(self) -> str:
        return self._line([field.name.upper() for field in self._columns])

    def line(self, values: Sequence[Part]) -> str:
        """One event."""
        parts = zip(self._columns, values, strict=True)
        return self._line([spelled(field, value, self._names) for field, value in parts])

    def _line(self, cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if field.kind in NUMERIC else cell.ljust(width)
            for field, cell, width in zip(self._columns, cells, self._widths, strict=True)
        ]
        return " ".join(padded).rstrip()


def _width(field: Field) -> int:
    return _COMMAND if field.name == "comm" else _WIDTHS.get(field.kind, _TEXT)


# -------------------------------------------------------------------------------------------------------- aggregations


def table_lines(script: Script, held: Held, rows: Sequence[TableRow], names: Names) -> Iterator[str]:
    """The table of the aggregations that are numbers, and below it the distributions."""
    specs = [held[field.name][0] for field in script.values]
    plain = [place for place, spec in enumerate(specs) if not is_distribution(spec.function)]
    if plain:
        fields: list[Field] = [*script.keys, *(script.values[place] for place in plain)]
        cells = [[field.name.upper() for field in fields]]
        for row in rows:
            parts = [*row.key, *(row.figures[place] or 0 for place in plain)]
            cells.append([spelled(field, part, names) for field, part in zip(fields, parts, strict=True)])
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for line in cells:
            padded = [
                cell.rjust(width) if field.kind in NUMERIC else cell.ljust(width)
                for field, cell, width in zip(fields, line, widths, strict=True)
            ]
            yield " ".join(padded).rstrip()
    for row in rows:
        for place, spec in enumerate(specs):
            if is_distribution(spec.function) and any(row.words[place]):
                yield ""
                yield _title(script, place, row.key, names)
                yield from draw(spec.function, spec.params, row.words[place]).strip("\n").split("\n")


def _title(script: Script, place: int, key: Key, names: Names) -> str:
    parts = (f"{field.name} {spelled(field, part, names)}" for field, part in zip(script.keys, key, strict=True))
    value = script.values[place]
    unit = {"duration": " (ns)", "bytes": " (bytes)"}.get(value.kind, "")
    return f"{value.name}{unit}  {'  '.join(parts)}".rstrip()
