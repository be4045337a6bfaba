"""A recording of a script of the library, shown as the script shows it: its table at a moment, or its events."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from operator import attrgetter

from pyvtrace.analysis.rows import Keep
from pyvtrace.cli.running import glob_filter
from pyvtrace.cli.script_lines import event_lines, lines_of_table
from pyvtrace.export.recording import Recorded
from pyvtrace.export.replay import BadRecording, Printed, Recording
from pyvtrace.export.scripts import Recorded as RecordedScript
from pyvtrace.export.scripts import recorded_in
from pyvtrace.runtime.snapshot import Snapshot

_NEVER = 1 << 63  # in ns
_SECOND = 1_000_000_000


def show_events(recording: Recording, since: int, until: int | None, *, speed: float | None = None, json: bool) -> None:
    """The events from `since` to `until` ns after the start, and what was said between them; at once, or at `speed`
    times the speed of what happened."""
    recorded = recorded_in(recording)
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
        elif thing.values and (keep is None or keep(thing.values)):  # type: ignore[arg-type]
            if len(thing.values) != len(recorded.script.columns):
                raise BadRecording("an event in it has other values than its header says")
            sys.stdout.write(line(thing.values))


def show_tables(
    recording: Recording, moments: Iterable[tuple[int, Snapshot]], top: int | None, until: int | None, *, json: bool
) -> None:
    """The table of each moment, with an empty line between them, and what was said until then."""
    recorded = recorded_in(recording)
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


def _keep(recorded: RecordedScript) -> Keep | None:
    try:
        return glob_filter(recorded.script, recorded.commands)
    except ValueError as odd:
        raise BadRecording(f"its header does not say how to show it ({odd})") from None


def _say(thing: Printed) -> None:
    sys.stdout.flush()
    print(f"vtrace: {thing.text}", file=sys.stderr)
