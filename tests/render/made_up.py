"""Snapshots made up for the tests of views: tables of exact values, and views that have taken them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyvtrace.analysis.histogram import histogram
from pyvtrace.analysis.script import Script, parse_script
from pyvtrace.builtins.distributions import (
    EXPHIST_COUNT,
    EXPHIST_FIRST,
    EXPHIST_MAX,
    EXPHIST_NEGATIVE,
    EXPHIST_SUM,
    EXPHIST_ZERO,
    exphist_index,
)
from pyvtrace.render.theme import ASCII, PLAIN_TEXT, Glyphs, Line, Theme
from pyvtrace.render.view import View
from pyvtrace.runtime.snapshot import Key, Snapshot, Table, Words
from pyvtrace.spec import AggregationSpec

SCALE = 2
SECOND = 1_000_000_000

CALLS = """/*
 * question: where does the time go?
 * output:   a table
 * view:     calls
 * unit:     ns
 * axis:     100ns 10s
 * filter:   syscall:::entry
 * row:      pid comm
 * key:      pid   pid        number  process
 * key:      comm  execname   text    command
 * key:      call  probefunc  text    call
 * extra:    uid   uid        number  user
 * measure:  calls from entry to return
 * apart:    call  waiting is what they are for
 *           poll nanosleep
 */
syscall:::entry
{
	self->t = timestamp;
}

syscall:::return
/self->t/
{
	@calls[pid, execname, probefunc] = exphist(timestamp - self->t, 2);
	self->t = 0;
}
"""
REQUESTS = """/*
 * question: how slow is the disk?
 * output:   a table
 * view:     requests
 * unit:     ns
 * axis:     10us 10s
 * filter:   sdt:block::block_getrq
 * row:      pid comm
 * key:      pid   this->pid   number     process
 * key:      comm  this->name  text       command
 * key:      dev   args->dev   device     device
 * key:      op    args->rwbs  operation  operation
 * key:      size  this->size  size       size
 * measure:  queue from queue to completion
 * measure:  issue from issue to completion
 */
"""


def words(values: Iterable[int]) -> Words:
    """What exphist(value, 2) has after these values."""
    made = list(histogram("exphist", (SCALE,)).words)
    for value in values:
        made[EXPHIST_COUNT] += 1
        if value < 0:
            made[EXPHIST_NEGATIVE] += 1
            continue
        made[EXPHIST_SUM] += value
        made[EXPHIST_MAX] = max(made[EXPHIST_MAX], value)
        made[EXPHIST_FIRST + 1 + exphist_index(value, SCALE) if value else EXPHIST_ZERO] += 1
    return tuple(made)


def table(name: str, rows: Mapping[Key, Words]) -> Table:
    return Table(AggregationSpec(0, name, "exphist", (SCALE,), (), len(words(()))), rows)


def snapshot(
    rows: Mapping[Key, Iterable[int]],
    *,
    seconds: float = 0,
    lost: Mapping[str, int] | None = None,
    names: Iterable[str] = ("calls",),
) -> Snapshot:
    """A snapshot so many seconds after the start; every table has the same rows of values."""
    made = {key: words(values) for key, values in rows.items()}
    tables = {name: table(name, made) for name in names}
    return Snapshot(int(seconds * SECOND), 1_700_000_000 * SECOND, tables, lost or {})


def view_of(
    *snapshots: Snapshot, script: Script | None = None, by: tuple[str, ...] = ("pid", "comm"), waiting: bool = False
) -> View:
    """A view that began with nothing seen, and took these."""
    script = script or parse_script(CALLS)
    view = View(script, by, {}, waiting=waiting)
    view.start(snapshot({}, names=[measure.name for measure in script.measures]))
    for one in snapshots:
        view.take(one)
    return view


def screen(view: View, width: int = 80, height: int = 24, glyphs: Glyphs = ASCII) -> list[str]:
    """The lines on the screen, without colours."""
    return plain(view.lines(width, height, glyphs), Theme(glyphs, None, False))


def plain(lines: Iterable[Line], theme: Theme = PLAIN_TEXT) -> list[str]:
    return [theme.text(line) for line in lines]
