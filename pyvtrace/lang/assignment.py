"""Checking assignment: what is assigned to, the variable that the first one makes, and `=`, `op=`, `++` and `--`."""

from __future__ import annotations

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.aggregates import decayed
from pyvtrace.lang.casts import text_of
from pyvtrace.lang.operators import check_divisor, operation, scaled, shown
from pyvtrace.lang.scope import Problem
from pyvtrace.lang.values import (
    Values,
    as_text,
    checks,
    convert,
    is_character_pointer,
    is_characters,
    is_null,
)
from pyvtrace.lang.variables import key_type, spelled, tuple_of
from pyvtrace.source import Span

Place = typed.Load | typed.Part


@checks(ast.Assign)
def assign(v: Values, e: ast.Assign) -> typed.Expr:
    try:
        value = v.shown_one(e.value) if e.op == "=" else v.check(e.value)
    except Problem:
        _give_up(v, e.target)
        raise
    if e.op != "=":
        return _update(v, e.op[:-1], _target(v, e.target, value, e.op), value, e.span)
    target = _target(v, e.target, value, e.op)
    return typed.Assign(target.type, target, _assigned(v, target.type, value, e.span), e.span)


def _assigned(v: Values, type_: ty.Type, value: typed.Expr, span: Span) -> typed.Expr:
    """A value as something of the target's type can take it."""
    if isinstance(type_, ty.String):
        value = as_text(value)
        if is_character_pointer(value.type) and not is_null(value):
            value = text_of(v, value, span)
        if isinstance(value.type, ty.String) or is_null(value):
            return value
    elif type_.is_scalar and decayed(value).type.is_scalar:
        return convert(decayed(value), type_)
    elif isinstance(type_, ty.Array):
        if is_characters(type_) and (value.type == type_ or isinstance(as_text(value).type, ty.String)):
            return value if value.type == type_ else as_text(value)
        raise _whole_array(v, "=", type_, span)
    elif value.type == type_:
        return value
    raise v.fail("D_OP_INCOMPAT", span, shown(type_, "=", value.type))


def _give_up(v: Values, place: ast.Expr) -> None:
    """Nothing more is said of a variable whose first assignment is wrong."""
    match place:
        case ast.Identifier(name=name) | ast.Index(base=ast.Identifier(name=name)):
            v.scope.broken.add(("global", name))
        case ast.Scoped(scope=where, name=name) | ast.Index(base=ast.Scoped(scope=where, name=name)):
            v.scope.broken.add((where, name))


@checks(ast.Step)
def step(v: Values, e: ast.Step) -> typed.Expr:
    # A variable that begins with ++ is an int64_t (Dynamic Tracing Guide, "Increment and Decrement Operators").
    target = _target(v, e.operand, typed.Constant(ty.INT64, 1, e.span), e.op)
    one = typed.Constant(ty.INT, 1, e.span)
    return _update(v, e.op[0], target, one, e.span, old=not e.prefix)


def _whole_array(v: Values, op: str, type_: ty.Type, span: Span) -> Problem:
    message = f'operator {op} may not be applied to operand of type "{type_}"'
    return v.fail("D_OP_ARRFUN", span, message, "assign its elements")


def _update(v: Values, op: str, target: Place, value: typed.Expr, span: Span, *, old: bool = False) -> typed.Expr:
    check_divisor(v, op, value, span)
    if isinstance(target.type, ty.Array):
        raise _whole_array(v, f"{op}=", target.type, span)
    if isinstance(target.type, ty.Pointer) and isinstance(value.type, ty.Integer) and op in "+-":
        return typed.Update(target.type, op, target, scaled(v, value, target.type, span), ty.ULONG, old, span)
    type_, count = operation(v, op, target.type, value.type, span)
    return typed.Update(target.type, op, target, convert(value, count), type_, old, span)


def _target(v: Values, place: ast.Expr, value: typed.Expr, op: str) -> Place:
    """What is assigned to: a variable that is made now if the program has not seen it."""
    scope = v.scope
    match place:
        case ast.Identifier(name=name) | ast.Index(base=ast.Identifier(name=name)):
            where = "global"
        case ast.Scoped(scope=where, name=name) | ast.Index(base=ast.Scoped(scope=where, name=name)):
            pass
        case ast.Unary(op="*") | ast.Access() | ast.Index():
            part = v.check(place)
            if _is_variable(part):
                assert isinstance(part, typed.Part)
                return part
            raise _traced(v, op, place.span)
        case _:
            v.check(place)
            raise v.fail("D_OP_LVAL", place.span, f"operator {op} requires modifiable lvalue as an operand")
    if where == "global" and any(name in names for names in (scope.constants, scope.inlines, scope.parameters)):
        raise v.fail("D_OP_LVAL", place.span, f"operator {op} requires modifiable lvalue as an operand")
    symbol = scope.symbols.get((where, name))
    if isinstance(place, ast.Index) and symbol is not None and not symbol.keys:
        return _element(v, place, symbol, op)
    if symbol is None and where == "global" and (name in scope.environment.variables or name in ("args", "NULL")):
        raise v.fail("D_OP_WRITE", place.span, f"operator {op} can only be applied to a writable variable")
    value = decayed(as_text(value))
    if symbol is None and isinstance(value.type, ty.Void | ty.Routine):
        raise v.fail("D_OP_INCOMPAT", place.span, f"a variable cannot hold a value of type {value.type}")
    if symbol is None and isinstance(value.type, ty.Array):
        raise _whole_array(v, op, value.type, place.span)
    if isinstance(place, ast.Index):
        return _target_element(v, place, where, name, symbol, value)
    if symbol is None:
        symbol = scope.declare(where, name, value.type)
    elif symbol.keys:
        message = f"array {spelled(place)} may not be assigned without its index"
        raise v.fail("D_IDENT_BADREF", place.span, message, f"write {spelled(place)}[...]")
    return typed.Load(symbol.type, symbol, (), place.span)


def _element(v: Values, place: ast.Index, symbol: typed.Symbol, op: str) -> Place:
    """An element of an array of fixed size."""
    part = v.check(place)
    if isinstance(part, typed.Part):
        return part
    if isinstance(symbol.type, ty.String):
        hint = "a string is assigned as a whole; an array of char by its elements"
        raise v.fail("D_OP_LVAL", place.span, f"operator {op} requires modifiable lvalue as an operand", hint)
    raise _traced(v, op, place.span)


def _traced(v: Values, op: str, span: Span) -> Problem:
    message = f"operator {op} cannot write to memory of what is traced"
    return v.fail("D_OP_LVAL", span, message, "vtrace only observes")


def _is_variable(e: typed.Expr) -> bool:
    """Whether it is a part of a variable of the program, and no copy of something else."""
    while isinstance(e, typed.Part):
        e = e.base
    return isinstance(e, typed.Load)


def _target_element(
    v: Values, place: ast.Index, where: str, name: str, symbol: typed.Symbol | None, value: typed.Expr
) -> typed.Load:
    if symbol is None:
        if where == "this":
            message = f"local variables may not be used as associative arrays: this->{name}"
            raise v.fail("D_ARR_LOCAL", place.span, message, f"use self->{name}[...], or a global")
        types = tuple(map(key_type, v.keys(place.keys)))
        symbol = v.scope.declare(where, name, value.type, types)
    return typed.Load(symbol.type, symbol, tuple_of(v, place, symbol), place.span)
