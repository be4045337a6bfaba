"""A recording on a terminal: the live view over what was recorded, with keys to stop, step and go anywhere."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pyvtrace.analysis import units
from pyvtrace.cli.showing import collect_rarely, has_changed, leave_table
from pyvtrace.cli.terminal import Signals, Terminal, size_of
from pyvtrace.export.replay import Recording
from pyvtrace.render.theme import Glyphs, Line, theme
from pyvtrace.render.view import View

_SECOND = 1_000_000_000
_LOOK = 0.1  # seconds between looks at the keyboard
_JUMP_NS = 60 * _SECOND
FASTEST, SLOWEST = 1024.0, 1 / 16
KEYS = (", . step", "< > minute", "0-9 go to", "+ - speed")


class Picture(Protocol):
    """What shows a moment, and says in its title which one it is."""

    paused: bool
    quit: bool
    remark: str
    further: Sequence[str]

    def press(self, key: str) -> None: ...

    def lines(self, width: int, height: int, glyphs: Glyphs) -> list[Line]: ...

    def table(self, width: int, glyphs: Glyphs, most: int | None = None) -> Iterable[Line]: ...


# Gives the picture the moment of a number; the one that it shows now is told, too.
Show = Callable[[int, int], None]


def shown_by(view: View, recording: Recording) -> Show:
    """How a view of rates gets its moments."""
    view.start(recording.snapshot(0))

    def show(to: int, at: int) -> None:
        if to != at + 1 and to > 0:
            # Rates are of the interval that ends with the moment.
            view.take(recording.snapshot(to - 1))
        view.take(recording.snapshot(to))

    return show


class Player:
    """Where in a recording a view is, and when it goes on: `at` is the number of the moment that it shows. It asks no
    clock and no terminal."""

    def __init__(self, recording: Recording, view: Picture, show: Show, at: int, speed: float) -> None:
        self._recording, self._view, self._show, self.speed = recording, view, show, speed
        self.at = 0
        view.further = KEYS
        self.go(at)

    def go(self, to: int) -> None:
        """Show a moment: the first if there is none before it, the last if there is none behind it."""
        to = max(0, min(to, len(self._recording) - 1))
        self._show(to, self.at)
        self.at = to
        if self.at_end:
            self._view.paused = True
        self.tell()

    @property
    def at_end(self) -> bool:
        return self.at == len(self._recording) - 1

    def tell(self) -> None:
        """Let the title say where this is."""
        recording = self._recording
        since = recording.times[self.at]
        when = datetime.fromtimestamp((recording.start_wall_ns + since) / 1e9)
        speed = "" if self.speed == 1 else f" x{self.speed:g}"
        end = " end" if self.at_end else ""
        self._view.remark = f"{when:%H:%M:%S}{speed} of {units.duration(recording.duration_ns)}{end}"

    def wait(self) -> float:
        """Seconds from the moment shown to the next one."""
        if self.at_end:
            return 0.0
        times = self._recording.times
        return max(0, times[self.at + 1] - times[self.at]) / _SECOND / self.speed

    def press(self, key: str) -> None:
        """What a key does: ours, else the view's."""
        if key.isdecimal() and len(key) == 1:
            self.go(self._recording.index(self._recording.duration_ns * int(key) // 10))
        elif key in _ACTIONS:
            _ACTIONS[key](self)
        else:
            if key in ("p", " ") and self._view.paused and self.at_end:
                # There is nothing to go on with: from the beginning, then.
                self.go(0)
            self._view.press(key)

    def _step(self, by: int) -> None:
        self._view.paused = True
        self.go(self.at + by)

    def _jump(self, by_ns: int) -> None:
        self.go(self._recording.index(self._recording.times[self.at] + by_ns))

    def _faster(self, times: float) -> None:
        self.speed = min(FASTEST, max(SLOWEST, self.speed * times))
        self.tell()


_ACTIONS: Mapping[str, Callable[[Player], None]] = {
    ",": lambda player: player._step(-1),
    ".": lambda player: player._step(1),
    "<": lambda player: player._jump(-_JUMP_NS),
    ">": lambda player: player._jump(_JUMP_NS),
    "+": lambda player: player._faster(2),
    "-": lambda player: player._faster(0.5),
}


def play(recording: Recording, view: Picture, show: Show, at: int, speed: float) -> None:
    """Show a recording from a moment on; the last table stays on the screen."""
    output, keys = sys.stdout.fileno(), sys.stdin.fileno() if sys.stdin.isatty() else None
    paint = theme(os.environ, sys.stdout.encoding, terminal=True)
    player = Player(recording, view, show, at, speed)
    collect_rarely()
    with Signals(signal.SIGWINCH, signal.SIGTSTP) as signals, Terminal(output, keys, signals) as terminal:
        for _ in _turns(player, view, signals, terminal):
            width, height = size_of(output)
            terminal.show([paint.text(line) for line in view.lines(width, height, paint.glyphs)])
    leave_table(view, paint, output)


def _turns(player: Player, view: Picture, signals: Signals, terminal: Terminal) -> Iterator[None]:
    """Yields whenever there may be something new to draw."""
    following = time.monotonic() + player.wait()
    yield
    while not (view.quit or signals.deadly):
        left = _LOOK if view.paused else min(_LOOK, following - time.monotonic())
        keys = terminal.read(max(0.0, left))
        for key in keys:
            player.press(key)
        if keys:
            following = time.monotonic() + player.wait()
        due = not view.paused and time.monotonic() >= following
        if due:
            player.go(player.at + 1)
            # A late turn is not made up for.
            following = max(following + player.wait(), time.monotonic())
        if has_changed(signals, terminal) or keys or due:
            yield
