"""The typed tree: what the checker makes of the syntax tree and the compiler lowers.

Conversions are explicit: both operands of an arithmetic node have the node's own operand type, a value assigned has
the target's type. Nothing here is ambiguous and nothing can fail to resolve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyvtrace.lang.types import Type
from pyvtrace.lang.vocabulary import Action, Aggregating, Function, KernelSymbol, Probe, Variable
from pyvtrace.source import NOWHERE, Source, Span
from pyvtrace.value import Value


class Symbol(Value):
    """A variable of the program: `scope` is "global", "self" or "this"; `keys` the tuple's types of an array."""

    scope: str
    name: str
    type: Type
    keys: tuple[Type, ...] = ()


class AggregationSymbol(Value):
    """An aggregation: its function with the constant parameters, and the widest key types used anywhere."""

    id: int
    name: str
    function: Aggregating
    params: tuple[int, ...]
    keys: tuple[Type, ...]


class Expr(Value):
    """Base; `type` is the type of the value."""

    if TYPE_CHECKING:
        # Declared only for the type checker: each node lists its fields in its own order.
        @property
        def type(self) -> Type: ...

        @property
        def span(self) -> Span: ...


# ----------------------------------------------------------------------------------------------------------- the leaves


class Constant(Expr):
    """An integer known at compile time; `value` is in the range of `type`."""

    type: Type
    value: int
    span: Span = NOWHERE


class NoValue(Expr):
    """A call of an action or an aggregating function (of type void), or an aggregation (dynamic), where a value should
    be. Each operator refuses it in its own words; none reaches the compiler. `what` says which it is."""

    type: Type
    what: str
    span: Span = NOWHERE


class Text(Expr):
    """A string constant; the type is String(len(utf-8) + 1)."""

    type: Type
    text: str
    span: Span = NOWHERE


class Builtin(Expr):
    """A built-in variable: pid, timestamp, arg0, probefunc, ..."""

    type: Type
    variable: Variable
    span: Span = NOWHERE


class TypedArgument(Expr):
    """`args[index]` or `args->name`: its code comes from the probe's provider. All probes of the clause agree on
    `type`."""

    type: Type
    index: int
    span: Span = NOWHERE


class Variants(Expr):
    """What is another expression for each of the clause's probes: by id, those that are made of other probes; 0 is for
    the others."""

    type: Type
    choices: tuple[tuple[int, Expr], ...]
    span: Span = NOWHERE

    def of(self, identifier: int) -> Expr:
        """The expression for a probe."""
        found = dict(self.choices)
        return found.get(identifier) or found[0]


class Load(Expr):
    """The value of a variable, or of an element of an associative array when `keys` is not empty. That of a string, a
    struct, a union or an array is where its bytes are."""

    type: Type
    symbol: Symbol
    keys: tuple[Expr, ...] = ()
    span: Span = NOWHERE


class Part(Expr):
    """A member of a struct or union, or an element of an array, that lies `offset` bytes into the value of `base`.

    With `index`, element number `index` of `count` from there on: a fault where there is no such element. With `bits`,
    a bit-field: that many bits of the integer of the node's type, above the `shift` lowest.
    """

    type: Type
    base: Expr
    offset: int
    index: Expr | None = None
    count: int = 0
    shift: int = 0
    bits: int = 0
    span: Span = NOWHERE


class Bits(Expr):
    """A bit-field in memory behind a pointer: `bits` bits of `operand`, an integer, above the `shift` lowest."""

    type: Type
    operand: Expr
    shift: int
    bits: int
    span: Span = NOWHERE


class Characters(Expr):
    """The string in an array of characters, which ends at its first NUL or with the array."""

    type: Type
    operand: Expr
    span: Span = NOWHERE


class Character(Expr):
    """`text[index]`; a fault beyond what the string's type can hold."""

    type: Type
    text: Expr
    index: Expr
    span: Span = NOWHERE


class Translated(Expr):
    """What `xlate` makes of `operand`: it has members, each an expression of its own, and is never a value as a whole.
    `input` is the type that its translator takes; `at` is the probe whose arguments the translator may use."""

    type: Type
    operand: Expr
    input: Type
    span: Span = NOWHERE
    at: Probe | None = None


class Dereference(Expr):
    """`*pointer`: reads kernel memory, or user memory when the pointer type says so."""

    type: Type
    pointer: Expr
    span: Span = NOWHERE


class Address(Expr):
    """Where the bytes of `operand` lie: a part of a variable of the program, or a whole array."""

    type: Type
    operand: Expr
    span: Span = NOWHERE


class Memory(Expr):
    """The bytes at an address, as many as the type has: what tracemem() records."""

    type: Type
    address: Expr
    span: Span = NOWHERE


# -------------------------------------------------------------------------------------------------------- the operators


class Convert(Expr):
    """Between integers and pointers: truncates and extends as C does."""

    type: Type
    operand: Expr
    span: Span = NOWHERE


class Unary(Expr):
    """`-` and `~`; the operand has the node's type."""

    type: Type
    op: str
    operand: Expr
    span: Span = NOWHERE


class Not(Expr):
    """`!operand`: 1 if it is zero (for a string: if empty)."""

    type: Type
    operand: Expr
    span: Span = NOWHERE


class Binary(Expr):
    """`* / % + - & ^ |` on operands of the node's type; `<< >>` with a right operand of its own type."""

    type: Type
    op: str
    left: Expr
    right: Expr
    span: Span = NOWHERE


