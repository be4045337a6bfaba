"""Checking the actions whose arguments have rules of their own: tracemem(), freopen()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.calls import arguments
from pyvtrace.lang.printing import printf
from pyvtrace.lang.vocabulary import Action, Parameter

if TYPE_CHECKING:
    from pyvtrace.lang.check import Checker

_ANY = (Parameter("any"), Parameter("any"), Parameter("any", optional=True))


def tracemem(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """An address, how many bytes to record, and how many of them to show."""
    scope = checker.scope
    address, size, *shown = arguments(checker.values, action.name, call, _ANY)
    if not address.type.is_scalar:
        message = (
            "tracemem( ) argument #1 is incompatible with prototype:\n"
            f"\tprototype: pointer or integer\n\t argument: {address.type}"
        )
        raise scope.fail("D_TRACEMEM_ADDR", address.span, message)
    if not (isinstance(size, typed.Constant) and isinstance(size.type, ty.Integer) and size.value > 0):
        message = "tracemem( ) argument #2 must be a non-zero positive integral constant expression"
        raise scope.fail("D_TRACEMEM_SIZE", size.span, message)
    if shown and not isinstance(shown[0].type, ty.Integer):
        message = (
            "tracemem( ) argument #3 is incompatible with prototype:\n"
            f"\tprototype: integer\n\t argument: {shown[0].type}"
        )
        raise scope.fail("D_TRACEMEM_ARGS", shown[0].span, message)
    memory = typed.Memory(ty.Array(ty.CHAR, size.value), address, address.span)
    return typed.Act(action, (memory, *shown), checker.number, span=call.span)


def naming(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """A stack, or the name of an address, as a statement."""
    return typed.Act(action, (checker.values.base(call),), checker.number, span=call.span)


def freopen(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """As printf, but "" is a name, too: of where the output went at first."""
    match call.args:
        case (ast.StringLiteral(text=""),):
            return typed.Act(action, (), checker.number, format="", span=call.span)
        case (ast.StringLiteral(text="."), *_):
            message = 'freopen( ) argument #1 cannot be "."'
            raise checker.scope.fail("D_FREOPEN_INVALID", call.args[0].span, message, "name a file")
    return printf(checker, action, call)
