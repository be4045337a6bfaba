"""Checking operators: C's rules for integers and pointers, D's for strings."""

from __future__ import annotations

from pyvtrace.lang import ast, symbols, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.aggregates import address, decayed, dereference
from pyvtrace.lang.casts import text_of
from pyvtrace.lang.naming import complete
from pyvtrace.lang.values import Values, as_text, checks, convert, fold, is_character_pointer, is_null
from pyvtrace.source import Span

COMPARISONS = frozenset(("<", "<=", ">", ">=", "==", "!="))
# Which operands DTrace says an operator wants, with its tag; `+ -` say which types do not go together.
_WANTS = {
    **dict.fromkeys(("|", "^", "&", "<<", ">>", "%", "~"), ("D_OP_INT", "integral")),
    **dict.fromkeys(("*", "/"), ("D_OP_ARITH", "arithmetic")),
}


def shown(left: ty.Type, op: str, right: ty.Type) -> str:
    return f'operands have incompatible types: "{left}" {op} "{right}"'


@checks(ast.Unary)
def unary(v: Values, e: ast.Unary) -> typed.Expr:
    if e.op == "&" and isinstance(e.operand, ast.KernelSymbol):
        return symbols.address(v, e.operand)
    if e.op == "&":
        return address(v, v.check(e.operand), e.span)
    operand = v.check(e.operand)
    if e.op in "-+~":
        operand = decayed(operand)
    if e.op == "!":
        v.condition(operand, e.span, "operator ! requires an operand of scalar type")
        return fold(typed.Not(ty.INT, operand, e.span))
    if e.op == "*":
        return dereference(v, operand, e.span)
    if not isinstance(operand.type, ty.Integer):
        tag, what = _WANTS.get(e.op, ("D_OP_ARITH", "arithmetic"))
        message = f"operator {e.op} requires an operand of {what} type"
        raise v.fail(tag, e.span, message, f"this is a {operand.type}")
    type_ = ty.promoted(operand.type)
    operand = convert(operand, type_)
    return operand if e.op == "+" else fold(typed.Unary(type_, e.op, operand, e.span))


@checks(ast.Binary)
def binary(v: Values, e: ast.Binary) -> typed.Expr:
    left, right = map(decayed, v.all((e.left, e.right)))
    if e.op in ("&&", "||", "^^"):
        message = f"operator {e.op} requires operands of scalar type"
        v.condition(left, e.left.span, message)
        v.condition(right, e.right.span, message)
        return fold(typed.Logical(ty.INT, e.op, left, right, e.span))
    if e.op in COMPARISONS:
        _ambiguous(v, e.left, right.type)
        _ambiguous(v, e.right, left.type)
        return _comparison(v, e, left, right)
    return arithmetic(v, e.op, left, right, e.span)


def _ambiguous(v: Values, name: ast.Expr, other: ty.Type) -> None:
    """Beside a value of an enum, a variable is not called as one of its constants."""
    if not (isinstance(name, ast.Identifier) and isinstance(other, ty.Integer) and other.name.startswith("enum ")):
        return
    if ("global", name.name) not in v.scope.symbols or name.name in v.scope.parameters:
        return
    found = v.scope.environment.enumerator(name.name)
    if found and str(found[0]) == str(other):
        message = f"ambiguous use of {name.name}: it is a variable, and a constant of {other}"
        raise v.fail("D_IDENT_AMBIG", name.span, message, "give the variable another name")


def arithmetic(v: Values, op: str, left: typed.Expr, right: typed.Expr, span: Span) -> typed.Expr:
    if isinstance(left.type, ty.Pointer) or isinstance(right.type, ty.Pointer):
        return _on_pointers(v, op, left, right, span)
    type_, count = operation(v, op, left.type, right.type, span)
    check_divisor(v, op, right, span)
    return fold(typed.Binary(type_, op, convert(left, type_), convert(right, count), span))


def operation(v: Values, op: str, left: ty.Type, right: ty.Type, span: Span) -> tuple[ty.Integer, ty.Integer]:
    """The type that `left op right` on integers is computed in, and that of its right operand."""
    if isinstance(left, ty.Integer) and isinstance(right, ty.Integer):
        if op in ("<<", ">>"):
            return ty.promoted(left), ty.promoted(right)
        return ty.common(left, right), ty.common(left, right)
    if op not in _WANTS:
        raise v.fail("D_OP_INCOMPAT", span, shown(left, op, right))
    tag, what = _WANTS[op]
    raise v.fail(tag, span, f"operator {op} requires operands of {what} type", f"these are {left} and {right}")


