"""Checking operators on types: casts, sizeof, offsetof, stringof."""

from __future__ import annotations

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.aggregates import decayed
from pyvtrace.lang.naming import complete, resolve
from pyvtrace.lang.values import Values, as_text, checks, fold
from pyvtrace.source import Span


@checks(ast.Cast)
def cast(v: Values, e: ast.Cast) -> typed.Expr:
    type_ = resolve(v, e.type)
    operand = v.check(e.operand)
    if isinstance(type_, ty.String) and (operand.type.is_scalar or isinstance(as_text(operand).type, ty.String)):
        return text_of(v, operand, e.span)
    operand = decayed(operand)
    if not type_.is_scalar or not operand.type.is_scalar:
        message = f'invalid cast expression: cannot convert from "{operand.type}" to "{type_}"'
        raise v.fail("D_CAST_INVAL", e.span, message)
    if isinstance(type_, ty.Pointer) and not type_.user and isinstance(operand.type, ty.Pointer):
        # A number says nothing of where it points; a pointer keeps what is known of it.
        type_ = ty.pointing(operand.type, type_.to)
    return fold(typed.Convert(type_, operand, e.span))


@checks(ast.SizeofType)
def sizeof_type(v: Values, e: ast.SizeofType) -> typed.Expr:
    return _sizeof(v, resolve(v, e.type), e.span)


@checks(ast.SizeofExpr)
def sizeof_expr(v: Values, e: ast.SizeofExpr) -> typed.Expr:
    type_ = _named_type(v, e.operand)
    if type_ is not None:
        return _sizeof(v, complete(v, type_), e.span)
    operand = v.check(e.operand)
    if isinstance(operand, typed.Bits) or (isinstance(operand, typed.Part) and operand.bits):
        raise v.fail("D_SIZEOF_BITFIELD", e.span, "cannot apply sizeof to a bit-field")
    return _sizeof(v, operand.type, e.span)


def _named_type(v: Values, e: ast.Expr) -> ty.Type | None:
    """The type that `sizeof (name)` means where nothing else has that name."""
    scope = v.scope
    if not isinstance(e, ast.Identifier) or ("global", e.name) in scope.symbols:
        return None
    others = (scope.parameters, scope.constants, scope.inlines, scope.environment.variables)
    if any(e.name in names for names in others):
        return None
    return scope.types.get(e.name) or scope.environment.named_type(e.name)


def _sizeof(v: Values, type_: ty.Type, span: Span) -> typed.Expr:
    if not type_.size:
        raise v.fail("D_SIZEOF_TYPE", span, f"cannot apply sizeof to an operand of type {type_}")
    # To the language all strings are one type.
    size = v.scope.strsize if isinstance(type_, ty.String) else type_.size
    return typed.Constant(ty.ULONG, size, span)


@checks(ast.OffsetOf)
def offset_of(v: Values, e: ast.OffsetOf) -> typed.Expr:
    type_ = resolve(v, e.type)
    if not isinstance(type_, ty.Struct) or type_.members is None:
        message = f"offsetof operand must be a defined struct or union type: {type_}"
        raise v.fail("D_OFFSETOF_TYPE", e.span, message)
    member = type_.member(e.member)
    if member is None:
        hint = v.scope.nearest(e.member, [m.name for m in type_.members])
        message = f"failed to determine offset of {e.member}: it is not a member of {type_}"
        raise v.fail("D_UNKNOWN", e.span, message, hint)
    if member.bits:
        raise v.fail("D_OFFSETOF_BITFIELD", e.span, f"cannot take offset of a bit-field: {e.member}")
    return typed.Constant(ty.ULONG, member.offset, e.span)


@checks(ast.StringOf)
def string_of(v: Values, e: ast.StringOf) -> typed.Expr:
    return text_of(v, v.check(e.operand), e.span)


def text_of(v: Values, operand: typed.Expr, span: Span) -> typed.Expr:
    """The string that an address leads to, or that an array holds; a string is itself."""
    operand = as_text(operand)
    if isinstance(operand.type, ty.String):
        return operand
    if not operand.type.is_scalar:
        message = f'cannot convert an expression of type "{operand.type}" to a string'
        raise v.fail("D_STRINGOF_TYPE", span, message)
    function = v.scope.environment.functions["stringof"]
    return typed.Call(function.result((operand.type,), v.scope.strsize), function, (operand,), span)
