"""What terminals send, as names of keys."""

from __future__ import annotations

import pytest

from pyvtrace.cli.keyboard import Keyboard


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"q", ["q"]),
        (b"ps", ["p", "s"]),
        (b"\x1b[A\x1b[B\x1bOC\x1bOD", ["up", "down", "right", "left"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1b[F", ["page up", "page down", "home", "end"]),
        (b"\r\n\x7f\x08", ["enter", "enter", "backspace", "backspace"]),
        (b"\x1b\x1b[A", ["escape", "up"]),
        (b"\x1b[1;5A\x1b[?62cx", ["x"]),
        ("é".encode(), ["é"]),
        (b"\xff\xfe", ["\ufffd", "\ufffd"]),
        (b"", []),
    ],
)
def test_keys(data: bytes, keys: list[str]) -> None:
    keyboard = Keyboard()
    assert keyboard.feed(data) == keys
    assert not keyboard.unfinished


@pytest.mark.parametrize("parts", [(b"\x1b", b"[A"), (b"\x1b[", b"A"), (b"x\x1b", b"[", b"A")])
def test_a_sequence_may_come_in_pieces(parts: tuple[bytes, ...]) -> None:
    keyboard = Keyboard()
    assert [key for part in parts for key in keyboard.feed(part)][-1:] == ["up"]


def test_an_escape_alone_is_one_when_nothing_follows() -> None:
    keyboard = Keyboard()
    assert keyboard.feed(b"\x1b") == []
    assert keyboard.unfinished
    assert keyboard.flush() == ["escape"]
    assert not keyboard.unfinished
    assert keyboard.flush() == []
