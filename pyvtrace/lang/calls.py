"""Checking calls: functions by their prototypes, in DTrace's words."""

from __future__ import annotations

from collections.abc import Callable

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.aggregates import decayed
from pyvtrace.lang.casts import text_of
from pyvtrace.lang.scope import Problem
from pyvtrace.lang.traces import address, stack
from pyvtrace.lang.unsupported import refusal
from pyvtrace.lang.values import Values, as_text, checks, is_character_pointer
from pyvtrace.lang.vocabulary import Naming, Parameter


@checks(ast.Call)
def call(v: Values, e: ast.Call) -> typed.Expr:
    function = v.scope.environment.functions.get(e.name)
    if function is None:
        raise unknown_function(v, e)
    if isinstance(function, Naming) and function.frames:
        return stack(v, e, function)
    args = arguments(v, e.name, e, function.parameters)
    if refused := function.refuses(args, v.scope.scratchsize):
        raise v.fail(refused[0], e.span, refused[1], "-x scratchsize=N gives a clause more memory")
    if isinstance(function, Naming):
        return address(function, args, e)
    return typed.Call(function.result([a.type for a in args], v.scope.strsize), function, args, e.span)


def unknown_function(v: Values, e: ast.Call) -> Problem:
    """Why a call is none of a function."""
    environment = v.scope.environment
    if e.name in environment.aggregating:
        message = f"{e.name}( ) is an aggregating function and has no value"
        return v.fail("D_AGG_NULL", e.span, message, f"write @ = {e.name}(...)")
    if e.name in environment.actions:
        message = f"{e.name}( ) is an action and has no value"
        return v.fail("D_OP_ACT", e.span, message, "make it a statement of its own")
    if refused := refusal(e.name, call=True):
        return v.fail(refused[0], e.span, *refused[1:])
    if e.name in environment.variables:
        message = f"{e.name} is a variable, not a function"
        return v.fail("D_FUNC_IDKIND", e.span, message, f"write {e.name} alone")
    names = [*environment.functions, *environment.actions, *environment.aggregating]
    hint = v.scope.nearest(e.name, names)
    return v.fail("D_FUNC_UNDEF", e.span, f"undefined function name: {e.name}", hint)


def arguments(v: Values, name: str, e: ast.Call, parameters: tuple[Parameter, ...]) -> tuple[typed.Expr, ...]:
    """Arguments checked against a prototype."""
    least = sum(not p.optional for p in parameters)
    if not least <= len(e.args) <= len(parameters):
        expected = str(len(parameters)) if least == len(parameters) else f"at least {least}"
        if len(e.args) > len(parameters) != least:
            expected = f"at most {len(parameters)}"
        passed = f"{len(e.args)} arg{'s' * (len(e.args) != 1)}"
        raise v.fail("D_PROTO_LEN", e.span, f"{name}( ) prototype mismatch: {passed} passed, {expected} expected")
    values = tuple(_argument(v, value, p) for value, p in zip(v.all(e.args), parameters, strict=False))
    for number, (value, parameter) in enumerate(zip(values, parameters, strict=False), 1):
        _check_argument(v, name, number, value, parameter)
    return values


def _argument(v: Values, value: typed.Expr, parameter: Parameter) -> typed.Expr:
    """An argument as the parameter takes it: characters for strings, addresses for arrays behind pointers."""
    if parameter.accepts == "string":
        value = as_text(value)
        if is_character_pointer(value.type):
            return text_of(v, value, value.span)
    return value if parameter.accepts == "any" else decayed(value)


def _check_argument(v: Values, name: str, number: int, value: typed.Expr, parameter: Parameter) -> None:
    if not _ACCEPTS[parameter.accepts](value):
        message = (
            f"{name}( ) argument #{number} is incompatible with prototype:\n"
            f"\tprototype: {parameter.shown or parameter.accepts}\n\t argument: {value.type}"
        )
        raise v.fail("D_PROTO_ARG", value.span, message)


_ACCEPTS: dict[str, Callable[[typed.Expr], bool]] = {
    "integer": lambda e: isinstance(e.type, ty.Integer),
    "string": lambda e: isinstance(e.type, ty.String),
    "string or null": lambda e: isinstance(e.type, ty.String) or (isinstance(e, typed.Constant) and e.value == 0),
    "pointer": lambda e: isinstance(e.type, ty.Pointer),
    "pointer or integer": lambda e: e.type.is_scalar,
    "scalar": lambda e: e.type.is_scalar,
    "any": lambda e: not isinstance(e.type, ty.Void),
    "constant": lambda e: isinstance(e, typed.Constant),
}
