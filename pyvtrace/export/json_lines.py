"""Rows as JSON lines: one object a row and interval, with exact counts and the bounds of every bucket in use.

`docs/views.md` documents the fields. Values are of the whole trace up to `time`; `new` is what the interval added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyvtrace.analysis.names import NUMERIC
from pyvtrace.analysis.rows import Grouping, Identity, Row
from pyvtrace.analysis.script import Script
from pyvtrace.runtime.snapshot import Snapshot

_NUMBERS = NUMERIC | {"size"}  # kinds of keys that stay numbers
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


class JsonLines:
    """Objects of one trace. An interval has an object for every row that saw something in it."""

    def __init__(self, script: Script, grouping: Grouping, started: Snapshot) -> None:
        self._script, self._grouping = script, grouping
        self._before = started
        self._seen: dict[tuple[str, Identity], tuple[int, int]] = {}

    def objects(self, snapshot: Snapshot) -> Iterator[Mapping[str, object]]:
        """The objects of the interval that ends with this snapshot."""
        interval = snapshot.time_ns - self._before.time_ns
        quiet = True
        for measure in self._script.measures:
            for row in self._grouping.rows(snapshot.tables[measure.name]):
                now = row.count, row.total
                count, total = self._seen.get((measure.name, row.identity), (0, 0))
                if now != (count, total):
                    quiet = False
                    self._seen[measure.name, row.identity] = now
                    new = {"count": row.count - count, "total": row.total - total}
                    yield self._object(snapshot, interval, measure.name, row, new)
        if quiet and snapshot.lost != self._before.lost:
            yield self._about(snapshot, interval)
        self._before = snapshot

    def _object(
        self, snapshot: Snapshot, interval: int, measure: str, row: Row, new: Mapping[str, int]
    ) -> Mapping[str, object]:
        histogram = row.histogram
        parts = zip(self._grouping.fields, row.key, row.raw, strict=True)
        return {
            **self._about(snapshot, interval),
            "measure": measure,
            "key": {field.name: raw if field.kind in _NUMBERS else shown for field, shown, raw in parts},
            "waiting": row.waiting,
            "unit": self._script.unit,
            "new": new,
            "count": row.count,
            "total": row.total,
            "max": row.peak,
            **{name: histogram.quantile(q) for name, q in QUANTILES.items()},
            "buckets": [
                {"above": bucket.lower, "upto": bucket.upper, "count": bucket.count}
                for bucket in histogram.buckets()
                if bucket.count
            ],
        }

    def _about(self, snapshot: Snapshot, interval: int) -> Mapping[str, object]:
        return {
            "view": self._script.view,
            "time": snapshot.wall_ns / 1e9,
            "interval": interval / 1e9,
            "lost": dict(snapshot.lost),
        }
