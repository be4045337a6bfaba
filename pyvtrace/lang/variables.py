"""Checking names: variables, tuples of arrays, inlines, arguments of probes."""

from __future__ import annotations

from pyvtrace.lang import ast, derived, libraries, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.aggregates import decayed, dereference, element, member
from pyvtrace.lang.calls import arguments
from pyvtrace.lang.operators import arithmetic
from pyvtrace.lang.scope import InlineValue, Problem
from pyvtrace.lang.unsupported import refusal
from pyvtrace.lang.values import Values, as_text, checks, convert, is_character_pointer
from pyvtrace.lang.vocabulary import Function
from pyvtrace.source import Span
from pyvtrace.value import replace

# -------------------------------------------------------------------------------------------------------------- reading


@checks(ast.Identifier)
def identifier(v: Values, e: ast.Identifier) -> typed.Expr:
    scope = v.scope
    if e.name in scope.parameters:
        return scope.parameters[e.name]
    if e.name in scope.constants:
        return replace(scope.constants[e.name], span=e.span)
    if e.name in scope.inlines:
        return expand(v, scope.inlines[e.name], (), e.span)
    symbol = scope.symbols.get(("global", e.name))
    if symbol is not None:
        if symbol.keys:
            message = f"array {e.name} may not be referenced without its index"
            raise v.fail("D_IDENT_BADREF", e.span, message, f"write {e.name}[...]")
        return typed.Load(symbol.type, symbol, (), e.span)
    if e.name in scope.environment.variables:
        variable = scope.environment.variables[e.name]
        if e.name[:3] == "arg" and e.name[3:].isdigit() and derived.origins(v):
            return derived.number(v, variable, e.span)
        return typed.Builtin(variable.type, variable, e.span)
    if e.name == "NULL":
        return typed.Constant(ty.Pointer(ty.VOID), 0, e.span)
    if e.name == "args":
        message = "args[ ] may not be referenced without its index"
        raise v.fail("D_IDENT_BADREF", e.span, message, "write args[0], or args-> and a name that `vtrace -lv` shows")
    if e.name in scope.environment.arrays:
        message = f"{e.name}[ ] may not be referenced without its index"
        raise v.fail("D_IDENT_BADREF", e.span, message, f"write {e.name}[...]")
    if e.name in ("self", "this"):
        raise v.fail("D_SYNTAX", e.span, f"{e.name} is no variable", f"write {e.name}-> and a name")
    if libraries.find(v, e.name):
        return identifier(v, e)
    if ("global", e.name) not in scope.broken and (constant := _constant_of_kernel(v, e.name, e.span)):
        return constant
    raise _unknown(v, "global", e.name, e.name, e.span)


def _constant_of_kernel(v: Values, name: str, span: Span) -> typed.Constant | None:
    """A constant that the program does not define: the last that a name can mean."""
    environment = v.scope.environment
    if refusal(name) or not (found := environment.enumerator(name)):
        return None
    return typed.Constant(*found, span)


def _unknown(v: Values, where: str, name: str, spelled: str, span: Span) -> Problem:
    """A name that nothing was assigned to yet."""
    scope = v.scope
    if (where, name) in scope.broken:
        return Problem(None)
    prefix = "" if where == "global" else f"{where}->"
    if where == "global" and (refused := refusal(name)):
        return v.fail(refused[0], span, *refused[1:])
    names = [n for s, n in scope.symbols if s == where]
    if where == "global":
        names += scope.environment.variables
        others = [s for s, n in scope.symbols if n == name]
        if others:
            hint = f"there is {others[0]}->{name}"
        elif name in scope.environment.functions or name in scope.environment.actions:
            hint = f"a function is called: {name}(...)"
        else:
            hint = scope.nearest(name, names)
        return v.fail("D_IDENT_UNDEF", span, f"failed to resolve {spelled}: Unknown variable name", hint)
    hint = scope.nearest(name, names, prefix)
    return v.fail("D_VAR_UNDEF", span, f"{spelled} has not yet been declared or assigned", hint)


