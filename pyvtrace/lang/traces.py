"""Checking what the consumer names: stacks, whose depth is a constant, and single addresses."""

from __future__ import annotations

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.values import Values
from pyvtrace.lang.vocabulary import Environment, Naming
from pyvtrace.spec import TRACING_FRAMES


def is_naming(environment: Environment, e: ast.Expr) -> bool:
    """Whether it gives something that the consumer names."""
    return isinstance(e, ast.Call) and isinstance(environment.functions.get(e.name), Naming)


def address(function: Naming, args: tuple[typed.Expr, ...], e: ast.Call | typed.Expr) -> typed.Call:
    """The name of one address. Of a process's, its id stands in front."""
    words = 2 if function.kind.startswith("u") else 1
    return typed.Call(ty.Trace(function.kind, words), function, args, e.span)


def stack(v: Values, e: ast.Call, function: Naming) -> typed.Call:
    """stack(), ustack(), jstack(). Arguments are kept only where the program decides how deep the stack is: what an
    option cuts is reported."""
    upper = "STACK" if function.kind == "stack" else "USTACK"
    if len(e.args) > len(function.parameters):
        raise v.fail(f"D_{upper}_PROTO", e.span, f"{e.name}( ) prototype mismatch: too many arguments")
    most = v.scope.frames["maxframes"]
    given = _frames(v, e, function) if e.args else v.scope.frames[function.frames]
    frames = min(given, most)
    if len(e.args) > 1:
        space = v.check(e.args[1])
        if not (_is_constant(space) and space.value >= 0):  # type: ignore[attr-defined]
            message = f"{e.name}( ) argument #2 must be a positive integer constant"
            raise v.fail("D_USTACK_STRSIZE", e.args[1].span, message)
    words = frames + (TRACING_FRAMES if function.kind == "stack" else 1)
    exact = (typed.Constant(ty.INT, frames),) if e.args and given <= most else ()
    return typed.Call(ty.Trace(function.kind, words), function, exact, e.span)


def _frames(v: Values, e: ast.Call, function: Naming) -> int:
    value = v.check(e.args[0])
    if isinstance(value, typed.Constant) and _is_constant(value) and value.value > 0:
        return value.value
    if function.kind == "stack":
        message = "stack( ) size must be a non-zero positive integral constant expression"
        raise v.fail("D_STACK_SIZE", e.args[0].span, message)
    message = f"{e.name}( ) argument #1 must be a non-zero positive integer constant"
    raise v.fail("D_USTACK_FRAMES", e.args[0].span, message)


def _is_constant(value: typed.Expr) -> bool:
    return isinstance(value, typed.Constant) and isinstance(value.type, ty.Integer)
