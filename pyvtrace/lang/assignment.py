"""Checking assignment: what is assigned to, the variable that the first one makes, and `=`, `op=`, `++` and `--`."""

from __future__ import annotations

from pyvtrace.lang import ast, translators, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.aggregates import decayed, member, widened
from pyvtrace.lang.casts import text_of
from pyvtrace.lang.naming import complete
from pyvtrace.lang.operators import check_divisor, go_together, operation, points_nowhere, scaled, shown
from pyvtrace.lang.scope import Problem
from pyvtrace.lang.values import (
    TRANSLATED,
    Values,
    as_text,
    checks,
    convert,
    is_character_pointer,
    is_characters,
    is_null,
)
from pyvtrace.lang.variables import key_type, spelled, tuple_of
from pyvtrace.lang.vocabulary import ADDRESS_OF_STRING
from pyvtrace.source import Span
from pyvtrace.value import replace

Place = typed.Load | typed.Part | typed.Dereference | typed.Bits


@checks(ast.Assign)
def assign(v: Values, e: ast.Assign) -> typed.Expr:
    try:
        value = v.shown_one(e.value) if e.op == "=" else v.check(e.value)
        if isinstance(value, typed.NoValue) and value.what == TRANSLATED:
            return _translated(v, e)
    except Problem:
        _give_up(v, e.target)
        raise
    if e.op != "=":
        return _update(v, e.op[:-1], _target(v, e.target, value, e.op), value, e.span)
    target = _target(v, e.target, value, e.op)
    value = _assigned(v, target.type, value, e.span)
    if isinstance(target, typed.Load):
        target = _remembered(v, target, value, e.span)
    return typed.Assign(target.type, target, value, e.span)


def _translated(v: Values, e: ast.Assign) -> typed.Expr:
    """`target = xlate <type> (x)`: every member that the translator has, one by one."""
    value = v.base(e.value)
    type_ = complete(v, value.type)
    if e.op != "=" or not isinstance(value, typed.Translated) or not isinstance(type_, ty.Struct) or value.at:
        message = "what is translated has no value as a whole"
        raise v.fail("D_OP_DYN", e.span, message, "take a member of it: xlate <type> (x).member")
    whole = typed.Load(type_, typed.Symbol("this", "", type_), (), e.span)
    target = _target(v, e.target, whole, "=")
    _assigned(v, target.type, whole, e.span)
    if typed.assigns(target) or typed.assigns(value.operand):
        message = "what is translated as a whole, and where it goes, may not change variables"
        raise v.fail("D_OP_DYN", e.span, message, "change them before: each member is computed by itself")
    parts: list[typed.Expr] = []
    for name in translators.members(v, value):
        place = _part(v, member(v, target, name, ".", e.span), "=", e.span)
        part = _assigned(v, place.type, translators.member(v, value, name, e.span), e.span)
        parts.append(typed.Assign(place.type, place, part, e.span))
    return typed.Comma(parts[-1].type, tuple(parts), e.span) if parts else typed.Constant(ty.INT, 0, e.span)


def _assigned(v: Values, type_: ty.Type, value: typed.Expr, span: Span) -> typed.Expr:
    """A value as something of the target's type can take it."""
    if isinstance(type_, ty.String):
        value = as_text(value)
        if is_character_pointer(value.type) and not is_null(value):
            value = text_of(v, value, span)
        if isinstance(value.type, ty.String) or is_null(value):
            return value
    elif type_.is_scalar and (decayed(value).type == type_ or go_together(type_, decayed(value))):
        return convert(decayed(value), _of_same_memory(type_, decayed(value).type))
    elif is_character_pointer(type_) and isinstance(as_text(value).type, ty.String):
        function = v.scope.environment.functions[ADDRESS_OF_STRING]
        return convert(typed.Call(function.result((), 0), function, (as_text(value),), span), type_)
    elif isinstance(type_, ty.Array):
        if is_characters(type_) and (value.type == type_ or isinstance(as_text(value).type, ty.String)):
            return value if value.type == type_ else as_text(value)
        if value.type == type_:
            raise _whole_array(v, "=", type_, span)
    elif value.type == type_:
        return value
    raise v.fail("D_OP_INCOMPAT", span, shown(type_, "=", value.type))


def _of_same_memory(type_: ty.Type, value: ty.Type) -> ty.Type:
    """A pointer's type with what is known of where the value points."""
    if not isinstance(type_, ty.Pointer):
        return type_
    if isinstance(value, ty.Pointer) and value.scratch:
        return ty.pointing(value, type_.to)
    return replace(type_, scratch=False)


def _remembered(v: Values, target: typed.Load, value: typed.Expr, span: Span) -> typed.Load:
    """The variable, of which is known from here on whether it points to the clause's memory."""
    symbol = target.symbol
    if not isinstance(symbol.type, ty.Pointer) or not isinstance(value.type, ty.Pointer) or is_null(value):
        return target
    if v.scope.holds.setdefault((symbol.scope, symbol.name), value.type.scratch) != value.type.scratch:
        message = f"{symbol.name}: cannot reuse the same identifier for both alloca and non-alloca allocations"
        raise v.fail("D_ALLOCA_INCOMPAT", span, message, "use a variable for each")
    if value.type.scratch and not symbol.type.scratch:
        symbol = v.scope.declare(symbol.scope, symbol.name, ty.pointing(value.type, symbol.type.to), symbol.keys)
    return replace(target, type=symbol.type, symbol=symbol)


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
    if not target.type.is_scalar:
        message = f"operator {e.op} requires operand of scalar type"
        raise v.fail("D_OP_SCALAR", e.span, message, f"this is a {target.type}")
    if points_nowhere(target.type):
        message = f"operator {e.op} requires an operand of known size"
        raise v.fail("D_OP_VFPTR", e.span, message, "cast it: what it points to says how far a step is")
    one = typed.Constant(ty.INT, 1, e.span)
    return _update(v, e.op[0], target, one, e.span, old=not e.prefix)


