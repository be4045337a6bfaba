"""--record of a program on the command line: its output, what was said of it, and its aggregations each interval."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from pyvtrace.cli.output import OutputFailed
from pyvtrace.export.recording import Origin, Recorder, RecordingFailed
from pyvtrace.runtime.session import Session
from pyvtrace.runtime.store import Store
from pyvtrace.source import Source

Write = Callable[[str], object]


class Tape:
    """One recording, from before BEGIN on: `begin`, `interval` whenever one is over, `close`.

    Raises, whenever it writes:
        OutputFailed: the file cannot be made or written.
    """

    def __init__(self, path: str) -> None:
        with _as_output():
            self._recorder = Recorder(path)

    def begin(self, programs: Sequence[Source], session: Session, store: Store) -> None:
        """Before the first clause runs."""
        self._session, self._store, spec = session, store, session.spec
        name = ", ".join(source.name for source in programs)
        text = "\n".join(source.text for source in programs)
        with _as_output():
            first = store.complete(session.snapshot())
            self._recorder.begin(Origin("program", name, text, spec.aggregations, spec.options), first)

    def output(self, write: Write) -> Write:
        """A function that writes what goes through it, and records it."""
        return self._both(write, self._recorder.output)

    def complaints(self, say: Write) -> Write:
        """The same for what is said of the program."""
        return self._both(say, self._recorder.complain)

    def _both(self, first: Write, record: Callable[[str, int], None]) -> Write:
        def both(text: str) -> None:
            first(text)
            with _as_output():
                record(text, time.monotonic_ns())

        return both

    def interval(self) -> None:
        """Record what the aggregations hold now."""
        with _as_output():
            self._recorder.take(self._store.complete(self._session.snapshot()))

    def close(self) -> None:
        """The end of the recording."""
        with _as_output():
            self._recorder.close()


@contextlib.contextmanager
def _as_output() -> Iterator[None]:
    try:
        yield
    except RecordingFailed as failure:
        raise OutputFailed(str(failure)) from None
