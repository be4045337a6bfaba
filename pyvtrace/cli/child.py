"""The command of -c: forked before the program is compiled, so that $target is known, and started when the probes are
in place."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

_PATIENCE = 1.0  # seconds that a command has to end when it is asked to


class CannotRun(Exception):
    """The command cannot be started; says why."""


def words_of(command: str) -> list[str]:
    """The command's words, the first one the path of a program.

    Raises:
        CannotRun: there is no such program, or a quotation does not end.
    """
    import shlex
    import shutil

    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CannotRun(f"cannot read the command {command!r}: {error}") from None
    if not words:
        raise CannotRun("the command of -c is empty")
    path = shutil.which(words[0])
    if path is None:
        raise CannotRun(f"cannot run {words[0]!r}: no such program, or it is not executable")
    # One exec instead of one for every folder of PATH: what is traced is the command alone.
    return [path, *words[1:]]


class Child:
    """A command that waits to be started. `streams` are the descriptors that become its standard input, output and
    error; None leaves one as it is."""

    def __init__(self, words: list[str], streams: Sequence[int | None]) -> None:
        ready, self._gate = os.pipe()
        self._running = True
        self.pid = os.fork()
        if self.pid:
            os.close(ready)
            return
        try:
            os.close(self._gate)
            for number, fd in enumerate(streams):
                if fd is not None:
                    os.dup2(fd, number)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            if os.read(ready, 1):
                os.execv(words[0], words)
        except OSError as error:
            os.write(2, f"vtrace: cannot run {words[0]!r}: {error.strerror}\n".encode())
        finally:
            os._exit(127)

    def start(self) -> None:
        """Let the command run."""
        os.write(self._gate, b"1")
        os.close(self._gate)
        self._gate = -1

    def ended(self) -> bool:
        """Whether the command has ended."""
        if self._running and os.waitpid(self.pid, os.WNOHANG)[0] == self.pid:
            self._running = False
        return not self._running

    def end(self) -> bool:
        """The command ends now: one that was never started goes without a word, one that runs is asked to. False if it
        does not."""
        if self._gate >= 0:
            os.close(self._gate)
            self._gate = -1
        elif not self.ended():
            os.kill(self.pid, signal.SIGTERM)
            os.kill(self.pid, signal.SIGCONT)
        give_up = time.monotonic() + _PATIENCE
        while not self.ended():
            if time.monotonic() > give_up:
                return False
            time.sleep(0.005)
        return True
