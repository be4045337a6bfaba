"""A live view as a value that changes: what was seen last, what is chosen, and what that looks like.

`take` gives it a snapshot, `press` a key, `lines` draws it. It asks neither kernel nor clock nor terminal, so a test
drives it as a user does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add

from rich.cells import cell_len
from rich.segment import Segment

from pyvtrace.analysis import units
from pyvtrace.analysis.names import Names
from pyvtrace.analysis.rows import SORTS, Grouping, Identity, Keep, Row, ordered
from pyvtrace.analysis.script import Script
from pyvtrace.render.columns import Columns
from pyvtrace.render.keyed import ENDING, Keyed, too_small
from pyvtrace.render.picture import facts, picture
from pyvtrace.render.table import columns_for, fitted, head, line_of
from pyvtrace.render.theme import BOLD, DIM, PLAIN, WARNING, Glyphs, Line
from pyvtrace.runtime.snapshot import Snapshot, Table

MILLISECOND, SECOND = 1_000_000, 1_000_000_000

# What each kind of loss means to who looks at a view.
_LOSSES: Mapping[str, str] = {
    "aggregation": "events not counted: no room for more keys (narrow it with -p, --comm or --min)",
    "missed": "events missed: the probe fired while it was running already",
    "dynamic": "events not timed: no room for more variables",
}


class Shown:
    """Rows of one grouping as they are shown, and the one that is chosen: by identity, so that it stays chosen when
    rows move."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self.rows: list[Row] = []
        self.chosen: Identity | None = None
        self.top = 0

    def index(self) -> int:
        """Place of the chosen row; -1 if none is."""
        return next((i for i, row in enumerate(self.rows) if row.identity == self.chosen), -1)

    def move(self, by: int, first: int) -> None:
        """Choose another row; `first` is -1 where choosing none is a choice too."""
        if self.rows:
            place = min(len(self.rows) - 1, max(first, self.index() + by))
            self.chosen = self.rows[place].identity if place >= 0 else None


