"""Checking formats and what they show: printf(), printa(), and the actions that take a format as printf() does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.formats import TAKES, BadFormat, Conversion, Literal, parse_format, parse_printa
from pyvtrace.lang.scope import AggregationInUse, Scope
from pyvtrace.lang.traces import address
from pyvtrace.lang.vocabulary import Action, Naming
from pyvtrace.source import Span

if TYPE_CHECKING:
    from pyvtrace.lang.check import Checker


def _is_trace(type_: ty.Type, *kinds: str) -> bool:
    return isinstance(type_, ty.Trace) and type_.kind in kinds


Parse = Callable[[str], Sequence[Literal | Conversion]]
# By what a conversion takes: which types will do, and what DTrace calls them.
_ACCEPTS: Mapping[str, tuple[Callable[[ty.Type], bool], str]] = {
    "string": (lambda t: isinstance(t, ty.String), "char [] or string (or use stringof)"),
    "integer": (lambda t: t.is_scalar, "char, short, int, long, or long long"),
    "pointer": (lambda t: t.is_scalar, "pointer or integer"),
    "address": (lambda t: t.is_scalar or _is_trace(t, "sym", "mod"), "pointer or integer"),
    "user address": (lambda t: t.is_scalar or _is_trace(t, "usym", "umod", "uaddr"), "pointer or integer"),
    "stack": (lambda t: _is_trace(t, "stack", "ustack"), "stack or ustack"),
}


def _conversions(scope: Scope, name: str, text: str, span: Span, parse: Parse) -> list[Conversion]:
    if not text:
        raise scope.fail("D_PRINTF_FMT_EMPTY", span, f"{name}( ) format string is empty")
    try:
        return [part for part in parse(text) if isinstance(part, Conversion)]
    except BadFormat as problem:
        raise scope.fail("D_PRINTF_ARG_FMT", span, str(problem)) from None


def _mismatch(what: str, number: int, conversion: Conversion, prototype: str, type_: ty.Type) -> str:
    return (
        f"{what} is incompatible with conversion #{number} prototype:\n"
        f"\tconversion: {conversion.text}\n\t prototype: {prototype}\n\t  argument: {type_}"
    )


def printf(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """A format and a value for each conversion, before it one for each `*`."""
    scope, name = checker.scope, action.name
    if not call.args:
        message = f"{name}( ) prototype mismatch: 0 args passed, at least 1 expected"
        raise scope.fail("D_PROTO_LEN", call.span, message)
    if not isinstance(call.args[0], ast.StringLiteral):
        message = f"{name}( ) argument #1 is incompatible with prototype:\n\tprototype: string constant"
        raise scope.fail("D_PRINTF_ARG_FMT", call.args[0].span, message)
    text = call.args[0].text
    conversions = _conversions(scope, name, text, call.args[0].span, parse_format)
    args = checker.values.shown(call.args[1:])
    position = 0
    for number, conversion in enumerate(conversions, 1):
        if conversion.letter == "@":
            raise scope.fail("D_PRINTF_AGG_CONV", call.span, "%@ conversion requires an aggregation", "use printa()")
        for what, size in (("width", conversion.width), ("precision", conversion.precision)):
            if size == "*":
                _size(scope, name, args, position, number, conversion, what, call.span)
                position += 1
        _value(scope, name, args, position, number, conversion, call.span)
        if conversion.letter == "A" and args[position].type.is_scalar:
            args = (*args[:position], _of_process(scope, args[position]), *args[position + 1 :])
        position += 1
    if position < len(args):
        message = f"{name}( ) prototype mismatch: only {position} arguments required by this format string"
        raise scope.fail("D_PRINTF_ARG_EXTRA", args[position].span, message)
    return typed.Act(action, args, checker.number, format=text, span=call.span)


def _size(
    scope: Scope,
    name: str,
    args: Sequence[typed.Expr],
    position: int,
    number: int,
    conversion: Conversion,
    what: str,
    span: Span,
) -> None:
    """The value of a `*` is there, and an integer."""
    if position >= len(args):
        message = (
            f"{name}( ) prototype mismatch: conversion #{number} ({conversion.text}) is missing a corresponding "
            f'"{what}" argument'
        )
        raise scope.fail("D_PRINTF_DYN_PROTO", span, message)
    if not isinstance(args[position].type, ty.Integer):
        message = _mismatch(f"{name}( ) argument #{position + 2}", number, conversion, "int", args[position].type)
        raise scope.fail("D_PRINTF_DYN_TYPE", args[position].span, message)


def _value(
    scope: Scope,
    name: str,
    args: Sequence[typed.Expr],
    position: int,
    number: int,
    conversion: Conversion,
    span: Span,
) -> None:
    """The value of a conversion is there, and of the right kind."""
    if position >= len(args):
        raise scope.fail("D_PRINTF_ARG_PROTO", span, _missing(name, number, conversion))
    arg = args[position]
    accepts, shown = _ACCEPTS[TAKES[conversion.letter]]
    if not accepts(arg.type):
        message = _mismatch(f"{name}( ) argument #{position + 2}", number, conversion, shown, arg.type)
        raise scope.fail("D_PRINTF_ARG_TYPE", arg.span, message)


def _of_process(scope: Scope, value: typed.Expr) -> typed.Expr:
    """An address with the process that it is of: the name depends on both."""
    function = scope.environment.functions["uaddr"]
    assert isinstance(function, Naming)
    return address(function, (value,), value)


def _missing(name: str, number: int, conversion: Conversion) -> str:
    return (
        f"{name}( ) prototype mismatch: conversion #{number} ({conversion.text}) is missing a corresponding value "
        "argument"
    )


def check_printa(checker: Checker, text: str, used: Sequence[AggregationInUse], span: Span) -> None:
    """The format of printa(): its plain conversions take the members of the key, in order."""
    scope, keys = checker.scope, used[0].keys or []
    functions = [aggregation.function.name for aggregation in used]
    conversions = _conversions(scope, "printa", text, span, lambda text: parse_printa(text, functions, len(keys)))
    members = iter(enumerate(keys, 1))
    for number, conversion in enumerate(conversions, 1):
        if conversion.stars:
            message = (
                f"printa( ) prototype mismatch: conversion #{number} ({conversion.text}) is missing a corresponding "
                f'"{"width" if conversion.width == "*" else "precision"}" argument'
            )
            raise scope.fail("D_PRINTF_DYN_PROTO", span, message, "write the number in the format")
        if not conversion.takes_key:
            continue
        place, type_ = next(members, (0, None))
        if type_ is None:
            raise scope.fail("D_PRINTF_ARG_PROTO", span, _missing("printa", number, conversion))
        accepts, shown = _ACCEPTS[TAKES[conversion.letter]]
        if not accepts(type_):
            name = "@" if used[0].name == "_" else f"@{used[0].name}"
            message = _mismatch(f"printa( ) {name}[ ] key #{place}", number, conversion, shown, type_)
            raise scope.fail("D_PRINTF_ARG_TYPE", span, message)