def _whole_array(v: Values, op: str, type_: ty.Type, span: Span) -> Problem:
    message = f'operator {op} may not be applied to operand of type "{type_}"'
    return v.fail("D_OP_ARRFUN", span, message, "assign its elements")


def _update(v: Values, op: str, target: Place, value: typed.Expr, span: Span, *, old: bool = False) -> typed.Expr:
    check_divisor(v, op, value, span)
    if isinstance(target.type, ty.Array):
        raise _whole_array(v, f"{op}=", target.type, span)
    if op in "+-" and not isinstance(target.type, ty.String) and not isinstance(value.type, ty.String):
        unfit = not isinstance(target.type, ty.Pointer) or points_nowhere(target.type)
        if unfit and not (isinstance(target.type, ty.Integer) and isinstance(value.type, ty.Integer)):
            message = f"operator {op}= requires left-hand scalar operand of known size"
            raise v.fail("D_OP_VFPTR", span, message, f"these are {target.type} and {value.type}")
    if isinstance(target.type, ty.Pointer) and isinstance(value.type, ty.Integer) and op in "+-":
        return typed.Update(target.type, op, target, scaled(v, value, target.type, span), ty.ULONG, old, span)
    value = widened(value)
    type_, count = operation(v, op, widened(target).type, value.type, span)
    return typed.Update(target.type, op, target, convert(value, count), type_, old, span)


def _target(v: Values, place: ast.Expr, value: typed.Expr, op: str) -> Place:
    """What is assigned to: a variable that is made now if the program has not seen it."""
    scope = v.scope
    match place:
        case ast.Identifier(name=name) | ast.Index(base=ast.Identifier(name=name)):
            where = "global"
        case ast.Scoped(scope=where, name=name) | ast.Index(base=ast.Scoped(scope=where, name=name)):
            pass
        case ast.Unary(op="*") | ast.Access() | ast.Index() | ast.KernelSymbol():
            return _part(v, v.check(place), op, place.span)
        case _:
            _compatible(v, op, v.check(place).type, value, place.span)
            raise v.fail("D_OP_LVAL", place.span, f"operator {op} requires modifiable lvalue as an operand")
    if where == "global" and any(name in names for names in (scope.constants, scope.inlines, scope.parameters)):
        if isinstance(place, ast.Identifier):
            _compatible(v, op, v.check(place).type, value, place.span)
        raise v.fail("D_OP_LVAL", place.span, f"operator {op} requires modifiable lvalue as an operand")
    symbol = scope.symbols.get((where, name))
    if isinstance(place, ast.Index) and symbol is not None and not symbol.keys:
        return _element(v, place, symbol, op)
    builtin = name in scope.environment.variables or name in scope.environment.arrays or name in ("args", "NULL")
    if symbol is None and where == "global" and builtin:
        if name in scope.environment.variables:
            _compatible(v, op, scope.environment.variables[name].type, value, place.span)
        raise v.fail("D_OP_WRITE", place.span, f"operator {op} can only be applied to a writable variable")
    value = as_text(value)
    if symbol is None and isinstance(value.type, ty.Array) and not isinstance(value, typed.Dereference):
        raise _whole_array(v, op, value.type, place.span)
    value = decayed(value)
    if symbol is None and isinstance(value.type, ty.Void | ty.Dynamic | ty.Routine):
        raise v.fail("D_OP_INCOMPAT", place.span, f"a variable cannot hold a value of type {value.type}")
    if isinstance(place, ast.Index):
        return _target_element(v, place, where, name, symbol, value)
    if symbol is None:
        symbol = scope.declare(where, name, value.type)
    elif symbol.keys:
        message = f"array {spelled(place)} may not be assigned without its index"
        raise v.fail("D_IDENT_BADREF", place.span, message, f"write {spelled(place)}[...]")
    return typed.Load(symbol.type, symbol, (), place.span)


def _compatible(v: Values, op: str, type_: ty.Type, value: typed.Expr, span: Span) -> None:
    """DTrace looks at the types first, then at whether the left side can be written to."""
    if op == "=":
        _assigned(v, type_, value, span)


def _element(v: Values, place: ast.Index, symbol: typed.Symbol, op: str) -> Place:
    """An element of an array of fixed size."""
    part = v.check(place)
    if isinstance(symbol.type, ty.String):
        hint = "a string is assigned as a whole; an array of char by its elements"
        raise v.fail("D_OP_LVAL", place.span, f"operator {op} requires modifiable lvalue as an operand", hint)
    return _part(v, part, op, place.span)


def _part(v: Values, part: typed.Expr, op: str, span: Span) -> Place:
    """A part of a variable of the program, or what lies behind a pointer that may lead to the clause's own memory."""
    root = part
    while isinstance(root, typed.Part):
        root = root.base
    if isinstance(part, typed.Part) and isinstance(root, typed.Load):
        return part
    behind = part.operand if isinstance(part, typed.Bits) else part
    if not isinstance(behind, typed.Dereference):
        raise v.fail("D_OP_LVAL", span, f"operator {op} requires modifiable lvalue as an operand")
    pointer = behind.pointer.type
    if isinstance(pointer, ty.Pointer) and not pointer.anywhere:
        message = f"operator {op} can only be applied to a writable variable"
        raise v.fail("D_OP_WRITE", span, message, "this is memory of what is traced; only what alloca() gave is yours")
    assert isinstance(part, typed.Dereference | typed.Bits)
    return part


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
