"""D's integer expressions as Python: a tree that writes itself as D text and knows its type and its value.

Written from ISO C's rules alone (integer promotion, the usual arithmetic conversions, truncating division), with the
three things that C leaves open and D does not: arithmetic wraps, a count of a shift is taken modulo 64, and operands
are evaluated from left to right.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from pyvtrace.value import Value

# What each variable, element and member holds, by its cell; one that was never assigned holds 0.
State = dict[Hashable, Any]


class CType(Value):
    """An integer type as D writes it."""

    name: str
    size: int
    signed: bool

    def wrap(self, value: int) -> int:
        value &= (1 << 8 * self.size) - 1
        return value - (1 << 8 * self.size) if self.signed and value >> (8 * self.size - 1) else value


INT, UINT = CType("int", 4, True), CType("unsigned int", 4, False)
LONG, ULONG = CType("long", 8, True), CType("unsigned long", 8, False)
TYPES = (
    CType("char", 1, True), CType("unsigned char", 1, False), CType("int8_t", 1, True), CType("uint8_t", 1, False),
    CType("short", 2, True), CType("unsigned short", 2, False), CType("int16_t", 2, True), CType("uint16_t", 2, False),
    INT, UINT, CType("int32_t", 4, True), CType("uint32_t", 4, False),
    LONG, ULONG, CType("long long", 8, True), CType("unsigned long long", 8, False), CType("int64_t", 8, True),
    CType("uint64_t", 8, False),
)  # fmt: skip


def promoted(type_: CType) -> CType:
    return INT if type_.size < 4 else type_


def common(left: CType, right: CType) -> CType:
    left, right = promoted(left), promoted(right)
    if left.size != right.size:
        return max(left, right, key=lambda t: t.size)
    return left if not left.signed or right.signed else right


class Node:
    """`power` is how tightly the text binds (C's 15 levels, 1 the loosest): what is looser gets parentheses."""

    power = 15
    type: CType

    @property
    def taken(self) -> CType:
        """The type that it has as an operand of arithmetic, before promotion."""
        return self.type

    def text(self) -> str:
        raise NotImplementedError

    def value(self, state: State) -> Any:
        """Its value, in the range of its type; assignments change `state`."""
        raise NotImplementedError

    def within(self, power: int) -> str:
        """The text as an operand of something that binds with `power`."""
        return self.text() if self.power >= power else f"({self.text()})"


def spelled(number: int) -> str:
    """A number as a decimal constant: those without u are signed, and what has a sign is an operator before one."""
    if number == -(2**63):
        return f"({number + 1} - 1)"
    return f"{number}u" if number >= 2**63 else str(number)


class Literal(Node):
    def __init__(self, text: str, type_: CType, number: int) -> None:
        self._text, self.type, self._number = text, type_, number

    def text(self) -> str:
        return self._text

    def value(self, state: State) -> int:
        return self._number


class Variable(Node):
    """`name` as D writes it: `x`, `self->x`, `a[1, "k"]`, `p->m`. `bits` is the width of a bit-field."""

    def __init__(self, name: str, type_: CType, bits: int = 0) -> None:
        self.name, self.type, self._bits = name, type_, bits or 8 * type_.size

    @property
    def taken(self) -> CType:
        # ISO C 6.3.1.1: a bit-field is an int where an int holds all its values.
        return INT if self._bits < 32 else self.type

    def hold(self, value: Any) -> Any:
        """What of a value is kept: a bit-field holds less than its type."""
        value &= (1 << self._bits) - 1
        return value - (1 << self._bits) if self.type.signed and value >> (self._bits - 1) else value

    def cell(self, state: State) -> Hashable:
        """What it is kept by; for an element, its indices are evaluated."""
        return self.name

    def text(self) -> str:
        return self.name

    def value(self, state: State) -> Any:
        return state.get(self.cell(state), 0)


class Prefix(Node):
    power = 14

    def __init__(self, op: str, operand: Node) -> None:
        self.op, self.operand = op, operand
        self.type = INT if op == "!" else promoted(operand.taken)

    def text(self) -> str:
        inner = self.operand.within(14)
        # `- -x` is no `--x`.
        return f"{self.op} {inner}" if inner[0] in "+-" else self.op + inner

    def value(self, state: State) -> int:
        value = self.operand.value(state)
        return self.type.wrap({"-": -value, "+": value, "~": ~value, "!": int(not value)}[self.op])


class Cast(Node):
    power = 14

    def __init__(self, type_: CType, operand: Node) -> None:
        self.type, self.operand = type_, operand

    def text(self) -> str:
        return f"({self.type.name}){self.operand.within(14)}"

    def value(self, state: State) -> int:
        return self.type.wrap(self.operand.value(state))


def _divide(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


ARITHMETIC: Mapping[str, Callable[[int, int], int]] = {
    "*": lambda a, b: a * b, "/": _divide, "%": lambda a, b: a - _divide(a, b) * b, "+": lambda a, b: a + b,
    "-": lambda a, b: a - b, "<<": lambda a, b: a << (b & 63), ">>": lambda a, b: a >> (b & 63),
    "&": lambda a, b: a & b, "^": lambda a, b: a ^ b, "|": lambda a, b: a | b,
}  # fmt: skip
COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip
# From the Dynamic Tracing Guide's table of precedence, tightest first.
_LEVELS = ("* / %", "+ -", "<< >>", "< <= > >=", "== !=", "&", "^", "|", "&&", "^^", "||")
POWERS = {op: 13 - level for level, ops in enumerate(_LEVELS) for op in ops.split()}


def operation_type(op: str, left: CType, right: CType) -> CType:
    """The type in which `left op right` is computed, op an arithmetic one."""
    return promoted(left) if op in ("<<", ">>") else common(left, right)


def operate(op: str, left: int, right: int, type_: CType, right_type: CType) -> int:
    """`left op right` in a type; the count of a shift keeps its own."""
    count = op in ("<<", ">>")
    return type_.wrap(ARITHMETIC[op](type_.wrap(left), right if count else type_.wrap(right)))


class Infix(Node):
    def __init__(self, op: str, left: Node, right: Node) -> None:
        self.op, self.left, self.right = op, left, right
        self.power = POWERS[op]
        self.type = operation_type(op, left.taken, right.taken) if op in ARITHMETIC else INT

    def text(self) -> str:
        return f"{self.left.within(self.power)} {self.op} {self.right.within(self.power + 1)}"

    def value(self, state: State) -> int:
        left = self.left.value(state)
        match self.op:
            case "&&":
                return int(bool(left and self.right.value(state)))
            case "||":
                return int(bool(left or self.right.value(state)))
        right = self.right.value(state)
        if self.op == "^^":
            return int(bool(left) != bool(right))
        if self.op in COMPARISONS:
            type_ = common(self.left.taken, self.right.taken)
            return int(COMPARISONS[self.op](type_.wrap(left), type_.wrap(right)))
        return operate(self.op, left, right, self.type, self.right.taken)


class Choice(Node):
    power = 2

    def __init__(self, test: Node, then: Node, otherwise: Node) -> None:
        self.test, self.then, self.otherwise = test, then, otherwise
        self.type = common(then.taken, otherwise.taken)

    def text(self) -> str:
        return f"{self.test.within(3)} ? {self.then.text()} : {self.otherwise.within(2)}"

    def value(self, state: State) -> int:
        chosen = self.then if self.test.value(state) else self.otherwise
        return self.type.wrap(chosen.value(state))


class Assignment(Node):
    """`target op value`; op is "=", "+=", ... The value is computed first, then which element it goes to."""

    power = 1

    def __init__(self, op: str, target: Variable, operand: Node) -> None:
        self.op, self.target, self.operand, self.type = op, target, operand, target.type

    def text(self) -> str:
        return f"{self.target.text()} {self.op} {self.operand.within(1)}"

    def value(self, state: State) -> Any:
        value = self.operand.value(state)
        cell = self.target.cell(state)
        if self.op != "=":
            op = self.op[:-1]
            type_ = operation_type(op, self.target.taken, self.operand.taken)
            value = operate(op, state.get(cell, 0), value, type_, self.operand.taken)
        state[cell] = self.target.hold(value)
        return state[cell]


class Step(Node):
    """`++x`, `x++` and the like."""

    def __init__(self, op: str, target: Variable, *, prefix: bool) -> None:
        self.op, self.target, self.prefix, self.type = op, target, prefix, target.type
        self.power = 14 if prefix else 15

    def text(self) -> str:
        return self.op + self.target.text() if self.prefix else self.target.text() + self.op

    def value(self, state: State) -> int:
        cell = self.target.cell(state)
        before: int = state.get(cell, 0)
        after = self.target.hold(before + (1 if self.op == "++" else -1))
        state[cell] = after
        return after if self.prefix else before


class Sequence(Node):
    power = 0

    def __init__(self, first: Node, second: Node) -> None:
        self.first, self.second, self.type = first, second, second.type

    def text(self) -> str:
        return f"{self.first.within(1)}, {self.second.within(1)}"

    def value(self, state: State) -> int:
        self.first.value(state)
        return self.second.value(state)
