"""Rows as lines: the heads of the columns with the axis of the distributions, and one line a row."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from pyvtrace.analysis.rows import Row
from pyvtrace.analysis.script import KeyField
from pyvtrace.analysis.units import WIDTH
from pyvtrace.render.columns import Columns, arrange
from pyvtrace.render.strips import strip
from pyvtrace.render.theme import BOLD, DIM, HEADING, PLAIN, REVERSE, WAITING, Glyphs, Line


def fitted(text: str, width: int, glyphs: Glyphs) -> str:
    """The text in exactly `width` cells, cut with an ellipsis where it is longer."""
    if text.isascii():
        if len(text) <= width:
            return text.ljust(width)
        return text[: width - 1] + glyphs.ellipsis if width > 1 else text[:width]
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + glyphs.ellipsis if width > 1 else " " * width


def columns_for(
    fields: Sequence[KeyField], rows: Sequence[Row], ends: tuple[int, int], scale: int, width: int
) -> Columns:
    """The columns for these rows."""
    longest = [0] * len(fields)
    for row in rows:
        for place, part in enumerate(row.key):
            longest[place] = max(longest[place], len(part) + row.waiting)
    return arrange(fields, longest, ends, scale, width)


def head(columns: Columns, sort: str, glyphs: Glyphs) -> Line:
    """The heads of the columns; the one that rows are sorted by is marked."""
    parts = [text[:width].rjust(width) if right else text[:width].ljust(width) for text, width, right in columns.keys]
    line = [Segment(" ".join(parts), BOLD)]
    for figure in columns.figures:
        line.append(Segment(" "))
        padding = WIDTH - len(figure.head)
        line.append(Segment(" " * padding))
        line.append(Segment(figure.head, HEADING if figure.sort == sort else BOLD))
    if columns.axis is not None:
        line.append(Segment(" "))
        line.append(Segment(columns.axis.heading(), DIM))
    return line


def line_of(row: Row, rate: float | None, columns: Columns, glyphs: Glyphs, *, chosen: bool = False) -> Line:
    """One row; the one that is chosen is shown in reverse, those set apart dimmed and marked."""
    style = REVERSE if chosen else DIM if row.waiting else PLAIN
    line = [Segment(_text(row, rate, columns, glyphs), style)]
    if columns.axis is not None:
        # The strip keeps its colours: reversed, low cells would look high.
        line += [Segment(" "), *strip(columns.axis.counts(row.histogram.words), glyphs, _strip_style(row))]
    return line


def _strip_style(row: Row) -> Style:
    return DIM if row.waiting else PLAIN


def _text(row: Row, rate: float | None, columns: Columns, glyphs: Glyphs) -> str:
    parts = []
    for place, ((_, width, right), part) in enumerate(zip(columns.keys, row.key, strict=True)):
        text = WAITING + part if row.waiting and place == columns.marked else part
        parts.append(text.rjust(width)[:width] if right else fitted(text, width, glyphs))
    parts += [figure.text(row, rate).rjust(WIDTH) for figure in columns.figures]
    return " ".join(parts)
