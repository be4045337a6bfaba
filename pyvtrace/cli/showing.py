"""How a view is shown: on a terminal that it owns, as tables on paper, or as JSON lines, an interval at a time."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from pyvtrace.analysis.names import Names
from pyvtrace.analysis.rows import Grouping
from pyvtrace.analysis.script import Script
from pyvtrace.cli.terminal import Signals, Terminal, size_of
from pyvtrace.cli.tracing import Asked, Tracing, narrowing
from pyvtrace.render.theme import Glyphs, Line, Theme, theme
from pyvtrace.render.view import View
from pyvtrace.runtime import processes
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.value import Value

if TYPE_CHECKING:
    from pyvtrace.export.recording import Recorder

_FIRST = 0.2  # seconds until a live view shows something: nobody looks at an empty screen for a whole interval
_LOOK = 0.1  # seconds between looks at whether what is traced has ended
_WIDTH = 80  # of paper


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class Running(Protocol[T_co]):
    """A trace that can be looked at: `Tracing`, and those of other commands."""

    def snapshot(self) -> T_co:
        """What was seen so far."""

    def watch(self) -> T_co:
        """The same for who looks every second."""

    def last(self) -> T_co:
        """What was seen in all."""

    def over(self) -> bool:
        """Whether there is nothing left to trace."""


class Picture(Protocol[T_contra]):
    """What refreshes in place: `View`, and those of other commands."""

    paused: bool
    quit: bool

    def take(self, seen: T_contra) -> None: ...

    def press(self, key: str) -> None: ...

    def lines(self, width: int, height: int, glyphs: Glyphs) -> list[Line]: ...


class Printable(Protocol):
    """What has a form for paper."""

    def paper(self, width: int, glyphs: Glyphs) -> Iterable[Line]: ...


class Leaving(Protocol):
    """What leaves its last table on the screen."""

    def table(self, width: int, glyphs: Glyphs, most: int | None = None) -> Iterable[Line]: ...


class Plan(Value):
    """When to show: every `interval` seconds, for `duration` seconds (None: until it is over)."""

    interval: float
    duration: float | None = None

    def over(self, started: float) -> bool:
        """Whether the duration is."""
        return self.duration is not None and time.monotonic() >= started + self.duration


class Request(Value):
    """What to show of what. `command` is that of -c, `by` the keys that make a row, `names` what they number;
    `recorder` gets everything that is shown."""

    script: Script
    asked: Asked
    plan: Plan
    by: tuple[str, ...]
    names: Names
    command: str | None = None
    waiting: bool = False
    recorder: Recorder | None = None

    def tracing(self, *streams: int | None) -> Tracing:
        """The trace, not begun yet; the command gets `streams`.

        Raises:
            ProcessError: there is no such command.
        """
        command = None if self.command is None else processes.run(self.command, streams)
        return Tracing(self.script, self.asked, command, self.recorder, self.shown())

    def shown(self) -> Mapping[str, object]:
        """As plain data, what a replay has to know to show it in the same way."""
        return {
            "script": self.script.text,
            "extras": [key.name for key in self.script.keys if key in self.script.extras],
            "by": list(self.by),
            "names": {kind: {str(number): name for number, name in some.items()} for kind, some in self.names.items()},
            "commands": list(self.asked.commands),
            "waiting": self.waiting,
        }

    def view(self, *, live: bool) -> View:
        keep = narrowing(self.script, self.asked)
        return View(self.script, self.by, self.names, keep=keep, waiting=self.waiting, live=live)

    def groupings(self) -> list[Grouping]:
        """One for each of the script's measures."""
        keep = narrowing(self.script, self.asked)
        return [Grouping(self.script, self.by, self.names, keep) for _ in self.script.measures]


# --------------------------------------------------------------------------------------------------------------- paper


def paper(tracing: Running[T], plan: Plan, show: Callable[[T], None]) -> None:
    """Show what was seen every interval, and at the end what was seen in all."""
    started = time.monotonic()
    with Signals() as signals:
        following = started + plan.interval
        while not (signals.deadly or plan.over(started) or tracing.over()):
            now = time.monotonic()
            end = following if plan.duration is None else min(following, started + plan.duration)
            signals.wait(min(_LOOK, end - now))
            # An interval that ends with the trace is shown once.
            if time.monotonic() >= following and not plan.over(started):
                show(tracing.snapshot())
                following += plan.interval
        show(tracing.last())


def json_lines(request: Request) -> None:
    """JSON lines on standard output, which is for them alone: what a command writes goes to standard error."""
    from json import dumps

    from pyvtrace.export.json_lines import JsonLines

    with request.tracing(None, 2) as tracing:
        lines = JsonLines(request.script, request.groupings(), tracing.first)

        def show(snapshot: Snapshot) -> None:
            for thing in lines.objects(snapshot):
                sys.stdout.write(dumps(thing, separators=(",", ":")) + "\n")
            sys.stdout.flush()

        paper(tracing, request.plan, show)


