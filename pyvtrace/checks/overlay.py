"""Two distributions drawn over each other, each as parts of its own whole."""

from __future__ import annotations

from collections.abc import Callable

from pyvtrace.analysis.histogram import Histogram
from pyvtrace.analysis.units import duration

WIDTH = 40
ROWS = 16


def overlay(now: Histogram, before: Histogram | None, spelled: Callable[[int], str] = duration) -> list[str]:
    """A row a range of times: `█` where both are, `▓` what only the new one has, `░` what only the old one had. Each is
    scaled to its number of values, so that more runs do not look like more time. Of one distribution, its
    bars. `spelled` makes text of a value."""
    new = _coarse(now)
    old = _coarse(before) if before is not None else new
    steps = sorted({*new, *old})
    if not steps:
        return []
    every = -(-(steps[-1] - steps[0] + 1) // ROWS)
    rows: dict[int, list[float]] = {}
    for shares, side in ((new, 0), (old, 1)):
        for step, share in shares.items():
            rows.setdefault((step - steps[0]) // every, [0.0, 0.0])[side] += share
    most = max(max(pair) for pair in rows.values())
    drawn = ["  up to      now  before  █ both  ▓ only now  ░ only before" if before is not None else "  up to"]
    for row in range(max(rows) + 1):
        share, was = rows.get(row, [0.0, 0.0])
        a, b = round(share / most * WIDTH), round(was / most * WIDTH)
        bar = "█" * min(a, b) + ("▓" * (a - b) if a > b else "░" * (b - a))
        upper = 2 ** ((steps[0] + (row + 1) * every) / 4)
        told = f"{share:6.1%}" if before is None else f"{share:6.1%}  {was:6.1%}"
        drawn.append(f"  {spelled(round(upper)):>6}  {told}  {bar}".rstrip())
    return drawn


def _coarse(histogram: Histogram) -> dict[int, float]:
    """Shares by quarter of an octave."""
    from math import ceil, log2

    found: dict[int, float] = {}
    whole = histogram.count or 1
    for bucket in histogram.buckets():
        if bucket.count:
            step = ceil(log2(max(bucket.upper, 1)) * 4 - 1e-6) - 1
            found[step] = found.get(step, 0.0) + bucket.count / whole
    return found