@checks(ast.Scoped)
def scoped(v: Values, e: ast.Scoped) -> typed.Expr:
    symbol = v.scope.symbols.get((e.scope, e.name))
    name = f"{e.scope}->{e.name}"
    if symbol is None:
        raise _unknown(v, e.scope, e.name, name, e.span)
    if symbol.keys:
        message = f"array {name} may not be referenced without its index"
        raise v.fail("D_IDENT_BADREF", e.span, message, f"write {name}[...]")
    return typed.Load(symbol.type, symbol, (), e.span)


@checks(ast.Aggregation)
def aggregation(v: Values, e: ast.Aggregation) -> typed.Expr:
    name = "" if e.name == "_" else e.name
    if e.name not in v.scope.aggregations:
        message = f"failed to resolve @{name}: Unknown variable name"
        hint = v.scope.nearest(e.name, list(v.scope.aggregations), "@")
        raise v.fail("D_IDENT_UNDEF", e.span, message, hint)
    v.keys(e.keys or ())
    return typed.NoValue(ty.DYNAMIC, f"aggregation @{name}", e.span)


# --------------------------------------------------------------------------------------------------------------- arrays


@checks(ast.Index)
def index(v: Values, e: ast.Index) -> typed.Expr:
    if isinstance(e.base, ast.Aggregation):
        raise multidimensional(v, e.base, e.span)
    if isinstance(e.base, ast.Identifier) and e.base.name == "args":
        return _numbered_argument(v, e)
    if isinstance(e.base, ast.Identifier) and e.base.name in v.scope.environment.arrays:
        return _of_array(v, e, v.scope.environment.arrays[e.base.name])
    if isinstance(e.base, ast.Identifier) and e.base.name in v.scope.inlines:
        inline = v.scope.inlines[e.base.name]
        if inline.keys:
            return expand(v, inline, v.keys(e.keys), e.span)
    symbol = _array(v, e.base)
    is_unknown = symbol is None and isinstance(e.base, ast.Identifier) and not _is_known(v, e.base)
    if is_unknown and libraries.find(v, spelled(e.base)):
        return index(v, e)
    if symbol is not None and symbol.keys:
        keys = tuple_of(v, e, symbol)
        return typed.Load(symbol.type, symbol, keys, e.span)
    if symbol is None and isinstance(e.base, ast.Identifier | ast.Scoped) and not _is_known(v, e.base):
        where = e.base.scope if isinstance(e.base, ast.Scoped) else "global"
        raise _unknown(v, where, e.base.name, spelled(e.base), e.span)
    return _element(v, e)


def _of_array(v: Values, e: ast.Index, array: Function) -> typed.Expr:
    """An element of an array of D's own."""
    args = arguments(v, array.name, ast.Call(array.name, e.keys, e.span), array.parameters, "[ ]")
    if refused := array.refuses(args, v.scope.scratchsize):
        raise v.fail(refused[0], e.span, refused[1])
    return typed.Call(array.result([a.type for a in args], v.scope.strsize), array, args, e.span)


def multidimensional(v: Values, base: ast.Aggregation, span: Span) -> Problem:
    name = "" if base.name == "_" else base.name
    message = f"improper attempt to reference @{name} as a multi-dimensional array"
    return v.fail("D_AGG_MDIM", span, message, "write its keys in one tuple: @[a, b]")


def _element(v: Values, e: ast.Index) -> typed.Expr:
    """`base[n]` of an array, a string or a pointer."""
    base = v.check(e.base)
    if len(e.keys) != 1:
        message = f"cannot access {spelled(e.base)} as an associative array"
        raise v.fail("D_ARR_BADREF", e.base.span, message, f"this is a {base.type}")
    number = v.check(e.keys[0])
    if not isinstance(base.type, ty.Pointer | ty.Array | ty.String):
        message = "cannot dereference non-pointer type"
        raise v.fail("D_DEREF_NONPTR", e.span, message, f"this is a {base.type}: [ ] is for arrays and pointers")
    return element(v, base, number, e.span) or dereference(v, arithmetic(v, "+", base, number, e.span), e.span)


def _is_known(v: Values, base: ast.Expr) -> bool:
    scope = v.scope
    names = (scope.environment.variables, scope.parameters, scope.constants, scope.inlines)
    return isinstance(base, ast.Identifier) and any(base.name in known for known in names)


def _array(v: Values, base: ast.Expr) -> typed.Symbol | None:
    match base:
        case ast.Identifier(name=name):
            return v.scope.symbols.get(("global", name))
        case ast.Scoped(scope=scope, name=name):
            return v.scope.symbols.get((scope, name))
    return None


