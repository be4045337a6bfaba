"""Checking declarations: variables, types and inlines."""

from __future__ import annotations

from pyvtrace.lang import ast, translators, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.naming import is_object, resolve, unused
from pyvtrace.lang.scope import InlineValue
from pyvtrace.lang.values import Values
from pyvtrace.lang.variables import initial
from pyvtrace.source import Span
from pyvtrace.value import replace

Declared = ast.Declaration | ast.Typedef | ast.Inline | ast.TypeDeclaration | ast.Translator


def declare(v: Values, item: Declared) -> None:
    """Make what a declaration declares.

    Raises:
        Problem: it cannot be.
    """
    match item:
        case ast.Declaration():
            _variable(v, item)
        case ast.TypeDeclaration(type=type_):
            resolve(v, type_)
        case ast.Typedef():
            _typedef(v, item)
        case ast.Inline():
            _inline(v, item)
        case ast.Translator():
            translators.declare(v, item)


def _split(v: Values, name: ast.TypeName) -> tuple[ty.Type, tuple[ty.Type, ...], tuple[str, ...]]:
    """The type of an object, and the types and names of the tuple where it is an associative array."""
    match name.derived:
        case (*inner, ast.Keyed(types=types, names=names)):
            return resolve(v, replace(name, derived=tuple(inner))), tuple(resolve(v, t) for t in types), names
    return resolve(v, name), (), ()


def _check_keys(v: Values, name: str, keys: tuple[ty.Type, ...], span: Span) -> None:
    for number, key in enumerate(keys, 1):
        if isinstance(key, ty.Void):
            message = f"array prototype may not use parameter of type {key}: (anonymous), parameter #{number}"
            raise v.fail("D_DECL_PROTO_TYPE", span, message, f"of {name}[ ]")
        if not (key.is_scalar or isinstance(key, ty.String)):
            raise v.fail("D_KEY_TYPE", span, f"{name}[ ] key #{number} may not be of type {key}")


def _variable(v: Values, item: ast.Declaration) -> None:
    scope = v.scope
    type_, keys, _ = _split(v, item.type)
    name = item.name if item.scope == "global" else f"{item.scope}->{item.name}"
    is_object(v, type_, name, "object", item.span)
    if item.scope == "this" and keys:
        message = "clause-local variables cannot be associative arrays"
        raise v.fail("D_DECL_LOCASSC", item.span, message, f"use self->{item.name}[...], or a global")
    _check_keys(v, name, keys, item.span)
    if item.scope == "global":
        _check_free(v, item.name, item.span)
    before = scope.symbols.get((item.scope, item.name))
    if before is not None and (str(before.type), len(before.keys)) != (str(type_), len(keys)):
        message = f"identifier redefined: {name}\n\t current: {type_}\n\tprevious: {before.type}"
        raise v.fail("D_DECL_IDRED", item.span, message)
    scope.declare(item.scope, item.name, type_, keys)


def _check_free(v: Values, name: str, span: Span) -> None:
    """A global has a name of its own."""
    scope = v.scope
    if name in scope.types:
        raise v.fail("D_DECL_IDRED", span, f"identifier redefined: {name}", "it is the name of a type")
    environment = scope.environment
    if any(name in names for names in (environment.functions, environment.actions, environment.aggregating)):
        raise v.fail("D_DECL_IDRED", span, f"identifier redefined: {name}", f"{name}( ) is a function of D's")
    if name in environment.variables or name in environment.arrays:
        raise v.fail("D_DECL_IDRED", span, f"identifier redefined: {name}", f"{name} is a built-in variable")
    if name in scope.constants or name in scope.inlines:
        raise v.fail("D_DECL_IDRED", span, f"identifier redefined: {name}", "it is an enumerator or an inline")


def _typedef(v: Values, item: ast.Typedef) -> None:
    type_ = resolve(v, item.type)
    if ("global", item.name) in v.scope.symbols:
        message = f"global variable identifier redeclared: {item.name}"
        raise v.fail("D_DECL_IDRED", item.span, message)
    if isinstance(type_, ty.Integer) and not type_.name.startswith("enum "):
        type_ = ty.Integer(type_.bytes, type_.signed, item.name)
    before = v.scope.types.get(item.name, ty.TYPEDEFS.get(item.name))
    if before is not None and before != type_:
        raise v.fail("D_DECL_TYPERED", item.span, f"type redeclared: {item.name}")
    v.scope.types[item.name] = type_


def _inline(v: Values, item: ast.Inline) -> None:
    type_, keys, names = _split(v, item.type)
    is_object(v, type_, item.name, "object", item.span)
    _check_keys(v, item.name, keys, item.span)
    unused(v, item.name, item.span)
    if not all(names):
        message = f"parameter declaration requires a name: parameter #{names.index('') + 1}"
        raise v.fail("D_DECL_PROTO_NAME", item.span, message, f"inline {type_} {item.name}[int x] = x + 1;")
    # Wrong values are reported once, here; one that is right is checked again where it is used.
    if v.scope.loading and not isinstance(item.value, ast.Number):
        v.scope.inlines[item.name] = InlineValue(item.name, type_, names, keys, item.value)
        return
    outer, v.scope.parameters = v.scope.parameters, dict(zip(names, map(_stand_in, keys), strict=True))
    try:
        value = initial(v, v.base(item.value), type_, item.value.span)
    finally:
        v.scope.parameters = outer
    if isinstance(value, typed.Constant) and not keys:
        v.scope.constants[item.name] = value
        return
    v.scope.inlines[item.name] = InlineValue(item.name, type_, names, keys, item.value)


def _stand_in(type_: ty.Type) -> typed.Expr:
    """A value of a parameter's type of which nothing is known."""
    return typed.Load(type_, typed.Symbol("this", "parameter", type_))
