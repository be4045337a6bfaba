"""Which columns a table has at a given width, and how wide they are.

Figures give way to the distribution in the order of `keep`; those of a wide screen come when the distribution has
enough cells without them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyvtrace.analysis import units
from pyvtrace.analysis.names import NUMERIC
from pyvtrace.analysis.rows import Row
from pyvtrace.analysis.script import KeyField
from pyvtrace.render.axis import Axis, fit
from pyvtrace.value import Value

LEAST_STRIP, GOOD_STRIP = 10, 18  # cells: below the first none is drawn, below the second figures give way
WIDE_STRIP = 40  # cells left to the strip when further figures come in
ALWAYS = 9

# Least and most width of a column by the kind of its key; names take what their longest needs, between the two.
_WIDTHS = {"number": (7, 7), "address": (10, 18), "cgroup": (7, 24)}
_NAME = (7, 24)
COMMAND = 15  # the kernel's TASK_COMM_LEN, without the NUL


class Figure(Value):
    """A column of numbers. `keep` says how long it stays when the width shrinks; negative: only on wide screens.
    `sort` is the name of the order that it shows, if there is one."""

    head: str
    keep: int
    text: Callable[[Row, float | None], str]
    sort: str = ""


def _quantile(q: float) -> Callable[[Row, float | None], str]:
    return lambda row, rate: units.duration(row.histogram.quantile(q))


FIGURES = (
    Figure("EVENTS", -1, lambda row, rate: units.count(row.count)),
    Figure("EV/S", 1, lambda row, rate: "" if rate is None else units.rate(rate), "ev/s"),
    Figure("MEAN", -2, lambda row, rate: units.duration(row.total // max(1, row.count))),
    Figure("P50", 2, _quantile(0.5)),
    Figure("P90", -3, _quantile(0.9)),
    Figure("P99", 3, _quantile(0.99), "p99"),
    Figure("MAX", 4, lambda row, rate: units.duration(row.peak), "max"),
    Figure("TOTAL", ALWAYS, lambda row, rate: units.duration(row.total), "total"),
)


class Columns(Value):
    """`keys` are (head, width, flushed right); `marked` is the index of the one that carries the mark of events set
    apart. `axis` is None where there is no room for a distribution."""

    keys: tuple[tuple[str, int, bool], ...]
    marked: int
    figures: tuple[Figure, ...]
    axis: Axis | None


def _key_width(field: KeyField, longest: int) -> int:
    if field.name == "comm":
        return COMMAND
    low, high = _WIDTHS.get(field.kind, _NAME)
    return min(high, max(low, len(field.name), longest))


def arrange(
    fields: Sequence[KeyField], longest: Sequence[int], ends: tuple[int, int], scale: int, width: int
) -> Columns:
    """The columns of a table of these keys, whose longest texts are so long, on a screen `width` wide."""
    widths = [_key_width(field, most) for field, most in zip(fields, longest, strict=True)]
    marked = next((i for i, f in enumerate(fields) if f.kind not in NUMERIC), 0)
    figures = [f for f in FIGURES if f.keep > 0]

    def left() -> int:
        """Cells for the strip, the space in front of it not counted."""
        return width - sum(w + 1 for w in widths) - len(figures) * (units.WIDTH + 1)

    for figure in sorted(figures, key=lambda f: f.keep):
        if left() >= GOOD_STRIP or figure.keep == ALWAYS:
            break
        figures.remove(figure)
    # Without room for a strip the last column needs no space behind it.
    while left() < -1 and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    for figure in sorted((f for f in FIGURES if f.keep < 0), key=lambda f: -f.keep):
        if left() - units.WIDTH - 1 >= WIDE_STRIP:
            figures.append(figure)
    axis = fit(*ends, scale, left()) if left() >= LEAST_STRIP else None
    keys = tuple((f.name.upper(), w, f.kind in NUMERIC) for f, w in zip(fields, widths, strict=True))
    return Columns(keys, marked, tuple(f for f in FIGURES if f in figures), axis)
