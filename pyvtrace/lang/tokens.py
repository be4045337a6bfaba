"""A position in the tokens of a program, and how a parser says that it cannot go on."""

from __future__ import annotations

from collections.abc import Sequence

from pyvtrace.lang.lexer import Token
from pyvtrace.lang.nesting import DEEPEST
from pyvtrace.source import Diagnostic, Span


class SyntaxProblem(Exception):
    """Where the text stops being D."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


class TokenReader:
    """Holds the tokens and a position; `region` is what DTrace calls the part being read."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.region = ""
        self.problems: list[Diagnostic] = []
        # How deep the parser stands, and the height of the expression it read last; see `lang.nesting`.
        self.depth = 0
        self.height = 0

    # -------------------------------------------------------------------------------------------------------- tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.token
        self.at += token.kind != "end"
        return token

    def accept(self, *texts: str) -> Token | None:
        if self.token.kind in ("op", "name") and self.token.text in texts:
            return self.advance()
        return None

    def expect(self, text: str) -> Token:
        return self.accept(text) or self.fail()

    def fail(self, message: str = "", tag: str = "D_SYNTAX", hint: str = "") -> Token:
        token = self.token
        if token.problem and not message:
            raise SyntaxProblem(token.problem)
        if not message:
            message = f'syntax error near "{token.text}"' if token.kind != "end" else "syntax error near end of input"
        raise SyntaxProblem(Diagnostic(tag, Span(token.start, token.end), message, hint, self.region))

    def since(self, start: int) -> Span:
        return Span(start, self.tokens[max(0, self.at - 1)].end)

    # ------------------------------------------------------------------------------------------------------- nesting

    def deeper(self) -> None:
        """One level down; whoever calls it takes it back with `self.depth -= 1`, unless the parse fails."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.too_deep()

    def taller(self, *below: int) -> None:
        """The expression just read has parts of these heights."""
        self.height = max(below) + 1
        if self.height > DEEPEST:
            self.too_deep()

    def too_deep(self) -> None:
        message = f"more than {DEEPEST} operators or parentheses inside one another"
        self.fail(message, "D_SYNTAX", "put a part into a variable of its own")

    def name(self) -> str:
        return self.advance().text if self.token.kind == "name" else self.fail().text
