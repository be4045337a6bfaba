"""One run of a view's program: from the options to snapshots."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from pyvtrace.analysis.compose import compose
from pyvtrace.analysis.rows import Keep, like
from pyvtrace.analysis.script import Script
from pyvtrace.api.filters import conditions as whom
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime import places
from pyvtrace.runtime.processes import Command
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.retired import Retired
from pyvtrace.runtime.session import Session
from pyvtrace.runtime.snapshot import Key, Snapshot
from pyvtrace.source import Source
from pyvtrace.target import Target
from pyvtrace.value import Value, replace

if TYPE_CHECKING:
    from pyvtrace.export.recording import Recorder

KEYS = 10_240  # what an aggregation has room for
_KEY_BYTES = 2160  # of a key and its words on one CPU: exphist(value, 2) has 262
OPTIONS = {"aggsize": str(KEYS * _KEY_BYTES)}


class Asked(Value):
    """What the user asked for. `groups` are ids of control groups, `minimum` is in ns."""

    pids: tuple[int, ...] = ()
    commands: tuple[str, ...] = ()
    groups: tuple[int, ...] | None = None
    minimum: int = 0


def conditions(asked: Asked, child: bool) -> list[str]:
    """The D conditions on who is traced. Globs are none of D's: see `narrowing`."""
    names = () if any(map(is_glob, asked.commands)) else asked.commands
    return whom(asked.pids, asked.groups, names, child=child)


def is_glob(text: str) -> bool:
    """Whether a name is a pattern."""
    return any(c in text for c in "*?[")


def narrowing(script: Script, asked: Asked) -> Keep | None:
    """Which tuples are shown of those that the kernel counts: globs are matched here, for D has none."""
    if not any(map(is_glob, asked.commands)):
        return None
    place = next((i for i, key in enumerate(script.keys) if key.name == "comm"), None)
    if place is None:
        raise places.NoSuch("--comm takes no glob here: the view does not tell commands")
    return like(place, asked.commands)


class Tracing:
    """A running view. A context manager; inside it probes are in place, and the command of -c runs. Every snapshot goes
    to the recorder, too, if there is one; `shown` is how a replay has to show them.

    Raises on entering:
        CompileError, BpfError, Rejected: it cannot be traced.
        RecordingFailed: as whenever a snapshot is taken, it cannot be recorded.
    """

    def __init__(
        self,
        script: Script,
        asked: Asked,
        child: Command | None,
        recorder: Recorder | None = None,
        shown: Mapping[str, object] | None = None,
    ) -> None:
        self._script, self._asked, self._child = script, asked, child
        self.recorder, self._shown = recorder, shown or {}
        self._faults = 0
        # Without it, rows are nobody's, and none of them ever ends.
        self._pid = next((place for place, key in enumerate(script.keys) if key.name == "pid"), None)
        self._alive: dict[int, bool] = {}

    def __enter__(self) -> Tracing:
        with ExitStack() as stack:
            if self._child is not None:
                stack.callback(self._child.end)
            target: Target = LiveTarget()
            text = compose(
                self._script,
                conditions(self._asked, self._child is not None),
                minimum=self._asked.minimum,
                options=OPTIONS,
            )
            source = Source(self._script.name, text)
            spec = compile_text(source, target, {}, (), self._child.pid if self._child else 0)
            self._session = stack.enter_context(Session(spec, target))
            self._retired = Retired(self._session, self._gone, self._ended)
            # Read before anything is in place: whatever is seen from the first probe on is new.
            self.first = self._with_faults(self._session.snapshot())
            if self.recorder is not None:
                from pyvtrace.export.recording import Origin

                view, text = self._script.view, spec.source.text
                self.recorder.begin(
                    Origin("view", view, text, spec.aggregations, spec.options, self._shown), self.first
                )
            self._session.attach()
            self._session.fire("BEGIN")
            if self._child is not None:
                self._child.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def snapshot(self) -> Snapshot:
        """What was seen so far. Faults of the program are among what was lost."""
        return self._recorded(self._with_faults(self._session.snapshot()))

    def watch(self) -> Snapshot:
        """The same for who looks every second; see `Session.watch`. What is recorded is all of one moment."""
        return self.snapshot() if self.recorder is not None else self._with_faults(self._session.watch())

    def _recorded(self, now: Snapshot) -> Snapshot:
        if self.recorder is not None:
            self.recorder.take(now)
        return now

    def _with_faults(self, now: Snapshot) -> Snapshot:
        self._faults += sum(1 for _ in self._session.records())
        self._alive = {}
        return self._retired.complete(replace(now, lost={**now.lost, "faults": self._faults}))

    def _gone(self, key: Key) -> bool:
        """Whether a key's process has ended; each is asked about once a reading."""
        if self._pid is None:
            return False
        pid = int(key[self._pid])
        if pid not in self._alive:
            self._alive[pid] = places.alive(pid)
        return not self._alive[pid]

    def _ended(self, key: Key) -> Key:
        """The key of all processes that have ended and were called the same: they have no number any more."""
        place = self._pid
        return key if place is None else (*key[:place], 0, *key[place + 1 :])

    def last(self) -> Snapshot:
        """What was seen in all: the probes are gone, so nothing is under way any more."""
        # Taking probes away may take the kernel a second, in which less and less is seen.
        ended = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._session.detach()
        return self._recorded(replace(self._with_faults(self._session.snapshot()), time_ns=ended))

    def over(self) -> bool:
        """Whether there is nothing left to trace: the command has ended, or all the processes asked for."""
        if self._child is not None:
            return self._child.has_ended()
        return bool(self._asked.pids) and not any(map(places.alive, self._asked.pids))
