"""Stacks as JSON lines: one object a call chain, the largest amounts first. docs/schema/stack.json describes it."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps

from pyvtrace.analysis.stacks import TABLE, samples
from pyvtrace.runtime.snapshot import Snapshot


def stack_lines(view: str, unit: str, snapshot: Snapshot, seconds: float) -> Iterator[str]:
    """Those of the view's table. Amounts are of all the time, which was so many seconds, and in `unit`."""
    about = {
        "stack": view,
        "time": snapshot.wall_ns / 1e9,
        "interval": seconds,
        "lost": dict(snapshot.lost),
        "unit": unit,
    }
    for sample in samples(snapshot.tables[TABLE]):
        key = {"pid": sample.pid, "comm": sample.command, "waker": sample.waker or None}
        chain = {"amount": sample.amount, "user": list(sample.user), "kernel": list(sample.kernel)}
        yield dumps({**about, "key": key, **chain}, separators=(",", ":")) + "\n"
