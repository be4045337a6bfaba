"""The recording of a session: its snapshots, events and complaints, in a file."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from pyvtrace.api.errors import RecordingError
from pyvtrace.api.events import Event
from pyvtrace.export.recording import Origin, Recorded, Recorder, RecordingFailed
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

    def begin(self, source: Source, spec: ProgramSpec, first: Snapshot) -> None:
        """What is recorded, and the reading before the first event."""
        self._start_ns = first.time_ns
        with _as_error():
            self._recorder.begin(Origin("program", source.name, source.text, spec.aggregations, spec.options), first)

    def take(self, now: Snapshot) -> None:
        """The end of an interval."""
        with _as_error():
            self._recorder.take(now)

    def event(self, event: Event) -> None:
        """One that was read now."""
        since = time.monotonic_ns() - self._start_ns
        with _as_error():
            self._recorder.event(Recorded(since, event.probe, event.cpu, event.clause, event.values, event.text))

    def complain(self, line: str) -> None:
        """A loss or an error, in words."""
        with _as_error():
            self._recorder.complain(line, time.monotonic_ns())

    def close(self) -> None:
        """The end of the recording."""
        with _as_error():
            self._recorder.close()


@contextlib.contextmanager
def _as_error() -> Iterator[None]:
    try:
        yield
    except RecordingFailed as failure:
        raise RecordingError(str(failure)) from None
