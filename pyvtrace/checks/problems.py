"""What stops a check from being made: never a verdict, always exit status 2."""

from __future__ import annotations

from pyvtrace.api.errors import VtraceError


class CheckError(VtraceError):
    """One clear message; `where` is the file and line it is about, `hint` says what to do."""

    def __init__(self, what: str, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__((f"{where}: " if where else "") + what + (f"\n    {hint}" if hint else ""))


def did_you_mean(name: str, known: list[str]) -> str:
    """A hint with the nearest of the known names; "" if none is near."""
    import difflib

    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"did you mean {near[0]!r}?" if near else ""
