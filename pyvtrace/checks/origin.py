"""Where a check's own D was written, and what is wrong with it there: what runs is composed of it and of D of ours."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from pyvtrace.api.errors import ProgramError, TracingError
from pyvtrace.checks.problems import CheckError, Spot, together
from pyvtrace.runtime.session import Rejected
from pyvtrace.source import Diagnostic, Source, Span
from pyvtrace.value import Value


class Origin(Value):
    """The file that a program stands in. `places` has the offset there of each of its characters, and of what follows
    them; without, the program is the whole of the file."""

    file: Source
    places: Sequence[int] = ()

    def spot(self, span: Span) -> Spot:
        """Where a part of the program is."""
        start, end = (self.places[span.start], self.places[span.end]) if self.places else (span.start, span.end)
        line, column = self.file.line_of(start), self.file.column_of(start)
        text = self.file.line_text(line)
        return Spot(self.file.name, line, text, column, min(end - start, len(text) - column))

    def refused(self, problems: Iterable[Diagnostic]) -> CheckError:
        """The problems of a program, each with its place."""
        errors = [
            CheckError(
                f"[{problem.tag}] {problem.message}" if problem.tag else problem.message,
                self.spot(problem.caret or problem.span),
                problem.hint,
            )
            for problem in problems
        ]
        return together(errors)


class Narrowed(Value):
    """A program with the conditions on whom it is about in its predicates. `kept` are the parts of what was written
    that it is made of, in order: offsets here, and there."""

    text: str
    kept: Sequence[tuple[int, Span]]
    origin: Origin

    def written(self, span: Span) -> Span:
        """The part of what was written that a part of the text comes from; of what was put in, the place."""
        start = self._written(span.start)
        return Span(start, max(start, self._written(span.end)))

    def _written(self, offset: int) -> int:
        at, part = self.kept[max(0, bisect_right(self.kept, offset, key=lambda one: one[0]) - 1)]
        return min(part.start + max(0, offset - at), part.end)


def narrowed(source: Source, pieces: Iterable[str | Span], origin: Origin) -> Narrowed:
    """The program of the pieces, as `api.filters.pieces` has them."""
    parts, kept, length = list[str](), list[tuple[int, Span]](), 0
    for piece in pieces:
        if isinstance(piece, Span):
            kept.append((length, piece))
            piece = source.text[piece.start : piece.end]
        parts.append(piece)
        length += len(piece)
    return Narrowed("".join(parts), kept, origin)


def placed(composed: str, own: Sequence[Narrowed], error: TracingError | ProgramError) -> CheckError | None:
    """What kept a composed program from running, where it was written; None if that is not about a part of `own`."""
    found = []
    source, problems = _problems(error)
    for problem in problems:
        whole = source.of(problem.span.start)
        if whole.text[whole.start :] != composed:
            return None
        for part in own:
            first = whole.start + composed.index(part.text)
            if first <= problem.span.start <= first + len(part.text):
                break
        else:
            return None
        span = problem.caret or problem.span
        written = part.written(Span(span.start - first, span.end - first))
        found.append(part.origin.refused([Diagnostic(problem.tag, written, problem.message, problem.hint)]))
    return together(found) if found else None


def _problems(error: TracingError | ProgramError) -> tuple[Source, Sequence[Diagnostic]]:
    """What a program is refused for: its own problems, or the kernel's verdict on a part of it."""
    if isinstance(error, ProgramError):
        return error.source, error.diagnostics
    rejected = error.__cause__
    if isinstance(rejected, Rejected):
        return rejected.source, [Diagnostic("", rejected.span, str(rejected))]
    return Source("", ""), ()
