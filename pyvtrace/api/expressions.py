"""D's expressions, written in Python: `D.arg2 > 4096`, `D.copyinstr(D.arg0)`, `D.self.start`, `D.args[0].b_bcount`.

Operators mean what they mean in D: `&` and `|` are on bits. Python's `and`, `or`, `not` and `?:` cannot be taken over;
`both`, `either`, `negated` and `choice` stand for them.
"""

from __future__ import annotations

from typing import Any, Protocol

from pyvtrace.analysis.compose import quoted

# How tightly what an expression is made of binds: C's order.
_LOGICAL_OR, _LOGICAL_AND, _CHOICE, _UNARY, _PRIMARY = 2, 4, 1, 20, 30
_POWER = {"|": 5, "^": 6, "&": 7, "==": 8, "!=": 8, "<": 9, "<=": 9, ">": 9, ">=": 9, "<<": 10, ">>": 10,
          "+": 11, "-": 11, "*": 12, "/": 12, "%": 12}  # fmt: skip
# Compilers warn where these stand beside each other without parentheses, and people misread it.
_CONFUSED = {"|", "^", "&", "<<", ">>"}


class Expression:
    """A D expression. `str` is its text."""

    __slots__ = ("_power", "_text")
    __hash__ = None  # type: ignore[assignment]  # == makes an expression

    def __init__(self, text: str, power: int = _PRIMARY) -> None:
        self._text, self._power = text, power

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<D {self._text}>"

    def __bool__(self) -> bool:
        raise TypeError(f"{self._text} has a value only while the probe fires: use both( ), either( ), negated( )")

    def __getattr__(self, name: str) -> Expression:
        """A member, or a variable of `self` and `this`."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Expression(f"{self._inside(_PRIMARY)}->{name}")

    def __getitem__(self, index: Any) -> Expression:
        keys = index if isinstance(index, tuple) else (index,)
        return Expression(f"{self._inside(_PRIMARY)}[{', '.join(map(text_of, keys))}]")

    def __iter__(self) -> Any:
        raise TypeError(f"{self._text} is no sequence")

    def __call__(self, *arguments: object) -> Expression:
        return Expression(f"{self._text}({', '.join(map(text_of, arguments))})")

    def _inside(self, power: int) -> str:
        return self._text if self._power >= power else f"({self._text})"

    def __neg__(self) -> Expression:
        return Expression(f"-{self._inside(_UNARY + 1)}", _UNARY)

    def __invert__(self) -> Expression:
        return Expression(f"~{self._inside(_UNARY + 1)}", _UNARY)

    __add__: _Binary
    __radd__: _Binary
    __sub__: _Binary
    __rsub__: _Binary
    __mul__: _Binary
    __rmul__: _Binary
    __truediv__: _Binary
    __rtruediv__: _Binary
    __floordiv__: _Binary
    __rfloordiv__: _Binary
    __mod__: _Binary
    __rmod__: _Binary
    __and__: _Binary
    __rand__: _Binary
    __or__: _Binary
    __ror__: _Binary
    __xor__: _Binary
    __rxor__: _Binary
    __lshift__: _Binary
    __rlshift__: _Binary
    __rshift__: _Binary
    __rrshift__: _Binary
    __lt__: _Binary
    __le__: _Binary
    __gt__: _Binary
    __ge__: _Binary
    __eq__: _Binary  # type: ignore[assignment]
    __ne__: _Binary  # type: ignore[assignment]


class _Binary(Protocol):
    def __call__(self, other: object) -> Expression: ...


def expression(value: object) -> Expression:
    """An operand: an expression as it is, a number, or text, which becomes a string constant.

    Raises:
        TypeError: it is none of these.
    """
    match value:
        case Expression():
            return value
        case bool() | int():
            return Expression(str(int(value)), _PRIMARY if value >= 0 else _UNARY)
        case str():
            return Expression(quoted(value))
    raise TypeError(f"{value!r} is nothing that D has: an expression, an int or a str")


def text_of(value: object) -> str:
    """The D text of an operand."""
    return str(expression(value))


def _joined(left: Expression, op: str, right: Expression, power: int) -> Expression:
    # Left-associative: on the right an operator that binds alike needs parentheses.
    sides = [left._inside(power), right._inside(power + 1)]
    for place, side in enumerate((left, right)):
        if op in _CONFUSED and side._power < _PRIMARY and side._power != _UNARY and not sides[place].startswith("("):
            sides[place] = f"({side._text})"
    return Expression(f"{sides[0]} {op} {sides[1]}", power)


def _operators() -> None:
    names = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "/", "mod": "%", "and": "&", "or": "|",
             "xor": "^", "lshift": "<<", "rshift": ">>"}  # fmt: skip
    comparisons = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}

    def forwards(op: str) -> Any:
        return lambda self, other: _joined(self, op, expression(other), _POWER[op])

    def backwards(op: str) -> Any:
        return lambda self, other: _joined(expression(other), op, self, _POWER[op])

    for name, op in {**names, **comparisons}.items():
        setattr(Expression, f"__{name}__", forwards(op))
    for name, op in names.items():
        setattr(Expression, f"__r{name}__", backwards(op))


_operators()


def both(*conditions: object) -> Expression:
    """All of them: `&&`."""
    return _chain("&&", conditions, _LOGICAL_AND)


def either(*conditions: object) -> Expression:
    """One of them at least: `||`."""
    return _chain("||", conditions, _LOGICAL_OR)


def _chain(op: str, conditions: tuple[object, ...], power: int) -> Expression:
    if not conditions:
        raise TypeError("no condition at all")
    if len(conditions) == 1:
        return expression(conditions[0])
    # One above: && inside of || gets its parentheses, which compilers ask for, too.
    return Expression(f" {op} ".join(expression(each)._inside(_POWER["|"]) for each in conditions), power)


def negated(condition: object) -> Expression:
    """`!`."""
    return Expression(f"!{expression(condition)._inside(_UNARY)}", _UNARY)


def choice(condition: object, then: object, otherwise: object) -> Expression:
    """`condition ? then : otherwise`."""
    parts = [expression(each)._inside(_CHOICE + 1) for each in (condition, then, otherwise)]
    return Expression(f"{parts[0]} ? {parts[1]} : {parts[2]}", _CHOICE)


class _Names:
    """Whatever D has a name for."""

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("__"):
            raise AttributeError(name)
        return Expression(name)


D = _Names()
