"""Integer arithmetic on registers."""

from __future__ import annotations

from typing import Any

from pyvtrace.bpf.isa import R0, R1, R2, Code, Label, Reg, extend, jump_if, mov
from pyvtrace.compile.frame import Place
from pyvtrace.compile.machine import FAULT_DIVIDE, Machine
from pyvtrace.lang.types import Integer, Type, is_signed


def arithmetic(m: Machine, op: str, right: Reg | int, type_: Type) -> Code:
    """`R0 = R0 op right` in a type; `right` is R1 or a constant."""
    match op:
        case "/" | "%":
            assert isinstance(right, Reg)
            yield from m.fault_if(right, "==", 0, FAULT_DIVIDE, 0)
            if is_signed(type_):
                yield from _signed_division(op, right)
            else:
                yield R0.alu(op, right)
        case "<<" | ">>":
            # C leaves a shift by the width or more undefined. BPF takes a register's count modulo 64, as processors do,
            # and refuses such a constant.
            count = right & 63 if isinstance(right, int) else right
            yield R0.alu("s>>" if op == ">>" and is_signed(type_) else op, count)
        case _:
            yield R0.alu(op, right)
    if op not in "&|^>>":
        yield from m.settle(type_)


def _signed_division(op: str, right: Reg) -> Code:
    """Truncating division; BPF divides unsigned before its fourth version. Clobbers R2."""
    left_positive, right_positive, done = Label("left >= 0"), Label("right >= 0"), Label("done")
    yield mov(R2, R0)
    if op == "/":
        yield R2 ^ right
    yield jump_if(R0, "s>=", 0, left_positive)
    yield -R0
    yield left_positive
    yield jump_if(right, "s>=", 0, right_positive)
    yield -right
    yield right_positive
    yield R0.alu(op, right)
    yield jump_if(R2, "s>=", 0, done)
    yield -R0
    yield done


def convert_register(m: Machine, before: Type, after: Type) -> Code:
    """Nothing to do for widening: registers hold values already extended by their own sign."""
    if isinstance(after, Integer) and after.bytes < 8:
        yield from extend(R0, after.bytes, signed=after.signed)


def operate(m: Machine, e: Any, amount: Place) -> Code:
    """R0 (the target's value) op the saved amount, in the operation's type, brought back to the target's."""
    yield from convert_register(m, e.type, e.operation)
    yield from m.restore(R1, amount)
    yield from arithmetic(m, e.op, R1, e.operation)
    yield from m.settle(e.type)
