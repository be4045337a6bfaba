"""The terminal is given back, whatever happens."""

from __future__ import annotations

import os
import pty
import signal
import termios
from collections.abc import Iterator

import pytest

from pyvtrace.cli.terminal import Signals, Terminal

MARK = b"\0"


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """(what a user sees and types on, what a program has)."""
    user, program = pty.openpty()
    yield user, program
    for fd in (user, program):
        os.close(fd)


def seen(ends: tuple[int, int]) -> str:
    """What was written to the program's end so far. The kernel hands it over when it comes to it: the mark behind it
    tells that all of it is there."""
    user, program = ends
    os.write(program, MARK)
    text = b""
    while not text.endswith(MARK):
        text += os.read(user, 4096)
    return text.removesuffix(MARK).decode()


def test_an_exception_gives_it_back(ends: tuple[int, int]) -> None:
    _, program = ends
    before = termios.tcgetattr(program)
    with pytest.raises(ZeroDivisionError), Signals() as signals, Terminal(program, program, signals):
        assert termios.tcgetattr(program)[3] != before[3]
        raise ZeroDivisionError
    assert termios.tcgetattr(program) == before
    text = seen(ends)
    assert text.index("\x1b[?1049h") < text.index("\x1b[?1049l")
    assert text.index("\x1b[?25l") < text.index("\x1b[?25h")


def test_only_lines_that_changed_are_sent(ends: tuple[int, int]) -> None:
    _, program = ends
    with Signals() as signals, Terminal(program, None, signals) as terminal:
        terminal.show(["one", "two", "three"])
        seen(ends)
        terminal.show(["one", "2", "three"])
        assert "2" in (text := seen(ends))
        assert "one" not in text
        assert "three" not in text
        terminal.show(["one", "2", "three"])
        assert seen(ends) == ""
        terminal.show(["one"])
        assert "\x1b[2;1H\x1b[J" in seen(ends)


def test_keys_arrive_and_an_escape_alone_is_told_from_an_arrow(ends: tuple[int, int]) -> None:
    user, program = ends
    with Signals() as signals, Terminal(program, program, signals) as terminal:
        os.write(user, b"q\x1b[A")
        assert terminal.read(5) == ["q", "up"]
        os.write(user, b"\x1b")
        assert terminal.read(5) == []
        assert terminal.read(5) == ["escape"]
        assert terminal.read(0) == ()


def test_signals_wake_up_who_waits_and_handlers_are_put_back(ends: tuple[int, int]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Signals(signal.SIGWINCH) as signals:
        os.kill(os.getpid(), signal.SIGWINCH)
        assert signals.wait(5) == []
        assert signals.take(signal.SIGWINCH)
        assert not signals.take(signal.SIGWINCH)
        assert not signals.deadly
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.deadly
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_terminal_that_is_gone_is_no_error() -> None:
    user, program = pty.openpty()
    with Signals() as signals, Terminal(program, program, signals):
        os.close(user)
    os.close(program)