class View(Keyed):
    """One of the three views. `by` names the keys that make a row, `keep` chooses tuples, `live` says that there are
    keys to press."""

    def __init__(
        self,
        script: Script,
        by: tuple[str, ...],
        names: Names,
        *,
        keep: Keep | None = None,
        waiting: bool = False,
        live: bool = True,
    ) -> None:
        super().__init__()
        self.script, self.names, self.waiting = script, names, waiting
        self.sort, self.measure = next(iter(SORTS)), 0
        self._live = live
        self._overviews = [Shown(Grouping(script, by, names, keep)) for _ in script.measures]
        self._opened: tuple[tuple[str, ...], Shown] | None = None
        self._snapshot: Snapshot | None = None
        self._started_ns = self._interval_ns = 0
        self._page = 10

    @property
    def _rows(self) -> Shown:
        return self._overviews[self.measure]

    # -------------------------------------------------------------------------------------------------------- changing

    def start(self, snapshot: Snapshot) -> None:
        """The reading from which time is counted."""
        self._started_ns = snapshot.time_ns
        self._snapshot = snapshot
        self._update()

    def take(self, snapshot: Snapshot) -> None:
        """A new reading, of which everything is shown from now on."""
        if self._snapshot is not None:
            self._interval_ns = snapshot.time_ns - self._snapshot.time_ns
        self._snapshot = snapshot
        self._update()

    def _update(self) -> None:
        for number, shown in enumerate(self._overviews):
            shown.grouping.update(self._table(number))
        if self._opened is not None:
            self._opened[1].grouping.update(self._table(self.measure))
        self._order()

    def _table(self, measure: int) -> Table:
        assert self._snapshot is not None, "start() comes first"
        return self._snapshot.tables[self.script.measures[measure].name]

    def _order(self) -> None:
        for shown in self._overviews:
            wanted = [row for row in shown.grouping.rows if row.count and (self.waiting or not row.waiting)]
            shown.rows = ordered(wanted, self.sort)
        if self._opened is not None:
            shown = self._opened[1]
            parts = ordered([row for row in shown.grouping.rows if row.count], self.sort)
            shown.rows = [row for row in parts if not row.waiting] + [row for row in parts if row.waiting]

    def _rate(self, row: Row) -> float | None:
        """Events a second over the last interval."""
        new = row.new
        return max(0, new) * SECOND / self._interval_ns if new is not None and self._interval_ns else None

    def _next_sort(self) -> None:
        names = list(SORTS)
        self.sort = names[(names.index(self.sort) + 1) % len(names)]
        self._order()

    def _next_measure(self) -> None:
        chosen, opened = self._rows.chosen, self._opened
        self.measure = (self.measure + 1) % len(self.script.measures)
        self._rows.chosen = chosen
        if opened is not None:
            self._open_row(opened[0])

    def _toggle_waiting(self) -> None:
        self.waiting = not self.waiting and self.script.apart is not None
        self._order()

    def _open(self) -> None:
        if self._opened is None and self._rows.rows:
            self._open_row(self._rows.rows[max(0, self._rows.index())].key)

    def _open_row(self, key: tuple[str, ...]) -> None:
        """Show what a row is made of: by the keys that it is not grouped by."""
        by = self._rows.grouping.names
        rest = tuple(field.name for field in self.script.keys if field.name not in by)
        inside = self._rows.grouping.is_of(key)
        self._opened = key, Shown(Grouping(self.script, rest or by, self.names, inside))
        self._opened[1].grouping.update(self._table(self.measure))
        self._order()

    def _back(self) -> None:
        self._opened = None

    def _move(self, by: int) -> None:
        if self._opened is None:
            self._rows.move(by, 0)
        else:
            self._opened[1].move(by, -1)

    # --------------------------------------------------------------------------------------------------------- drawing

    def lines(self, width: int, height: int, glyphs: Glyphs) -> list[Line]:
        """The screen: at most `height` lines, none wider than `width` cells."""
        if refusal := too_small(width, height):
            return refusal
        above = [self._title(width, glyphs), *self._warnings(width, glyphs)]
        below = [self._footer(width, glyphs)]
        room = height - len(above) - len(below)
        self._page = max(1, room - 2)
        draw = self._overview if self._opened is None else self._detail
        middle = list(draw(width, room, glyphs))
        padding: list[Line] = [[] for _ in range(room - len(middle))]
        return [*above, *middle, *padding, *below]

    def paper(self, width: int, glyphs: Glyphs) -> Iterator[Line]:
        """Everything there is, for who cannot press keys: a table of every measure."""
        before = self.measure
        for number in range(len(self.script.measures)):
            self.measure = number
            yield from self.table(width, glyphs)
            yield []
        self.measure = before

    def table(self, width: int, glyphs: Glyphs, most: int | None = None) -> Iterator[Line]:
        """The table alone: title, losses, rows; `most` of them."""
        yield self._title(width, glyphs)
        yield from self._warnings(width, glyphs)
        rows = self._rows.rows
        shown = rows if most is None or len(rows) <= most else rows[: max(1, most - 1)]
        if not rows:
            yield [Segment(self._nothing(), DIM)]
            return
        columns = self._columns(self._rows, shown, width)
        yield head(columns, self.sort, glyphs)
        for row in shown:
            yield line_of(row, self._rate(row), columns, glyphs)
        if len(shown) < len(rows):
            yield [Segment(f"and {len(rows) - len(shown)} more", DIM)]

    def _title(self, width: int, glyphs: Glyphs) -> Line:
        assert self._snapshot is not None, "start() comes before drawing"
        rows = self._rows.rows
        what = ("process", "es") if self._rows.grouping.names == self.script.row else ("row", "s")
        new = sum([row.count - (row.before or 0) for row in rows])
        said = [
            _clock(self._snapshot.time_ns - self._started_ns),
            f"{len(rows)} {what[0]}{what[1] * (len(rows) != 1)}",
            f"{units.rate(new * SECOND / max(1, self._interval_ns))} events/s",
            f"by {self.sort}",
        ]
        if len(self.script.measures) > 1:
            said.insert(1, self.script.measures[self.measure].label)
        if self.remark:
            said.insert(0, self.remark)
        if self.paused:
            said.insert(0, "PAUSED")
        name = f"vtrace {self.script.view}  "
        return [Segment(name, BOLD), Segment(as_many(said, f" {glyphs.dot} ", width - len(name)), PLAIN)]

    def _warnings(self, width: int, glyphs: Glyphs) -> Iterator[Line]:
        assert self._snapshot is not None
        for kind, count in self._snapshot.lost.items():
            # Names of commands may fill the space they have; nothing is lost by that.
            if count and kind != "truncated":
                text = f"! {units.count(count)} {_LOSSES.get(kind, f'events lost ({kind})')}"
                yield [Segment(fitted(text, width, glyphs).rstrip(), WARNING)]

    def _nothing(self) -> str:
        hidden = self.script.apart is not None and not self.waiting
        return "Nothing seen so far." + (" Waiting is set apart: press w to see it." if hidden and self._live else "")

    def _overview(self, width: int, room: int, glyphs: Glyphs) -> Iterator[Line]:
        shown = self._rows
        if not shown.rows:
            yield []
            yield [Segment(fitted(self._nothing(), width, glyphs).rstrip(), DIM)]
            return
        yield from self._listing(shown, width, room, glyphs)

    def _listing(self, shown: Shown, width: int, room: int, glyphs: Glyphs) -> Iterator[Line]:
        """Heads, and the rows around the chosen one."""
        lines = max(1, room - 1)
        chosen = shown.index()
        shown.top = max(0, min(shown.top, max(chosen, 0), len(shown.rows) - lines))
        if chosen >= shown.top + lines:
            shown.top = chosen - lines + 1
        window = shown.rows[shown.top : shown.top + lines]
        columns = self._columns(shown, window, width)
        yield head(columns, self.sort, glyphs)
        for place, row in enumerate(window, shown.top):
            yield line_of(row, self._rate(row), columns, glyphs, chosen=place == chosen)

    def _columns(self, shown: Shown, rows: Sequence[Row], width: int) -> Columns:
        scale = shown.grouping.table.spec.params[0]
        return columns_for(shown.grouping.fields, rows, self.script.axis, scale, width)

    def _detail(self, width: int, room: int, glyphs: Glyphs) -> Iterator[Line]:
        """One row: what it is made of, and below that the histogram of one part or of all."""
        assert self._opened is not None
        key, shown = self._opened
        name = " ".join(key)
        if not shown.rows:
            yield [Segment(fitted(f"{name}: nothing seen so far", width, glyphs).rstrip(), DIM)]
            return
        list_room = min(len(shown.rows) + 1, max(3, (room - 2) // 2))
        yield from self._listing(shown, width, list_room, glyphs)
        yield []
        chosen = shown.index()
        if chosen >= 0:
            row = shown.rows[chosen]
            histogram, name = row.histogram, f"{name} {glyphs.dot} {' '.join(row.key)}"
        else:
            working = [row for row in shown.rows if not row.waiting] or shown.rows
            histogram = reduce(add, [row.histogram for row in working])
        name = fitted(name, width, glyphs).rstrip()
        yield facts(name, histogram, width, glyphs)
        yield from picture(histogram, width, room - list_room - 2, glyphs)

    def _footer(self, width: int, glyphs: Glyphs) -> Line:
        keys = ["q quit", f"p {'go on' if self.paused else 'pause'}", "s sort"]
        if len(self.script.measures) > 1:
            keys.append("m measure")
        if self.script.apart is not None and self._opened is None:
            keys.append(f"w {'hide' if self.waiting else 'show'} waiting")
        keys[2:2] = self.further
        keys.insert(1, f"{glyphs.arrows} Enter open" if self._opened is None else f"Esc back  {glyphs.arrows} choose")
        return [Segment(as_many(keys, "  ", width), DIM)]


def as_many(parts: Sequence[str], between: str, width: int) -> str:
    """The parts from the first on, as many as there is room for."""
    text = ""
    for number, part in enumerate(parts):
        longer = text + between + part if number else part
        if cell_len(longer) > width:
            break
        text = longer
    return text


def _clock(ns: int) -> str:
    """A time that ticks in seconds: 7s, 2m05s; one below a second is told as it is."""
    if ns < SECOND:
        return units.duration(ns // MILLISECOND * MILLISECOND) if ns >= MILLISECOND else "0s"
    seconds = (ns + SECOND // 2) // SECOND
    return f"{seconds}s" if seconds < 100 else units.duration(seconds * SECOND)


View.keys = {
    **ENDING,
    "s": View._next_sort,
    "m": View._next_measure,
    "w": View._toggle_waiting,
    "enter": View._open,
    "right": View._open,
    "l": View._open,
    "escape": View._back,
    "backspace": View._back,
    "left": View._back,
    "h": View._back,
    "up": lambda view: view._move(-1),
    "k": lambda view: view._move(-1),
    "down": lambda view: view._move(1),
    "j": lambda view: view._move(1),
    "page up": lambda view: view._move(-view._page),
    "page down": lambda view: view._move(view._page),
    "home": lambda view: view._move(-(1 << 30)),
    "end": lambda view: view._move(1 << 30),
}
