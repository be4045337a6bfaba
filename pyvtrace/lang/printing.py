"""Checking formats and what they show: printf(), printa(), and the actions that take a format as printf() does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.formats import SIZED, BadFormat, Conversion, Literal, parse_format, parse_printa
from pyvtrace.lang.scope import AggregationInUse, Scope
from pyvtrace.lang.traces import address
from pyvtrace.lang.vocabulary import Action, Naming
from pyvtrace.source import Span

if TYPE_CHECKING:
    from pyvtrace.lang.check import Checker


def _is_trace(type_: ty.Type, *kinds: str) -> bool:
    return isinstance(type_, ty.Trace) and type_.kind in kinds


def _is(bytes_: int, *signs: bool) -> Callable[[ty.Type], bool]:
    """Whether a type is an integer of so many bytes, and no enum."""
    return lambda t: (
        isinstance(t, ty.Integer) and t.bytes == bytes_ and t.signed in signs and not t.name.startswith("enum ")
    )


Parse = Callable[[str], Sequence[Literal | Conversion]]
# By what a conversion takes: which types will do, what DTrace calls them, and what to write for another one.
_ACCEPTS: dict[str, tuple[Callable[[ty.Type], bool], str, str]] = {
    "string": (lambda t: isinstance(t, ty.String), "char [] or string (or use stringof)", ""),
    "integer": (lambda t: isinstance(t, ty.Integer), "char, short, int, long, or long long", "%p shows a pointer"),
    "character": (lambda t: isinstance(t, ty.Integer) and t.size <= 4, "char, short, or int", "cast it: (char)..."),
    "time": (lambda t: isinstance(t, ty.Integer) and t.size == 8, "int64_t", "it takes nanoseconds: walltimestamp"),
    "float": (
        lambda t: isinstance(t, ty.Float),
        "float, double, or long double",
        "D computes with integers only: %d shows them",
    ),
    "pointer": (lambda t: t.is_scalar, "pointer or integer", ""),
    "address": (lambda t: t.is_scalar or _is_trace(t, "sym", "mod"), "pointer or integer", ""),
    "user address": (lambda t: t.is_scalar or _is_trace(t, "usym", "umod", "uaddr"), "pointer or integer", ""),
    "stack": (lambda t: _is_trace(t, "stack", "ustack"), "stack or ustack", ""),
    "int": (_is(4, True), "int", "cast it: (int)..."),
}
_BYTES = {"short": 2, "long": 8, "long long": 8}
for _type in SIZED.values():
    _HINT = "without a size, %d, %u and %x show every integer"
    _ACCEPTS[_type] = _is(_BYTES[_type], True), _type, _HINT
    _ACCEPTS[f"unsigned {_type}"] = _is(_BYTES[_type], False), f"unsigned {_type}", _HINT
    _ACCEPTS[f"any {_type}"] = _is(_BYTES[_type], True, False), _type, _HINT


def _conversions(scope: Scope, name: str, text: str, span: Span, parse: Parse) -> list[Conversion]:
    if not text:
        raise scope.fail("D_PRINTF_FMT_EMPTY", span, f"{name}( ) format string is empty")
    try:
        return [part for part in parse(text) if isinstance(part, Conversion)]
    except BadFormat as problem:
        raise scope.fail("D_SYNTAX", span, str(problem)) from None


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
        message = (
            f"{name}( ) argument #1 is incompatible with prototype:\n\tprototype: string constant\n"
            f"\t argument: {checker.values.check(call.args[0]).type}"
        )
        raise scope.fail("D_PRINTF_ARG_FMT", call.args[0].span, message)
    text = call.args[0].text
    conversions = _conversions(scope, name, text, call.args[0].span, parse_format)
    args = checker.values.shown(call.args[1:])
    position = 0
    for number, conversion in enumerate(conversions, 1):
        if conversion.letter == "@":
            message = f"%@ conversion requires an aggregation and is not for use with {name}( )"
            raise scope.fail("D_PRINTF_AGG_CONV", call.span, message, "use printa()")
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
        raise scope.fail("D_PRINTF_DYN_PROTO", span, _missing(name, number, conversion, f'"{what}"'))
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
    accepts, shown, hint = _ACCEPTS[conversion.takes]
    if not accepts(arg.type):
        message = _mismatch(f"{name}( ) argument #{position + 2}", number, conversion, shown, arg.type)
        raise scope.fail("D_PRINTF_ARG_TYPE", arg.span, message, hint if arg.type.is_scalar else "")


def _of_process(scope: Scope, value: typed.Expr) -> typed.Expr:
    """An address with the process that it is of: the name depends on both."""
    function = scope.environment.functions["uaddr"]
    assert isinstance(function, Naming)
    return address(function, (value,), value)


def _missing(name: str, number: int, conversion: Conversion, what: str = "value") -> str:
    return (
        f"{name}( ) prototype mismatch: conversion #{number} ({conversion.text}) is missing a corresponding {what} "
        "argument"
    )


def aggregation(checker: Checker, call: ast.Call, place: int, wrong: str, undefined: str) -> AggregationInUse:
    """The aggregation that an action's argument names; `wrong` and `undefined` are the tags of one that is none, and of
    one that nothing adds to."""
    scope, arg = checker.scope, call.args[place]
    if not isinstance(arg, ast.Aggregation):
        message = (
            f"{call.name}( ) argument #{place + 1} is incompatible with prototype:\n\tprototype: aggregation\n"
            f"\t argument: {checker.values.check(arg).type}"
        )
        raise scope.fail(wrong, arg.span, message)
    used = scope.aggregations.get(arg.name)
    if used is None:
        hint = scope.nearest(arg.name, list(scope.aggregations))
        raise scope.fail(undefined, arg.span, f"undefined aggregation: {_named(arg.name)}", hint)
    return used


def _named(aggregation: str) -> str:
    return "@" if aggregation == "_" else f"@{aggregation}"


def printa(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """A format, if it likes, and aggregations with the same keys."""
    scope = checker.scope
    format_ = call.args[0] if call.args and isinstance(call.args[0], ast.StringLiteral) else None
    places = range(format_ is not None, len(call.args))
    if not places:
        message = f"printa( ) prototype mismatch: {len(call.args)} args passed, at least 1 expected"
        raise scope.fail("D_PRINTA_PROTO", call.span, message, "name an aggregation: printa(@a)")
    used = [aggregation(checker, call, place, "D_PRINTA_AGGARG", "D_PRINTA_AGGBAD") for place in places]
    for other, place in zip(used[1:], places[1:], strict=True):
        _same_keys(scope, used[0], other, call.args[place].span)
    if format_ is not None:
        _check_format(checker, format_.text, used, call.span)
    text = format_.text if format_ is not None else None
    numbers = tuple(one.number for one in used)
    return typed.Act(action, (), checker.number, format=text, aggregations=numbers, span=call.span)


def _same_keys(scope: Scope, first: AggregationInUse, other: AggregationInUse, span: Span) -> None:
    """Aggregations side by side have keys of one form."""
    name, other_name = _named(first.name), _named(other.name)
    keys, other_keys = first.keys or [], other.keys or []
    if len(keys) != len(other_keys):
        counts = [f"{n} has {len(k)} key{'s' * (len(k) != 1)}" for n, k in ((name, keys), (other_name, other_keys))]
        message = f"printa( ): {name} and {other_name} do not have matching key signatures: {', '.join(counts)}"
        raise scope.fail("D_PRINTA_AGGKEY", span, message)
    for number, (type_, other_type) in enumerate(zip(keys, other_keys, strict=True), 1):
        if type_.is_scalar != other_type.is_scalar:
            message = (
                f"printa( ): {other_name}[ ] key #{number} is incompatible with {name}:\n"
                f"{name:>9} key #{number}: {type_}\n{other_name:>9} key #{number}: {other_type}"
            )
            raise scope.fail("D_PRINTA_AGGPROTO", span, message)


def _check_format(checker: Checker, text: str, used: Sequence[AggregationInUse], span: Span) -> None:
    """The format of printa(): its plain conversions and each `*` take the members of the key, in order."""
    scope, keys = checker.scope, used[0].keys or []
    functions = [aggregation.function.name for aggregation in used]
    conversions = _conversions(scope, "printa", text, span, lambda text: parse_printa(text, functions, len(keys)))
    members = iter(enumerate(keys, 1))
    for number, conversion in enumerate(conversions, 1):
        for what, size in (("width", conversion.width), ("precision", conversion.precision)):
            if size != "*":
                continue
            place, type_ = next(members, (0, None))
            if type_ is None:
                raise scope.fail("D_PRINTF_DYN_PROTO", span, _missing("printa", number, conversion, f'"{what}"'))
            if not isinstance(type_, ty.Integer):
                key = f"printa( ) {_named(used[0].name)}[ ] key #{place}"
                message = _mismatch(key, number, conversion, "int", type_)
                raise scope.fail("D_PRINTF_DYN_TYPE", span, message)
        if not conversion.takes_key:
            continue
        place, type_ = next(members, (0, None))
        if type_ is None:
            raise scope.fail("D_PRINTF_ARG_PROTO", span, _missing("printa", number, conversion))
        accepts, shown, hint = _ACCEPTS[conversion.takes]
        if not accepts(type_):
            what = f"printa( ) {_named(used[0].name)}[ ] key #{place}"
            message = _mismatch(what, number, conversion, shown, type_)
            raise scope.fail("D_PRINTF_ARG_TYPE", span, message, hint if type_.is_scalar else "")
