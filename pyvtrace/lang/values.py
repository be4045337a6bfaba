"""Checking expressions: the entry to it, what all nodes need, and the leaves. Names resolved, C's conversions made
explicit, constants folded. `lang.operators`, `lang.variables` and `lang.calls` have the other nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.folding import evaluate
from pyvtrace.lang.scope import Problem, Scope
from pyvtrace.source import Span

# What `typed.NoValue` says of a translated value as a whole.
TRANSLATED = "a translated value"
Check = Callable[["Values", Any], typed.Expr]
_CHECKS: dict[type[ast.Expr], Check] = {}


def checks(kind: type[ast.Expr]) -> Callable[[Check], Check]:
    """Register a function as the check of a node type."""

    def register(check: Check) -> Check:
        _CHECKS[kind] = check
        return check

    return register


class Values:
    """Untyped expressions to typed ones, within a scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def check(self, e: ast.Expr) -> typed.Expr:
        """The typed form of an expression.

        Raises:
            Problem: the first thing wrong with it, or with one of its operands.
        """
        made = self._whole(e)
        if isinstance(made.type, ty.Trace):
            message = f"{getattr(e, 'name', made.type)}( ) has no value that a program can use"
            hint = "it can be a statement, a variable, a key of an aggregation or an argument of printf( )"
            raise self.fail("D_OP_DYN", e.span, message, hint)
        return made

    def shown_one(self, e: ast.Expr) -> typed.Expr:
        """As `check`, but it may be a stack, or the name of an address."""
        return self._whole(e)

    def _whole(self, e: ast.Expr) -> typed.Expr:
        made = self.base(e)
        if isinstance(made, typed.Translated) or (
            isinstance(made, typed.Variants) and isinstance(made.choices[0][1], typed.Translated)
        ):
            # Only its members have values: xlate <type> (x).member.
            return typed.NoValue(ty.DYNAMIC, TRANSLATED, e.span)
        return made

    def base(self, e: ast.Expr) -> typed.Expr:
        """As `check`, for what a member is taken of: that may be something translated."""
        return _CHECKS[type(e)](self, e)

    def all(
        self, parts: Sequence[ast.Expr], check: Callable[[ast.Expr], typed.Expr] | None = None
    ) -> tuple[typed.Expr, ...]:
        """Several expressions that stand side by side.

        Raises:
            Problem: one at least is wrong; what is wrong with each has been reported.
        """
        made: list[typed.Expr] = []
        failed = False
        for part in parts:
            try:
                made.append((check or self.check)(part))
            except Problem as problem:
                self.scope.report(problem)
                failed = True
        if failed:
            raise Problem(None)
        return tuple(made)

    def keys(self, parts: Sequence[ast.Expr]) -> tuple[typed.Expr, ...]:
        """As `all`, for tuples: arrays of characters are strings there."""
        return tuple(map(as_text, self.all(parts)))

    def shown(self, parts: Sequence[ast.Expr]) -> tuple[typed.Expr, ...]:
        """As `keys`, for what only the consumer sees: keys of aggregations and arguments of printf() may be stacks."""
        return tuple(map(as_text, self.all(parts, self.shown_one)))

    def fail(self, tag: str, span: Span, message: str, hint: str = "") -> Problem:
        return self.scope.fail(tag, span, message, hint)

    def condition(self, e: typed.Expr, span: Span, message: str) -> typed.Expr:
        """An expression that can be true or false."""
        if not e.type.is_scalar:
            hint = 'compare it: == ""' if isinstance(e.type, ty.String) else f"this is a {e.type}"
            raise self.fail("D_OP_SCALAR", span, message, hint)
        return e


def is_null(e: typed.Expr) -> bool:
    """Whether it is 0 or NULL, known when compiling."""
    return isinstance(e, typed.Constant) and e.value == 0


def is_characters(type_: ty.Type) -> bool:
    """Whether it is an array of characters, which can be taken for a string."""
    return isinstance(type_, ty.Array) and isinstance(type_.element, ty.Integer) and type_.element.bytes == 1


def is_character_pointer(type_: ty.Type) -> bool:
    return isinstance(type_, ty.Pointer) and isinstance(type_.to, ty.Integer) and type_.to.bytes == 1


def as_text(e: typed.Expr) -> typed.Expr:
    """An array of characters as the string that it holds; anything else as it is."""
    if isinstance(e.type, ty.Array) and is_characters(e.type):
        return typed.Characters(ty.String(e.type.length + 1), e, e.span)
    return e


def convert(e: typed.Expr, type_: ty.Type) -> typed.Expr:
    """The expression as a value of a scalar type."""
    if e.type == type_:
        return e
    return fold(typed.Convert(type_, e, e.span))


def fold(e: typed.Expr) -> typed.Expr:
    """A constant for an expression of constants."""
    value = evaluate(e)
    return e if value is None else typed.Constant(e.type, value, e.span)


# ------------------------------------------------------------------------------------------------------------ constants


@checks(ast.Number)
def number(v: Values, e: ast.Number) -> typed.Expr:
    if e.character:
        return typed.Constant(ty.INT if e.value < 1 << 31 else ty.LONG, ty.LONG.wrap(e.value), e.span)
    # ISO C 6.4.4.1: a decimal constant without u stays signed while it fits.
    candidates = [ty.INT, ty.LONG] if e.decimal else [ty.INT, ty.UINT, ty.LONG, ty.ULONG]
    if "u" in e.suffix:
        candidates = [ty.UINT, ty.ULONG]
    if "l" in e.suffix:
        candidates = [c for c in candidates if c.bytes == 8]
    type_ = next((c for c in candidates if c.wrap(e.value) == e.value), None)
    if type_ is None:
        message = f"integer constant {e.value:#x} cannot be represented in any built-in integral type"
        raise v.fail("D_INT_OFLOW", e.span, message, f"without a sign: {e.value}u")
    return typed.Constant(type_, e.value, e.span)


@checks(ast.StringLiteral)
def string(v: Values, e: ast.StringLiteral) -> typed.Expr:
    # A string ends at its first NUL, as in C.
    text = e.text.partition("\0")[0]
    return typed.Text(ty.String(len(text.encode("utf-8", "surrogateescape")) + 1), text, e.span)
