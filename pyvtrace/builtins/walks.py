"""Walking over the bytes of strings, as all string functions do it.

A loop whose body has no branch is one path to the verifier, whatever the bytes are: its cost is the number of bytes,
in predicates, nested and beside other loops. So bodies compute with flags (0 or 1) instead of jumping; what a loop
leaves in the scratch area is unknown to the verifier, and an index is masked with a power of two before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R5, Code, Label, Reg, call, jump_if, load, mov, store
from pyvtrace.builtins.machine import Machine
from pyvtrace.lang import typed

# The verifier remembers and compares what it knows at jumps.
UNROLLED = 4


def room(size: int) -> int:
    """The power of two that has room for `size` bytes: any index masked with `room - 1` is inside."""
    return max(8, 1 << (size - 1).bit_length())


def each_byte(text: Any, size: int, body: Callable[[], Code]) -> Code:
    """`body` for each of `size` (a multiple of 8) bytes of the scratch area: R0 the byte, R4 its index. It may use R0
    and R5 freely, R1 to R3 are its own from one byte to the next."""
    again = Label("next byte")
    yield mov(R4, 0)
    yield again
    for _ in range(UNROLLED):
        yield mov(R5, text.base)
        yield R5 + R4
        yield load(R0, R5, text.offset, 1)
        yield from body()
        yield R4 + 1
    yield jump_if(R4, "<", size, again)


def is_zero(reg: Reg) -> Code:
    """`reg` = 1 if it is 0, else 0; for values below 2^63."""
    yield reg - 1
    yield reg >> 63


def is_equal(reg: Reg, other: Reg | int) -> Code:
    yield reg ^ other
    yield from is_zero(reg)


def not_negative(reg: Reg, spare: Reg) -> Code:
    """`reg` = 0 if it is negative."""
    yield mov(spare, reg)
    yield spare.alu("s>>", 63)
    yield spare ^ -1
    yield reg & spare


def copied(m: Machine, expr: typed.Expr, text: Any, size: int) -> Code:
    """The string into `size` bytes of the scratch area, a multiple of 8, with zeros behind it; R0 = its length."""
    yield from m.value(expr)
    yield from m.clear(text, size)
    yield mov(R3, R0)
    yield from m.address(R1, text)
    yield mov(R2, size)
    yield call(h.PROBE_READ_KERNEL_STR)
    yield R0 - 1
    yield from not_negative(R0, R1)


def at_index(m: Machine, text: Any, index: Reg, size: int) -> Code:
    """R0 = address of a byte of a text in `size` (a power of two) bytes."""
    yield index & (size - 1)
    yield from m.address(R0, text)
    yield R0 + index


def put(text: Any, character: Reg | int, place: Reg, moves: Reg | int = 1) -> Code:
    """Write a character at index `place`, which then moves on by `moves`. Clobbers R5."""
    yield mov(R5, text.base)
    yield R5 + place
    yield store(R5, text.offset, character, 1)
    if isinstance(moves, Reg):
        # Linux 6.1 does not see that what was computed is a flag.
        yield moves & 1
    yield place + moves
