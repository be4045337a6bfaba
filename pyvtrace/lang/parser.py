"""D text to a syntax tree: clauses, declarations and pragmas; expressions are `lang.expressions`'."""

from __future__ import annotations

import re

from pyvtrace.lang import ast
from pyvtrace.lang.declarators import TypeNames
from pyvtrace.lang.expressions import ExpressionParser
from pyvtrace.lang.lexer import Lexer, Macros, Token
from pyvtrace.lang.tokens import SyntaxProblem
from pyvtrace.lang.unsupported import DECLARATIONS
from pyvtrace.source import CompileError, Diagnostic, Source, Span

# Everything up to what can follow a description: the next one, a predicate, a body, or the end.
# The second field may be a path, which goes up to the next colon.
_DESCRIPTION = re.compile(
    r"""(?=[\w.:*?\[$+-])(?:[\w$]+:/[^\s:{}]+(?=:))?(?:\$\$?\w+|[A-Za-z0-9_.:*?!\[\]`+%^~-]|\([^)\n]*\))+""", re.ASCII
)

# Words that begin a declaration. `inline` is one of them: what it declares has a value and no storage.
CLASSES = frozenset(("typedef", "inline", "auto", "register", "static", "extern"))


def parse(source: Source, macros: Macros, types: TypeNames | None = None, *, allow_empty: bool = False) -> ast.Program:
    """The tree of a program; `types` are the typedef names that it begins with, and adds to. A program that says
    nothing is an error unless `allow_empty`.

    Raises:
        CompileError: with every problem found; after one the parser goes on at the next statement or clause.
    """
    lexer = Lexer(source, macros)
    parser = Parser(source, list(lexer.tokens()), types or TypeNames())
    items = parser.program()
    problems = list(parser.problems)
    if not problems and not items and not allow_empty:
        problems.append(nothing(source))
    if not problems:
        problems.extend(lexer.unused())
    if problems:
        raise CompileError(source, sorted(problems, key=lambda problem: problem.span.start))
    return ast.Program(tuple(items))


def nothing(source: Source) -> Diagnostic:
    """Of a program without a clause or a declaration."""
    end = len(source.text)
    return Diagnostic("D_EMPTY", Span(end, end), "empty D program translation unit")


