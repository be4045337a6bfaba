"""The distribution strip: one row's histogram in one line of cells over the common axis.

The height of a cell is the logarithm of its count, so that one slow event in a million is still to be seen; its colour
is its rank among the row's cells that are not empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log1p

from rich.segment import Segment
from rich.style import Style

from pyvtrace.render.theme import PLAIN, RAMP, Glyphs


def heights(counts: Sequence[int], steps: int) -> list[int]:
    """For each cell 0 if it is empty, else 1 to `steps`, the logarithm of its count against the largest one's."""
    most = max(counts, default=0)
    if most <= 0:
        return [0] * len(counts)
    scale = steps / log1p(most)
    return [min(steps, 1 + int(log1p(n) * scale - 1e-9)) if n > 0 else 0 for n in counts]


def ranks(counts: Sequence[int], steps: int) -> list[int]:
    """For each cell 0 if it is empty, else 1 to `steps`: equal parts of the order of the different counts there are. A
    single count is the hottest: it is where everything is."""
    different = sorted({n for n in counts if n > 0})
    last = max(1, len(different) - 1)
    place = {n: steps - (len(different) - 1 - i) * (steps - 1) // last for i, n in enumerate(different)}
    return [place[n] if n > 0 else 0 for n in counts]


def strip(counts: Sequence[int], glyphs: Glyphs, over: Style = PLAIN) -> Iterator[Segment]:
    """The cells as segments, neighbours of one colour joined; `over` is the row's own style."""
    levels = glyphs.levels
    text, colour = "", -1
    for height, rank in zip(heights(counts, len(levels) - 1), ranks(counts, len(RAMP)), strict=True):
        # An empty cell has no colour of its own.
        if rank and rank != colour:
            if text:
                yield Segment(text, _style(colour, over))
                text = ""
            colour = rank
        text += levels[height]
    if text:
        yield Segment(text, _style(colour, over))


def _style(rank: int, over: Style) -> Style:
    return over + RAMP[rank - 1] if rank > 0 else over
