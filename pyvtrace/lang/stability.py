"""Stability attributes: how long what a program names may be relied on (Dynamic Tracing Guide, "Stability").

Three words: how stable the name is, how stable its meaning, and how common it is among machines. A program has the
least of all that it names. Names of kernel modules and functions are nobody's promise; what a provider says of its own
names is in `PROVIDERS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyvtrace.lang import ast
from pyvtrace.source import NOWHERE, Span
from pyvtrace.value import Value

Attributes = tuple[str, str, str]

# Ascending.
STABILITIES = ("Internal", "Private", "Obsolete", "External", "Unstable", "Evolving", "Stable", "Standard")
CLASSES = ("Unknown", "CPU", "Platform", "Group", "ISA", "Common")

STABLE = ("Stable", "Stable", "Common")
_EVOLVING, _EVOLVING_ISA = ("Evolving", "Evolving", "Common"), ("Evolving", "Evolving", "ISA")
_UNSTABLE, _UNSTABLE_ISA = ("Unstable", "Unstable", "Common"), ("Unstable", "Unstable", "ISA")
_PRIVATE, _PRIVATE_ISA = ("Private", "Private", "Unknown"), ("Private", "Private", "ISA")
_NATIVE = (_EVOLVING_ISA, _PRIVATE, _PRIVATE, _EVOLVING_ISA, _EVOLVING_ISA)

# Of a provider: its name, its modules, functions and probe names, and their arguments.
PROVIDERS: Mapping[str, tuple[Attributes, ...]] = {
    "dtrace": (STABLE, _PRIVATE, _PRIVATE, STABLE, STABLE),
    "profile": (_EVOLVING, ("Unstable", "Unstable", "Unknown"), _PRIVATE, _EVOLVING, _EVOLVING),
    "syscall": (_EVOLVING, _PRIVATE, _UNSTABLE_ISA, _EVOLVING, _UNSTABLE_ISA),
    "lockstat": (_EVOLVING, _PRIVATE, _PRIVATE, _EVOLVING, _EVOLVING),
    "cpc": (_EVOLVING, _PRIVATE, _PRIVATE, ("Evolving", "Evolving", "CPU"), _EVOLVING),
    "fbt": (_EVOLVING_ISA, _PRIVATE, _PRIVATE, _EVOLVING_ISA, _PRIVATE_ISA),
    "pid": (_EVOLVING_ISA, _PRIVATE, _PRIVATE, _EVOLVING_ISA, _PRIVATE),
    **dict.fromkeys(("sdt", "rawtp"), (_EVOLVING_ISA, _PRIVATE, _PRIVATE, _PRIVATE_ISA, _PRIVATE_ISA)),
    **dict.fromkeys(("io", "proc", "sched", "ip", "tcp", "udp"), _NATIVE),
}
# Of a provider that says nothing, or that a description leaves open.
_OPEN = (_UNSTABLE,) * 5
# Variables whose meaning is the kernel's; all others are Stable/Stable/Common.
VARIABLES: Mapping[str, Attributes] = {"curthread": ("Stable", "Private", "Common")}


def attributes_of(text: str) -> Attributes | None:
    """`Evolving/Evolving/Common` in any case; None if it is no such thing."""
    words = [word.lower() for word in text.split("/")]
    tables = (STABILITIES, STABILITIES, CLASSES)
    found = [next((w for w in table if w.lower() == word), "") for word, table in zip(words, tables, strict=False)]
    return (found[0], found[1], found[2]) if len(words) == 3 and all(found) else None


def least(several: Iterable[Attributes]) -> Attributes:
    """Of each of the three words the least; what nothing lowers is stable."""
    names, meanings, classes = zip(STABLE, *several, strict=True)
    return (
        min(names, key=STABILITIES.index),
        min(meanings, key=STABILITIES.index),
        min(classes, key=CLASSES.index),
    )


def _provider(name: str) -> tuple[Attributes, ...]:
    return PROVIDERS.get(name.rstrip("0123456789"), _OPEN)


def of_description(description: ast.ProbeDescription) -> Attributes:
    """Of what a probe description names: parts that it leaves open, or gives as a glob, promise nothing and cost
    nothing."""
    own = _provider(description.provider)
    parts = (description.module, description.function, description.name)
    named = [of for part, of in zip(parts, own[1:4], strict=True) if part and not set(part) & set("*?[")]
    return least((own[0], *named))


class Use(Value):
    """A name that a program uses, as messages show it, and its attributes."""

    name: str
    attributes: Attributes
    span: Span = NOWHERE


def uses(program: Iterable[ast.Item]) -> Iterator[Use]:
    """Every name in the program's clauses; `#pragma D attributes` says more of its own names."""
    items = list(program)
    said = dict(VARIABLES)
    for item in items:
        if isinstance(item, ast.Pragma) and item.kind == "attributes":
            words = item.argument.split()
            if len(words) > 1 and (given := attributes_of(words[0])):
                said[words[-1]] = given
    for item in items:
        if not isinstance(item, ast.Clause):
            continue
        arguments = least(_provider(description.provider)[4] for description in item.probes)
        for node in _nodes((item.predicate, item.body)):
            match node:
                case ast.Identifier(name="args", span=span):
                    yield Use("args", arguments, span)
                case ast.Identifier(name=name, span=span) | ast.Scoped(name=name, span=span):
                    yield Use(name, said.get(name, STABLE), span)
                case ast.KernelSymbol(name=name, span=span):
                    yield Use(f"`{name}", _PRIVATE, span)


def _nodes(root: object) -> Iterator[object]:
    """Every node of a tree, in source order."""
    if isinstance(root, tuple):
        for part in root:
            yield from _nodes(part)
    elif isinstance(root, ast.Expr | ast.Statement):
        yield root
        fields: tuple[str, ...] = root.__match_args__
        for field in fields:
            yield from _nodes(getattr(root, field))


def of_program(program: Iterable[ast.Item]) -> tuple[Attributes, Attributes]:
    """The least of the probe descriptions, and the least of the statements."""
    items = list(program)
    descriptions = [of_description(d) for item in items if isinstance(item, ast.Clause) for d in item.probes]
    return least(descriptions), least(use.attributes for use in uses(items))


def below(program: Iterable[ast.Item], minimum: Attributes) -> Iterator[Use]:
    """Uses of names that are less than a minimum in any of the three."""
    for use in uses(program):
        if least((use.attributes, minimum)) != least((minimum,)):
            yield use
