"""A recording of a script of the library, shown as the script shows it: its table at a moment, or its events."""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import overload

from pyvtrace.analysis.rows import Keep
from pyvtrace.cli.player import Show
from pyvtrace.cli.running import glob_filter
from pyvtrace.cli.script_lines import event_lines, lines_of_table, table_view
from pyvtrace.export.recording import Recorded
from pyvtrace.export.replay import BadRecording, Printed, Recording
from pyvtrace.export.scripts import Recorded as RecordedScript
from pyvtrace.render.scrolled import TextView
from pyvtrace.runtime.snapshot import Snapshot

_NEVER = 1 << 63  # in ns
_SECOND = 1_000_000_000


def show_events(
    recording: Recording,
    recorded: RecordedScript,
    since: int,
    until: int | None,
    *,
    speed: float | None = None,
    json: bool,
) -> None:
    """The events from `since` to `until` ns after the start, and what was said between them; at once, or at `speed`
    times the speed of what happened."""
    keep = _keep(recorded)
    heading, line = event_lines(recorded.script, recorded.names, json=json)
    sys.stdout.write(heading)
    happened: list[Printed | Recorded] = [*recording.printed(), *recording.events()]
    for thing in sorted(happened, key=attrgetter("since_ns")):
        if not since <= thing.since_ns <= (_NEVER if until is None else until):
            continue
        if speed is not None:
            sys.stdout.flush()
            time.sleep(max(0, thing.since_ns - since) / _SECOND / speed)
            since = max(since, thing.since_ns)
        if isinstance(thing, Printed):
            _say(thing)
        elif _is_shown(thing, recorded, keep):
            sys.stdout.write(line(thing.values))


def _is_shown(event: Recorded, recorded: RecordedScript, keep: Keep | None) -> bool:
    """
    Raises:
        BadRecording: it has other values than columns.
    """
    if event.values and len(event.values) != len(recorded.script.columns):
        raise BadRecording("an event in it has other values than its header says")
    return bool(event.values) and (keep is None or keep(event.values))  # type: ignore[arg-type]


def show_tables(
    recording: Recording,
    recorded: RecordedScript,
    moments: Iterable[tuple[int, Snapshot]],
    top: int | None,
    until: int | None,
    *,
    json: bool,
) -> None:
    """The table of each moment, with an empty line between them, and what was said until then."""
    keep = _keep(recorded)
    for place, (_, snapshot) in enumerate(moments):
        if place and not json:
            sys.stdout.write("\n")
        shown = lines_of_table(recorded.script, recorded.names, snapshot, keep, top or recorded.top, json=json)
        sys.stdout.writelines(shown)
        sys.stdout.flush()
    for thing in recording.printed():
        if thing.since_ns <= (_NEVER if until is None else until):
            _say(thing)


def pictures(recording: Recording, recorded: RecordedScript, top: int | None) -> tuple[TextView, Show]:
    """Its table, or its events, as a picture for a terminal, and what gives it a moment."""
    script, keep = recorded.script, _keep(recorded)
    if script.columns:
        return _events_picture(recording, recorded, keep)
    view = table_view(script)

    def show(to: int, at: int) -> None:
        snapshot = recording.snapshot(to)
        lines = lines_of_table(script, recorded.names, snapshot, keep, top or recorded.top, json=False)
        view.take([text.removesuffix("\n") for text in lines])

    return view, show


def _events_picture(recording: Recording, recorded: RecordedScript, keep: Keep | None) -> tuple[TextView, Show]:
    script = recorded.script
    heading, line = event_lines(script, recorded.names, json=False)
    # Without a glob all are shown: of an hour's events a screen has forty, and the others need not be read.
    shown = [number for number in range(len(recording.event_times)) if not recording.is_silent(number)]
    if keep is not None:
        shown = [number for number in shown if _is_shown(recording.event(number), recorded, keep)]
    times = [recording.event_times[number] for number in shown]

    def text_of(number: int) -> str:
        event = recording.event(shown[number])
        _is_shown(event, recorded, None)
        return line(event.values).removesuffix("\n")

    text = EventText(heading.removesuffix("\n"), text_of)
    view = TextView(script.name.removesuffix(".d"), script.question, heads=1, follows=True)

    def show(to: int, at: int) -> None:
        text.shown = bisect_right(times, recording.times[to]) if to < len(recording) - 1 else len(times)
        view.take(text)

    return view, show


class EventText(Sequence[str]):
    """A heading and the first so many events, each made text when somebody looks at it."""

    def __init__(self, heading: str, text: Callable[[int], str]) -> None:
        self._heading, self._text = heading, text
        self.shown = 0

    def __len__(self) -> int:
        return 1 + self.shown

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        return self._text(place - 1) if place > 0 else self._heading


def _keep(recorded: RecordedScript) -> Keep | None:
    try:
        return glob_filter(recorded.script, recorded.commands)
    except ValueError as odd:
        raise BadRecording(f"its header does not say how to show it ({odd})") from None


def _say(thing: Printed) -> None:
    sys.stdout.flush()
    print(f"vtrace: {thing.text}", file=sys.stderr)
