"""What a written type stands for: specifiers, typedefs and tags, and what a declarator makes of them."""

from __future__ import annotations

from pyvtrace.lang import ast, libraries, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.layout import Fields
from pyvtrace.lang.scope import Problem
from pyvtrace.lang.values import Values
from pyvtrace.source import Span
from pyvtrace.value import replace

_ORDER = ("unsigned", "signed", "short", "long", "char", "int")
_BASE = {
    ("char",): ty.CHAR, ("signed", "char"): ty.CHAR, ("unsigned", "char"): ty.UCHAR,
    ("short",): ty.SHORT, ("unsigned", "short"): ty.USHORT, ("int",): ty.INT, ("unsigned",): ty.UINT,
    ("unsigned", "int"): ty.UINT, ("long",): ty.LONG, ("unsigned", "long"): ty.ULONG,
    ("long", "long"): ty.LONGLONG, ("unsigned", "long", "long"): ty.ULONGLONG,
}  # fmt: skip
_FLOATS = {
    ("float",): ty.Float(4, "float"),
    ("double",): ty.Float(8, "double"),
    ("long", "double"): ty.Float(16, "long double"),
}
_ATTRIBUTES, _TAGGED = frozenset(("unsigned", "signed", "short", "long")), ("struct", "union", "enum")
_LARGEST = (1 << 31) - 1


def resolve(v: Values, name: ast.TypeName) -> ty.Type:
    """The type a name stands for.

    Raises:
        Problem: there is no such type, or it cannot be made.
    """
    type_ = _base(v, name)
    for derivation in name.derived:
        type_ = _derived(v, type_, derivation, name)
    return complete(v, type_)


def complete(v: Values, type_: ty.Type) -> ty.Type:
    """A struct or union with its members, where the program or the kernel tells them; else the type as it is."""
    if isinstance(type_, ty.Array) and isinstance(type_.element, ty.Struct):
        return ty.Array(complete(v, type_.element), type_.length)
    if not isinstance(type_, ty.Struct) or type_.members is not None or not type_.tag:
        return type_
    tags, name = v.scope.tags, (type_.keyword, type_.tag)
    if name not in tags and (found := v.scope.environment.aggregate(*name)):
        tags[name] = found
        v.scope.borrowed.add(name)
    return tags.get(name, type_)


def whole(v: Values, type_: ty.Type) -> ty.Type:
    """A type of which all that lies in its values is complete."""
    type_ = complete(v, type_)
    if isinstance(type_, ty.Array):
        return ty.Array(whole(v, type_.element), type_.length)
    if isinstance(type_, ty.Struct) and type_.members is not None:
        members = tuple(replace(member, type=whole(v, member.type)) for member in type_.members)
        return replace(type_, members=members)
    return type_


# ----------------------------------------------------------------------------------------------------------- specifiers


def _base(v: Values, name: ast.TypeName) -> ty.Type:
    words = name.words
    _one_type(v, name)
    if (keyword := next((w for w in words if w in ("struct", "union", "enum")), "")) or "void" in words:
        _alone(v, name, 2 if keyword else 1, keyword)
        if not keyword:
            return ty.VOID
        return _tagged(v, name, keyword)
    if len(words) == 1 and words[0] in v.scope.types:
        return v.scope.types[words[0]]
    if len(words) == 1 and words[0] not in ty.TYPEDEFS and libraries.find(v, words[0]) and words[0] in v.scope.types:
        return v.scope.types[words[0]]
    if len(words) == 1 and words[0] in ty.TYPEDEFS:
        return ty.String(v.scope.strsize) if words[0] == "string" else ty.TYPEDEFS[words[0]]
    if len(words) == 1 and words[0] not in _ORDER and (found := v.scope.environment.named_type(words[0])):
        return found
    return _integer(v, name)


def _one_type(v: Values, name: ast.TypeName) -> None:
    """A type is named once; attributes that do not fit the first name are told first."""
    named = [w for n, w in enumerate(name.words) if w not in _ATTRIBUTES and not (n and name.words[n - 1] in _TAGGED)]
    attributes = set(name.words) & _ATTRIBUTES
    if len(named) > 1 and not (attributes and named[0] in ("void", "char", *_TAGGED)):
        raise v.fail("D_DECL_COMBO", name.span, f"invalid type combination: {' '.join(name.words)}")


def _tagged(v: Values, name: ast.TypeName, keyword: str) -> ty.Type:
    """A struct, a union or an enum. One definition may stand before several declarators."""
    definition = name.definition
    _, made = v.scope.defined.get(id(definition), (definition, None))
    if made is None:
        made = _enum(v, name) if keyword == "enum" else _aggregate(v, name)
        if definition:
            v.scope.defined[id(definition)] = definition, made
    return made


def _alone(v: Values, name: ast.TypeName, count: int, keyword: str) -> None:
    """void, structs, unions and enums have no attributes."""
    if len(name.words) == count:
        return
    others = set(name.words) & set(_ORDER)
    if not keyword and others:
        message = "invalid type declaration: attributes may not be used with void type"
        raise v.fail("D_DECL_VOIDATTR", name.span, message)
    _combination(v, name, others)


