"""Speculations: records that are kept until it is known whether they are wanted.

In the kernel a speculation is four words. `taken` is 0 while it is free: whoever adds one to it and finds 0 has it. So
is `closed` for commit() and discard(): the first one to add wins, and nothing joins the speculation from there on. The
`generation` tells its uses apart. The consumer, who keeps the records, opens it again when it has dealt with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R5, Code, Label, atomic_add, jump, jump_if, load, map_value, mov
from pyvtrace.builtins.machine import Machine
from pyvtrace.lang import typed
from pyvtrace.lang.types import INT, UINT64, Type
from pyvtrace.lang.vocabulary import Action, Function, Parameter
from pyvtrace.spec import (
    SPECULATION_SIZE,
    ActionSpec,
    CommitAction,
    DiscardAction,
    FieldSpec,
    SpeculateAction,
)

Field = Callable[[typed.Expr], FieldSpec]
TAKEN, CLOSED, GENERATION = 0, 8, 16


def _int(types: Sequence[Type], strsize: int) -> Type:
    return INT


def _tag(types: Sequence[Type], strsize: int) -> Type:
    return UINT64


def speculation(m: Machine, e: Any) -> Code:
    """The number of one that is free, from 1 on; 0 if there is none, which is counted."""
    map_, offset, count = m.speculations()
    again, next_, found, busy, done = map(Label, ("next", "not free", "free", "busy", "done"))
    yield mov(R3, 0)
    yield mov(R5, 0)
    yield again
    yield map_value(R1, map_, offset)
    yield mov(R4, R3)
    yield R4 * SPECULATION_SIZE
    yield R1 + R4
    yield load(R2, R1, CLOSED)
    yield R5 | R2
    yield load(R2, R1, TAKEN)
    yield jump_if(R2, "!=", 0, next_)
    yield mov(R2, 1)
    yield atomic_add(R1, TAKEN, R2, fetch=True)
    yield jump_if(R2, "==", 0, found)
    yield next_
    yield R3 + 1
    yield jump_if(R3, "<", count, again)
    yield jump_if(R5, "!=", 0, busy)
    yield from m.count("speculation-unavailable")
    yield mov(R0, 0)
    yield jump(done)
    yield busy
    yield from m.count("speculation-busy")
    yield mov(R0, 0)
    yield jump(done)
    yield found
    yield mov(R0, R3)
    yield R0 + 1
    yield done


def _find(m: Machine, e: Any, none: Label) -> Code:
    """R1 = the words of the speculation with the given number, R0 the number; to `none` if it is not open."""
    map_, offset, count = m.speculations()
    yield from m.value(e.args[0])
    yield R0 - 1
    yield jump_if(R0, ">=", count, none)
    yield map_value(R1, map_, offset)
    yield mov(R2, R0)
    yield R2 * SPECULATION_SIZE
    yield R1 + R2
    yield R0 + 1
    yield load(R2, R1, TAKEN)
    yield jump_if(R2, "==", 0, none)


def _join(m: Machine, e: Any) -> Code:
    """Number and generation of an open speculation; where there is none, the clause ends and records nothing."""
    closed, open_ = Label("no speculation"), Label("open")
    yield from _find(m, e, closed)
    yield load(R2, R1, CLOSED)
    yield jump_if(R2, "==", 0, open_)
    yield closed
    yield from m.give_up()
    yield open_
    yield from _tagged()


def _close(m: Machine, e: Any) -> Code:
    """Number and generation of a speculation that nobody else has closed; 0 if there is none."""
    nothing, ours, done = Label("no speculation"), Label("ours"), Label("done")
    yield from _find(m, e, nothing)
    yield mov(R2, 1)
    yield atomic_add(R1, CLOSED, R2, fetch=True)
    yield jump_if(R2, "==", 0, ours)
    yield nothing
    yield mov(R0, 0)
    yield jump(done)
    yield ours
    yield from _tagged()
    yield done


def _tagged() -> Code:
    yield load(R2, R1, GENERATION)
    yield R2 << 32
    yield R0 | R2


_NUMBER = (Parameter("integer", shown="int"),)
_JOIN, _CLOSE = Function("speculate", _NUMBER, _tag, _join), Function("commit", _NUMBER, _tag, _close)


def _of(function: Function, spec: Callable[[FieldSpec], ActionSpec]) -> Callable[[typed.Act, Field], ActionSpec]:
    def code(act: typed.Act, field: Field) -> ActionSpec:
        return spec(field(typed.Call(UINT64, function, act.args, act.span)))

    return code


SPECULATION = Function("speculation", (), _int, speculation)
SPECULATING = (
    Action("speculate", _NUMBER, _of(_JOIN, SpeculateAction)),
    Action("commit", _NUMBER, _of(_CLOSE, CommitAction)),
    Action("discard", _NUMBER, _of(_CLOSE, DiscardAction)),
)
