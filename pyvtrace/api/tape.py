"""The recording of a session: its snapshots, events and complaints, in a file."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from pyvtrace.analysis.script import BadHeader, parse_script
from pyvtrace.analysis.tables import check_columns, check_table
from pyvtrace.api.errors import RecordingError
from pyvtrace.api.events import Event
from pyvtrace.export.recording import Origin, Recorder, RecordingFailed
from pyvtrace.export.recording import Recorded as RecordedEvent
from pyvtrace.export.scripts import Recorded, origin
from pyvtrace.runtime import places
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.source import Source
from pyvtrace.spec import ProgramSpec


class Tape:
    """One file. `begin` comes first, `close` last.

    Raises, whenever it writes:
        RecordingError: the file cannot be made or written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with _as_error():
            self._recorder = Recorder(path)

    def begin(self, made: Origin, first: Snapshot) -> None:
        """What is recorded, and the reading before the first event."""
        self._start_ns = first.time_ns
        with _as_error():
            self._recorder.begin(made, first)

    def take(self, now: Snapshot) -> None:
        """The end of an interval."""
        with _as_error():
            self._recorder.take(now)

    def event(self, event: Event) -> None:
        """One that was read now."""
        with _as_error():
            self._recorder.event(read_now(event, self._start_ns))

    def complain(self, line: str) -> None:
        """A loss or an error, in words."""
        with _as_error():
            self._recorder.complain(line, time.monotonic_ns())

    def close(self) -> None:
        """The end of the recording."""
        with _as_error():
            self._recorder.close()


def read_now(event: Event, start_ns: int) -> RecordedEvent:
    """An event that was read now, of a recording that began at a time of CLOCK_MONOTONIC."""
    since = time.monotonic_ns() - start_ns
    return RecordedEvent(since, event.probe, event.cpu, event.clause, event.values, event.text)


def origin_of(source: Source, spec: ProgramSpec) -> Origin:
    """Of a D program: a script of the library is replayed as such, everything else as the D program it is."""
    try:
        script = parse_script(source.text, source.name)
        check_table(script, spec)
        check_columns(script, spec)
        if script.columns or script.values:
            names = places.names_of({field.kind for field in script.fields})
            return origin(Recorded(script, names), source.text, spec.aggregations, spec.options)
    except BadHeader:
        pass
    return Origin("program", source.name, source.text, spec.aggregations, spec.options)


@contextlib.contextmanager
def _as_error() -> Iterator[None]:
    try:
        yield
    except RecordingFailed as failure:
        raise RecordingError(str(failure)) from None