def _combination(v: Values, name: ast.TypeName, attributes: set[str]) -> None:
    if attributes & {"signed", "unsigned"}:
        message = "invalid type declaration: signed and unsigned may only be used with integer type"
        raise v.fail("D_DECL_SIGNINT", name.span, message)
    if attributes & {"short", "long"}:
        message = "invalid type declaration: short and long may only be used with integer type"
        raise v.fail("D_DECL_LONGINT", name.span, message)
    raise v.fail("D_DECL_COMBO", name.span, f"invalid type combination: {' '.join(name.words)}")


def _integer(v: Values, name: ast.TypeName) -> ty.Type:
    words = name.words
    others = [w for w in words if w not in _ORDER]
    if others:
        if others[0] in ("float", "double") and set(words) <= {others[0], "long"}:
            return _float(v, name)
        if len(words) == 1:
            raise v.fail("D_TYPE_ERR", name.span, f"failed to resolve type {words[0]}")
        _combination(v, name, set(words) - set(others))
    if "char" in words and {"short", "long"} & set(words):
        message = "invalid type declaration: short and long may not be used with char type"
        raise v.fail("D_DECL_CHARATTR", name.span, message)
    # C allows the words in any order; int goes without saying beside others, and so does signed, except alone.
    order = sorted(words, key=_ORDER.index)
    if len(order) > 1 and order.count("int") == 1:
        order.remove("int")
    if order[0] == "signed":
        order = order[1:] or ["int"]
    found = _BASE.get(tuple(order))
    if found is None:
        raise v.fail("D_DECL_COMBO", name.span, f"invalid type combination: {' '.join(words)}")
    return found


def _float(v: Values, name: ast.TypeName) -> ty.Type:
    found = _FLOATS.get(tuple(sorted(name.words, reverse=True)))
    if found is None:
        raise v.fail("D_TYPE_ERR", name.span, f"failed to resolve type {' '.join(name.words)}")
    return found


def _aggregate(v: Values, name: ast.TypeName) -> ty.Type:
    keyword, tag = name.words
    if name.definition is None:
        return ty.Struct(keyword, tag, None, 0)
    if tag and (keyword, tag) in v.scope.tags and (keyword, tag) not in v.scope.borrowed:
        raise v.fail("D_DECL_TYPERED", name.span, f"type redeclared: {keyword} {tag}")
    fields = Fields(keyword == "union")
    if tag:
        # Until it ends, a definition is a forward declaration: a struct cannot be a part of itself.
        v.scope.tags[keyword, tag] = ty.Struct(keyword, tag, None, 0)
        v.scope.borrowed.add((keyword, tag))
    for member in name.definition:
        assert isinstance(member, ast.MemberDeclaration)
        _member(v, fields, member)
    made = fields.struct(keyword, tag)
    if tag:
        v.scope.tags[keyword, tag] = made
        v.scope.borrowed.discard((keyword, tag))
    return made


def _member(v: Values, fields: Fields, member: ast.MemberDeclaration) -> None:
    type_ = resolve(v, member.type)
    if not member.name and member.bits is None and not isinstance(type_, ty.Struct):
        raise v.fail("D_DECL_MNAME", member.span, "member declaration requires a name")
    if member.name and fields.has(member.name):
        message = f"failed to define member '{member.name}': Duplicate member or variable name"
        raise v.fail("D_UNKNOWN", member.span, message)
    is_object(v, type_, member.name, "member", member.span)
    if member.bits is None:
        fields.add(member.name, type_)
        return
    if not isinstance(type_, ty.Integer) or type_.name.startswith("enum "):
        raise v.fail("D_DECL_BFTYPE", member.type.span, f"invalid type for bit-field: {type_}")
    bits = constant(v, member.bits)
    if bits is None or bits < (1 if member.name else 0):
        message = "positive integral constant expression expected as bit-field size"
        raise v.fail("D_DECL_BFCONST", member.bits.span, message)
    if bits > 8 * type_.bytes:
        raise v.fail("D_DECL_BFSIZE", member.bits.span, f"bit-field too big for type: {member.name}")
    fields.add_bits(member.name, type_, bits)


def is_object(v: Values, type_: ty.Type, name: str, what: str, span: Span) -> None:
    """Whatever is declared has to have a size."""
    if isinstance(type_, ty.Void):
        raise v.fail("D_DECL_VOIDOBJ", span, f"cannot have void {what}: {name}")
    if isinstance(type_, ty.Routine):
        raise v.fail("D_DECL_DYNOBJ", span, f"cannot have function {what}: {name}", "a pointer to one can be kept")
    if isinstance(type_, ty.Struct) and type_.members is None:
        message = f"incomplete struct/union/enum {type_}: {name}"
        raise v.fail("D_DECL_INCOMPLETE", span, message, f"no definition of {type_} is known")


