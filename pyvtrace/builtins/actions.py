"""The actions: what each records and what the consumer does with it."""

from __future__ import annotations

from collections.abc import Callable

from pyvtrace.builtins.shapes import shape_of
from pyvtrace.lang import typed
from pyvtrace.lang.vocabulary import Action, Parameter
from pyvtrace.spec import (
    ActionSpec,
    ClearAction,
    DenormalizeAction,
    ExitAction,
    FieldSpec,
    NormalizeAction,
    PrintaAction,
    PrintAction,
    PrintfAction,
    TraceAction,
    TruncAction,
)

Field = Callable[[typed.Expr], FieldSpec]


def trace(act: typed.Act, field: Field) -> ActionSpec:
    return TraceAction(field(act.args[0]))


def print_value(act: typed.Act, field: Field) -> ActionSpec:
    stored, type_ = field(act.args[0]), act.args[0].type
    return PrintAction(stored, str(type_), shape_of(type_) if stored.kind == "bytes" else None)


def printf(act: typed.Act, field: Field) -> ActionSpec:
    return PrintfAction(act.format or "", tuple(field(arg) for arg in act.args))


def printa(act: typed.Act, field: Field) -> ActionSpec:
    return PrintaAction(act.format, act.aggregations)


def clear(act: typed.Act, field: Field) -> ActionSpec:
    return ClearAction(act.aggregations[0])


def trunc(act: typed.Act, field: Field) -> ActionSpec:
    return TruncAction(act.aggregations[0], field(act.args[0]) if act.args else None)


def normalize(act: typed.Act, field: Field) -> ActionSpec:
    return NormalizeAction(act.aggregations[0], field(act.args[0]))


def denormalize(act: typed.Act, field: Field) -> ActionSpec:
    return DenormalizeAction(act.aggregations[0])


def leave(act: typed.Act, field: Field) -> ActionSpec:
    return ExitAction(field(act.args[0]))


_ANY = Parameter("any")
_INTEGER = Parameter("integer", shown="int")

ACTIONS: dict[str, Action] = {
    a.name: a
    for a in (
        Action("trace", (_ANY,), trace),
        Action("print", (_ANY,), print_value),
        Action("printf", (), printf, shape="printf"),
        Action("printa", (), printa, shape="printa"),
        Action("clear", (), clear, shape="aggregation"),
        Action("trunc", (Parameter("integer", optional=True, shown="int"),), trunc, shape="aggregation", removes=True),
        Action("normalize", (Parameter("integer", shown="uint64_t"),), normalize, shape="aggregation"),
        Action("denormalize", (), denormalize, shape="aggregation"),
        Action("exit", (_INTEGER,), leave),
    )
}
