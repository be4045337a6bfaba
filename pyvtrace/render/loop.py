"""Event loops as lines: a row a loop with its distribution, and below it what filled the long turns.

`report` is the whole of a reading; `LoopView` is the part of it that a terminal has room for, with its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.segment import Segment

from pyvtrace.analysis import units
from pyvtrace.analysis.loop.groups import Group, LoopRow, Reading
from pyvtrace.analysis.loop.turns import shares
from pyvtrace.render.axis import fit
from pyvtrace.render.scrolled import Scrolled
from pyvtrace.render.strips import strip
from pyvtrace.render.table import fitted
from pyvtrace.render.theme import BOLD, DIM, HEADING, PLAIN, REVERSE, WARNING, Glyphs, Line
from pyvtrace.render.view import as_many
from pyvtrace.value import Value

_AXIS = (1_000, 10_000_000_000)  # ns
_SCALE = 2  # of the script's exphist
_LEAST_STRIP = 10
_FRAMES = 6  # of a stack, on paper
_ALWAYS = 9


class Column(Value):
    """`keep` says how long it stays when the width shrinks."""

    head: str
    width: int
    keep: int
    text: Callable[[LoopRow, int], str]
    left: bool = False


def _under_way(row: LoopRow) -> int:
    return row.under_way or 0


# (row, its long turns) -> text. TURNS are those that ended; MAX knows the one that has not.
_COLUMNS = (
    Column("PID", 7, _ALWAYS, lambda row, long: str(row.loop.pid)),
    Column("TID", 7, 2, lambda row, long: str(row.loop.tid)),
    Column("COMM", 15, 5, lambda row, long: row.loop.command, True),
    Column("WAITS ON", 11, _ALWAYS, lambda row, long: row.loop.waits_on, True),
    Column("TURNS", 6, 6, lambda row, long: units.count(row.turns.count)),
    Column("P50", 6, 4, lambda row, long: units.duration(row.turns.quantile(0.5))),
    Column("P99", 6, 7, lambda row, long: units.duration(row.turns.quantile(0.99))),
    Column("MAX", 6, _ALWAYS, lambda row, long: units.duration(row.turns.max)),
    Column("LONG", 6, _ALWAYS, lambda row, long: units.count(long)),
    Column("READY", 9, 3, lambda row, long: f"{row.ready.quantile(0.5)}..{units.count(row.ready.max)}"),
)


def _columns(width: int) -> tuple[list[Column], int]:
    """The columns that a screen so wide has, and how many cells are left for a strip."""
    columns = [*_COLUMNS]

    def left() -> int:
        return width - sum(column.width + 1 for column in columns)

    for column in sorted(_COLUMNS, key=lambda column: column.keep):
        if left() >= -1 or column.keep == _ALWAYS:
            break
        columns.remove(column)
    return columns, left()


def _cell(column: Column, text: str, glyphs: Glyphs) -> str:
    return fitted(text, column.width, glyphs) if column.left else text.rjust(column.width)[: column.width]


def rows(reading: Reading, width: int, glyphs: Glyphs, chosen: int | None = None) -> Iterator[Line]:
    """The heads, and a line for each loop; the one of a turn that is long already is marked."""
    columns, left = _columns(width)
    axis = fit(*_AXIS, _SCALE, left) if left >= _LEAST_STRIP else None
    heads = " ".join(_cell(column, column.head, glyphs) for column in columns)
    yield [Segment(heads, BOLD), *([Segment(" "), Segment(axis.heading(), DIM)] if axis else [])]
    for place, row in enumerate(reading.rows):
        long = reading.long.get(row.loop, 0)
        text = " ".join(_cell(column, column.text(row, long), glyphs) for column in columns)
        line = [Segment(text, REVERSE if place == chosen else PLAIN)]
        if axis is not None:
            line += [Segment(" "), *strip(axis.counts(row.turns.words), glyphs)]
        yield line
        if (row.under_way or 0) >= reading.minimum:
            yield [Segment(f"! {row.loop.tid}: in one turn for {units.duration(row.under_way or 0)} now", WARNING)]


def breakdown(parts: Mapping[str, int]) -> str:
    """Shares that add up to 100 %, the largest first; what is not there is left out."""
    found = shares(parts)
    named = sorted(found, key=lambda name: -parts[name])
    return ", ".join(f"{name} {found[name]} %" for name in named if found[name])


def group_lines(group: Group, width: int, glyphs: Glyphs, frames: int = _FRAMES) -> Iterator[Line]:
    """A culprit: how many turns, what it is, the shares, the stack."""
    turns = f"{units.count(group.count)} turn{'s' * (group.count != 1)}"
    head = f"{turns:>9} {units.duration(group.total):>6}  "
    text = f"{group.command}[{group.pid}] {group.what}"
    yield [Segment(head, PLAIN), Segment(fitted(text, max(1, width - len(head)), glyphs).rstrip(), BOLD)]
    said = [f"longest {units.duration(group.longest)}"]
    if group.behind:
        said.append(f"up to {units.count(group.behind)} event{'s' * (group.behind != 1)} ready behind it")
    lines = [breakdown(group.parts), ", ".join(said)]
    lines += [glyphs.ellipsis if frame is None else frame for frame in _shown(group.where, frames)]
    for line in lines:
        yield [Segment(" " * len(head) + fitted(line, max(1, width - len(head)), glyphs).rstrip(), DIM)]


def _shown(stack: Sequence[str], most: int) -> list[str | None]:
    """The innermost frames, and None for those that are left out."""
    return [*stack[:most], *([None] if len(stack) > most else [])]


def title(reading: Reading, width: int) -> Line:
    name = "vtrace loop  "
    long = sum(reading.long.values())
    said = [
        f"{reading.seconds:.1f}s" if reading.seconds < 10 else f"{reading.seconds:.0f}s",
        f"{len(reading.rows)} loop{'s' * (len(reading.rows) != 1)}",
        f"{units.count(sum(row.turns.count for row in reading.rows))} turns",
        f"{units.count(long)} of {units.duration(reading.minimum)} or more",
    ]
    return [Segment(name, BOLD), Segment(as_many(said, ", ", width - len(name)), PLAIN)]


def remarks(reading: Reading, width: int, glyphs: Glyphs) -> Iterator[Line]:
    for text in reading.remarks:
        yield [Segment(fitted(f"! {text}", width, glyphs).rstrip(), WARNING)]


NOTHING = (
    "No loop seen: no thread went from one wait (epoll, poll, select, io_uring) to another.",
    "One that sits in a single wait all the time is not seen either.",
)


def report(reading: Reading, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Everything there is, for who cannot press keys."""
    yield title(reading, width)
    yield from remarks(reading, width, glyphs)
    if not reading.rows:
        yield from ([Segment(line, DIM)] for line in NOTHING)
        return
    yield from rows(reading, width, glyphs)
    if reading.groups:
        yield []
        yield [Segment("What filled the long turns:", HEADING)]
    for group in reading.groups:
        yield from group_lines(group, width, glyphs)


class LoopView(Scrolled):
    """The live picture: `take` gives it a reading, `press` a key, `lines` draws it."""

    def __init__(self) -> None:
        super().__init__()
        self._reading: Reading | None = None

    def take(self, reading: Reading) -> None:
        """Of which everything is shown from now on."""
        self._reading = reading

    def title(self, width: int) -> Line:
        return title(self._reading, width) if self._reading else [Segment("vtrace loop", BOLD)]

    def heads(self, width: int, glyphs: Glyphs) -> Sequence[Line]:
        return []

    def body(self, width: int, glyphs: Glyphs) -> Sequence[Line]:
        return [*report(self._reading, width, glyphs)][1:] if self._reading else []

    def paper(self, width: int, glyphs: Glyphs) -> Iterator[Line]:
        """Everything there is, for who cannot press keys."""
        return report(self._reading, width, glyphs) if self._reading else iter(())

    def table(self, width: int, glyphs: Glyphs, most: int | None = None) -> Iterator[Line]:
        """The same: what filled the long turns is below, so that nothing is cut."""
        return self.paper(width, glyphs)
