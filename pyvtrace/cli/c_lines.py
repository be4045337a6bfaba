"""The events and tables of a C program: as text, or as JSON lines; live, and when a recording is replayed."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter

from pyvtrace.cli.console import say
from pyvtrace.export.c_programs import Members, members_in, output_object
from pyvtrace.export.json_programs import aggregations, line
from pyvtrace.export.recording import Recorded
from pyvtrace.export.replay import Printed, Recording
from pyvtrace.runtime.ordering import BY_VALUE, sort_rows
from pyvtrace.runtime.printa import default_row
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.value import Value

_NEVER = 1 << 63  # in ns


class CLines(Value):
    """`event` makes the line of an event that happened at a time (ns since 1970), `tables` those of all tables."""

    event: Callable[[Recorded, int], str]
    tables: Callable[[Snapshot], Iterator[str]]


def lines_of(members: Members, *, json: bool) -> CLines:
    """As JSON, or as text."""
    if not json:
        return CLines(lambda event, wall_ns: event.text, _text)
    return CLines(
        lambda event, wall_ns: line(output_object(event, members, wall_ns)),
        lambda snapshot: map(line, aggregations(snapshot)),
    )


def _text(snapshot: Snapshot) -> Iterator[str]:
    """As D prints aggregations, under their names."""
    for name, table in snapshot.tables.items():
        row = default_row((table.spec,))
        yield f"\n@{name}\n"
        for key, words in sort_rows(table.spec, table.rows, BY_VALUE):
            yield row(key, (words,), (1,))


def replayed(
    recording: Recording, moments: Iterable[tuple[int, Snapshot]], since: int, until: int | None, *, json: bool
) -> None:
    """Events, and what was said, from `since` to `until` ns after the start, each before the tables of the next moment
    that is to be shown."""
    made = lines_of(members_in(recording), json=json)
    end = _NEVER if until is None else until
    happened: list[Printed | Recorded] = [*recording.printed(), *recording.events()]
    happened.sort(key=attrgetter("since_ns"))
    waiting = deque(thing for thing in happened if since <= thing.since_ns <= end)
    last = len(recording) - 1
    for number, snapshot in moments:
        upto = recording.times[number] if number < last and until is None else end
        while waiting and waiting[0].since_ns <= upto:
            thing = waiting.popleft()
            if isinstance(thing, Recorded):
                sys.stdout.write(made.event(thing, recording.start_wall_ns + thing.since_ns))
            else:
                sys.stdout.flush()
                say(thing.text)
        sys.stdout.writelines(made.tables(snapshot))
        sys.stdout.flush()