class Compare(Expr):
    """`< <= > >= == !=` on integers or pointers of one type, whose signedness decides; gives an int."""

    type: Type
    op: str
    left: Expr
    right: Expr
    span: Span = NOWHERE


class CompareStrings(Expr):
    """The six comparisons on strings, as strcmp orders them."""

    type: Type
    op: str
    left: Expr
    right: Expr
    span: Span = NOWHERE


class Logical(Expr):
    """`&& ||` (short-circuit) and `^^`; gives an int. A string operand is true when not empty."""

    type: Type
    op: str
    left: Expr
    right: Expr
    span: Span = NOWHERE


class Conditional(Expr):
    type: Type
    test: Expr
    then: Expr
    otherwise: Expr
    span: Span = NOWHERE


class Comma(Expr):
    type: Type
    parts: tuple[Expr, ...]
    span: Span = NOWHERE


class Assign(Expr):
    """`target = value`; the value of the expression is what the target then holds. A target behind a pointer lies in
    the clause's memory, or it is a fault."""

    type: Type
    target: Load | Part | Dereference | Bits
    value: Expr
    span: Span = NOWHERE


class Update(Expr):
    """`target op= value` and `++`/`--`; `op` is the binary operator. The arithmetic is done in `operation` (the common
    type) and converted back. `old` is true for `x++`: the value of the expression is the one before."""

    type: Type
    op: str
    target: Load | Part | Dereference | Bits
    value: Expr
    operation: Type
    old: bool = False
    span: Span = NOWHERE


class KernelVariable(Expr):
    """The address of a variable that the kernel finds by its id; the current CPU's of one that each CPU has."""

    type: Type
    symbol: KernelSymbol
    span: Span = NOWHERE


class Call(Expr):
    type: Type
    function: Function
    args: tuple[Expr, ...]
    span: Span = NOWHERE


# ----------------------------------------------------------------------------------------------------------- statements


class Statement(Value):
    """Base of all statements; `number` is the 1-based place among the clause's, which is what messages say."""

    if TYPE_CHECKING:

        @property
        def number(self) -> int: ...

        @property
        def span(self) -> Span: ...


class Evaluate(Statement):
    """An expression, for what it changes."""

    expr: Expr
    number: int = 0
    span: Span = NOWHERE


class Act(Statement):
    """An action: `format` is the text of printf's and printa's, `aggregations` those that printa, clear, ... name."""

    action: Action
    args: tuple[Expr, ...]
    number: int
    format: str | None = None
    aggregations: tuple[int, ...] = ()
    span: Span = NOWHERE


class Aggregate(Statement):
    """`@name[keys] = function(args)`; `args` without the constants that are `params` of the symbol."""

    aggregation: int
    keys: tuple[Expr, ...]
    args: tuple[Expr, ...]
    number: int
    span: Span = NOWHERE


class If(Statement):
    test: Expr
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()
    number: int = 0
    span: Span = NOWHERE


def flattened(body: Sequence[Statement]) -> Iterator[Statement]:
    """All statements of a body, those inside `if` too."""
    for statement in body:
        yield statement
        if isinstance(statement, If):
            yield from flattened(statement.then)
            yield from flattened(statement.otherwise)


_NODES = (Expr, Statement)
# Annotations of fields behind which there is no node. Whole programs are searched several times.
_LEAVES = frozenset(("Type", "Span", "Symbol", "KernelSymbol", "Variable", "Function", "Action", "str", "int", "bool"))
_INNER: dict[type[Value], tuple[str, ...]] = {}


def _inner(kind: type[Value]) -> tuple[str, ...]:
    """The fields of a node that may lead to others."""
    if kind not in _INNER:
        annotations: dict[str, str] = {}
        for base in reversed(kind.__mro__):
            annotations |= vars(base).get("__annotations__", {})
        fields: tuple[str, ...] = kind.__match_args__  # type: ignore[attr-defined]
        _INNER[kind] = tuple(field for field in fields if annotations[field] not in _LEAVES)
    return _INNER[kind]


def nodes(root: object) -> Iterator[Expr | Statement]:
    """Every expression and statement of a tree (or a tuple of trees), in no particular order."""
    work = [root]
    while work:
        node = work.pop()
        if isinstance(node, tuple):
            work.extend(node)
        elif isinstance(node, _NODES):
            yield node
            work += [getattr(node, field) for field in _inner(type(node))]


def assigns(expr: Expr) -> bool:
    """Whether evaluating it changes a variable, so that it matters what is evaluated before it."""
    return any(isinstance(node, Assign | Update) for node in nodes(expr))


class Clause(Value):
    """One clause with the probes it is enabled at. `default` is true for a clause without a body. `guards` are the
    conditions under which probes made of others fire, by their ids."""

    index: int
    probes: tuple[Probe, ...]
    predicate: Expr | None
    body: tuple[Statement, ...]
    default: bool
    span: Span = NOWHERE
    guards: Mapping[int, Expr] = {}


class Program(Value):
    """`options` are those set by pragmas, in order of appearance. `steps` are clauses that probes need, before and
    after all others of their attach points; they print nothing, and are counted on from the program's own."""

    source: Source
    clauses: tuple[Clause, ...]
    symbols: tuple[Symbol, ...]
    aggregations: tuple[AggregationSymbol, ...]
    options: tuple[tuple[str, str], ...]
    steps: tuple[tuple[Clause, ...], tuple[Clause, ...]] = ((), ())