class Parser(ExpressionParser):
    """Top-level items over a token list."""

    def __init__(self, source: Source, tokens: list[Token], types: TypeNames) -> None:
        super().__init__(tokens, types)
        self.source = source

    def program(self) -> list[ast.Item]:
        items: list[ast.Item] = []
        while self.token.kind != "end":
            start = self.at
            try:
                items += self.item()
            except SyntaxProblem as problem:
                self.problems.append(problem.diagnostic)
                self._recover(start)
        if self.token.problem:
            self.problems.append(self.token.problem)
        return items

    def _recover(self, start: int) -> None:
        """Go on after the item that failed: behind its braces, or the `;` of a declaration."""
        self.at = max(self.at, start + 1)
        self.depth = 0
        level = sum((t.text == "{") - (t.text == "}") for t in self.tokens[start : self.at] if t.kind == "op")
        while self.token.kind != "end":
            token = self.advance()
            if token.kind == "op":
                level += (token.text == "{") - (token.text == "}")
                if level <= 0 and token.text in ("}", ";"):
                    self.accept(";")
                    return

    def item(self) -> tuple[ast.Item, ...]:
        token = self.token
        if self.accept(";"):
            return ()
        if token.kind == "pragma":
            self.advance()
            return self.pragma(token)
        if token.kind == "name":
            following = self.peek()
            if token.text in DECLARATIONS and following.kind == "name":
                self.refuse(*DECLARATIONS[token.text])
            if token.text == "provider" and following.kind == "name":
                return (self.provider(),)
            if token.text == "translator" and following.kind == "name":
                return (self.translator(),)
            if self.starts_declaration():
                return self.declaration()
        return (self.clause(),)

    def starts_declaration(self) -> bool:
        """Whether what stands here is no probe description; provider names are any names."""
        token, following = self.token, self.peek()
        if token.text in CLASSES:
            return following.kind == "name"
        if token.text in ("self", "this"):
            return self.starts_declarator(1) or following.text in CLASSES or following.text in ("self", "this")
        if token.text in ("struct", "union", "enum") and following.text == "{":
            return True
        if self.starts_type():
            return following.kind == "name" or following.text in ("*", "(", ";", "`")
        return self.starts_declarator(0)

    def refuse(self, message: str, hint: str) -> None:
        self.fail(message, "D_UNKNOWN", hint)

    def pragma(self, token: Token) -> tuple[ast.Item, ...]:
        """A control line: a pragma, #error, or what only a preprocessor understands."""
        span = Span(token.start, token.end)
        directive, _, rest = token.text[1:].strip().partition(" ")
        words = ["#pragma", *rest.split(None, 2)] if directive == "pragma" else []
        if words[1:3] == ["D", "error"]:
            directive, rest = "error", words[-1]
        if directive == "error":
            self.problems.append(Diagnostic("D_PRAGERR", span, f"#error: {rest.strip()}"))
            return ()
        if directive not in ("", "pragma", "line"):
            message = f"invalid control directive: #{directive}"
            self.problems.append(Diagnostic("D_PRAGCTL_INVAL", span, message, "-C runs the C preprocessor first"))
            return ()
        if words[1:2] == ["ident"] or not directive:
            return ()
        if len(words) < 4 or words[1] != "D":
            self.problems.append(Diagnostic("D_PRAGMA_MALFORM", span, "malformed #pragma: expected #pragma D word ..."))
            return ()
        if words[2] not in ("option", "attributes", "binding", "depends_on"):
            message = f"invalid #pragma D control directive: {words[2]}"
            self.problems.append(Diagnostic("D_PRAGMA_INVAL", span, message, "option, attributes, binding, depends_on"))
            return ()
        return (ast.Pragma(words[2], words[3].strip(), span),)

    # -------------------------------------------------------------------------------------------------- declarations

    def declaration(self) -> tuple[ast.Item, ...]:
        """`[class] specifiers declarator, ...;`"""
        start = self.token.start
        where = self.storage_class()
        base = self.specifiers()
        if self.accept(";"):
            if base.definition is None and (len(base.words) != 2 or base.words[0] not in ("struct", "union")):
                message = "useless declaration"
                raise SyntaxProblem(Diagnostic("D_DECL_USELESS", self.since(start), message, "name what it declares"))
            return (ast.TypeDeclaration(base, self.since(start)),)
        items = [self.declared(where, base, start)]
        while where != "inline" and self.accept(","):
            items.append(self.declared(where, base, start))
        self.expect(";")
        return tuple(items)

    def storage_class(self) -> str:
        """ "global", "self", "this", "typedef" or "inline"."""
        found, start = "global", self.at
        while self.token.text in CLASSES or self.token.text in ("self", "this"):
            token = self.token
            if self.at > start or self.peek().text in CLASSES:
                self.fail("only one storage class allowed in a declaration", "D_DECL_CLASS")
            if token.text in ("auto", "register", "static"):
                message = f"specified storage class not appropriate in D: {token.text}"
                self.fail(message, "D_DECL_BADCLASS", "leave it out; this-> is for variables of one firing")
            self.advance()
            found = "global" if token.text == "extern" else token.text
        return found

    def declared(self, where: str, base: ast.TypeName, start: int) -> ast.Item:
        if where == "typedef" and self.token.kind == "name" and self.types.is_given(self.token.text):
            self.fail(f"identifier redeclared: {self.token.text}", "D_DECL_IDRED", "it is the name of a type already")
        name, derived = self.declarator()
        if name in self.types and self.token.kind == "name":
            self.fail("old-style declaration or incorrect type specified", "D_DECL_IDENT", f"{name} is a type")
        type_ = self.derive(base, derived, start)
        if where == "typedef":
            self.types.add(name)
            return ast.Typedef(type_, name, self.since(start))
        if where == "inline":
            self.constants.add(name)
            self.expect("=")
            return ast.Inline(type_, name, self.assignment(), self.since(start))
        return ast.Declaration(where, type_, name, self.since(start))

    def translator(self) -> ast.Translator:
        start = self.advance().start
        output = self.type_name()
        self.expect("<")
        inner = self.token.start
        base = self.specifiers()
        name, derived = self.declarator()
        input_ = self.derive(base, derived, inner)
        self.expect(">")
        self.expect("{")
        members: list[ast.TranslatedMember] = []
        while not self.accept("}"):
            at = self.token.start
            member = self.name()
            self.expect("=")
            members.append(ast.TranslatedMember(member, self.assignment(), self.since(at)))
            self.expect(";")
        self.expect(";")
        return ast.Translator(output, input_, name, tuple(members), self.since(start))

    def provider(self) -> ast.ProviderDeclaration:
        start = self.advance().start
        name = self.name()
        self.expect("{")
        probes: list[ast.DeclaredProbe] = []
        while not self.accept("}"):
            at = self.token.start
            if self.name() != "probe":
                self.at -= 1
                self.fail(hint="probe name(type, ...);")
            probe, takes = self.name(), self.prototype()
            shows = self.prototype() if self.accept(":") else None
            probes.append(ast.DeclaredProbe(probe, takes, shows, self.since(at)))
            self.expect(";")
        self.expect(";")
        return ast.ProviderDeclaration(name, tuple(probes), self.since(start))

    def prototype(self) -> ast.Returning:
        """The arguments of a probe."""
        if self.token.text != "(":
            self.fail()
        taken = self.parameters()
        assert isinstance(taken, ast.Returning)
        if taken.variadic:
            message = "probe prototype may not use a variable-length argument list"
            raise SyntaxProblem(Diagnostic("D_DECL_PROTO_VARARGS", taken.span, message, "", self.region))
        return taken

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
        elif predicate is not None:
            message = "expected actions { } following probe description and predicate"
            hint = "write { } to print the default line"
            raise SyntaxProblem(Diagnostic("D_SYNTAX", predicate.span, message, hint, self.region))
        elif self.source.kind == "script":
            if self.token.kind == "bad":
                self.fail()
            message = "expected predicate and/or actions following probe description"
            hint = "write { } to print the default line"
            raise SyntaxProblem(Diagnostic("D_SYNTAX", probes[-1].span, message, hint, self.region))
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
        span = Span(start, match.end())
        text = self._expanded(span)
        fields = text.split(":")
        if len(fields) > 4:
            message = f"invalid probe description {text}: too many fields"
            raise SyntaxProblem(
                Diagnostic("D_PDESC_INVAL", span, message, "provider:module:function:name", self.region)
            )
        if text.isdigit() and int(text[:20]) >= 1 << 32:
            message = f"identifier {text} exceeds maximum probe id"
            raise SyntaxProblem(Diagnostic("D_PDESC_INVAL", span, message, "", self.region))
        provider, module, function, name = [""] * (4 - len(fields)) + fields
        return ast.ProbeDescription(provider, module, function, name, span)

    def _expanded(self, span: Span) -> str:
        """The text of a description with its macro arguments in place; the parser goes on behind it."""
        pieces: list[str] = []
        at = span.start
        while self.token.kind != "end" and self.token.start < span.end:
            token = self.advance()
            if self.source.text[token.start] == "$":
                if token.problem:
                    self.problems.append(token.problem)
                pieces += (self.source.text[at : token.start], token.text)
                at = token.end
        return "".join((*pieces, self.source.text[at : span.end]))

    def block(self) -> tuple[ast.Statement, ...]:
        self.expect("{")
        statements: list[ast.Statement] = []
        depth = self.depth
        while not self.accept("}"):
            if self.accept(";"):
                continue
            try:
                statement = self.statement()
                statements.append(statement)
                if isinstance(statement, ast.Evaluate) and self.token.text != "}":
                    self.expect(";")
            except SyntaxProblem as problem:
                self.depth = depth
                if not self._skip_statement():
                    raise
                self.problems.append(problem.diagnostic)
        return tuple(statements)

    def _skip_statement(self) -> bool:
        """Go behind the next `;`, or to the brace that closes the block; whether there is one."""
        level = 0
        while self.token.kind != "end":
            text = self.token.text if self.token.kind == "op" else ""
            if text == "}" and level == 0:
                return True
            level += (text == "{") - (text == "}")
            self.advance()
            if text == ";" and level == 0:
                return True
        return False

    def statement(self) -> ast.Statement:
        start = self.token.start
        if self.token.text == "if" and self.token.kind == "name" and self.peek().text == "(":
            self.deeper()
            statement = self.conditional_statement()
            self.depth -= 1
            return statement
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
