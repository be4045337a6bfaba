"""Checking parts of aggregates: members, elements, characters of strings; of variables and behind pointers."""

from __future__ import annotations

from pyvtrace.lang import typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.naming import complete
from pyvtrace.lang.scope import Problem
from pyvtrace.lang.values import Values, convert, fold, is_characters
from pyvtrace.source import Span
from pyvtrace.value import replace


def decayed(e: typed.Expr) -> typed.Expr:
    """An array as the address of its first element, but for characters in a variable, which are a string; a bit-field
    as the int that it is promoted to (ISO C 6.3.1.1); anything else as it is."""
    if not isinstance(e.type, ty.Array):
        return widened(e)
    if isinstance(e, typed.Dereference):
        return _moved(e.pointer, e.type.element, 0, e.span)
    if is_characters(e.type) or not _is_of_variable(e):
        return e
    return typed.Address(ty.pointer_to(e.type.element), e, e.span)


def widened(e: typed.Expr) -> typed.Expr:
    """A bit-field that an int has room for as an int, anything else as it is."""
    return convert(e, ty.INT) if isinstance(e, typed.Part | typed.Bits) and 0 < e.bits < 32 else e


def _is_of_variable(e: typed.Expr) -> bool:
    """Whether it is a variable of the program, or part of one."""
    while isinstance(e, typed.Part):
        e = e.base
    return isinstance(e, typed.Load)


def _moved(pointer: typed.Expr, to: ty.Type, offset: int, span: Span) -> typed.Expr:
    """A pointer to something that lies `offset` bytes behind where a pointer points."""
    before = pointer.type
    type_ = ty.pointing(before, to) if isinstance(before, ty.Pointer) else ty.pointer_to(to, anywhere=True)
    if not offset:
        return fold(typed.Convert(type_, pointer, span))
    return fold(typed.Binary(type_, "+", pointer, typed.Constant(ty.LONG, offset, span), span))


def dereference(v: Values, operand: typed.Expr, span: Span) -> typed.Expr:
    """`*pointer`."""
    operand = decayed(operand)
    if not isinstance(operand.type, ty.Pointer):
        hint = f"this is a {operand.type}; say what it points to: *(int *)..."
        raise v.fail("D_DEREF_NONPTR", span, "cannot dereference non-pointer type", hint)
    to = complete(v, operand.type.to)
    if isinstance(to, ty.Void):
        raise v.fail("D_DEREF_VOID", span, "cannot dereference pointer to void", "say what it points to: *(int *)...")
    if isinstance(to, ty.Routine):
        raise v.fail("D_DEREF_FUNC", span, "cannot dereference pointer to function")
    if isinstance(to, ty.Struct) and to.members is None:
        raise incomplete(v, "*", to, span)
    return typed.Dereference(to, operand, span)


def incomplete(v: Values, op: str, type_: ty.Type, span: Span) -> Problem:
    message = f"operator {op} cannot be applied to a forward declaration: no {type_} definition is available"
    why = v.scope.environment.no_types()
    hint = f"{type_} may be the kernel's, and {why}" if why else f"define it: {type_} {{ ... }};"
    return v.fail("D_OP_INCOMPLETE", span, message, hint)


def member(v: Values, base: typed.Expr, name: str, op: str, span: Span) -> typed.Expr:
    """`base.name` and `base->name`."""
    type_ = base.type
    if op == "->":
        base = decayed(base)
        if not isinstance(base.type, ty.Pointer):
            raise v.fail("D_OP_PTR", span, "operator -> must be applied to a pointer", f"this is a {base.type}")
        type_ = base.type.to
    type_ = complete(v, type_)
    if not isinstance(type_, ty.Struct):
        what = "pointer to type" if op == "->" else "type"
        message = f'operator {op} cannot be applied to {what} "{type_}"; must be applied to a struct or union'
        raise v.fail("D_OP_SOU", span, message + " pointer" * (op == "->"))
    if type_.members is None:
        raise incomplete(v, op, type_, span)
    found = type_.member(name)
    if found is None:
        hint = v.scope.nearest(name, [m.name for m in type_.members])
        raise v.fail("D_TYPE_MEMBER", span, f"{name} is not a member of {type_}", hint)
    if op == "->":
        base = typed.Dereference(type_, base, span)
    return _part(base, replace(found, type=complete(v, found.type)), span)


def _part(base: typed.Expr, found: ty.Member, span: Span) -> typed.Expr:
    unit = 8 * found.type.size if found.bits else 8
    offset, shift = found.bit_offset // unit * unit // 8, found.bit_offset % unit
    if not isinstance(base, typed.Dereference):
        return typed.Part(found.type, base, offset, None, 0, shift, found.bits, span)
    whole = typed.Dereference(found.type, _moved(base.pointer, found.type, offset, span), span)
    return typed.Bits(found.type, whole, shift, found.bits, span) if found.bits else whole


def element(v: Values, base: typed.Expr, index: typed.Expr, span: Span) -> typed.Expr | None:
    """`base[index]` of an array or a string; None if it is neither."""
    type_ = base.type
    if not isinstance(type_, ty.Array | ty.String):
        return None
    if not isinstance(index.type, ty.Integer):
        message = "array index must be of integral type"
        raise v.fail("D_ARR_BADREF", index.span, message, f"this is a {index.type}")
    length = type_.length if isinstance(type_, ty.Array) else v.scope.strsize
    if isinstance(index, typed.Constant) and not 0 <= index.value < length:
        message = f"index outside array bounds: {index.value}, array size is {length}"
        raise v.fail("D_ARR_BOUNDS", index.span, message, f"0 to {length - 1}")
    index = convert(index, ty.LONG)
    if isinstance(type_, ty.String):
        return typed.Character(ty.CHAR, base, index, span)
    size = type_.element.size
    if isinstance(index, typed.Constant):
        return _part(base, ty.Member("", type_.element, 8 * index.value * size), span)
    if not isinstance(base, typed.Dereference):
        return typed.Part(type_.element, base, 0, index, length, span=span)
    distance = typed.Binary(ty.LONG, "*", index, typed.Constant(ty.LONG, size, span), span)
    pointer = _moved(base.pointer, type_.element, 0, span)
    return typed.Dereference(type_.element, typed.Binary(pointer.type, "+", pointer, distance, span), span)


def address(v: Values, operand: typed.Expr, span: Span) -> typed.Expr:
    """`&operand`: of what lies behind a pointer, or of a part of a variable. Variables as such have no address."""
    match operand:
        case typed.Dereference(type=type_, pointer=pointer):
            return _moved(pointer, type_, 0, span)
        case typed.NoValue(type=ty.Dynamic()):
            raise v.fail("D_ADDROF_VAR", span, "cannot take address of dynamic object")
        case typed.Bits():
            raise v.fail("D_ADDROF_BITFIELD", span, "cannot take address of bit-field")
        case typed.Part(bits=bits) if bits:
            raise v.fail("D_ADDROF_BITFIELD", span, "cannot take address of bit-field")
        case typed.Part() if _is_of_variable(operand):
            return typed.Address(ty.pointer_to(operand.type), operand, span)
        case typed.Load() | typed.Part() | typed.Builtin() | typed.TypedArgument():
            raise v.fail("D_ADDROF_VAR", span, "cannot take address of dynamic variable")
    raise v.fail("D_ADDROF_LVAL", span, "unacceptable operand for unary & operator")