def tuple_of(v: Values, e: ast.Index, symbol: typed.Symbol) -> tuple[typed.Expr, ...]:
    """The tuple of an associative array, converted to its key types; a longer string widens the array's."""
    name = spelled(e.base)
    if len(e.keys) != len(symbol.keys):
        raise v.fail("D_PROTO_LEN", e.span, count_mismatch(name, len(e.keys), len(symbol.keys)))
    keys = tuple(
        key_part(v, value, type_, f"{name}[ ]", number)
        for number, (value, type_) in enumerate(zip(v.keys(e.keys), symbol.keys, strict=True), 1)
    )
    wider = tuple(wider_key(type_, key.type) for type_, key in zip(symbol.keys, keys, strict=True))
    if wider != symbol.keys:
        v.scope.symbols[symbol.scope, symbol.name] = replace(symbol, keys=wider)
    return keys


def count_mismatch(name: str, passed: int, expected: int) -> str:
    return f"{name}[ ] prototype mismatch: {passed} key{'s' * (passed != 1)} passed, {expected} expected"


def key_part(v: Values, value: typed.Expr, type_: ty.Type, what: str, number: int) -> typed.Expr:
    """One part of a tuple, or a problem that shows both types."""
    if not isinstance(value.type, ty.Trace):
        check_key(v, value, what, number)
    if _sort_of_key(value.type) != _sort_of_key(type_):
        message = (
            f"{what} key #{number} is incompatible with prototype:\n\tprototype: {type_}\n\t      key: {value.type}"
        )
        raise v.fail("D_PROTO_ARG", value.span, message)
    return value if isinstance(type_, ty.String | ty.Trace) else convert(value, type_)


def _sort_of_key(type_: ty.Type) -> str:
    """Keys of one sort can stand in one place of a tuple."""
    return type_.kind if isinstance(type_, ty.Trace) else "string" if isinstance(type_, ty.String) else "integer"


def check_key(v: Values, value: typed.Expr, what: str, number: int) -> None:
    if not (value.type.is_scalar or isinstance(value.type, ty.String)):
        raise v.fail("D_KEY_TYPE", value.span, f"{what} key #{number} may not be of type {value.type}")


def wider_key(one: ty.Type, other: ty.Type) -> ty.Type:
    """The type of a part of a tuple that holds both."""
    if isinstance(one, ty.String) and isinstance(other, ty.String):
        return one if one.capacity >= other.capacity else other
    if isinstance(one, ty.Trace) and isinstance(other, ty.Trace):
        return one if one.words >= other.words else other
    return one


def key_type(key: typed.Expr) -> ty.Type:
    """What an array that nobody declared keeps of a part of its tuple. Every integer takes 8 bytes, as in DTrace, so
    that a[1] and a[1LL] are one element and no large key is cut to the first one's size."""
    if isinstance(key.type, ty.Integer):
        return ty.Integer(8, True, key.type.name)
    return key.type


# ------------------------------------------------------------------------------------------------- arguments of a probe


def _numbered_argument(v: Values, e: ast.Index) -> typed.Expr:
    keys = v.all(e.keys)
    if len(keys) != 1:
        raise v.fail("D_PROTO_LEN", e.span, f"args[ ] prototype mismatch: {len(keys)} args passed, 1 expected")
    if not isinstance(keys[0], typed.Constant):
        message = (
            "args[ ] argument #1 is incompatible with prototype:\n"
            f"\tprototype: integer constant\n\t argument: {keys[0].type}"
        )
        raise v.fail("D_PROTO_ARG", e.span, message, "args[0], args[1], ...")
    if not v.scope.in_clause:
        raise v.fail("D_ARGS_NONE", e.span, "args[ ] may not be referenced outside of a probe clause")
    number = keys[0].value
    arguments = v.scope.probe_arguments()
    if not 0 <= number < len(arguments):
        message = f"index {number} is out of range for {v.scope.probe()} args[ ]"
        raise v.fail("D_ARGS_IDX", e.span, message, f"it has {len(arguments)} argument{'s' * (len(arguments) != 1)}")
    return _argument(v, number, e.span)


