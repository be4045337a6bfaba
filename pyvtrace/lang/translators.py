"""Checking translators and `xlate`: members that are computed when they are named."""

from __future__ import annotations

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.aggregates import decayed
from pyvtrace.lang.naming import complete, resolve
from pyvtrace.lang.values import Values, as_text, checks, convert, is_characters
from pyvtrace.source import Span
from pyvtrace.value import replace


def declare(v: Values, item: ast.Translator) -> None:
    """A translator from now on.

    Raises:
        Problem: it is none, or one of its members is wrong.
    """
    output, taken = resolve(v, item.type), resolve(v, item.input)
    if not isinstance(output, ty.Struct) or output.members is None:
        raise v.fail("D_XLATE_SOU", item.type.span, f"translator output type must be a struct or union: {output}")
    key = str(output), str(taken)
    if key in v.scope.translators:
        message = f"translator from {taken} to {output} has already been declared"
        raise v.fail("D_XLATE_REDECL", item.span, message)
    if not v.scope.loading:
        stand_in = typed.Load(taken, typed.Symbol("this", item.name, taken))
        for member in item.members:
            _value(v, item, member, output, stand_in, member.span)
    v.scope.translators[key] = item


def _value(
    v: Values, item: ast.Translator, member: ast.TranslatedMember, output: ty.Struct, operand: typed.Expr, span: Span
) -> typed.Expr:
    """A member's expression, with the translator's parameter in place."""
    found = output.member(member.name)
    if found is None:
        hint = v.scope.nearest(member.name, [m.name for m in output.members or ()])
        message = f"translator member {member.name} is not a member of {output}"
        raise v.fail("D_XLATE_MEMB", span, message, hint)
    outer, v.scope.parameters = v.scope.parameters, {item.name: operand}
    try:
        value = v.check(member.value)
    finally:
        v.scope.parameters = outer
    type_ = complete(v, found.type)
    if isinstance(type_, ty.String):
        value = as_text(value)
    elif not isinstance(type_, ty.Array):
        value = decayed(value)
    if type_.is_scalar and value.type.is_scalar:
        return convert(value, type_)
    if is_characters(type_) and isinstance(as_text(value).type, ty.String):
        return as_text(value)
    if str(value.type) != str(type_):
        message = f'translator member {member.name} definition uses incompatible types: "{type_}" = "{value.type}"'
        raise v.fail("D_XLATE_INCOMPAT", span, message)
    return value


@checks(ast.Translate)
def translate(v: Values, e: ast.Translate) -> typed.Expr:
    type_ = resolve(v, e.type)
    output = type_.to if isinstance(type_, ty.Pointer) else type_
    operand = decayed(v.check(e.operand))
    if (str(output), str(operand.type)) not in v.scope.translators:
        message = f'no translator from "{operand.type}" to "{output}" has been declared'
        raise v.fail("D_XLATE_NONE", e.span, message)
    return typed.Translated(type_, operand, operand.type, e.span)


def members(v: Values, base: typed.Translated) -> tuple[str, ...]:
    """The members that the translator of what `xlate` made has."""
    item = v.scope.translators[str(complete(v, base.type)), str(base.input)]
    return tuple(translated.name for translated in item.members)


def member(v: Values, base: typed.Translated, name: str, span: Span) -> typed.Expr:
    """A member of what `xlate` made."""
    output = complete(v, base.type.to if isinstance(base.type, ty.Pointer) else base.type)
    assert isinstance(output, ty.Struct)
    item = v.scope.translators[str(output), str(base.input)]
    for translated in item.members:
        if translated.name == name:
            return replace(_value(v, item, translated, output, base.operand, span), span=span)
    message = f"translator does not define conversion for member: {name}"
    hint = v.scope.nearest(name, [m.name for m in item.members]) or f"add it to the translator: {name} = ...;"
    raise v.fail("D_XLATE_NOCONV", span, message, hint)