def check_divisor(v: Values, op: str, right: typed.Expr, span: Span) -> None:
    if op in "/%" and is_null(right):
        raise v.fail("D_DIV_ZERO", span, "expression contains division by zero")


def _on_pointers(v: Values, op: str, left: typed.Expr, right: typed.Expr, span: Span) -> typed.Expr:
    """C's: a pointer and a number of things it points to; the number of things between two pointers."""
    first, second = left.type, right.type
    if points_nowhere(first) or points_nowhere(second):
        tag, what = _WANTS.get(op, ("D_OP_INCOMPAT", ""))
        message = f"operator {op} requires operands of {what} type" if what else shown(first, op, second)
        raise v.fail(tag, span, message, "cast it: what a pointer points to says how far a step is")
    match first, second, op:
        case ty.Pointer(), ty.Integer(), "+" | "-":
            return typed.Binary(first, op, left, scaled(v, right, first, span), span)
        case ty.Integer(), ty.Pointer(), "+":
            return typed.Binary(second, op, right, scaled(v, left, second, span), span)
        case ty.Pointer(to=to), ty.Pointer(to=other), "-" if str(to) == str(other):
            distance = typed.Binary(ty.LONG, "-", convert(left, ty.LONG), convert(right, ty.LONG), span)
            return typed.Binary(ty.LONG, "/", distance, typed.Constant(ty.LONG, _stride(v, first, span), span), span)
    if op in _WANTS:
        tag, what = _WANTS[op]
        raise v.fail(tag, span, f"operator {op} requires operands of {what} type", f"these are {first} and {second}")
    raise v.fail("D_OP_INCOMPAT", span, shown(first, op, second))


def points_nowhere(type_: ty.Type) -> bool:
    """Whether it is a pointer of which nobody knows how far a step is: to void, or to a function."""
    return isinstance(type_, ty.Pointer) and isinstance(type_.to, ty.Void | ty.Routine)


def go_together(left: ty.Type, value: typed.Expr) -> bool:
    """Whether a value can be compared with something of a type, or assigned to it: of pointers and integers only if it
    is 0."""
    if isinstance(left, ty.Pointer) != isinstance(value.type, ty.Pointer):
        return left.is_scalar and value.type.is_scalar and is_null(value)
    return left.is_scalar and value.type.is_scalar and _alike(left, value.type)


def _alike(left: ty.Type, right: ty.Type) -> bool:
    """Pointers have to point to one type, or one of them to void."""
    if not (isinstance(left, ty.Pointer) and isinstance(right, ty.Pointer)):
        return True
    first, second = _target_of(left), _target_of(right)
    return ty.VOID in (first, second) or _is_like(first, second)


def _target_of(pointer: ty.Pointer) -> ty.Type:
    return pointer.to.element if isinstance(pointer.to, ty.Array) else pointer.to


def _is_like(left: ty.Type, right: ty.Type) -> bool:
    if isinstance(left, ty.Integer) and isinstance(right, ty.Integer):
        return (left.bytes, left.signed) == (right.bytes, right.signed)
    if isinstance(left, ty.Pointer) and isinstance(right, ty.Pointer):
        return _alike(left, right)
    return str(left) == str(right)


def scaled(v: Values, count: typed.Expr, pointer: ty.Pointer, span: Span) -> typed.Expr:
    """A number of things that a pointer points to, in bytes."""
    size = typed.Constant(ty.LONG, _stride(v, pointer, span), span)
    return fold(typed.Binary(ty.LONG, "*", convert(count, ty.LONG), size, span))


def _stride(v: Values, pointer: ty.Pointer, span: Span) -> int:
    """Bytes from one thing to the next."""
    to = complete(v, pointer.to)
    if isinstance(to, ty.Struct) and to.members is None:
        message = f"cannot compute with a pointer to {to}: no definition is available"
        raise v.fail("D_OP_INCOMPLETE", span, message, "cast it to (char *) to count bytes")
    return to.size


def _as_texts(v: Values, left: typed.Expr, right: typed.Expr) -> tuple[typed.Expr, typed.Expr]:
    """Beside a string, an array of characters and a pointer to some are strings, too."""
    left, right = as_text(left), as_text(right)
    for one, other in ((left, right), (right, left)):
        if isinstance(one.type, ty.String) and is_character_pointer(other.type) and not is_null(other):
            text = text_of(v, other, other.span)
            return (left, text) if other is right else (text, right)
    return left, right