def tables(request: Request) -> None:
    """A table an interval on standard output, terminal or not."""
    view, write = request.view(live=False), paper_writer()
    with request.tracing() as tracing:
        view.start(tracing.first)

        def show(snapshot: Snapshot) -> None:
            view.take(snapshot)
            write(view)

        paper(tracing, request.plan, show)


def paper_writer() -> Callable[[Printable], None]:
    """Writes all of a view to standard output."""
    terminal = sys.stdout.isatty()
    paint = theme(os.environ, sys.stdout.encoding, terminal=terminal)
    width = size_of(sys.stdout.fileno())[0] if terminal else paper_width(os.environ)

    def write(view: Printable) -> None:
        lines = [paint.text(line).rstrip() for line in view.paper(width, paint.glyphs)]
        sys.stdout.write("\n".join([*lines, ""]))
        sys.stdout.flush()

    return write


def paper_width(environment: Mapping[str, str]) -> int:
    """What COLUMNS says, or the usual."""
    text = environment.get("COLUMNS", "")
    return int(text) if text.isdigit() and int(text) > 0 else _WIDTH


# ------------------------------------------------------------------------------------------------------------ terminal


def live(request: Request) -> None:
    """The view that refreshes in place; its last table stays on the screen when it ends."""
    output, keys = sys.stdout.fileno(), sys.stdin.fileno() if sys.stdin.isatty() else None
    paint = theme(os.environ, sys.stdout.encoding, terminal=True)
    view = request.view(live=True)
    with set_aside(request.command) as streams, request.tracing(*streams) as tracing:
        view.start(tracing.first)
        draw(tracing, request.plan, view, paint, output, keys)
    leave_table(view, paint, output)


def leave_table(view: Leaving, theme: Theme, output: int) -> None:
    """What stays on the screen, with room for the command line above it and the prompt below."""
    width, height = size_of(output)
    lines = view.table(width, theme.glyphs, max(1, height - 4))
    sys.stdout.write("".join(theme.text(line) + "\n" for line in lines))
    sys.stdout.flush()


@contextlib.contextmanager
def set_aside(command: str | None) -> Iterator[Sequence[int]]:
    """Streams for a command whose terminal is taken by the view: nothing to read, and what it writes is kept until the
    terminal is free again."""
    if command is None:
        yield ()
        return
    nothing, kept = os.open(os.devnull, os.O_RDONLY), os.memfd_create("output")
    try:
        yield nothing, kept, kept
    finally:
        os.lseek(kept, 0, os.SEEK_SET)
        while data := os.read(kept, 1 << 16):
            sys.stdout.buffer.write(data)
        sys.stdout.flush()
        os.close(nothing)
        os.close(kept)


def collect_rarely() -> None:
    """A reading makes tens of thousands of tuples, and none of them is garbage: Python would look for cycles among them
    time and again."""
    import gc

    gc.freeze()
    gc.set_threshold(100_000)


def draw(tracing: Running[T], plan: Plan, view: Picture[T], theme: Theme, output: int, keys: int | None) -> None:
    """Draw until the user, a signal, the duration or the end of what is traced ends it."""
    collect_rarely()
    with Signals(signal.SIGWINCH, signal.SIGTSTP) as signals, Terminal(output, keys, signals) as terminal:
        for _ in _turns(tracing, plan, view, signals, terminal):
            width, height = size_of(output)
            terminal.show([theme.text(line) for line in view.lines(width, height, theme.glyphs)])
    # A picture that was frozen stays as it was; a recording has the end all the same.
    last = tracing.last()
    if not view.paused:
        view.take(last)


def _turns(tracing: Running[T], plan: Plan, view: Picture[T], signals: Signals, terminal: Terminal) -> Iterator[None]:
    """Yields whenever there may be something new to draw."""
    started = time.monotonic()
    following = started + min(_FIRST, plan.interval)
    yield
    while not (view.quit or signals.deadly or plan.over(started) or tracing.over()):
        keys = terminal.read(min(_LOOK, following - time.monotonic()))
        paused = view.paused
        for key in keys:
            view.press(key)
        if view.paused and not paused:
            # From now on nothing may change.
            view.take(tracing.snapshot())
        resized = has_changed(signals, terminal)
        due = time.monotonic() >= following
        if due:
            # A late turn is not made up for.
            following = max(following, time.monotonic() - plan.interval) + plan.interval
            if not view.paused:
                view.take(tracing.watch())
            else:
                # A recording goes on.
                tracing.watch()
        if keys or resized or due:
            yield


def has_changed(signals: Signals, terminal: Terminal) -> bool:
    """Whether everything has to be drawn again: the terminal has another size, or was somebody else's meanwhile."""
    if signals.take(signal.SIGTSTP):
        terminal.stop()
        signals.seen.add(signal.SIGWINCH)
    resized = signals.take(signal.SIGWINCH)
    if resized:
        terminal.clear()
    return resized
