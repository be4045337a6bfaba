"""The logarithmic axis all rows of a view share, in whole buckets of the kernel's histograms.

A cell is a whole number of buckets, so no count is ever split or smeared: what a cell shows is what was counted between
its two bounds. `python -m pyvtrace.render.axis` shows the ticks at several widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log2

from pyvtrace.analysis.units import rounded
from pyvtrace.builtins.distributions import EXPHIST_FIRST, EXPHIST_NEGATIVE
from pyvtrace.value import Value

_ORIGIN = EXPHIST_FIRST + 1  # the word of bucket 0


class Axis(Value):
    """`cells` cells of `step` buckets of 2^(1/2^scale) each, from bucket `first` on; `low` and `high` in ns are the
    ends asked for, which the cells reach over by a part of a cell."""

    low: int
    high: int
    scale: int
    first: int
    step: int
    cells: int

    def counts(self, words: Sequence[int]) -> list[int]:
        """Events in each cell, from the words of an exphist; what lies beyond the ends is in the outermost cells."""
        start = _ORIGIN + self.first
        end = start + self.step * self.cells
        found = [sum(words[at : at + self.step]) for at in range(start, end, self.step)]
        found[0] += sum(words[EXPHIST_NEGATIVE:start])
        found[-1] += sum(words[end:])
        return found

    def position(self, value: float) -> int:
        """The cell that a value (> 0) lies in; outermost for one beyond the ends."""
        bucket = ceil(log2(value) * (1 << self.scale)) - 1
        return min(self.cells - 1, max(0, (bucket - self.first) // self.step))

    def heading(self) -> str:
        """Labels of powers of ten, each beginning at its cell: all that fit, or every second, third ..."""
        decades = []
        tick = self.low
        while tick <= self.high:
            decades.append((self.position(tick), rounded(tick)))
            tick *= 10
        for stride in range(1, len(decades) + 1):
            text = self._labels(decades[::stride])
            if text:
                return text
        return " " * self.cells

    def _labels(self, ticks: Sequence[tuple[int, str]]) -> str:
        """The labels in their places; "" if two would touch. The last may have no room, that is no harm."""
        text = ""
        for number, (at, label) in enumerate(ticks):
            if text and at <= len(text):
                return ""
            if at + len(label) > self.cells:
                return text.ljust(self.cells) if number == len(ticks) - 1 else ""
            text = text.ljust(at) + label
        return text.ljust(self.cells)


def fit(low: int, high: int, scale: int, width: int) -> Axis:
    """The finest axis from `low` to `high` that is at most `width` cells wide."""
    first = max(0, floor(log2(low) * (1 << scale)))
    buckets = ceil(log2(high) * (1 << scale)) - first
    step = max(1, -(-buckets // max(1, width)))
    return Axis(low, high, scale, first, step, -(-buckets // step))


if __name__ == "__main__":
    for width in (12, 18, 21, 30, 40, 60, 80, 120):
        axis = fit(100, 10_000_000_000, 2, width)
        print(f"{axis.cells:>4} of {width:<4}|{axis.heading()}|")
