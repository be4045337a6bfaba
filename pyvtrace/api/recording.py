"""Recordings read from Python: the snapshots and events of a session that is over, or went on elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import overload

from pyvtrace.api.errors import RecordingError
from pyvtrace.api.events import Event
from pyvtrace.api.snapshot import Snapshot, of_tables
from pyvtrace.export import replay as export
from pyvtrace.export.replay import BadRecording


class Recording(Sequence[Snapshot]):
    """The snapshots of a recording in their order; the first is of the time before the first event. They are read from
    the file when they are asked for."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with _as_error():
            self._recording = export.Recording(path)

    @property
    def name(self) -> str:
        """Of what was recorded: the view's, or the program's."""
        return self._recording.origin.name

    @property
    def d(self) -> str:
        """The text that ran: D, or of a C program C."""
        return self._recording.origin.program

    @property
    def host(self) -> str:
        """The machine's name."""
        return self._recording.machine.host

    @property
    def kernel(self) -> str:
        """The release of its kernel."""
        return self._recording.machine.kernel

    @property
    def start_ns(self) -> int:
        """CLOCK_REALTIME of the first snapshot."""
        return self._recording.start_wall_ns

    @property
    def duration(self) -> float:
        """Seconds from the first snapshot to the last."""
        return self._recording.duration_ns / 1e9

    @property
    def damage(self) -> str:
        """What is wrong with the rest of the file, of which nothing is shown; "" if nothing is. A last line that is cut
        off, as when the recording process was killed, is no damage."""
        return self._recording.damage

    @property
    def complaints(self) -> Sequence[str]:
        """Run-time errors and losses, as `Session.complaints`."""
        with _as_error():
            return tuple(printed.text for printed in self._recording.printed() if printed.kind == "said")

    @property
    def output(self) -> str:
        """What the program printed: of a session, the texts of its events."""
        with _as_error():
            printed = "".join(printed.text for printed in self._recording.printed() if printed.kind == "output")
            return printed or "".join(event.text for event in self._recording.events())

    def events(self) -> Iterator[Event]:
        """Those of a session, a script or a C program, as `Session.events`; of a D program on the command line only the
        output is recorded."""
        with _as_error():
            for one in self._recording.events():
                yield Event(one.probe, one.cpu, one.clause, one.values, one.text)

    def at(self, seconds: float) -> Snapshot:
        """The last snapshot that is not later than so many seconds after the first."""
        return self[self._recording.index(round(seconds * 1e9))]

    def __len__(self) -> int:
        return len(self._recording)

    @overload
    def __getitem__(self, index: int) -> Snapshot: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Snapshot]: ...

    def __getitem__(self, index: int | slice) -> Snapshot | Sequence[Snapshot]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        with _as_error():
            return of_tables(self._recording.snapshot(index + len(self) if index < 0 else index))


def replay(path: str | os.PathLike[str]) -> Recording:
    """What `Session(..., record=path)` or `--record` wrote. Of a file that is damaged, or is still written, what comes
    before the damage, or is complete.

    Raises:
        RecordingError: nothing of it can be read; when a snapshot is asked for, that it cannot.
    """
    return Recording(path)


@contextlib.contextmanager
def _as_error() -> Iterator[None]:
    try:
        yield
    except BadRecording as problem:
        raise RecordingError(str(problem)) from None
