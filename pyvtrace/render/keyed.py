"""What pictures with keys have in common: they quit, they freeze, and they say when there is no room for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from rich.segment import Segment

from pyvtrace.render.theme import PLAIN, Line

NARROWEST, LOWEST = 40, 8


class Keyed:
    """`press` gives it a key. `remark` is said in the title, `further` are keys of who shows something else than what
    happens now."""

    # What each key does; others do nothing.
    keys: ClassVar[Mapping[str, Callable[[Any], None]]]

    def __init__(self) -> None:
        self.paused = self.quit = False
        self.remark = ""
        self.further: Sequence[str] = ()

    def press(self, key: str) -> None:
        """What a key does; others do nothing."""
        action = self.keys.get(key)
        if action is not None:
            action(self)

    def _quit(self) -> None:
        self.quit = True

    def _pause(self) -> None:
        self.paused = not self.paused


ENDING: Mapping[str, Callable[[Any], None]] = {"q": Keyed._quit, "p": Keyed._pause, " ": Keyed._pause}


def too_small(width: int, height: int) -> list[Line]:
    """What a screen without room for a picture says; nothing for one that has it."""
    if width >= NARROWEST and height >= LOWEST:
        return []
    return [[Segment(f"{width}x{height} is too small: at least {NARROWEST}x{LOWEST}"[:width], PLAIN)]]
