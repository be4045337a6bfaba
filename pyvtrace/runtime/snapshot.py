"""What a session saw up to one moment, as plain data: the only thing that views, exports and checks read."""

from __future__ import annotations

from collections.abc import Mapping

from pyvtrace.spec import AggregationSpec
from pyvtrace.value import Value

Key = tuple[int | str, ...]
Words = tuple[int, ...]


class Table(Value):
    """One aggregation: key tuple -> words summed (or merged) over the CPUs, in the layout of
    `builtins.aggregations`."""

    spec: AggregationSpec
    rows: Mapping[Key, Words]


class Snapshot(Value):
    """`tables` by aggregation name (without `@`; "_" for the anonymous one). `time_ns` is CLOCK_MONOTONIC, `wall_ns`
    CLOCK_REALTIME. `lost` has a count for every entry of `spec.COUNTERS` and "missed" (runs the kernel skipped because
    the program was already running on that CPU)."""

    time_ns: int
    wall_ns: int
    tables: Mapping[str, Table]
    lost: Mapping[str, int]
