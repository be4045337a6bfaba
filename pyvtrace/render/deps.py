"""`vtrace deps` as lines: a row an endpoint, what else was waited for below them, and one endpoint in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.segment import Segment

from pyvtrace.analysis import units
from pyvtrace.analysis.deps.endpoints import Endpoint
from pyvtrace.analysis.deps.report import Dependency, Report, Times, percents, together
from pyvtrace.render.axis import Axis, fit
from pyvtrace.render.keyed import ENDING, Keyed, too_small
from pyvtrace.render.picture import facts, picture
from pyvtrace.render.strips import strip
from pyvtrace.render.table import fitted
from pyvtrace.render.theme import BOLD, DIM, HEADING, PLAIN, REVERSE, WAITING, WARNING, Glyphs, Line
from pyvtrace.render.view import as_many
from pyvtrace.value import Value

_AXIS = 10_000, 10_000_000_000  # ns
_SCALE = 2  # of the probes' exphist
_LEAST_STRIP, _GOOD_STRIP = 10, 14
_SHORTEST, _LONGEST = 16, 44  # cells of an endpoint's name
_NAME_SHARE = 0.3  # of the width that a long name may take
_MOST_NAMES = 8  # names of DNS in an endpoint's picture
_MOST_ROWS = 200  # endpoints on paper; the others are summed up
# What each kind of wait is called, and said of it where there is room.
_OTHERS: Mapping[str, str] = {
    "clients": "clients (idle)",
    "events": "other events",
    "timers": "timers",
    "locks": "locks",
    "disk": "disk and files",
    "pipes": "pipes",
    "children": "children",
    "processor": "run queue",
    "other": "other",
}
_LOSSES: Mapping[str, str] = {
    "aggregation": "events not counted: no room for more endpoints, names or threads",
    "missed": "events missed: the probe fired while it was running already",
    "dynamic": "events not timed: no room for more sockets or threads",
    "truncated": "names cut",
    "faults": "calls left out: their arguments could not be read",
}


class _Figure(Value):
    """A column of numbers; those with the least `keep` give way first. `sort` names the order that it shows."""

    head: str
    keep: int
    text: Callable[[Dependency, Times], str]
    sort: str = ""


def _quantile(q: float) -> Callable[[Dependency, Times], str]:
    def text(row: Dependency, times: Times) -> str:
        found = times.distribution
        return "-" if found is None else units.duration(found.quantile(q))

    return text


def _most(row: Dependency, times: Times) -> str:
    found = times.distribution
    return "-" if found is None else units.duration(found.max)


def _p99(row: Dependency, times: Times) -> int:
    found = times.distribution
    return 0 if found is None else found.quantile(0.99)


_FIGURES = (
    _Figure("COUNT", 9, lambda row, times: units.count(times.count)),
    _Figure("ERRORS", 5, lambda row, times: units.count(row.failed) if row.failed else "-", "errors"),
    _Figure("SENT", 1, lambda row, times: units.size(row.sent)),
    _Figure("RECVD", 2, lambda row, times: units.size(row.received)),
    _Figure("P50", 8, _quantile(0.5)),
    _Figure("P90", 3, _quantile(0.9)),
    _Figure("P99", 6, _quantile(0.99), "p99"),
    _Figure("MAX", 4, _most),
)
_SHARE = units.WIDTH * 2 + 2  # cells of the two last columns that are always there: time waited, share

MEASURES: Mapping[str, tuple[str, Callable[[Dependency], Times]]] = {
    "answer": ("from question to answer", lambda row: row.answers),
    "connect": ("from asking for a connection to having it", lambda row: row.connects),
}
SORTS: Mapping[str, Callable[[Dependency, Times], int]] = {
    "waited": lambda row, times: row.waited,
    "p99": _p99,
    "errors": lambda row, times: row.failed,
}


class DepsView(Keyed):
    """What a terminal shows: `take` gives it a report, `press` a key, `lines` draws it; `about` names what is traced,
    `warning` is said above the table."""

    def __init__(self, about: str, *, live: bool = True) -> None:
        super().__init__()
        self.warning = ""
        self._about, self._live = about, live
        self._report: Report | None = None
        self._ordered: dict[tuple[str, str], list[Dependency]] = {}
        self._sort, self._measure = "waited", "answer"
        self._chosen: str | None = None
        self._opened = False
        self._top = 0
        self._page = 10

    # -------------------------------------------------------------------------------------------------------- changing

    def take(self, report: Report) -> None:
        """A new report, of which everything is shown from now on."""
        self._report = report
        self._ordered = {}

    @property
    def _rows(self) -> list[Dependency]:
        """In the order asked for, which is found once for a report."""
        assert self._report is not None, "take() comes first"
        asked = self._sort, self._measure
        if asked not in self._ordered:
            order = SORTS[self._sort]
            rows = sorted(self._report.dependencies, key=lambda row: -order(row, self._times(row)))
            self._ordered = {asked: rows}
        return self._ordered[asked]

    def _times(self, row: Dependency) -> Times:
        return MEASURES[self._measure][1](row)

    def _index(self) -> int:
        return next((place for place, row in enumerate(self._rows) if row.endpoint.name == self._chosen), 0)

    def _move(self, by: int) -> None:
        rows = self._rows
        if rows:
            self._chosen = rows[min(len(rows) - 1, max(0, self._index() + by))].endpoint.name

    def _next_sort(self) -> None:
        self._sort = _after(list(SORTS), self._sort)

    def _next_measure(self) -> None:
        self._measure = _after(list(MEASURES), self._measure)

    def _open(self) -> None:
        self._opened = bool(self._rows)
        self._move(0)

    def _back(self) -> None:
        self._opened = False

    # --------------------------------------------------------------------------------------------------------- drawing

    def lines(self, width: int, height: int, glyphs: Glyphs) -> list[Line]:
        """The screen: at most `height` lines, none wider than `width` cells."""
        if refusal := too_small(width, height):
            return refusal
        above = [self._title(width, glyphs), *self._warnings(width, glyphs)]
        room = height - len(above) - 1
        draw = self._detail if self._opened else self._overview
        middle = list(draw(width, room, glyphs))[:room]
        padding: list[Line] = [[] for _ in range(room - len(middle))]
        return [*above, *middle, *padding, self._footer(width, glyphs)]

    def table(self, width: int, glyphs: Glyphs, most: int | None = None) -> Iterator[Line]:
        """Title, losses and rows for who cannot press keys; at most `most` lines, or one more for an endpoint."""
        assert self._report is not None, "take() comes first"
        above = [self._title(width, glyphs), *self._warnings(width, glyphs)]
        yield from above
        most = _MOST_ROWS if most is None else most - len(above) - 1 - self._report.quiet - len(self._report.others)
        yield from self._body(_first(self._rows, most), width, glyphs, rest=True)

    def paper(self, width: int, glyphs: Glyphs) -> Iterator[Line]:
        """The table, connections likewise, then what went wrong and what was asked for."""
        yield from self.table(width, glyphs)
        connected = [row for row in self._rows if row.connects.count]
        if connected:
            self._measure = "connect"
            yield []
            yield [Segment(f"{MEASURES['connect'][0]}:", DIM)]
            shown, left = _first(connected, _MOST_ROWS)
            layout = _Layout(shown, width, shares=False)
            yield layout.head(self._sort)
            yield from (layout.line(row, self._times(row), None, glyphs) for row in shown)
            if left:
                rest = _rest(left)
                yield layout.line(rest, self._times(rest), None, glyphs)
            self._measure = "answer"
        yield from self._said(width, glyphs)

    def _said(self, width: int, glyphs: Glyphs) -> Iterator[Line]:
        shown, left = _first([row for row in self._rows if row.errors or row.unanswered or row.asked], _MOST_ROWS)
        if left:
            shown = [*shown, _rest(left)]
        for row in shown:
            yield []
            yield [Segment(fitted(row.endpoint.name, width, glyphs).rstrip(), BOLD)]
            said = [*_failures(row), *_unanswered(row), *_names(row)]
            yield from ([Segment(fitted(f"  {text}", width, glyphs).rstrip(), PLAIN)] for text in said)

    def _title(self, width: int, glyphs: Glyphs) -> Line:
        report = self._report
        assert report is not None, "take() comes first"
        count = len(report.dependencies)
        name = "vtrace deps  "
        # A command may be longer than the line, and be several.
        about = " ".join(self._about.split())
        said = [
            fitted(about, min(len(about), (width - len(name)) // 2), glyphs),
            units.duration(report.time_ns),
            f"{count} endpoint{'s' * (count != 1)}",
            f"{units.duration(report.waited)} of waiting",
            MEASURES[self._measure][0],
        ]
        if self.remark:
            said.insert(0, self.remark)
        if self.paused:
            said.insert(0, "PAUSED")
        return [Segment(name, BOLD), Segment(as_many(said, f" {glyphs.dot} ", width - len(name)), PLAIN)]

    def _warnings(self, width: int, glyphs: Glyphs) -> Iterator[Line]:
        assert self._report is not None
        texts = [
            f"! {units.count(count)} {_LOSSES.get(kind, f'events lost ({kind})')}"
            for kind, count in self._report.lost.items()
            if count
        ]
        if self._report.undistributed:
            texts.append(
                f"! {units.count(self._report.undistributed)} times counted without a distribution: "
                "no room for more endpoints"
            )
        if self._report.unmeasured:
            texts.append(
                f"! {units.count(self._report.unmeasured)} messages of sendmmsg and recvmmsg not measured in bytes"
            )
        if self.warning:
            texts.append(f"! {self.warning}")
        for text in texts:
            yield [Segment(fitted(text, width, glyphs).rstrip(), WARNING)]

    def _body(
        self,
        parts: tuple[Sequence[Dependency], Sequence[Dependency]],
        width: int,
        glyphs: Glyphs,
        chosen: str | None = None,
        *,
        rest: bool = False,
    ) -> Iterator[Line]:
        """Heads, the endpoints given, and what else was waited for; of the others a line if `rest` asks for it. Shares
        are of what has a line: of very many endpoints none would have one."""
        report = self._report
        assert report is not None
        if report.quiet:
            yield [Segment(fitted("No traffic with any endpoint so far.", width, glyphs).rstrip(), DIM)]
        rows, left = parts
        waited = [*(row.waited for row in rows), *report.others.values(), sum(row.waited for row in left)]
        shares = percents(waited)
        layout = _Layout(rows, width)
        yield layout.head(self._sort)
        for row, share in zip(rows, shares, strict=False):
            marked = row.endpoint.name == chosen
            yield layout.line(row, self._times(row), share, glyphs, chosen=marked)
        if rest and left:
            others = _rest(left)
            yield layout.line(others, self._times(others), shares[-1], glyphs)
        for (kind, ns), share in zip(report.others.items(), shares[len(rows) :], strict=False):
            yield layout.other(f"{WAITING}{_OTHERS[kind]}", ns, share, glyphs)

    def _overview(self, width: int, room: int, glyphs: Glyphs) -> Iterator[Line]:
        """The rows around the chosen one; what else was waited for keeps its place below."""
        assert self._report is not None
        lines = max(1, room - 1 - self._report.quiet - len(self._report.others))
        self._page = max(1, lines - 1)
        rows, at = self._rows, self._index()
        self._top = max(0, min(self._top, at, len(rows) - lines), at - lines + 1)
        chosen = rows[at].endpoint.name if rows and self._live else None
        shown, end = rows[self._top : self._top + lines], self._top + lines
        yield from self._body((shown, [*rows[: self._top], *rows[end:]]), width, glyphs, chosen)

    def _detail(self, width: int, room: int, glyphs: Glyphs) -> Iterator[Line]:
        """One endpoint: its figures, what went wrong, what was asked for, and a histogram."""
        row = self._rows[self._index()]
        said = [_facts(row), *_failures(row), *_unanswered(row), *_names(row)]
        yield [Segment(fitted(row.endpoint.name, width, glyphs).rstrip(), BOLD)]
        yield from ([Segment(fitted(f"  {text}", width, glyphs).rstrip(), PLAIN)] for text in said)
        yield []
        name, times = MEASURES[self._measure][0], self._times(row)
        found = times.distribution
        if found is not None:
            yield facts(name, found, width, glyphs)
            yield from picture(found, width, room - len(said) - 3, glyphs)
        elif times.count:
            text = f"{name}: {units.count(times.count)}, mean {units.duration(times.total // times.count)}"
            yield [Segment(fitted(f"{text}; there was no room for more", width, glyphs).rstrip(), PLAIN)]
        else:
            yield [Segment(fitted(f"{name}: none", width, glyphs).rstrip(), PLAIN)]

    def _footer(self, width: int, glyphs: Glyphs) -> Line:
        keys = ["q quit", f"p {'go on' if self.paused else 'pause'}", "s sort", "m measure"]
        keys[2:2] = self.further
        keys.insert(1, f"Esc back  {glyphs.arrows} next" if self._opened else f"{glyphs.arrows} Enter open")
        return [Segment(as_many(keys, "  ", width), DIM)]


class _Layout:
    """Which columns there are at a width, and how wide."""

    def __init__(self, rows: Sequence[Dependency], width: int, *, shares: bool = True) -> None:
        self._shares = _SHARE if shares else 0
        longest = max((len(row.endpoint.name) for row in rows), default=0)
        self._name = min(_LONGEST, max(_SHORTEST, min(longest, int(width * _NAME_SHARE))))
        self.figures = list(_FIGURES)
        for figure in sorted(_FIGURES, key=lambda figure: figure.keep)[:-2]:
            if self._left(width) >= _GOOD_STRIP:
                break
            self.figures.remove(figure)
        while self._left(width) < _LEAST_STRIP and self._name > _SHORTEST:
            self._name -= 1
        left = self._left(width)
        self.axis: Axis | None = fit(*_AXIS, _SCALE, left) if left >= _LEAST_STRIP else None
        self._name = min(self._name, max(1, self._name + left + 1))

    def _left(self, width: int) -> int:
        """Cells for the strip, the space in front of it not counted."""
        return width - self._name - 6 - len(self.figures) * (units.WIDTH + 1) - self._shares - 1

    def head(self, sort: str) -> Line:
        line = [Segment(f"{'ENDPOINT':{self._name}} {'KIND':5}"[: self._name + 6], BOLD)]
        for figure in self.figures:
            line.append(Segment(" " * (units.WIDTH + 1 - len(figure.head))))
            line.append(Segment(figure.head, HEADING if figure.sort == sort else BOLD))
        if self._shares:
            line += [Segment(" "), Segment("WAITED", HEADING if sort == "waited" else BOLD), Segment("  SHARE", BOLD)]
        if self.axis is not None:
            line += [Segment(" "), Segment(self.axis.heading(), DIM)]
        return line

    def line(self, row: Dependency, times: Times, share: float | None, glyphs: Glyphs, *, chosen: bool = False) -> Line:
        parts = [fitted(row.endpoint.name, self._name, glyphs), f"{row.endpoint.kind:5}"]
        parts += [figure.text(row, times).rjust(units.WIDTH) for figure in self.figures]
        if share is not None:
            parts.append(f"{units.duration(row.waited):>6} {share:5.1f}%")
        line = [Segment(" ".join(parts), REVERSE if chosen else PLAIN)]
        if self.axis is not None:
            found = times.distribution
            line += [] if found is None else [Segment(" "), *strip(self.axis.counts(found.words), glyphs)]
        return line

    def other(self, name: str, ns: int, share: float, glyphs: Glyphs) -> Line:
        before = fitted(name, self._name + 6 + len(self.figures) * (units.WIDTH + 1), glyphs)
        return [Segment(f"{before} {units.duration(ns):>6} {share:5.1f}%", DIM)]


# ------------------------------------------------------------------------------------------------------- what is said


def _first(rows: Sequence[Dependency], most: int) -> tuple[Sequence[Dependency], Sequence[Dependency]]:
    """(those that have a line each, the others): at most `most` lines, one of which the others share."""
    shown = len(rows) if len(rows) <= most else max(1, most - 1)
    return rows[:shown], rows[shown:]


def _rest(rows: Sequence[Dependency]) -> Dependency:
    """The others as one line."""
    return together(rows, Endpoint("", f"and {units.count(len(rows))} more"))


def _facts(row: Dependency) -> str:
    parts = [
        f"{units.duration(row.waited)} waited",
        f"{units.size(row.sent)} sent",
        f"{units.size(row.received)} received",
    ]
    parts.append(f"{row.connects.count} connected")
    if row.held:
        parts.append(f"{row.held} open before")
    if row.accepted:
        parts.append(f"{row.accepted} accepted")
    return ", ".join(parts)


def _failures(row: Dependency) -> Iterator[str]:
    for (connecting, what), count in sorted(row.errors.items(), key=lambda item: -item[1]):
        yield f"{count} {'not connected' if connecting else 'broken'}: {what}"


def _unanswered(row: Dependency) -> Iterator[str]:
    if row.unanswered:
        yield f"{row.unanswered} of {row.questions} questions without an answer"


def _names(row: Dependency) -> Iterator[str]:
    """The names asked for, those that took the most time first."""
    order = sorted(row.asked.items(), key=lambda item: (-item[1].total, item[0]))
    for name, times in order[:_MOST_NAMES]:
        found = times.distribution
        assert found is not None, "a name is known by its distribution"
        spent = f"p50 {units.duration(found.quantile(0.5))}, max {units.duration(found.max)}"
        yield f"{name}: {times.count} answer{'s' * (times.count != 1)}, {spent}"
    if len(order) > _MOST_NAMES:
        yield f"and {len(order) - _MOST_NAMES} more names"


def _after(names: Sequence[str], name: str) -> str:
    return names[(names.index(name) + 1) % len(names)]


DepsView.keys = {
    **ENDING,
    "s": DepsView._next_sort,
    "m": DepsView._next_measure,
    **dict.fromkeys(("enter", "right", "l"), DepsView._open),
    **dict.fromkeys(("escape", "backspace", "left", "h"), DepsView._back),
    **dict.fromkeys(("up", "k"), lambda view: view._move(-1)),
    **dict.fromkeys(("down", "j"), lambda view: view._move(1)),
    "page up": lambda view: view._move(-view._page),
    "page down": lambda view: view._move(view._page),
    "home": lambda view: view._move(-(1 << 30)),
    "end": lambda view: view._move(1 << 30),
}
