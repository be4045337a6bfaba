"""The terminal while a view owns it: alternate screen, no echo, keys at once; and given back however the view ends.

Signals only wake the loop up, by a pipe, and are then asked for: a handler that draws would draw into a drawing.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import termios
import tty
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any

from pyvtrace.cli.keyboard import Keyboard

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
# Terminals that know synchronized updates show a picture when it is complete; others ignore the words.
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_ESCAPE_MS = 50  # how long the rest of a key's sequence may take
_WIDTH, _HEIGHT = 80, 24  # of terminals that do not know their size
DEADLY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def size_of(terminal: int) -> tuple[int, int]:
    """(columns, lines) as they are now."""
    size = os.get_terminal_size(terminal)
    return size.columns or _WIDTH, size.lines or _HEIGHT


class Signals:
    """Remembers deadly signals, and others by name, and wakes up who waits on `fd`."""

    def __init__(self, *others: signal.Signals) -> None:
        self.seen: set[int] = set()
        self._watched = (*DEADLY, *others)
        self._before: dict[int, object] = {}

    def __enter__(self) -> Signals:
        self.fd, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in self._watched:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._wakeup)
        os.close(self.fd)
        os.close(self._write)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.seen.add(number)

    @property
    def deadly(self) -> bool:
        """Whether we were asked to end."""
        return any(number in self.seen for number in DEADLY)

    def take(self, number: int) -> bool:
        """Whether the signal came since the last question."""
        came = number in self.seen
        self.seen.discard(number)
        return came

    def wait(self, seconds: float, *fds: int) -> list[int]:
        """Wait for a signal, one of the descriptors to become readable, or the time; those that are readable."""
        ready, _, _ = select.select([self.fd, *fds], [], [], max(0.0, seconds))
        if self.fd in ready:
            os.read(self.fd, 4096)
        return [fd for fd in ready if fd != self.fd]


class Terminal:
    """A context manager: inside it the screen is ours. `keys` is the descriptor that keys come from, None without."""

    def __init__(self, output: int, keys: int | None, signals: Signals) -> None:
        self._output, self._keys, self._signals = output, keys, signals
        self._settings: tuple[int, list[Any]] | None = None
        self._keyboard = Keyboard()
        self._shown: list[str] = []

    def __enter__(self) -> Terminal:
        self._own()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._give_back()

    def _own(self) -> None:
        if self._keys is not None:
            self._settings = self._keys, termios.tcgetattr(self._keys)
            tty.setcbreak(self._keys, termios.TCSANOW)
        self._write_all(_ENTER)
        self._shown = []

    def _give_back(self) -> None:
        # When the terminal is gone (SIGHUP), there is nothing to give back.
        with contextlib.suppress(OSError):
            self._write_all(_LEAVE)
        if self._settings is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._settings[0], termios.TCSADRAIN, self._settings[1])
            self._settings = None

    def stop(self) -> None:
        """Ctrl-Z: give the terminal back, stop, and take it again when somebody continues us."""
        self._give_back()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)
        self._own()

    def read(self, seconds: float) -> Sequence[str]:
        """Keys that were pressed, waiting for the first; none if the time is over or a signal came."""
        if self._keys is None:
            self._signals.wait(seconds)
            return ()
        waiting = min(seconds, _ESCAPE_MS / 1000) if self._keyboard.unfinished else seconds
        if self._signals.wait(waiting, self._keys):
            data = os.read(self._keys, 4096)
            if not data:
                self._keys = None  # end of file: there will be no more keys
            return self._keyboard.feed(data)
        return self._keyboard.flush() if self._keyboard.unfinished else ()

    def show(self, lines: Sequence[str]) -> None:
        """Draw a screen, of which only the lines that changed are sent."""
        changed = [
            f"\x1b[{place + 1};1H\x1b[K{line}"
            for place, line in enumerate(lines)
            if place >= len(self._shown) or self._shown[place] != line
        ]
        if len(self._shown) > len(lines):
            changed.append(f"\x1b[{len(lines) + 1};1H\x1b[J")
        self._shown = list(lines)
        if changed:
            self._write_all(_BEGIN + "".join(changed) + _END)

    def clear(self) -> None:
        """Forget what is on the screen: it was resized, or somebody else wrote on it."""
        self._write_all("\x1b[2J")
        self._shown = []

    def _write_all(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._output, data) :]
