"""What a D program saw as JSON lines: its output, its events, what was said of it, and its aggregations.

docs/schema has the schema of each kind of line. D values have whatever unit the program gives them, so none is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from json import dumps

from pyvtrace.analysis.histogram import Histogram
from pyvtrace.builtins.distributions import is_distribution, value_of
from pyvtrace.export.json_lines import bucket_objects, quantile_members
from pyvtrace.export.recording import Recorded
from pyvtrace.runtime.ordering import Order, sort_rows
from pyvtrace.runtime.snapshot import Snapshot, Table, Words

Object = Mapping[str, object]


def line(thing: Object) -> str:
    """One line of JSON."""
    return dumps(thing, separators=(",", ":")) + "\n"


def printed(kind: str, wall_ns: int, text: str) -> Object:
    """What the program wrote ("output"), or what was said of it ("said")."""
    return {kind: text, "time": wall_ns / 1e9}


def event(found: Recorded, wall_ns: int) -> Object:
    """A firing that recorded something. Bytes that are no text are in hexadecimal digits."""
    values = [{"hex": value.hex()} if isinstance(value, bytes) else value for value in found.values]
    about = {"event": str(found.probe), "time": wall_ns / 1e9, "cpu": found.cpu, "clause": found.clause}
    return {**about, "values": values, "text": found.text}


def aggregations(snapshot: Snapshot) -> Iterator[Object]:
    """An object for every key of every aggregation, in D's order; then one of what was lost, if anything was."""
    time = snapshot.wall_ns / 1e9
    for name, table in snapshot.tables.items():
        about = {"aggregation": name, "function": table.spec.function, "params": list(table.spec.params), "time": time}
        for key, words in sort_rows(table.spec, table.rows, Order()):
            yield {**about, "key": list(key), **_value(table, words)}
    if any(snapshot.lost.values()):
        yield {"lost": dict(snapshot.lost), "time": time}


def _value(table: Table, words: Words) -> Object:
    function, params = table.spec.function, table.spec.params
    if not is_distribution(function):
        return {"value": value_of(function, params, words)}
    held = Histogram(function, params, words)
    totals = {"count": held.count, "sum": held.sum, "max": held.max}
    return {**totals, **quantile_members(held), "buckets": bucket_objects(held)}
