"""The lines of a script that shows events or a table: as text, or as JSON; live, and when a recording is replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pyvtrace.analysis.names import Names
from pyvtrace.analysis.rows import Keep
from pyvtrace.analysis.script import Script
from pyvtrace.analysis.tables import Held, table_rows
from pyvtrace.export.json_programs import line
from pyvtrace.export.record_lines import event_object, row_objects
from pyvtrace.render.records import EventLines, table_lines
from pyvtrace.render.scrolled import TextView
from pyvtrace.runtime.snapshot import Snapshot

Values = Sequence[Any]


def event_lines(script: Script, names: Names, *, json: bool) -> tuple[str, Callable[[Values], str]]:
    """The heading, "" where there is none, and what makes a line of the values of an event."""
    if json:
        return "", lambda values: line(event_object(script.columns, values, names))
    lines = EventLines(script.columns, names)
    return lines.heading() + "\n", lambda values: f"{lines.line(values)}\n"


def table_view(script: Script) -> TextView:
    """A picture of its table."""
    return TextView(script.name.removesuffix(".d"), script.question)


def held_in(snapshot: Snapshot) -> Held:
    """The aggregations of a snapshot."""
    return {name: (table.spec, table.rows) for name, table in snapshot.tables.items()}


def lines_of_table(
    script: Script, names: Names, snapshot: Snapshot, keep: Keep | None, top: int | None, *, json: bool
) -> Iterator[str]:
    """The table, or an object for each of its rows, as of a snapshot."""
    held = held_in(snapshot)
    rows = table_rows(script, held, keep)[:top]
    if json:
        yield from map(line, row_objects(script, held, rows, names, snapshot.wall_ns))
    else:
        yield from (f"{text}\n" for text in table_lines(script, held, rows, names))
