"""Constant expressions evaluated at compile time, as the kernel would at run time."""

from __future__ import annotations

import operator

from pyvtrace.lang import typed
from pyvtrace.lang import types as ty

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
            "!=": operator.ne}  # fmt: skip
_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "&": operator.and_, "|": operator.or_,
               "^": operator.xor}  # fmt: skip


def evaluate(e: typed.Expr) -> int | None:
    """The value of an expression whose operands are constants; None otherwise."""
    value: int | None = None
    match e:
        case typed.Convert(operand=typed.Constant(value=v)):
            value = v
        case typed.Unary(op=op, operand=typed.Constant(value=v)):
            value = -v if op == "-" else ~v
        case typed.Not(operand=typed.Constant(value=v)):
            value = int(not v)
        case typed.Binary(op=op, left=typed.Constant(value=a), right=typed.Constant(value=b)):
            value = binary(op, a, b)
        case typed.Compare(op=op, left=typed.Constant(value=a), right=typed.Constant(value=b)):
            value = int(_COMPARE[op](a, b))
        case typed.Logical(op=op, left=typed.Constant(value=a), right=typed.Constant(value=b)):
            value = {"&&": int(bool(a and b)), "||": int(bool(a or b)), "^^": int(bool(a) != bool(b))}[op]
        case typed.Conditional(test=typed.Constant(value=v), then=then, otherwise=otherwise):
            chosen = then if v else otherwise
            value = chosen.value if isinstance(chosen, typed.Constant) else None
    if value is None:
        return None
    return e.type.wrap(value) if isinstance(e.type, ty.Integer) else value & 0xFFFFFFFFFFFFFFFF


def binary(op: str, left: int, right: int) -> int | None:
    """Arithmetic with C's truncation; shifts count modulo 64."""
    if op in _ARITHMETIC:
        return int(_ARITHMETIC[op](left, right))
    if op in ("<<", ">>"):
        return left << (right & 63) if op == "<<" else left >> (right & 63)
    if right == 0:
        return None
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if op == "/" else left - quotient * right
