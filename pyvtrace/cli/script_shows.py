"""How a script of the library is shown: a line an event, a table, JSON lines, or what it prints itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import click

from pyvtrace.analysis.names import Names
from pyvtrace.analysis.script import Script
from pyvtrace.analysis.tables import table_rows
from pyvtrace.cli.library import display
from pyvtrace.cli.running import Running, narrowing
from pyvtrace.cli.showing import set_aside, size_of
from pyvtrace.cli.signals import Interrupts
from pyvtrace.cli.terminal import Signals, Terminal
from pyvtrace.cli.tracing import Asked
from pyvtrace.render.records import EventLines, table_lines
from pyvtrace.render.theme import theme
from pyvtrace.runtime import places
from pyvtrace.value import Value

_SECOND = 1_000_000_000
_LOOK = 0.1  # seconds between looks at whether what is traced has ended


class Asking(Value):
    """A script with what the user asked for. Times in ns; `top` rows are shown."""

    script: Script
    asked: Asked
    command: str | None = None
    interval: int | None = None
    duration: int | None = None
    top: int | None = None
    json: bool = False

    def running(self, streams: tuple[int | None, ...] = (), write: Callable[[str], object] | None = None) -> Running:
        return Running(self.script, self.asked, self.command, streams, write)


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
    kinds = {field.kind for field in script.fields}
    known: Mapping[str, Callable[[], Mapping[int, str]]] = {
        "device": places.device_names,
        "cgroup": places.group_names,
    }
    return {kind: ask() for kind, ask in known.items() if kind in kinds}


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
        if asking.json:
            from json import dumps

            from pyvtrace.export.record_lines import event_object

            def line(values: tuple[int | str, ...]) -> str:
                return dumps(event_object(script.columns, values, names), separators=(",", ":"))
        else:
            lines = EventLines(script.columns, names)
            print(lines.heading(), flush=True)
            line = lines.line
        _announce(asking)
        for _ in _turns(running, asking, lambda: 1.0):
            while running.events:
                values = running.events.popleft().values
                if values and (keep is None or keep(values)):  # type: ignore[arg-type]
                    sys.stdout.write(f"{line(values)}\n")  # type: ignore[arg-type]
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

    def lines() -> Iterator[str]:
        held = running.held()
        rows = table_rows(script, held, keep)[: asking.top]
        if not asking.json:
            yield from table_lines(script, held, rows, names)
            return
        from json import dumps

        from pyvtrace.export.record_lines import row_objects

        for row in row_objects(script, held, rows, names, time.time_ns()):
            yield dumps(row, separators=(",", ":"))

    return lines


def _tables(asking: Asking) -> int:
    interval = None if asking.interval is None else asking.interval / _SECOND
    _keep(asking)
    with asking.running((None, 2) if asking.json else ()) as running:
        _announce(asking)
        lines = _shower(asking, running)

        def show() -> None:
            sys.stdout.writelines(f"{line}\n" for line in lines())
            sys.stdout.flush()

        started = time.monotonic()
        following = started + interval if interval is not None else None

        def patience() -> float:
            return 1.0 if following is None else following - time.monotonic()

        for _ in _turns(running, asking, patience):
            running.events.clear()
            if following is not None and interval is not None and time.monotonic() >= following:
                following += interval
                show()
                if not asking.json:
                    print()
        show()
        running.say_complaints()
        return running.status


def _live(asking: Asking) -> int:
    """The table that refreshes in place; its last state stays on the screen when it ends."""
    _keep(asking)
    output, keys = sys.stdout.fileno(), sys.stdin.fileno() if sys.stdin.isatty() else None
    paint = theme(os.environ, sys.stdout.encoding, terminal=True)
    with set_aside(asking.command) as streams, asking.running(tuple(streams)) as running:
        lines = _shower(asking, running)
        with Signals(signal.SIGWINCH, signal.SIGTSTP) as signals, Terminal(output, keys, signals) as terminal:
            for picture in _pictures(asking, running, signals, terminal, lines):
                width, height = size_of(output)
                head = f"{asking.script.name.removesuffix('.d')}  {asking.script.question}  q quit"
                shown = [head, "", *picture][:height]
                terminal.show([line[:width] if paint.glyphs.levels else line for line in shown])
        running.finish()
        last = list(lines())
    sys.stdout.writelines(f"{line}\n" for line in last)
    sys.stdout.flush()
    running.say_complaints()
    return 0


def _pictures(
    asking: Asking, running: Running, signals: Signals, terminal: Terminal, lines: Callable[[], Iterator[str]]
) -> Iterator[list[str]]:
    """The table whenever it is to be drawn, until the user, a signal, the duration or the end of what is traced."""
    interval = 1.0 if asking.interval is None else asking.interval / _SECOND
    end = None if asking.duration is None else time.monotonic() + asking.duration / _SECOND
    following = time.monotonic()
    while not (signals.deadly or running.over()):
        now = time.monotonic()
        if end is not None and now >= end:
            return
        if now >= following:
            following = now + interval
            yield list(lines())
        if "q" in terminal.read(min(_LOOK, max(0.0, following - time.monotonic()))):
            return
        running.read(0)
        running.events.clear()
        if signals.take(signal.SIGTSTP):
            terminal.stop()
            signals.seen.add(signal.SIGWINCH)
        if signals.take(signal.SIGWINCH):
            terminal.clear()
            following = time.monotonic()
