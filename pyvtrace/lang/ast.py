"""The untyped syntax tree of a D program, as the parser builds it.

Every node is a frozen `Value`; `span` does not take part in comparisons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyvtrace.source import NOWHERE, Span
from pyvtrace.value import Value

# ---------------------------------------------------------------------------------------------------------------- types


class Derivation(Value):
    """Base of what a declarator makes of a type: a pointer to it, an array of it, a function that returns it."""


class PointerTo(Derivation):
    pass


class ArrayOf(Derivation):
    """`[bound]`; None for `[]`."""

    bound: Expr | None
    span: Span = NOWHERE


class Keyed(Derivation):
    """An associative array: the types of its tuple. `names` are those of an inline's parameters, "" where there is
    none."""

    types: tuple[TypeName, ...]
    names: tuple[str, ...] = ()
    span: Span = NOWHERE


class Returning(Derivation):
    """A function: the types and names of its parameters, and whether `...` follows them."""

    types: tuple[TypeName, ...]
    names: tuple[str, ...] = ()
    variadic: bool = False
    span: Span = NOWHERE


class TypeName(Value):
    """A type as written. `user` is D's `userland`: its pointers point into the process.

    `words` are the specifiers in source order ("unsigned", "int"; "struct", "task_struct"; "string"; a typedef name);
    an aggregate without a tag has "". `derived` is what the declarator makes of them, in the order in which it applies.
    """

    words: tuple[str, ...]
    derived: tuple[Derivation, ...] = ()
    user: bool = False
    definition: tuple[MemberDeclaration, ...] | tuple[Enumerator, ...] | None = None
    span: Span = NOWHERE


class MemberDeclaration(Value):
    """A member of a struct or union; "" for an anonymous one. `bits` is the width of a bit-field."""

    type: TypeName
    name: str
    bits: Expr | None = None
    span: Span = NOWHERE


class Enumerator(Value):
    name: str
    value: Expr | None = None
    span: Span = NOWHERE


# ---------------------------------------------------------------------------------------------------------- expressions


class Expr(Value):
    """Base of all expressions."""

    if TYPE_CHECKING:
        # Declared only for the type checker: each node has `span` as its last field.
        @property
        def span(self) -> Span: ...


class Number(Expr):
    """An integer or character constant. `suffix` holds the lower-cased letters u and l as written ("", "u", "ul",
    "ll", "ull"); `decimal` is False for octal and hexadecimal constants (C types them differently), `character` is
    True for 'x'."""

    value: int
    suffix: str = ""
    decimal: bool = True
    character: bool = False
    span: Span = NOWHERE


class StringLiteral(Expr):
    """A string constant with its escapes resolved; a `$$1` macro becomes one too."""

    text: str
    span: Span = NOWHERE


class Identifier(Expr):
    """A bare name: a built-in variable, a global, an inline or an enumerator."""

    name: str
    span: Span = NOWHERE


class Scoped(Expr):
    """`self->name` or `this->name`."""

    scope: str
    name: str
    span: Span = NOWHERE


class KernelSymbol(Expr):
    """`` `symbol `` or `` module`symbol ``."""

    module: str
    name: str
    span: Span = NOWHERE


class Aggregation(Expr):
    """`@name[keys]`; name is "_" for the anonymous `@`. `keys` is None when there are no brackets."""

    name: str
    keys: tuple[Expr, ...] | None = None
    span: Span = NOWHERE


class Index(Expr):
    """`base[keys]`: an associative array, args[n] or a C array; more than one key for tuples."""

    base: Expr
    keys: tuple[Expr, ...]
    span: Span = NOWHERE


class Access(Expr):
    """`base.name` or `base->name` (`arrow`)."""

    base: Expr
    name: str
    arrow: bool
    span: Span = NOWHERE


class Call(Expr):
    name: str
    args: tuple[Expr, ...]
    span: Span = NOWHERE


class Unary(Expr):
    """Prefix `- + ! ~ * &`."""

    op: str
    operand: Expr
    span: Span = NOWHERE


class Step(Expr):
    """`++x --x x++ x--`; `op` is "++" or "--"."""

    op: str
    prefix: bool
    operand: Expr
    span: Span = NOWHERE


class Binary(Expr):
    """All binary operators but assignment and comma: `* / % + - << >> < <= > >= == != & ^ | && ^^ ||`."""

    op: str
    left: Expr
    right: Expr
    span: Span = NOWHERE


class Conditional(Expr):
    test: Expr
    then: Expr
    otherwise: Expr
    span: Span = NOWHERE


class Assign(Expr):
    """`target op value`; `op` is "=", "+=", "-=", ..."""

    op: str
    target: Expr
    value: Expr
    span: Span = NOWHERE


class Comma(Expr):
    parts: tuple[Expr, ...]
    span: Span = NOWHERE


class Cast(Expr):
    type: TypeName
    operand: Expr
    span: Span = NOWHERE


class SizeofType(Expr):
    type: TypeName
    span: Span = NOWHERE


class SizeofExpr(Expr):
    operand: Expr
    span: Span = NOWHERE


class OffsetOf(Expr):
    """`offsetof(type, member)`."""

    type: TypeName
    member: str
    span: Span = NOWHERE


class Translate(Expr):
    """`xlate <type> (operand)`."""

    type: TypeName
    operand: Expr
    span: Span = NOWHERE


class StringOf(Expr):
    """`stringof expr` / `stringof (expr)`."""

    operand: Expr
    span: Span = NOWHERE


# ----------------------------------------------------------------------------------------------------------- statements


class Statement(Value):
    """Base of all statements."""

    if TYPE_CHECKING:
        # Declared only for the type checker: each node has `span` as its last field.
        @property
        def span(self) -> Span: ...


class Evaluate(Statement):
    """An expression statement; actions and aggregation updates (`@a = count()`) are expressions here."""

    expr: Expr
    span: Span = NOWHERE


class If(Statement):
    test: Expr
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()
    span: Span = NOWHERE


# -------------------------------------------------------------------------------------------------------------- program


class ProbeDescription(Value):
    """`provider:module:function:name` as written, fields already bound from the right; "" matches any."""

    provider: str
    module: str
    function: str
    name: str
    span: Span = NOWHERE

    def __str__(self) -> str:
        return f"{self.provider}:{self.module}:{self.function}:{self.name}"


class Item(Value):
    """Base of what stands at the top level."""

    if TYPE_CHECKING:
        # Declared only for the type checker: each node has `span` as its last field.
        @property
        def span(self) -> Span: ...


class Clause(Item):
    """`body` is None for a clause without braces: the default action."""

    probes: tuple[ProbeDescription, ...]
    predicate: Expr | None
    body: tuple[Statement, ...] | None
    span: Span = NOWHERE


class Declaration(Item):
    """`[self|this] type name;` at the top level."""

    scope: str
    type: TypeName
    name: str
    span: Span = NOWHERE


class TypeDeclaration(Item):
    """`struct tag { ... };` and the like: a type without a name of its own."""

    type: TypeName
    span: Span = NOWHERE


class Typedef(Item):
    type: TypeName
    name: str
    span: Span = NOWHERE


class Inline(Item):
    """`inline type name = value;`, with parameters `inline type name[type parameter, ...] = value;`."""

    type: TypeName
    name: str
    value: Expr
    span: Span = NOWHERE


class TranslatedMember(Value):
    """`name = value;` in a translator."""

    name: str
    value: Expr
    span: Span = NOWHERE


class Translator(Item):
    """`translator type < input name > { members };`"""

    type: TypeName
    input: TypeName
    name: str
    members: tuple[TranslatedMember, ...]
    span: Span = NOWHERE


class DeclaredProbe(Value):
    """`probe name(takes);` in a provider's declaration, or `probe name(takes) : (shows);` with what D programs see."""

    name: str
    takes: Returning
    shows: Returning | None
    span: Span = NOWHERE


class ProviderDeclaration(Item):
    """`provider name { probe ...; };`: the static probes that a program has."""

    name: str
    probes: tuple[DeclaredProbe, ...]
    span: Span = NOWHERE


class Pragma(Item):
    """`#pragma D word rest`: kind "option", "attributes", ...; `argument` the rest of the line."""

    kind: str
    argument: str
    span: Span = NOWHERE


class Program(Value):
    items: tuple[Item, ...]

    @property
    def clauses(self) -> tuple[Clause, ...]:
        return tuple(i for i in self.items if isinstance(i, Clause))
