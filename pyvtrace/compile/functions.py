"""Contexts of probes on functions, of programs and of the kernel: registers, or what the helpers for fentry give.

A program serves many places; which one was hit is the cookie that it was attached with: the probe's id.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R6, R10, Code, Note, call, extend, load, mov, store
from pyvtrace.compile.context import Context
from pyvtrace.compile.machine import FAULT_ADDRESS, Machine
from pyvtrace.lang.types import Integer, Type
from pyvtrace.lang.vocabulary import Probe
from pyvtrace.providers.operands import Operand
from pyvtrace.value import Value


class Convention(Value):
    """Where `struct pt_regs` has what the procedure call standard speaks of: arguments, result, stack pointer. `above`
    is how many words lie between the stack pointer and the first argument on the stack when a function begins."""

    arguments: tuple[int, ...]
    result: int
    stack: int
    above: int


CONVENTIONS = {
    "x86_64": Convention((112, 104, 96, 88, 72, 64), 80, 152, 1),
    "aarch64": Convention((0, 8, 16, 24, 32, 40, 48, 56), 0, 248, 0),
}
# Where in a function a return happened is not known: the kernel's probe fires behind it.
_NO_OFFSET = -1


class PlacesContext(Context):
    """Base: one or many probes, told apart by their cookie."""

    def __init__(self, probes: Sequence[Probe]) -> None:
        super().__init__(probes)
        if len(probes) > 1:
            self.served = probes[0].id, [probe.id for probe in probes]

    def identify(self, m: Machine) -> Code:
        assert self.identity is not None
        yield Note("which place was hit")
        yield mov(R1, R6)
        yield call(h.GET_ATTACH_COOKIE)
        yield store(self.identity.base, self.identity.offset, R0)
        yield mov(R1, R0)


def settled(type_: Type | None) -> Code:
    """R0, an argument's register, as its type has it: what is above it in the register is undefined."""
    if isinstance(type_, Integer):
        yield from extend(R0, type_.bytes, signed=type_.signed)


class EntryContext(PlacesContext):
    """Entry to functions, or a place inside, by registers; `types` are those of the arguments, where they are known.
    Arguments that are not in registers are on the stack as they would be when the function begins."""

    def __init__(self, probes: Sequence[Probe], convention: Convention, types: Sequence[Type], *, user: bool) -> None:
        super().__init__(probes)
        self.convention, self.types, self.user = convention, types, user

    def argument(self, m: Machine, index: int) -> Code:
        in_registers = self.convention.arguments
        if index < len(in_registers):
            yield load(R0, R6, in_registers[index])
        else:
            yield load(R3, R6, self.convention.stack)
            yield R3 + 8 * (index - len(in_registers) + self.convention.above)
            yield from _word_at(m, 8, user=self.user)
        yield from settled(self.types[index] if index < len(self.types) else None)


def _word_at(m: Machine, size: int, *, user: bool) -> Code:
    """R0 = the `size` bytes at the address in R3, or a fault."""
    word = m.zero_key()
    with m.frame.temporary() as address:
        yield from m.save(address, R3)
        yield store(R10, word, 0)
        yield mov(R1, R10)
        yield R1 + word
        yield mov(R2, size)
        yield call(h.PROBE_READ_USER if user else h.PROBE_READ_KERNEL)
        yield from m.restore(R4, address)
    yield from m.fault_if(R0, "!=", 0, FAULT_ADDRESS, R4)
    yield load(R0, R10, word)


class ReturnContext(PlacesContext):
    """Return from functions, by registers: arg0 is -1, arg1 the result."""

    def __init__(self, probes: Sequence[Probe], convention: Convention, result: Type | None) -> None:
        super().__init__(probes)
        self.convention, self.result = convention, result

    def argument(self, m: Machine, index: int) -> Code:
        if index != 1:
            yield mov(R0, _NO_OFFSET if index == 0 else 0)
            return
        yield load(R0, R6, self.convention.result)
        yield from settled(self.result)


class TracedContext(Context):
    """fentry and fexit. Arguments come from a helper: read from the context they would be pointers to the verifier,
    with which D could not compute."""

    def __init__(self, probes: Sequence[Probe], types: Sequence[Type], *, returns: bool) -> None:
        super().__init__(probes)
        self.types, self.returns = types, returns

    def argument(self, m: Machine, index: int) -> Code:
        if index >= len(self.types):
            yield mov(R0, 0)
        elif self.returns and index == 0:
            yield mov(R0, _NO_OFFSET)
        else:
            yield store(R10, m.zero_key(), 0)
            place = R2 if self.returns else R3
            yield mov(R1, R6)
            yield mov(R2, index)
            yield mov(place, R10)
            yield place + m.zero_key()
            yield call(h.GET_FUNC_RET if self.returns else h.GET_FUNC_ARG)
            yield load(R0, R10, m.zero_key())
            yield from settled(self.types[index])


class OperandContext(PlacesContext):
    """A program's static probe: each argument is in a register, in memory, or a constant."""

    def __init__(self, probes: Sequence[Probe], operands: Sequence[Operand | None]) -> None:
        super().__init__(probes)
        self.operands = operands

    def argument(self, m: Machine, index: int) -> Code:
        operand = self.operands[index] if index < len(self.operands) else None
        if operand is None:
            yield mov(R0, 0)
            return
        if operand.base < 0:
            yield mov(R0, operand.constant)
        elif not operand.memory:
            yield load(R0, R6, operand.base)
            if operand.shift:
                yield R0 >> operand.shift
        else:
            yield load(R3, R6, operand.base)
            if operand.index >= 0:
                yield load(R1, R6, operand.index)
                yield R1 << operand.scale
                yield R3 + R1
            if operand.constant:
                yield R3 + operand.constant
            yield from _word_at(m, operand.size, user=True)
        yield from extend(R0, operand.size, signed=operand.signed)
