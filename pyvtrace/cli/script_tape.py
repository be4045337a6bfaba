"""--record of a script that shows events, a table, or what it prints itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from pyvtrace.api.events import Event
from pyvtrace.api.tape import read_now
from pyvtrace.export.recording import Origin, Recorder
from pyvtrace.export.scripts import Recorded as RecordedScript
from pyvtrace.export.scripts import origin
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.spec import ProgramSpec

Write = Callable[[str], object]


class ScriptTape:
    """One recording: `begin` before the first clause runs; who made the recorder closes it. A script that declares
    neither columns nor values is recorded as the D program it is.

    Raises, whenever it writes:
        RecordingFailed: the file cannot be written.
    """

    def __init__(self, recorder: Recorder, recorded: RecordedScript) -> None:
        self._recorder, self._recorded = recorder, recorded
        self._begun = False

    def begin(self, spec: ProgramSpec, text: str, first: Snapshot) -> None:
        """What is recorded, and the reading before the first event."""
        script = self._recorded.script
        if script.columns or script.values:
            made = origin(self._recorded, text, spec.aggregations, spec.options)
        else:
            made = Origin("program", script.name.removesuffix(".d"), text, spec.aggregations, spec.options)
        self._start_ns = first.time_ns
        self._recorder.begin(made, first)
        self._begun = True

    def take(self, snapshot: Snapshot) -> None:
        """The end of an interval; the reading that a recording begins with is none."""
        if self._begun:
            self._recorder.take(snapshot)

    def output(self, write: Write) -> Write:
        """A function that writes what goes through it, and records it."""

        def both(text: str) -> None:
            write(text)
            self._recorder.output(text, time.monotonic_ns())

        return both

    def event(self, event: Event) -> None:
        """One that was read now."""
        self._recorder.event(read_now(event, self._start_ns))

    def complain(self, line: str) -> None:
        """A loss or an error, in words."""
        self._recorder.complain(line, time.monotonic_ns())
