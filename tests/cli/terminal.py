"""A command on a pseudo-terminal: what it draws, as a terminal shows it, and keys for it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

from tests.conftest import PATIENCE, ROOT

_ESCAPE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")


class Screen:
    """The little of a terminal that views use: placing, erasing, two screens. Styles are left out."""

    def __init__(self) -> None:
        self.lines: dict[int, str] = {}
        self.alternate = False
        self.cursor = True
        self._normal: list[str] = [""]
        self._row, self._column = 1, 0
        self._rest = ""

    @property
    def normal(self) -> str:
        """Everything that was written to the normal screen."""
        return "\n".join(self._normal)

    def text(self) -> str:
        """What is on the alternate screen."""
        return "\n".join(self.lines.get(row, "") for row in range(1, max(self.lines, default=0) + 1))

    def feed(self, data: str) -> None:
        data, self._rest = self._rest + data, ""
        at = 0
        while at < len(data):
            if data[at] != "\x1b":
                end = data.find("\x1b", at)
                end = len(data) if end < 0 else end
                self._print(data[at:end])
                at = end
                continue
            match = _ESCAPE.match(data, at)
            if match is None:
                self._rest = data[at:]  # the end of it is under way
                return
            self._obey(match.group(1), match.group(2))
            at = match.end()

    def _print(self, text: str) -> None:
        if self.alternate:
            line = self.lines.get(self._row, "")
            self.lines[self._row] = line[: self._column].ljust(self._column) + text
            self._column += len(text)
            return
        first, *others = text.replace("\r\n", "\n").split("\n")
        self._normal[-1] += first
        self._normal += others

    def _obey(self, parameters: str, what: str) -> None:
        if what == "H":
            row, _, column = (parameters or "1;1").partition(";")
            self._row, self._column = int(row), int(column or 1) - 1
        elif what == "K":
            self.lines[self._row] = self.lines.get(self._row, "")[: self._column]
        elif what == "J":
            keep = self._row if parameters != "2" else 0
            self.lines = {row: line for row, line in self.lines.items() if row < keep}
        elif parameters == "?1049":
            self.alternate, self.lines = what == "h", {}
        elif parameters == "?25":
            self.cursor = what == "h"


class OnTerminal:
    """A command that runs on a terminal of its own."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        size: tuple[int, int] = (100, 30),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.screen, self.raw = Screen(), ""
        environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "", **(env or {})}
        self.pid, self._fd = pty.fork()
        if not self.pid:
            try:
                os.chdir(ROOT)
                os.read(0, 1)  # until the terminal has its size
                os.execvpe(argv[0], list(argv), environment)
            finally:
                os._exit(126)
        self.settings = termios.tcgetattr(self._fd)
        self.resize(*size)
        os.write(self._fd, b"\n")
        self.status: int | None = None

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self._fd, key.encode())

    def kill(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait_for(self, what: Callable[[Screen], bool] | str, timeout: float = PATIENCE) -> None:
        """Returns when the screen is as asked, or shows the words; fails when it ends or the time passes without."""
        settled = (lambda screen: what in screen.text() or what in screen.normal) if isinstance(what, str) else what
        deadline = time.monotonic() + timeout
        while not settled(self.screen):
            assert time.monotonic() < deadline, f"not there after {timeout} s: {what!r}\n{self._all()}"
            assert self._read(0.1) or settled(self.screen), f"ended without {what!r}\n{self._all()}"

    def ends(self, timeout: float = PATIENCE) -> int:
        """The exit status, when it has ended; negative: the signal."""
        deadline = time.monotonic() + timeout
        while self.status is None:
            assert time.monotonic() < deadline, f"still there after {timeout} s\n{self._all()}"
            self._read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        while self._read(0):
            pass
        return self.status

    def echoes(self) -> bool:
        """Whether the terminal is as it was given: it echoes, and hands over lines."""
        return termios.tcgetattr(self._fd)[3] == self.settings[3]

    def close(self) -> None:
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        os.close(self._fd)

    def _all(self) -> str:
        return f"{self.screen.text()}\n-- normal screen --\n{self.screen.normal}"

    def _read(self, seconds: float) -> bool:
        """Feed what there is; False at the end, or if there was nothing and nobody waits for it."""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if not ready:
            return seconds > 0
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:  # EIO: the other side is closed
            return False
        self.raw += data.decode("utf-8", "replace")
        self.screen.feed(data.decode("utf-8", "replace"))
        return bool(data)
