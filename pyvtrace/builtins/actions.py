"""The actions: what each records and what the consumer does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, Code, call, mov
from pyvtrace.builtins.machine import Machine
from pyvtrace.builtins.shapes import shape_of
from pyvtrace.builtins.speculations import SPECULATING
from pyvtrace.builtins.stacks import NAMINGS
from pyvtrace.lang import typed
from pyvtrace.lang.types import LONG, Integer
from pyvtrace.lang.vocabulary import Action, Function, Parameter
from pyvtrace.spec import (
    ActionSpec,
    ClearAction,
    DenormalizeAction,
    ExitAction,
    FieldSpec,
    FreopenAction,
    FtruncateAction,
    NormalizeAction,
    PrintaAction,
    PrintAction,
    PrintfAction,
    RaiseAction,
    SetoptAction,
    SystemAction,
    TraceAction,
    TracememAction,
    TruncAction,
)

Field = Callable[[typed.Expr], FieldSpec]


def trace(act: typed.Act, field: Field) -> ActionSpec:
    return TraceAction(field(act.args[0]))


def print_value(act: typed.Act, field: Field) -> ActionSpec:
    shown, *pointer = act.args
    stored = field(shown)
    named = isinstance(shown.type, Integer) and shown.type.constants
    shape = shape_of(shown.type) if named or stored.kind == "bytes" else None
    return PrintAction(stored, str(shown.type), shape, field(pointer[0]) if pointer else None)


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


def tracemem(act: typed.Act, field: Field) -> ActionSpec:
    memory, *count = act.args
    return TracememAction(field(memory), field(count[0]) if count else None)


def _signal(m: Machine, e: Any) -> Code:
    """Send a signal to the current process."""
    yield from m.value(e.args[0])
    yield mov(R1, R0)
    yield call(h.SEND_SIGNAL)


_SIGNAL = Function("raise", (), lambda types, strsize: LONG, _signal)


def raise_signal(act: typed.Act, field: Field) -> ActionSpec:
    return RaiseAction(field(typed.Call(LONG, _SIGNAL, act.args, act.span)))


def system(act: typed.Act, field: Field) -> ActionSpec:
    return SystemAction(act.format or "", tuple(field(arg) for arg in act.args))


def freopen(act: typed.Act, field: Field) -> ActionSpec:
    return FreopenAction(act.format or "", tuple(field(arg) for arg in act.args))


def ftruncate(act: typed.Act, field: Field) -> ActionSpec:
    return FtruncateAction()


def setopt(act: typed.Act, field: Field) -> ActionSpec:
    name, *value = act.args
    return SetoptAction(field(name), field(value[0]) if value else None)


_ANY = Parameter("any")
_INTEGER = Parameter("integer", shown="int")
_STRING = Parameter("string", shown="const char *")

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
        Action("tracemem", (), tracemem, shape="tracemem"),
        Action("pcap", (), trace, shape="pcap"),
        *(Action(name, (), trace, shape="refused") for name in ("breakpoint", "panic", "stop")),
        Action("chill", (_INTEGER,), trace, shape="refused"),
        Action("raise", (_INTEGER,), raise_signal, destructive=True),
        Action("system", (), system, shape="printf", destructive=True),
        Action("freopen", (), freopen, shape="freopen", destructive=True),
        Action("ftruncate", (), ftruncate),
        Action("setopt", (_STRING, Parameter("string", True, "const char *")), setopt),
        *SPECULATING,
        *(Action(naming.name, (), trace, shape="naming") for naming in NAMINGS),
    )
}
