"""Probes that are made of others: their conditions and arguments are D over the arguments of those, and are checked as
if the program had written them there. `args[0]->b_bcount` picks the translator by what the expression gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pyvtrace.lang import ast, libraries, translators, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.aggregates import decayed
from pyvtrace.lang.naming import complete, resolve
from pyvtrace.lang.values import Values, as_text, convert
from pyvtrace.lang.vocabulary import Origin, Probe, Step, Variable
from pyvtrace.source import Source, Span
from pyvtrace.value import replace


def origins(v: Values) -> bool:
    """Whether a probe of the clause is made of another."""
    return any(probe.origin for probe in v.scope.probes)


# ------------------------------------------------------------------------------------------------------------- pieces


def piece(v: Values, probe: Probe, does: str, when: str = "") -> ast.Clause:
    """A piece of D that belongs to a probe, parsed once."""
    text = f"{probe.name.provider}:::{probe.name.name}{f' /{when}/' if when else ''} {{ {does}; }}"
    if text not in v.scope.fragments:
        (clause,) = libraries.parsed(v.scope, Source(f"{probe.name.provider} provider", text, "library"))
        assert isinstance(clause, ast.Clause)
        v.scope.fragments[text] = clause
    return v.scope.fragments[text]


@contextmanager
def standing_at(v: Values, probe: Probe) -> Iterator[None]:
    """What is checked inside has the arguments of a probe, whatever the clause's are."""
    scope = v.scope
    outer = scope.probes, scope.unmatched, scope.parameters
    scope.probes, scope.unmatched, scope.parameters = (probe,), False, {}
    try:
        yield
    finally:
        scope.probes, scope.unmatched, scope.parameters = outer


def _expression(v: Values, origin: Origin, text: str) -> ast.Expr:
    (statement,) = piece(v, origin.probe, text).body or ()
    assert isinstance(statement, ast.Evaluate)
    return statement.expr


def _value(v: Values, origin: Origin, text: str) -> typed.Expr:
    with standing_at(v, origin.probe):
        return decayed(v.check(_expression(v, origin, text)))


def guard(v: Values, probe: Probe) -> typed.Expr | None:
    """The condition under which the probe it is made of is this probe."""
    origin = probe.origin
    return _value(v, origin, origin.when) if origin and origin.when else None


def steps(probes: Sequence[Probe]) -> list[Step]:
    """What has to be done for the sake of probes, each once."""
    return list(dict.fromkeys(step for probe in probes if probe.origin for step in probe.origin.steps))


# ---------------------------------------------------------------------------------------------------------- arguments


def argument(v: Values, number: int, span: Span) -> typed.Expr:
    """`args[number]`; what its index is has been checked."""
    types = {p.origin.arguments[number][0] if p.origin and number < len(p.origin.arguments) else ""
             for p in v.scope.probes}  # fmt: skip
    if len(types) > 1:
        message = f"args[{number}] differs between the probes of this clause"
        raise v.fail("D_ARGS_MULTI", span, message, f"use arg{number}, or a clause for each")
    return _each(v, span, lambda probe, origin: _typed(v, probe, origin, number, span))


def number(v: Values, variable: Variable, span: Span) -> typed.Expr:
    """`argN`: the argument before its translation, as an integer; 0 where there is none."""

    def one(probe: Probe, origin: Origin) -> typed.Expr:
        if variable.index >= len(origin.arguments):
            return typed.Constant(variable.type, 0, span)
        value = _value(v, origin, origin.arguments[variable.index][1])
        return convert(value, variable.type) if value.type.is_scalar else typed.Constant(variable.type, 0, span)

    return _each(v, span, one, typed.Builtin(variable.type, variable, span))


def _typed(v: Values, probe: Probe, origin: Origin, number: int, span: Span) -> typed.Expr:
    """An argument as what it is declared to be."""
    written, text = origin.arguments[number]
    cast = _expression(v, origin, f"({written})0")
    assert isinstance(cast, ast.Cast)
    type_ = resolve(v, cast.type)
    value = _value(v, origin, text)
    output = type_.to if isinstance(type_, ty.Pointer) else type_
    if str(type_) == str(value.type) or not isinstance(complete(v, output), ty.Struct):
        return as_text(value) if isinstance(type_, ty.String) else convert(value, type_)
    if (str(output), str(value.type)) not in v.scope.translators:
        message = f"translator for args[{number}] from {value.type} to {type_} is not defined"
        raise v.fail("D_ARGS_XLATOR", span, message, f"probe {probe.name} needs it")
    return typed.Translated(type_, value, value.type, span, origin.probe)


def _each(
    v: Values, span: Span, make: Callable[[Probe, Origin], typed.Expr], otherwise: typed.Expr | None = None
) -> typed.Expr:
    """What `make` makes of each probe that has an origin, and `otherwise` of those that have none."""
    choices = [(probe.id, make(probe, probe.origin)) for probe in v.scope.probes if probe.origin]
    if otherwise is not None and any(probe.origin is None for probe in v.scope.probes):
        choices.append((0, otherwise))
    return joined(choices, span)


def joined(choices: Sequence[tuple[int, typed.Expr]], span: Span) -> typed.Expr:
    """One expression where all probes have the same."""
    made = [value for _, value in choices]
    if all(value == made[0] for value in made):
        return replace(made[0], span=span)
    strings = [value.type for value in made if isinstance(value.type, ty.String)]
    type_ = max(strings, key=lambda string: string.capacity) if strings else made[0].type
    return typed.Variants(type_, tuple(choices), span)


def is_translated(e: typed.Expr) -> bool:
    """Whether it is something that has members and no value."""
    return isinstance(e, typed.Translated) or (
        isinstance(e, typed.Variants) and any(isinstance(one, typed.Translated) for _, one in e.choices)
    )


def member(v: Values, base: typed.Translated | typed.Variants, name: str, span: Span) -> typed.Expr:
    """A member of what is translated, for each probe from what it has."""
    if isinstance(base, typed.Translated):
        return _member(v, base, name, span)
    made = [(id_, _member(v, one, name, span)) for id_, one in base.choices if isinstance(one, typed.Translated)]
    return joined(made, span)


def _member(v: Values, base: typed.Translated, name: str, span: Span) -> typed.Expr:
    if base.at is None:
        return translators.member(v, base, name, span)
    with standing_at(v, base.at):
        return translators.member(v, base, name, span)
