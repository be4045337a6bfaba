"""Bytes between a port of the guest and a file descriptor of ours, piece by piece, as poll(2) allows.

A pump says which descriptor it waits for, reading or writing, and `act` does one step when that is ready. It takes no
more before what it took is passed on: a guest whose output nobody reads stands still, as a process with a full pipe
does, and nothing piles up here.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from typing import Protocol

from pyvtrace.vm.refusal import Refused

PIECE = 4096  # what a pipe surely takes when poll calls it writable
ESCAPE, ESCAPES = 0x1D, 3  # Ctrl-]

Interest = tuple[int, int]  # file descriptor, events


class Actor(Protocol):
    """A participant of the loop; one that waits for nothing has no interest."""

    def interest(self) -> Interest | None: ...

    def act(self) -> None: ...


class Escaped(Exception):
    """The user wants out: Ctrl-] three times on the terminal."""


class ReaderGone(Exception):
    """Nobody reads our output any more."""


class Outlet:
    """From a port of the guest to a descriptor called `name` here."""

    def __init__(self, port: socket.socket, sink: int, name: str) -> None:
        self._port, self._sink, self._name = port, sink, name
        self._pending = b""
        self._ended = False

    def interest(self) -> Interest | None:
        if self._pending:
            return self._sink, select.POLLOUT
        return None if self._ended else (self._port.fileno(), select.POLLIN)

    def act(self) -> None:
        if not self._pending:
            data = received(self._port)
            self._ended, self._pending = data == b"", data or b""
        try:
            written = os.write(self._sink, self._pending[:PIECE]) if self._pending else 0
        except BrokenPipeError:
            raise ReaderGone from None
        except BlockingIOError:
            written = 0
        except OSError as error:
            raise Refused(f"cannot write to {self._name}: {error.strerror}") from None
        self._pending = self._pending[written:]

    def is_dry(self) -> bool:
        """True if the guest has given nothing that has not been written."""
        if not self._pending and not self._ended:
            self._pending = received(self._port) or b""
        return not self._pending


class Inlet:
    """From a descriptor here, if any, to a port of the guest, after what is given at once; the end of it is passed on.
    On a terminal, Ctrl-] three times in a row is not input but the way out."""

    def __init__(self, port: socket.socket, source: int | None, first: bytes = b"", *, escape: bool = False) -> None:
        self._port, self._source, self._pending, self._escape = port, source, first, escape
        self._escapes = 0
        self._ended = False

    def interest(self) -> Interest | None:
        if self._pending:
            return self._port.fileno(), select.POLLOUT
        return None if self._source is None or self._ended else (self._source, select.POLLIN)

    def act(self) -> None:
        if self._pending:
            with contextlib.suppress(BlockingIOError):
                self._pending = self._pending[self._port.send(self._pending) :]
        else:
            self._read()
        if not self._pending and (self._ended or self._source is None):
            # Closing would do away with what the guest has not read yet.
            self._port.shutdown(socket.SHUT_WR)

    def _read(self) -> None:
        assert self._source is not None
        try:
            data = os.read(self._source, PIECE)
        except BlockingIOError:
            return
        except OSError:  # a terminal that hung up, or a directory
            data = b""
        self._ended, self._pending = not data, data
        for byte in data if self._escape else b"":
            self._escapes = self._escapes + 1 if byte == ESCAPE else 0
            if self._escapes == ESCAPES:
                raise Escaped


def received(port: socket.socket) -> bytes | None:
    """What a port has to give now: nothing yet (None), or nothing more (empty)."""
    try:
        return port.recv(1 << 16)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return b""
