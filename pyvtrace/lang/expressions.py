"""Expressions of D: a Pratt parser over the operators of C plus `^^`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyvtrace.lang import ast
from pyvtrace.lang.declarators import RESERVED, TypeParser
from pyvtrace.source import Span

# Binding power of the binary operators, weakest first (Dynamic Tracing Guide, "Precedence").
_LEVELS = (("||",), ("^^",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>"),
           ("+", "-"), ("*", "/", "%"))  # fmt: skip
POWER = {op: power for power, ops in enumerate(_LEVELS, 1) for op in ops}
ASSIGNMENTS = frozenset(("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="))


class ExpressionParser(TypeParser):
    """Expressions over a token list."""

    # --------------------------------------------------------------------------------------------------- expressions

    def expression(self) -> ast.Expr:
        start = self.token.start
        parts = [self.assignment()]
        heights = [self.height]
        while self.accept(","):
            parts.append(self.assignment())
            heights.append(self.height)
        if len(parts) == 1:
            return parts[0]
        self.taller(*heights)
        return ast.Comma(tuple(parts), self.since(start))

    def assignment(self) -> ast.Expr:
        start = self.token.start
        left = self.conditional()
        if self.token.kind == "op" and self.token.text in ASSIGNMENTS:
            op, height = self.advance().text, self.height
            self.deeper()
            left = ast.Assign(op, left, self.assignment(), self.since(start))
            self.depth -= 1
            self.taller(height, self.height)
        return left

    def conditional(self) -> ast.Expr:
        start = self.token.start
        test = self.binary(1)
        if not self.accept("?"):
            return test
        heights = [self.height]
        self.deeper()
        then = self.expression()
        heights.append(self.height)
        self.expect(":")
        otherwise = self.conditional()
        self.depth -= 1
        self.taller(self.height, *heights)
        return ast.Conditional(test, then, otherwise, self.since(start))

    def ends_predicate(self) -> bool:
        """Whether the `/` here closes a predicate: what follows it cannot go on with an expression."""
        return self.region == "predicate" and self.token.text == "/" and self.peek().text in ("{", "", ";")

    def binary(self, power: int) -> ast.Expr:
        start = self.token.start
        left = self.unary()
        while self.token.kind == "op" and POWER.get(self.token.text, 0) >= power and not self.ends_predicate():
            op, height = self.advance().text, self.height
            right = self.binary(POWER[op] + 1)
            left = ast.Binary(op, left, right, self.since(start))
            self.taller(height, self.height)
        return left

    def unary(self) -> ast.Expr:
        self.deeper()
        e = self._prefixed() or self.postfix()
        self.depth -= 1
        return e

    def _prefixed(self) -> ast.Expr | None:
        """An expression that begins with an operator or a type in parentheses; None where none does."""
        token = self.token
        start = token.start
        e: ast.Expr | None = None
        if token.kind == "op":
            if token.text in ("++", "--"):
                self.advance()
                e = ast.Step(token.text, True, self.unary(), self.since(start))
            elif token.text in ("-", "+", "!", "~", "*", "&"):
                self.advance()
                e = ast.Unary(token.text, self.unary(), self.since(start))
            elif token.text == "(" and self.starts_cast(1):
                self.advance()
                type_ = self.type_name()
                self.expect(")")
                e = ast.Cast(type_, self.unary(), self.since(start))
        elif token.kind == "name" and token.text in _WORDS:
            e = _WORDS[token.text](self)
        if e is not None:
            self.taller(self.height)
        return e

    def string_of(self) -> ast.Expr:
        start = self.advance().start
        return ast.StringOf(self.unary(), self.since(start))

    def sizeof(self) -> ast.Expr:
        start = self.advance().start
        if self.token.text == "(" and (self.starts_type(1) or (self.peek(2).text == "*" and self.starts_cast(1))):
            self.advance()
            type_ = self.type_name()
            self.expect(")")
            self.height = 1
            return ast.SizeofType(type_, self.since(start))
        return ast.SizeofExpr(self.unary(), self.since(start))

    def offsetof(self) -> ast.Expr:
        start = self.advance().start
        self.expect("(")
        type_ = self.type_name()
        self.expect(",")
        member = self.name()
        self.expect(")")
        self.height = 1
        return ast.OffsetOf(type_, member, self.since(start))

    def translate(self) -> ast.Expr:
        """`xlate <type> (operand)`, of which a member may be taken."""
        start = self.advance().start
        self.expect("<")
        type_ = self.type_name()
        self.expect(">")
        self.expect("(")
        operand = self.expression()
        self.expect(")")
        self.taller(self.height)
        return ast.Translate(type_, operand, self.since(start))

    def postfix(self) -> ast.Expr:
        start = self.token.start
        expr = self.primary()
        while self.token.kind == "op":
            height = self.height
            if self.accept("["):
                keys = self.arguments("]")
                expr = ast.Index(expr, keys, self.since(start))
            elif self.token.text in ("->", "."):
                arrow = self.advance().text == "->"
                expr = ast.Access(expr, self.name(), arrow, self.since(start))
            elif self.token.text in ("++", "--"):
                op = self.advance().text
                expr = ast.Step(op, False, expr, self.since(start))
            elif self.token.text == "(":
                self.fail("function designator is not of function type", "D_FUNC_IDENT", "a function is called by name")
            else:
                break
            self.taller(height, self.height)
        return expr

    def arguments(self, close: str) -> tuple[ast.Expr, ...]:
        """Expressions up to and including the closing bracket; the height is the tallest's."""
        args: list[ast.Expr] = []
        tallest = 0
        while not self.accept(close) or (close == "]" and not args and self.fail()):
            if args:
                self.expect(",")
            args.append(self.assignment())
            tallest = max(tallest, self.height)
        self.height = tallest
        return tuple(args)

    def primary(self) -> ast.Expr:
        token = self.token
        span = Span(token.start, token.end)
        self.height = 1
        if token.problem:
            if token.problem.caret:
                # A quotation that does not end has taken the rest of the line with it.
                self.fail()
            self.problems.append(token.problem)
        match token.kind:
            case "number":
                self.advance()
                digits = token.text.rstrip("uUlL")
                decimal = not (len(digits) > 1 and digits[0] == "0")
                return ast.Number(int(token.value), token.text[len(digits) :].lower(), decimal, False, span)
            case "char":
                self.advance()
                return ast.Number(int(token.value or 0), character=True, span=span)
            case "string":
                self.advance()
                return ast.StringLiteral(str(token.value), span)
            case "name" if token.text == "xlate" and self.peek().text == "<":
                return self.translate()
            case "name":
                return self.named()
        if self.accept("("):
            expr = self.expression()
            self.expect(")")
            return expr
        if self.accept("@"):
            name = self.advance().text if self.token.kind == "name" else "_"
            keys = self.arguments("]") if self.accept("[") else None
            self.taller(self.height)
            return ast.Aggregation(name, keys, self.since(token.start))
        if self.accept("`"):
            return ast.KernelSymbol("", self.name(), self.since(token.start))
        self.fail()
        raise AssertionError

    def named(self) -> ast.Expr:
        if self.token.text in RESERVED and not (self.token.text in ("self", "this") and self.peek().text == "->"):
            self.fail()
        token = self.advance()
        if token.text in ("self", "this") and self.accept("->"):
            return ast.Scoped(token.text, self.name(), self.since(token.start))
        if self.accept("("):
            args = self.arguments(")")
            self.taller(self.height)
            return ast.Call(token.text, args, self.since(token.start))
        if self.token.text == "`":
            self.advance()
            return ast.KernelSymbol(token.text, self.name(), self.since(token.start))
        return ast.Identifier(token.text, Span(token.start, token.end))


# Operators that are words.
_WORDS: Mapping[str, Callable[[ExpressionParser], ast.Expr]] = {
    "sizeof": ExpressionParser.sizeof,
    "stringof": ExpressionParser.string_of,
    "offsetof": ExpressionParser.offsetof,
}