def _enum(v: Values, name: ast.TypeName) -> ty.Type:
    tag, scope = name.words[1], v.scope
    if name.definition is None:
        if ("enum", tag) not in scope.tags:
            if found := scope.environment.named_type(f"enum {tag}"):
                return found
            raise v.fail("D_TYPE_ERR", name.span, f"failed to resolve type enum {tag}", "define it: enum x { ... };")
        return scope.tags["enum", tag]
    if tag and ("enum", tag) in scope.tags:
        raise v.fail("D_DECL_TYPERED", name.span, f"type redeclared: enum {tag}")
    type_ = ty.Integer(4, True, f"enum {tag}" if tag else "enum <anonymous>")
    following = 0
    values: dict[str, int] = {}
    for enumerator in name.definition:
        assert isinstance(enumerator, ast.Enumerator)
        if enumerator.name in values:
            message = f"failed to define enumerator '{enumerator.name}': Duplicate member or variable name"
            raise v.fail("D_UNKNOWN", enumerator.span, message)
        values[enumerator.name] = _enumerate(v, type_, enumerator, following)
        following = values[enumerator.name] + 1
    type_ = replace(type_, constants=tuple(values.items()))
    scope.constants.update((name, typed.Constant(type_, value)) for name, value in values.items())
    if tag:
        scope.tags["enum", tag] = type_
    return type_


def _enumerate(v: Values, type_: ty.Integer, enumerator: ast.Enumerator, value: int) -> int:
    if enumerator.value is not None:
        given = constant(v, enumerator.value)
        if given is None:
            message = f"enumerator '{enumerator.name}' must be assigned to an integral constant expression"
            raise v.fail("D_DECL_ENCONST", enumerator.value.span, message)
        value = given
    if not -_LARGEST - 1 <= value <= _LARGEST:
        raise v.fail("D_DECL_ENOFLOW", enumerator.span, f"enumerator '{enumerator.name}' value overflows INT_MAX")
    unused(v, enumerator.name, enumerator.span)
    v.scope.constants[enumerator.name] = typed.Constant(type_, value)
    return value


def unused(v: Values, name: str, span: Span) -> None:
    """A name that is to stand for a value stands for nothing else."""
    scope = v.scope
    others = (scope.constants, scope.inlines, scope.environment.variables)
    if ("global", name) in scope.symbols or any(name in names for names in others):
        raise v.fail("D_DECL_IDRED", span, f"identifier redeclared: {name}")


def constant(v: Values, e: ast.Expr) -> int | None:
    """The value of an integral constant expression; None if it is none.

    Raises:
        Problem: it is no expression at all.
    """
    value = v.check(e)
    return value.value if isinstance(value, typed.Constant) and isinstance(value.type, ty.Integer) else None


# ---------------------------------------------------------------------------------------------------------- declarators


def _derived(v: Values, type_: ty.Type, derivation: ast.Derivation, name: ast.TypeName) -> ty.Type:
    match derivation:
        case ast.PointerTo():
            # What the program declares says nothing of where it points, unless it says userland.
            return ty.pointer_to(type_, user=name.user, anywhere=not name.user)
        case ast.ArrayOf(bound=bound, span=span):
            return _array(v, complete(v, type_), bound, span)
        case ast.Returning(types=types, names=names, variadic=variadic, span=span):
            return ty.Routine(type_, parameters(v, types, names, span) if types else None, variadic)
        case ast.Keyed(span=span):
            raise v.fail("D_DECL_DYNOBJ", span, "an associative array cannot be a part of another type")
    raise AssertionError(derivation)


def _array(v: Values, element: ty.Type, bound: ast.Expr | None, span: Span) -> ty.Type:
    if bound is None:
        message = "array declaration requires array dimension or tuple signature"
        raise v.fail("D_DECL_ARRNULL", span, message, "int x[4]; or int x[string];")
    try:
        length = constant(v, bound)
    except Problem as problem:
        v.scope.report(problem)
        raise Problem(None) from None
    if length is None or length < 1:
        message = "positive integral constant expression or tuple signature expected as array declaration subscript"
        raise v.fail("D_DECL_ARRSUB", span, message)
    is_object(v, element, "array element", "object", span)
    if length * element.size > _LARGEST:
        raise v.fail("D_DECL_ARRBIG", span, "array dimension too big")
    return ty.Array(element, length)


def parameters(v: Values, types: tuple[ast.TypeName, ...], names: tuple[str, ...], span: Span) -> tuple[ty.Type, ...]:
    """The types that a function or a probe takes; none for `void`."""
    made = tuple(resolve(v, type_) for type_ in types)
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        raise v.fail("D_DECL_PROTO_NAME", span, "function prototype parameter name redeclared")
    if any(isinstance(type_, ty.Void) for type_ in made):
        if len(made) > 1:
            raise v.fail("D_DECL_PROTO_VOID", span, "void must be sole parameter in a function declaration")
        if names[0]:
            raise v.fail("D_DECL_PROTO_NAME", span, "void parameter may not have a name")
        return ()
    return made
