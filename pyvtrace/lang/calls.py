"""Checking calls: functions by their prototypes, in DTrace's words."""

from __future__ import annotations

from collections.abc import Callable

from pyvtrace.lang import ast, libraries, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.aggregates import decayed
from pyvtrace.lang.casts import text_of
from pyvtrace.lang.naming import complete, resolve
from pyvtrace.lang.scope import Problem
from pyvtrace.lang.traces import address, stack
from pyvtrace.lang.values import Values, as_text, checks, is_character_pointer, is_null
from pyvtrace.lang.vocabulary import ADDRESS_OF_STRING, Naming, Parameter, Written
from pyvtrace.value import replace


@checks(ast.Call)
def call(v: Values, e: ast.Call) -> typed.Expr:
    function = v.scope.environment.functions.get(e.name)
    if function is None:
        kinds = (("action", v.scope.environment.actions), ("aggregating function", v.scope.environment.aggregating))
        for kind, names in kinds:
            if e.name in names:
                return typed.NoValue(ty.VOID, f"{kind} {e.name}( )", e.span)
        raise unknown_function(v, e)
    if isinstance(function, Naming) and function.frames:
        return stack(v, e, function)
    args = arguments(v, e.name, e, function.parameters)
    if isinstance(function, Written):
        return _expanded(v, function, args[0], e)
    if refused := function.refuses(args, v.scope.scratchsize):
        raise v.fail(refused[0], e.span, refused[1], "-x scratchsize=N gives a clause more memory")
    if isinstance(function, Naming):
        return address(function, args, e)
    return typed.Call(function.result([a.type for a in args], v.scope.strsize), function, args, e.span)


def _expanded(v: Values, function: Written, argument: typed.Expr, e: ast.Call) -> typed.Expr:
    """What a function that is D stands for, by the type of its argument."""
    for written, text in function.forms:
        cast = libraries.expression(v.scope, f"({written})0")
        assert isinstance(cast, ast.Cast)
        taken, given = resolve(v, cast.type), argument.type
        assert isinstance(taken, ty.Pointer) and isinstance(given, ty.Pointer)
        if complete(v, taken.to) == complete(v, given.to):
            outer, v.scope.parameters = v.scope.parameters, {"it": argument}
            try:
                return replace(v.check(libraries.expression(v.scope, text)), span=e.span)
            finally:
                v.scope.parameters = outer
    (parameter,) = function.parameters
    raise _mismatch(v, f"{e.name}( )", 1, argument, parameter)


def unknown_function(v: Values, e: ast.Call) -> Problem:
    """Why a call is none of a function."""
    environment = v.scope.environment
    own = (v.scope.constants, v.scope.inlines, v.scope.parameters)
    is_own = ("global", e.name) in v.scope.symbols or any(e.name in names for names in own)
    if is_own or e.name in environment.variables:
        message = f"{e.name} is a variable, not a function"
        return v.fail("D_FUNC_IDKIND", e.span, message, f"write {e.name} alone")
    names = [*environment.functions, *environment.actions, *environment.aggregating]
    hint = v.scope.nearest(e.name, names)
    return v.fail("D_FUNC_UNDEF", e.span, f"undefined function name: {e.name}", hint)


def arguments(
    v: Values, name: str, e: ast.Call, parameters: tuple[Parameter, ...], brackets: str = "( )"
) -> tuple[typed.Expr, ...]:
    """Arguments checked against a prototype, which is an array's where the brackets are."""
    shown = name + brackets
    least = sum(not p.optional for p in parameters)
    if not least <= len(e.args) <= len(parameters):
        expected = str(len(parameters)) if least == len(parameters) else f"at least {least}"
        if len(e.args) > len(parameters) != least:
            expected = f"at most {len(parameters)}"
        passed = f"{len(e.args)} arg{'s' * (len(e.args) != 1)}"
        raise v.fail("D_PROTO_LEN", e.span, f"{shown} prototype mismatch: {passed} passed, {expected} expected")
    values = tuple(_argument(v, value, p) for value, p in zip(v.all(e.args), parameters, strict=False))
    for number, (value, parameter) in enumerate(zip(values, parameters, strict=False), 1):
        _check_argument(v, shown, number, value, parameter)
    return values


def _argument(v: Values, value: typed.Expr, parameter: Parameter) -> typed.Expr:
    """An argument as the parameter takes it: characters for strings, addresses for arrays behind pointers."""
    if parameter.accepts == "string":
        value = as_text(value)
        if is_character_pointer(value.type):
            return text_of(v, value, value.span)
    if parameter.accepts == "pointer" and isinstance(as_text(value).type, ty.String) and parameter.shown == "void *":
        # A string is an array of characters, which goes to void * as C's arrays do.
        function = v.scope.environment.functions[ADDRESS_OF_STRING]
        return typed.Call(function.result((), 0), function, (as_text(value),), value.span)
    return value if parameter.accepts == "any" else decayed(value)


def _check_argument(v: Values, shown: str, number: int, value: typed.Expr, parameter: Parameter) -> None:
    if not _ACCEPTS[parameter.accepts](value):
        raise _mismatch(v, shown, number, value, parameter)


def _mismatch(v: Values, shown: str, number: int, value: typed.Expr, parameter: Parameter) -> Problem:
    message = (
        f"{shown} argument #{number} is incompatible with prototype:\n"
        f"\tprototype: {parameter.shown or parameter.accepts}\n\t argument: {value.type}"
    )
    return v.fail("D_PROTO_ARG", value.span, message)


_ACCEPTS: dict[str, Callable[[typed.Expr], bool]] = {
    "integer": lambda e: isinstance(e.type, ty.Integer),
    "string": lambda e: isinstance(e.type, ty.String),
    "string or null": lambda e: isinstance(e.type, ty.String) or (isinstance(e, typed.Constant) and e.value == 0),
    "pointer": lambda e: isinstance(e.type, ty.Pointer) or is_null(e),
    "pointer or integer": lambda e: e.type.is_scalar,
    "scalar": lambda e: e.type.is_scalar,
    "any": lambda e: not isinstance(e.type, ty.Void | ty.Dynamic),
    "whatever": lambda e: True,
    "constant": lambda e: isinstance(e, typed.Constant),
}
