"""D text to a syntax tree: clauses, declarations and pragmas; expressions are `lang.expressions`'."""

from __future__ import annotations

import re

from pyvtrace.lang import ast
from pyvtrace.lang.expressions import ExpressionParser, SyntaxProblem
from pyvtrace.lang.lexer import Lexer, LexError, Macros, Token
from pyvtrace.source import CompileError, Diagnostic, Source, Span

# Everything up to what can follow a description: the next one, a predicate, a body, or the end.
_DESCRIPTION = re.compile(r"""(?:\$\$?\w+|[A-Za-z0-9_.:*?!\[\]`+%^~-]|\([^)]*\))+""")


def parse(source: Source, macros: Macros) -> ast.Program:
    """The tree of a program.

    Raises:
        CompileError: with every problem found; after one the parser goes on at the next clause.
    """
    lexer = Lexer(source, macros)
    try:
        tokens = list(lexer.tokens())
    except LexError as error:
        raise CompileError(source, [error.diagnostic]) from None
    parser = Parser(source, tokens, lexer)
    items = parser.program()
    problems = list(parser.problems)
    if not problems and not items:
        end = len(source.text)
        problems.append(Diagnostic("D_EMPTY", Span(end, end), "empty D program translation unit"))
    if not problems:
        problems.extend(lexer.unused())
    if problems:
        raise CompileError(source, problems)
    return ast.Program(tuple(items))


class Parser(ExpressionParser):
    """Top-level items over a token list."""

    def __init__(self, source: Source, tokens: list[Token], lexer: Lexer) -> None:
        super().__init__(tokens)
        self.source, self.lexer = source, lexer
        self.problems: list[Diagnostic] = []

    def program(self) -> list[ast.Item]:
        items: list[ast.Item] = []
        while self.token.kind != "end":
            start = self.at
            try:
                item = self.item()
                if item is not None:
                    items.append(item)
            except SyntaxProblem as problem:
                self.problems.append(problem.diagnostic)
                self._recover(start)
        return items

    def _recover(self, start: int) -> None:
        """Go on after the braces of the clause that failed."""
        depth = 0
        self.at = max(self.at, start + 1)
        for token in self.tokens[start : self.at]:
            depth += (token.text == "{") - (token.text == "}")
        while self.token.kind != "end":
            text = self.advance().text
            depth += (text == "{") - (text == "}")
            if (text == "}" and depth <= 0) or (text == ";" and depth <= 0):
                return

    def item(self) -> ast.Item | None:
        token = self.token
        if self.accept(";"):
            return None
        if token.kind == "pragma":
            self.advance()
            return self.pragma(token)
        if token.kind == "name":
            if token.text in ("inline", "typedef", "translator", "provider"):
                return self.refuse(token.text)
            if token.text in ("struct", "union", "enum") and self.peek(2).text == "{":
                return self.refuse(token.text)
            following = self.peek()
            scoped = token.text in ("self", "this") and self.starts_type(1)
            if scoped or (self.starts_type() and (following.kind == "name" or following.text == "*")):
                return self.declaration()
        return self.clause()

    def refuse(self, what: str) -> ast.Item | None:
        self.fail(f"{what} declarations are not part of this language level", "D_UNKNOWN", "write the value in place")
        return None

    def pragma(self, token: Token) -> ast.Item | None:
        words = token.text.split(None, 3)
        span = Span(token.start, token.end)
        if len(words) > 1 and words[1] == "ident":
            return None
        if len(words) < 4 or words[1] != "D":
            self.problems.append(Diagnostic("D_PRAGMA_MALFORM", span, "malformed #pragma: expected #pragma D word ..."))
            return None
        if words[2] not in ("option", "attributes", "binding", "depends_on"):
            message = f"invalid #pragma D control directive: {words[2]}"
            self.problems.append(Diagnostic("D_PRAGMA_INVAL", span, message, "option, attributes, binding, depends_on"))
            return None
        return ast.Pragma(words[2], words[3].strip(), span)

    def declaration(self) -> ast.Declaration:
        start = self.token.start
        scope = self.advance().text if self.token.text in ("self", "this") else "global"
        type_ = self.type_name()
        name = self.name()
        keys: tuple[ast.TypeName, ...] = ()
        if self.accept("["):
            if self.token.kind == "number":
                self.fail("array declarations are not part of this language level", "D_DECL_ARRSUB")
            found = [self.type_name()]
            while self.accept(","):
                found.append(self.type_name())
            self.expect("]")
            keys = tuple(found)
        self.expect(";")
        return ast.Declaration(scope, type_, name, keys, self.since(start))

    # ------------------------------------------------------------------------------------------------------- clauses

    def clause(self) -> ast.Clause:
        start = self.token.start
        self.region = "probe description"
        probes = [self.description()]
        while self.accept(","):
            probes.append(self.description())
        predicate = None
        if self.token.text == "/":
            self.advance()
            self.region = "predicate"
            predicate = self.expression()
            if self.token.text != "/":
                self.fail()
            self.advance()
        body = None
        if self.token.text == "{":
            self.region = "action list"
            body = self.block()
        elif self.source.kind == "script" and predicate is None:
            self.fail("expected predicate and/or actions following probe description")
        else:
            self.accept(";")
        self.region = ""
        return ast.Clause(tuple(probes), predicate, body, self.since(start))

    def description(self) -> ast.ProbeDescription:
        start = self.token.start
        match = _DESCRIPTION.match(self.source.text, start)
        if match is None:
            self.fail()
            raise AssertionError
        while self.token.kind != "end" and self.token.start < match.end():
            self.advance()
        text = re.sub(r"\$\$?\w+", self._expanded, match.group())
        fields = text.split(":")
        if len(fields) > 4:
            message = f"invalid probe description {text}: too many fields"
            raise SyntaxProblem(
                Diagnostic("D_PDESC_INVAL", Span(*match.span()), message, "provider:module:function:name")
            )
        provider, module, function, name = [""] * (4 - len(fields)) + fields
        return ast.ProbeDescription(provider, module, function, name, Span(*match.span()))

    def _expanded(self, match: re.Match[str]) -> str:
        token = self.lexer._macro(match.group(), match.start(), match.end())
        return str(token.value) if token.kind in ("number", "string") else token.text

    def block(self) -> tuple[ast.Statement, ...]:
        self.expect("{")
        statements: list[ast.Statement] = []
        while not self.accept("}"):
            if self.accept(";"):
                continue
            statement = self.statement()
            statements.append(statement)
            if isinstance(statement, ast.Evaluate) and self.token.text != "}":
                self.expect(";")
        return tuple(statements)

    def statement(self) -> ast.Statement:
        start = self.token.start
        if self.token.text == "if" and self.peek().text == "(":
            return self.conditional_statement()
        return ast.Evaluate(self.expression(), self.since(start))

    def conditional_statement(self) -> ast.If:
        start = self.advance().start
        self.expect("(")
        test = self.expression()
        self.expect(")")
        then = self.branch()
        otherwise: tuple[ast.Statement, ...] = ()
        if self.accept("else"):
            otherwise = self.branch()
        return ast.If(test, then, otherwise, self.since(start))

    def branch(self) -> tuple[ast.Statement, ...]:
        if self.token.text == "{":
            return self.block()
        statement = self.statement()
        if isinstance(statement, ast.Evaluate):
            self.expect(";")
        return (statement,)
