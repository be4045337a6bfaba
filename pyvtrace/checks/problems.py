"""What stops a check from being made: never a verdict, always exit status 2."""

from __future__ import annotations

from pyvtrace.api.errors import VtraceError
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
        number = f"{self.line:5}"
        # A tab is as wide below as above.
        below = "".join("\t" if c == "\t" else " " for c in self.text[: self.start]) + "^" * max(self.width, 1)
        return f"{number} | {self.text}\n{' ' * len(number)} | {below}{' ' + hint if hint else ''}"


class CheckError(VtraceError):
    """One clear message; `where` is the file and line it is about, `hint` says what to do."""

    def __init__(self, what: str, where: str | Spot = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, str(where), hint
        head = (f"{where}: " if self.where else "") + what
        if isinstance(where, Spot) and where.text:
            super().__init__(f"{head}\n{where.shown(hint)}")
        else:
            super().__init__(f"{head}\n    {hint}" if hint else head)


def did_you_mean(name: str, known: list[str]) -> str:
    """A hint with the nearest of the known names; "" if none is near."""
    import difflib

    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"did you mean {near[0]!r}?" if near else ""
