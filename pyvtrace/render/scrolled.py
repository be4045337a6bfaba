"""Pictures that are lines, more of them than a screen has: a title that stays, and the rest, which scrolls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from rich.segment import Segment

from pyvtrace.render.keyed import ENDING, Keyed, too_small
from pyvtrace.render.table import fitted
from pyvtrace.render.theme import BOLD, DIM, PLAIN, WARNING, Glyphs, Line
from pyvtrace.render.view import as_many


class Scrolled(Keyed, ABC):
    """`press` takes a key, `lines` draws. With `follows` the last lines are shown until somebody scrolls up."""

    def __init__(self, *, follows: bool = False) -> None:
        super().__init__()
        self._top = 0
        self._follows = self._at_end = follows
        self._page = 10

    @abstractmethod
    def title(self, width: int) -> Line:
        """The first line."""

    @abstractmethod
    def heads(self, width: int, glyphs: Glyphs) -> Sequence[Line]:
        """Lines below it that stay as well."""

    @abstractmethod
    def body(self, width: int, glyphs: Glyphs) -> Sequence[Line]:
        """Everything else; lines are made when they are asked for."""

    # -------------------------------------------------------------------------------------------------------- changing

    def _scroll(self, by: int) -> None:
        self._top += by
        self._at_end = False

    def _home(self) -> None:
        self._top, self._at_end = 0, False

    def _end(self) -> None:
        self._top, self._at_end = 1 << 30, self._follows

    # --------------------------------------------------------------------------------------------------------- drawing

    def lines(self, width: int, height: int, glyphs: Glyphs) -> list[Line]:
        """The screen: at most `height` lines, none wider than `width` cells."""
        if refusal := too_small(width, height):
            return refusal
        above = [self._first(width), *self.heads(width, glyphs)]
        body = self.body(width, glyphs)
        room = max(1, height - len(above) - 1)
        self._page = max(1, room - 1)
        last = max(0, len(body) - room)
        self._top = last if self._at_end else max(0, min(self._top, last))
        self._at_end = self._follows and self._top == last
        shown = [body[number] for number in range(self._top, min(len(body), self._top + room))]
        padding: list[Line] = [[] for _ in range(room - len(shown))]
        return [*above, *shown, *padding, self._footer(width, last - self._top, glyphs)]

    def _first(self, width: int) -> Line:
        said = [Segment("PAUSED  ", WARNING)] if self.paused else []
        if self.remark:
            said.append(Segment(f"{self.remark}  ", PLAIN))
        return [*said, *self.title(width - sum(len(part.text) for part in said))]

    def _footer(self, width: int, below: int, glyphs: Glyphs) -> Line:
        keys = ["q quit", f"p {'go on' if self.paused else 'pause'}", *self.further, f"{glyphs.arrows} scroll"]
        if below > 0:
            keys.append(f"({below} more lines)")
        return [Segment(as_many(keys, "  ", width), DIM)]


Scrolled.keys = {
    **ENDING,
    **dict.fromkeys(("down", "j"), lambda view: view._scroll(1)),
    **dict.fromkeys(("up", "k"), lambda view: view._scroll(-1)),
    "page down": lambda view: view._scroll(view._page),
    "page up": lambda view: view._scroll(-view._page),
    "home": Scrolled._home,
    "end": Scrolled._end,
}


class TextView(Scrolled):
    """What a script shows, as the text that it is: `take` gives it all lines, `heads` of which stay."""

    def __init__(self, name: str, question: str, *, heads: int = 0, follows: bool = False) -> None:
        super().__init__(follows=follows)
        self._name, self._question, self._stay = name, question, heads
        self._text: Sequence[str] = ()

    def take(self, text: Sequence[str]) -> None:
        """Of which everything is shown from now on."""
        self._text = text

    def title(self, width: int) -> Line:
        name = self._name[:width]
        return [Segment(name, BOLD), Segment(as_many([f"  {self._question}"], "", width - len(name)), PLAIN)]

    def heads(self, width: int, glyphs: Glyphs) -> Sequence[Line]:
        return [_line(text, width, glyphs, heading=True) for text in self._text[: self._stay]]

    def body(self, width: int, glyphs: Glyphs) -> Sequence[Line]:
        return _Lines(self._text, self._stay, width, glyphs)

    def table(self, width: int, glyphs: Glyphs, most: int | None = None) -> Iterator[Line]:
        """The text alone, as it would be without a terminal; of one that is followed, `most` lines from its end."""
        heads, first = self._stay, self._stay
        if self._follows and most is not None:
            first = max(heads, len(self._text) - most + heads)
        yield from ([Segment(text, PLAIN)] for text in self._text[:heads])
        yield from ([Segment(text, PLAIN)] for text in self._text[first:])


class _Lines(Sequence[Line]):
    """Text from a line on, as lines of a width."""

    def __init__(self, text: Sequence[str], first: int, width: int, glyphs: Glyphs) -> None:
        self._text, self._first, self._width, self._glyphs = text, first, width, glyphs

    def __len__(self) -> int:
        return max(0, len(self._text) - self._first)

    def __getitem__(self, number: int) -> Line:  # type: ignore[override]
        return _line(self._text[self._first + number], self._width, self._glyphs)


def _line(text: str, width: int, glyphs: Glyphs, *, heading: bool = False) -> Line:
    return [Segment(fitted(text, width, glyphs).rstrip(), BOLD if heading else PLAIN)]
