"""The user's D text and what we have to say about it: spans, diagnostics and their rendering with a caret."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyvtrace.value import Value


class Span(Value):
    """Half-open range of character offsets into `Source.text`."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The range from the start of this span to the end of `other`."""
        return Span(self.start, other.end)


NOWHERE = Span(0, 0)


class Source(Value):
    """One D program text.

    `kind` is "script" for a file (`-s`, `#!`), "specifier" for a program given on the command line (`-n`, `-P`, ...);
    "library" for a D library. DTrace words its errors differently for them. Of several programs that run together each
    is a source of its own `after` the one before: then offsets go on where that one ended, so that a span is a place
    in one of them.
    """

    name: str
    text: str
    kind: str = "script"
    start: int = 0
    before: Source | None = None

    def after(self, before: Source | None) -> Source:
        """This program with the offsets that follow those of another."""
        if before is None:
            return self
        # The newline keeps the place behind a program's last character its own.
        return Source(self.name, f"{before.text}\n{self.text}", self.kind, len(before.text) + 1, before)

    def of(self, offset: int) -> Source:
        """The program that an offset is a place in: this one, or one before it."""
        source = self
        while source.before is not None and offset < source.start:
            source = source.before
        return source

    def line_of(self, offset: int) -> int:
        """1-based line number of a character offset in its program."""
        return self.text.count("\n", self.of(offset).start, offset) + 1

    def line_text(self, line: int) -> str:
        """The text of a 1-based line, without its newline; empty past the end."""
        lines = self.text[self.start :].split("\n")
        return lines[line - 1] if line <= len(lines) else ""

    def column_of(self, offset: int) -> int:
        """0-based column of a character offset in its line."""
        return offset - (self.text.rfind("\n", 0, offset) + 1)


class Diagnostic(Value):
    """One problem in the user's D: what, where, and what to do about it.

    `tag` is DTrace's stable error tag (D_IDENT_UNDEF, ...), shown with -xerrtags. `message` is in DTrace's own words
    where scripts may match on them. `region` is "probe description", "predicate" or "action list": DTrace names it
    instead of a line for programs given on the command line. `caret` is what to mark where DTrace's line is another.
    """

    tag: str
    span: Span
    message: str
    hint: str = ""
    region: str = ""
    caret: Span | None = None

    def headline(self, source: Source, *, tags: bool = False) -> str:
        """DTrace's one-line form, without the name of the program in front."""
        source = source.of(self.span.start)
        tag = f"[{self.tag}] " if tags else ""
        if source.kind in ("script", "library"):
            where = f"line {source.line_of(self.span.start)}: "
            return f"failed to compile {source.kind} {source.name}: {tag}{where}{self.message}"
        region = f"in {self.region}: " if self.region else ""
        return f"invalid probe specifier {source.name}: {tag}{region}{self.message}"

    def context(self, source: Source) -> str:
        """The line the problem is in, a caret under it, and the hint; empty if the span lies outside the text."""
        source = source.of(self.span.start)
        span = self.caret or self.span
        line = source.line_of(span.start)
        text = source.line_text(line)
        if not text.strip():
            return f"      hint: {self.hint}" if self.hint else ""
        return marked(line, text, source.column_of(span.start), span.end - span.start, self.hint)


def marked(line: int, text: str, column: int, width: int, hint: str = "") -> str:
    """A line of a text with its 1-based number, carets under `width` characters from a 0-based column on, and the hint
    beside them."""
    first = max(0, column - _BEFORE) if len(text) > _LONGEST else 0
    before, below = text[first:column], text[column : column + max(0, width)]
    text = text[first : first + _LONGEST]
    below = below[: len(text) - len(before)]
    lead = f"{line:5} | "
    # Tabs are kept in the padding so that the caret stands under its column in any terminal.
    padding = "".join("\t" if c == "\t" else " " * _cells(c) for c in before)
    carets = "^" * max(1, sum(_cells(c) for c in below))
    return f"{lead}{_printable(text)}\n{' ' * (len(lead) - 2)}| {padding}{carets}" + (f" {hint}" if hint else "")


# A longer line (a one-liner may have thousands of characters) is shown from shortly before the place.
_LONGEST, _BEFORE = 160, 60


def _cells(character: str) -> int:
    """Columns of a terminal that a character takes."""
    if character < "\x7f":
        return 1
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _printable(text: str) -> str:
    """Bytes that are no UTF-8, and control characters, must not reach the terminal."""
    return "".join(c if c == "\t" or c.isprintable() or _cells(c) == 0 else "\N{REPLACEMENT CHARACTER}" for c in text)


class CompileError(Exception):
    """The program cannot be compiled; carries every diagnostic found, in source order."""

    def __init__(self, source: Source, diagnostics: Sequence[Diagnostic]) -> None:
        self.source = source
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics[0].headline(source))


def render(source: Source, diagnostics: Iterable[Diagnostic], *, tags: bool = False, program: str = "vtrace") -> str:
    """All diagnostics as the terminal shows them: headline in DTrace's form, then the line with its caret. What would
    read the same again, for it is on the same line, is said once."""
    blocks: dict[str, str] = {}
    for diagnostic in diagnostics:
        headline = f"{program}: {diagnostic.headline(source, tags=tags)}"
        if headline not in blocks:
            context = diagnostic.context(source)
            blocks[headline] = f"{headline}\n{context}" if context else headline
    return "\n".join(blocks.values())