def _comparison(v: Values, e: ast.Binary, left: typed.Expr, right: typed.Expr) -> typed.Expr:
    left, right = _as_texts(v, left, right)
    strings = isinstance(left.type, ty.String) + isinstance(right.type, ty.String)
    if strings == 2:
        return typed.CompareStrings(ty.INT, e.op, left, right, e.span)
    if strings == 1 and (is_null(left) or is_null(right)):
        empty = typed.Text(ty.String(1), "", e.span)
        first, second = (empty, right) if is_null(left) else (left, empty)
        return typed.CompareStrings(ty.INT, e.op, first, second, e.span)
    if strings or not (go_together(left.type, right) or go_together(right.type, left)):
        hint = "copyinstr() or stringof() makes a string of an address" if strings else ""
        raise v.fail("D_OP_INCOMPAT", e.span, shown(left.type, e.op, right.type), hint)
    type_: ty.Type = ty.ULONG
    if isinstance(left.type, ty.Integer) and isinstance(right.type, ty.Integer):
        type_ = ty.common(left.type, right.type)
    return fold(typed.Compare(ty.INT, e.op, convert(left, type_), convert(right, type_), e.span))


@checks(ast.Conditional)
def conditional(v: Values, e: ast.Conditional) -> typed.Expr:
    test, then, otherwise = v.all((e.test, e.then, e.otherwise))
    v.condition(test, e.test.span, "operator ?: expression must be of scalar type")
    if any(isinstance(part.type, ty.Dynamic) for part in (then, otherwise)):
        raise v.fail("D_OP_DYN", e.span, "operator ?: operands cannot be of dynamic type")
    if isinstance(then, typed.NoValue) and isinstance(otherwise, typed.NoValue):
        message = "action cannot be used in a conditional context"
        raise v.fail("D_OP_ACT", e.span, message, "give each a clause with a predicate, or use if and else")
    then, otherwise = as_text(decayed(then)), as_text(decayed(otherwise))
    then, otherwise = _text_for_null(then, otherwise), _text_for_null(otherwise, then)
    if isinstance(then.type, ty.String) and isinstance(otherwise.type, ty.String):
        type_: ty.Type = ty.String(max(then.type.capacity, otherwise.type.capacity))
        return typed.Conditional(type_, test, then, otherwise, e.span)
    if isinstance(then.type, ty.Integer) and isinstance(otherwise.type, ty.Integer):
        type_ = ty.common(then.type, otherwise.type)
    elif go_together(then.type, otherwise) or go_together(otherwise.type, then):
        type_ = _pointer_of_either(v, then, otherwise, e.span)
    elif isinstance(then.type, ty.Struct) and then.type == otherwise.type:
        type_ = then.type
    else:
        hint = f"these are {then.type} and {otherwise.type}"
        raise v.fail("D_OP_INCOMPAT", e.span, "operator ?: operands must have compatible types", hint)
    return fold(typed.Conditional(type_, test, convert(then, type_), convert(otherwise, type_), e.span))


def _pointer_of_either(v: Values, then: typed.Expr, otherwise: typed.Expr, span: Span) -> ty.Type:
    """The type of `?:` with a pointer: of two that which says what it points to."""
    first, second = then.type, otherwise.type
    if not (isinstance(first, ty.Pointer) and isinstance(second, ty.Pointer)):
        return first if isinstance(first, ty.Pointer) else second
    if first.scratch != second.scratch and not (is_null(then) or is_null(otherwise)):
        message = "operator ?: cannot mix alloca and non-alloca operands"
        raise v.fail("D_ALLOCA_INCOMPAT", span, message, "only what alloca() gave can be written to")
    of_both, other = (second, first) if is_null(then) else (first, second)
    return ty.pointing(of_both, other.to) if of_both.to == ty.VOID else of_both


def _text_for_null(e: typed.Expr, other: typed.Expr) -> typed.Expr:
    """NULL beside a string is the empty string."""
    return typed.Text(ty.String(1), "", e.span) if is_null(e) and isinstance(other.type, ty.String) else e


@checks(ast.Comma)
def comma(v: Values, e: ast.Comma) -> typed.Expr:
    parts = v.all(e.parts)
    if any(isinstance(part.type, ty.Dynamic) for part in parts):
        raise v.fail("D_OP_DYN", e.span, "operator , operands cannot be of dynamic type")
    if any(isinstance(part, typed.NoValue) for part in parts):
        raise v.fail("D_OP_ACT", e.span, "operator , operands cannot be actions", "write ; between them")
    return typed.Comma(parts[-1].type, parts, e.span)
