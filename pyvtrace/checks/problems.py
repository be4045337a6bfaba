"""What stops a check from being made: never a verdict, always exit status 2."""

from __future__ import annotations

from collections.abc import Sequence

from pyvtrace.api.errors import VtraceError
from pyvtrace.source import marked
from pyvtrace.value import Value


class Spot(Value):
    """A part of a line of a file: `start` and `width` count characters."""

    path: str
    line: int
    text: str
    start: int = 0
    width: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    def shown(self, hint: str) -> str:
        """The line with a caret below the part, and the hint beside it."""
        return marked(self.line, self.text, self.start, self.width, hint)


class CheckError(VtraceError):
    """One clear message; `where` is the file and line it is about, `hint` says what to do. `more` are the messages of
    others that were found with it."""

    def __init__(self, what: str, where: str | Spot = "", hint: str = "", more: Sequence[str] = ()) -> None:
        self.what, self.where, self.hint = what, str(where), hint
        self.spot = where if isinstance(where, Spot) else None
        head = (f"{where}: " if self.where else "") + what
        if self.spot is not None and self.spot.text:
            head += f"\n{self.spot.shown(hint)}"
        elif hint:
            head += f"\n    {hint}"
        super().__init__("\n".join([head, *more]))


class Lost(CheckError):
    """Something of a run was not seen: it counts as none."""


def together(errors: Sequence[CheckError]) -> CheckError:
    """One error that tells of several, of each once."""
    first = errors[0]
    more = dict.fromkeys(map(str, errors))
    del more[str(first)]
    return CheckError(first.what, first.spot or first.where, first.hint, list(more))


def did_you_mean(name: str, known: list[str]) -> str:
    """A hint with the nearest of the known names; "" if none is near."""
    import difflib

    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"did you mean {near[0]!r}?" if near else ""