def _argument(v: Values, number: int, span: Span, name: str = "") -> typed.Expr:
    """Argument `number` of all probes of the clause; `name` is what it must be called, too."""
    if derived.origins(v):
        return derived.argument(v, number, span)
    found = v.scope.probe_arguments()[number]
    if other := v.scope.disagreement(number, name):
        written = f"args->{name}" if name else f"args[{number}]"
        message = f"{written} differs between the probes of this clause: {v.scope.probe()} and {other}"
        raise v.fail("D_ARGS_MULTI", span, message, f"use arg{number}, or a clause for each")
    if isinstance(found.type, ty.Void):
        message = f"args[{number}] ({found.name}) has no value in D: it is a struct or an array"
        raise v.fail("D_ARGS_TYPE", span, message)
    return typed.TypedArgument(found.type, number, span)


@checks(ast.Access)
def access(v: Values, e: ast.Access) -> typed.Expr:
    if isinstance(e.base, ast.Identifier) and e.base.name == "args" and e.arrow:
        names = [a.name for a in v.scope.probe_arguments()]
        if e.name not in names:
            hint = v.scope.nearest(e.name, names) or f"its arguments: {', '.join(names) or 'none'}"
            raise v.fail("D_TYPE_MEMBER", e.span, f"{v.scope.probe()} has no argument {e.name}", hint)
        return _argument(v, names.index(e.name), e.span, e.name)
    base, op = v.base(e.base), "->" if e.arrow else "."
    if isinstance(base, typed.Translated | typed.Variants) and derived.is_translated(base):
        if isinstance(base.type, ty.Pointer) != e.arrow:
            tag = "D_OP_PTR" if e.arrow else "D_OP_SOU"
            raise v.fail(tag, e.span, f"operator {op} cannot be applied to a translated {base.type}")
        return derived.member(v, base, e.name, e.span)
    return member(v, base, e.name, op, e.span)


# -------------------------------------------------------------------------------------------------------------- inlines


# Inlines inside one another, and all uses of inlines in a program.
_DEEPEST, _MOST = 40, 20_000


def expand(v: Values, inline: InlineValue, keys: tuple[typed.Expr, ...], span: Span) -> typed.Expr:
    """The value of an inline at a place of the program."""
    if len(keys) != len(inline.keys):
        if not keys:
            message = f"array {inline.name} may not be referenced without its index"
            raise v.fail("D_IDENT_BADREF", span, message, f"write {inline.name}[...]")
        raise v.fail("D_PROTO_LEN", span, count_mismatch(inline.name, len(keys), len(inline.keys)))
    passed = {
        name: key_part(v, key, type_, f"{inline.name}[ ]", number)
        for number, (name, key, type_) in enumerate(zip(inline.names, keys, inline.keys, strict=True), 1)
    }
    v.scope.inside += 1
    v.scope.expansions += 1
    if v.scope.inside > _DEEPEST or v.scope.expansions > _MOST:
        message = f"inlines inside one another make an expression too large: {inline.name}"
        raise v.fail("D_CG_EXPR", span, message, "put a part into a variable of its own")
    outer, v.scope.parameters = v.scope.parameters, passed
    # What follows from it stands in the program where the name does.
    try:
        value = initial(v, v.base(inline.value), inline.type, span)
    finally:
        v.scope.parameters = outer
        v.scope.inside -= 1
    return replace(value, span=span)


def initial(v: Values, value: typed.Expr, type_: ty.Type, span: Span) -> typed.Expr:
    """What an inline is given, as a value of its type."""
    if isinstance(value, typed.Translated) and str(value.type) == str(type_):
        return value
    value = as_text(decayed(value)) if isinstance(type_, ty.String) else decayed(value)
    if value.type.is_scalar and type_.is_scalar:
        return convert(value, type_)
    if (isinstance(type_, ty.String) or is_character_pointer(type_)) and isinstance(value.type, ty.String):
        return value
    if str(value.type) == str(type_):
        return value
    message = f'inline definition uses incompatible types: "{type_}" = "{value.type}"'
    raise v.fail("D_OP_INCOMPAT", span, message)


def spelled(e: ast.Expr) -> str:
    """A variable's name as the program writes it."""
    return f"{e.scope}->{e.name}" if isinstance(e, ast.Scoped) else getattr(e, "name", "array")
