"""Where a trace prints: standard output, or the file of -o, which grows as DTrace lets it."""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
from typing import TextIO


class OutputFailed(Exception):
    """The output cannot be opened or written; why, in words."""


class Output:
    """Text goes out by `write` and is there for others to see after `flush`. Both raise OutputFailed, or
    BrokenPipeError where standard output is a pipe that nobody reads."""

    def __init__(self, path: str | None) -> None:
        self._name = path or "standard output"
        self._file = _opened(path) if path is not None else sys.stdout
        fd = self._file.fileno()
        # A second descriptor of it, once freopen() has put another in its place.
        self._first: int | None = None
        # The descriptor, if it is a pipe: poll(2) tells when its reader goes.
        self.pipe = fd if stat.S_ISFIFO(os.fstat(fd).st_mode) else None

    def write(self, text: str) -> None:
        try:
            self._file.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from None

    def flush(self) -> None:
        try:
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failed(error) from None

    def reopen(self, path: str) -> str:
        """Let another file take the descriptor's place, or, where the path is "", the first one; why not, if not."""
        self.flush()
        if self._first is None:
            self._first = os.dup(self._file.fileno())
        if not path:
            os.dup2(self._first, self._file.fileno())
            return ""
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        except OSError as error:
            return f"failed to freopen '{path}': {error.strerror}"
        os.dup2(fd, self._file.fileno())
        os.close(fd)
        return ""

    def truncate(self) -> None:
        """Begin a file anew. What is no file has no beginning: nothing happens then, as in DTrace."""
        self.flush()
        with contextlib.suppress(OSError):
            os.ftruncate(self._file.fileno(), 0)
            os.lseek(self._file.fileno(), 0, os.SEEK_SET)

    def _failed(self, error: OSError) -> OutputFailed:
        # What the buffer still holds would fail again when Python closes it, with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())
        return OutputFailed(f"failed to write to {self._name}: {error.strerror}")

    def is_broken(self) -> bool:
        """Whether it is a pipe without a reader."""
        if self.pipe is None:
            return False
        poll = select.poll()
        poll.register(self.pipe, 0)
        return bool(poll.poll(0))


def _opened(path: str) -> TextIO:
    try:
        return open(path, "a", encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise OutputFailed(f"failed to open output file '{path}': {error.strerror}") from None
