"""Rows as JSON lines: one object a row and interval, with exact counts and the bounds of every bucket in use.

`docs/views.md` documents the fields. Values are of the whole trace up to `time`; `new` is what the interval added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.analysis.histogram import Histogram
from pyvtrace.analysis.names import NUMERIC
from pyvtrace.analysis.rows import Grouping, Identity, Row
from pyvtrace.analysis.script import Script
from pyvtrace.runtime.snapshot import Snapshot

_NUMBERS = NUMERIC | {"size"}  # kinds of keys that stay numbers
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


def quantile_members(histogram: Histogram) -> Mapping[str, int]:
    """p50, p90, p99 and p999."""
    return {name: histogram.quantile(q) for name, q in QUANTILES.items()}


def bucket_objects(histogram: Histogram) -> list[Mapping[str, int | None]]:
    """The buckets in use: `count` values greater than `above` (null: without bound), at most `upto`."""
    return [{"above": bucket.lower, "upto": bucket.upper, "count": bucket.count} for bucket in histogram.used()]


def distribution(histogram: Histogram) -> Mapping[str, object]:
    """A histogram as members of an object: count, max, quantiles, buckets in use."""
    figures = {"count": histogram.count, "max": histogram.max, **quantile_members(histogram)}
    return {**figures, "buckets": bucket_objects(histogram)}


class JsonLines:
    """Objects of one trace. An interval has an object for every row that saw something in it. `groupings` has one for
    each of the script's measures."""

    def __init__(self, script: Script, groupings: Sequence[Grouping], started: Snapshot) -> None:
        self._script = script
        self._groupings = list(zip(script.measures, groupings, strict=True))
        self._before = started
        self._totals: dict[tuple[str, Identity], int] = {}
        self._update(started)
        for measure, grouping in self._groupings:
            self._totals |= {(measure.name, row.identity): row.total for row in grouping.rows}

    def _update(self, snapshot: Snapshot) -> None:
        for measure, grouping in self._groupings:
            grouping.update(snapshot.tables[measure.name])

    def objects(self, snapshot: Snapshot) -> Iterator[Mapping[str, object]]:
        """The objects of the interval that ends with this snapshot."""
        self._update(snapshot)
        about = self._about(snapshot, snapshot.time_ns - self._before.time_ns)
        quiet = True
        for measure, grouping in self._groupings:
            for row in grouping.rows:
                if row.new != 0:
                    quiet = False
                    yield {**about, "measure": measure.name, **self._row(measure.name, row, grouping)}
        if quiet and snapshot.lost != self._before.lost:
            yield about
        self._before = snapshot

    def _row(self, measure: str, row: Row, grouping: Grouping) -> Mapping[str, object]:
        before = self._totals.get((measure, row.identity), 0)
        self._totals[measure, row.identity] = row.total
        parts = zip(grouping.fields, row.key, row.raw, strict=True)
        histogram = row.histogram
        return {
            "key": {field.name: raw if field.kind in _NUMBERS else shown for field, shown, raw in parts},
            "waiting": row.waiting,
            "unit": self._script.unit,
            "new": {"count": row.new, "total": row.total - before},
            "count": row.count,
            "total": row.total,
            "max": row.peak,
            **quantile_members(histogram),
            "buckets": bucket_objects(histogram),
        }

    def _about(self, snapshot: Snapshot, interval: int) -> Mapping[str, object]:
        return {
            "view": self._script.view,
            "time": snapshot.wall_ns / 1e9,
            "interval": interval / 1e9,
            "lost": dict(snapshot.lost),
        }
