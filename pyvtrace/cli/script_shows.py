"""How a script of the library is shown: a line an event, a table, JSON lines, or what it prints itself."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator

import click

from pyvtrace.analysis.library import display
from pyvtrace.analysis.names import Names
from pyvtrace.analysis.script import Script
from pyvtrace.cli.running import Running, narrowing
from pyvtrace.cli.script_lines import event_lines, lines_of_table, table_view
from pyvtrace.cli.script_tape import ScriptTape
from pyvtrace.cli.showing import Plan, draw, leave_table, set_aside
from pyvtrace.cli.signals import Interrupts
from pyvtrace.cli.tracing import Asked
from pyvtrace.export.recording import Recorder
from pyvtrace.export.scripts import Recorded
from pyvtrace.render.theme import theme
from pyvtrace.runtime import places
from pyvtrace.value import Value

_SECOND = 1_000_000_000


class Asking(Value):
    """A script with what the user asked for. Times in ns; `top` rows are shown."""

    script: Script
    asked: Asked
    command: str | None = None
    interval: int | None = None
    duration: int | None = None
    top: int | None = None
    json: bool = False
    recorder: Recorder | None = None

    def running(self, streams: tuple[int | None, ...] = (), write: Callable[[str], object] | None = None) -> Running:
        tape = None
        if self.recorder is not None:
            recorded = Recorded(self.script, names_of(self.script), self.asked.commands, self.top)
            tape = ScriptTape(self.recorder, recorded)
        return Running(self.script, self.asked, self.command, streams, write, tape)


def run(asking: Asking) -> int:
    """Run it to its end; the script's exit status."""
    shown = display(asking.script)
    if shown == "text":
        return _text(asking)
    if shown == "events":
        return _events(asking)
    if not asking.json and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", ""):
        return _live(asking)
    return _tables(asking)


def names_of(script: Script) -> Names:
    """Names of what the script's columns and keys number."""
    return places.names_of({field.kind for field in script.fields})


def _announce(asking: Asking) -> None:
    """Where nothing else tells that the probes are in place."""
    if asking.command is None and asking.duration is None:
        until = "it ends" if asking.asked.pids else "Ctrl-C"
        print(f"vtrace: tracing until {until}", file=sys.stderr, flush=True)


def _turns(running: Running, asking: Asking, patience: Callable[[], float]) -> Iterator[None]:
    """Reads until a signal, the duration or the end of what is traced; yields whenever something may have come, and
    at the end, when all has."""
    interrupts = Interrupts()
    running.watch(interrupts.fd)
    end = None if asking.duration is None else time.monotonic() + asking.duration / _SECOND
    while not (interrupts.asked or running.over()):
        left = patience() if end is None else min(patience(), end - time.monotonic())
        running.read(left)
        yield
        running.say_complaints()
        if end is not None and time.monotonic() >= end:
            break
    running.finish()
    yield
    interrupts.over()


# -------------------------------------------------------------------------------------------------------------- events


def _text(asking: Asking) -> int:
    with asking.running(write=sys.stdout.write) as running:
        _announce(asking)
        for _ in _turns(running, asking, lambda: 1.0):
            sys.stdout.flush()
        running.say_complaints()
        return running.status


def _events(asking: Asking) -> int:
    script, names = asking.script, names_of(asking.script)
    keep = _keep(asking)
    # Standard output is for the objects alone where a program reads it.
    with asking.running((None, 2) if asking.json else ()) as running:
        heading, line = event_lines(script, names, json=asking.json)
        sys.stdout.write(heading)
        sys.stdout.flush()
        _announce(asking)
        for _ in _turns(running, asking, lambda: 1.0):
            while running.events:
                values = running.events.popleft().values
                if values and (keep is None or keep(values)):  # type: ignore[arg-type]
                    sys.stdout.write(line(values))
            sys.stdout.flush()
        running.say_complaints()
        return running.status


def _keep(asking: Asking) -> Callable[[tuple[int | str, ...]], bool] | None:
    try:
        return narrowing(asking.script, asking.asked)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None


# -------------------------------------------------------------------------------------------------------------- tables


def _shower(asking: Asking, running: Running) -> Callable[[], Iterator[str]]:
    """The lines of the table, or of its rows as JSON, as they are when they are asked for."""
    script, names, keep = asking.script, names_of(asking.script), _keep(asking)

    return lambda: lines_of_table(script, names, running.snapshot(), keep, asking.top, json=asking.json)


def _tables(asking: Asking) -> int:
    interval = None if asking.interval is None else asking.interval / _SECOND
    _keep(asking)
    with asking.running((None, 2) if asking.json else ()) as running:
        _announce(asking)
        lines = _shower(asking, running)

        def show() -> None:
            sys.stdout.writelines(lines())
            sys.stdout.flush()

        started = time.monotonic()
        following = started + interval if interval is not None else None

        def patience() -> float:
            return 1.0 if following is None else following - time.monotonic()

        recorded = started
        for _ in _turns(running, asking, patience):
            running.events.clear()
            if interval is None and asking.recorder is not None and time.monotonic() >= recorded + 1:
                # A table that is shown at the end only is recorded each second.
                recorded = time.monotonic()
                running.snapshot()
            if following is not None and interval is not None and time.monotonic() >= following:
                following += interval
                show()
                if not asking.json:
                    print()
        show()
        running.say_complaints()
        return running.status


class _Table:
    """A running script as who draws asks for it: its table, as lines."""

    def __init__(self, running: Running, lines: Callable[[], Iterator[str]]) -> None:
        self._running, self._lines = running, lines

    def snapshot(self) -> list[str]:
        return [line.removesuffix("\n") for line in self._lines()]

    watch = snapshot

    def last(self) -> list[str]:
        self._running.finish()
        return self.snapshot()

    def over(self) -> bool:
        self._running.read(0)
        self._running.events.clear()
        return self._running.over()


def _live(asking: Asking) -> int:
    """The table that refreshes in place; its last state stays on the screen when it ends."""
    _keep(asking)
    output, keys = sys.stdout.fileno(), sys.stdin.fileno() if sys.stdin.isatty() else None
    paint = theme(os.environ, sys.stdout.encoding, terminal=True)
    view = table_view(asking.script)
    plan = Plan(
        1.0 if asking.interval is None else asking.interval / _SECOND,
        None if asking.duration is None else asking.duration / _SECOND,
    )
    with set_aside(asking.command) as streams, asking.running(tuple(streams)) as running:
        draw(_Table(running, _shower(asking, running)), plan, view, paint, output, keys)
        status = running.status
    leave_table(view, paint, output)
    running.say_complaints()
    return status
