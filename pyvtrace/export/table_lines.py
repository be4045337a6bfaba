"""Aggregations as JSON lines, whatever program they are of: one object a key.

    {"time": 1764291602.3, "table": "counts", "function": "count", "key": [1234, "cat"], "value": 7}
    {"time": ..., "table": "dist", "function": "quantize", "key": [], "count": 9, "buckets": [{"above": 3, "upto": 7,
    "count": 9}]}

Buckets are those in use; `above` is null where a bucket has no bound below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyvtrace.analysis.histogram import Histogram
from pyvtrace.builtins.distributions import is_distribution, value_of
from pyvtrace.runtime.snapshot import Snapshot, Table, Words


def objects(snapshot: Snapshot) -> Iterator[Mapping[str, object]]:
    """All keys of all aggregations, then, if something was lost, one object with what."""
    time = {"time": snapshot.wall_ns / 1e9}
    for name, table in snapshot.tables.items():
        for key, words in table.rows.items():
            about = {"table": name, "function": table.spec.function, "key": list(key)}
            yield {**time, **about, **_value(table, words)}
    if lost := {kind: count for kind, count in snapshot.lost.items() if count}:
        yield {**time, "lost": lost}


def _value(table: Table, words: Words) -> Mapping[str, object]:
    function, params = table.spec.function, table.spec.params
    if not is_distribution(function):
        return {"value": value_of(function, params, words)}
    histogram = Histogram(function, params, words)
    buckets = [{"above": b.lower, "upto": b.upper, "count": b.count} for b in histogram.buckets() if b.count]
    return {"count": histogram.count, "buckets": buckets}
