"""What a terminal sends, as names of keys."""

from __future__ import annotations

import re

# CSI and SS3 sequences, or one character. Alt with a character is that character after an escape.
_SEQUENCE = re.compile(rb"\x1b\[[0-9;?]*[@-~]|\x1bO[@-~]|[\xc2-\xf4][\x80-\xbf]+|[^\x1b]", re.DOTALL)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;?]*|O)?\Z")

_NAMES = {
    b"\x1b[A": "up", b"\x1b[B": "down", b"\x1b[C": "right", b"\x1b[D": "left",
    b"\x1bOA": "up", b"\x1bOB": "down", b"\x1bOC": "right", b"\x1bOD": "left",
    b"\x1b[H": "home", b"\x1b[1~": "home", b"\x1bOH": "home",
    b"\x1b[F": "end", b"\x1b[4~": "end", b"\x1bOF": "end",
    b"\x1b[5~": "page up", b"\x1b[6~": "page down",
    b"\r": "enter", b"\n": "enter", b"\x7f": "backspace", b"\x08": "backspace",
}  # fmt: skip


class Keyboard:
    """Splits what arrives into keys. An escape may be a key, or begin another key of which the rest is under way:
    `unfinished` says so, and `flush` ends the waiting."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def unfinished(self) -> bool:
        return bool(self._rest)

    def feed(self, data: bytes) -> list[str]:
        """Names of the keys that are complete; letters are themselves, unknown sequences are left out."""
        text, self._rest = self._rest + data, b""
        if match := _UNFINISHED.search(text):
            text, self._rest = text[: match.start()], match.group()
        keys = []
        at = 0
        while at < len(text):
            match = _SEQUENCE.match(text, at)
            if match is None:
                keys.append("escape")
                at += 1
                continue
            at = match.end()
            raw = match.group()
            if name := _NAMES.get(raw) or ("" if raw[:1] == b"\x1b" else raw.decode("utf-8", "replace")):
                keys.append(name)
        return keys

    def flush(self) -> list[str]:
        """Nothing more came: an escape was the key itself."""
        rest, self._rest = self._rest, b""
        return ["escape"] if rest == b"\x1b" else []
