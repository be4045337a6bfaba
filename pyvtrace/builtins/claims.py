"""Which of several that come to the same place at the same time is the first: for libraries and providers.

A word for each of some slots keeps what was claimed there last. Whoever swaps its own claim in and finds another one is
the first; who finds its own comes later. A claim has to be different from all others of the machine's life, 0 excluded,
and holds for the moment in which several may come: another one that has the same slot takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf.isa import R0, R1, R2, Code, Label, atomic_exchange, jump, jump_if, map_value, mov
from pyvtrace.builtins.machine import Machine
from pyvtrace.lang.types import INT, Type
from pyvtrace.lang.vocabulary import Function, Parameter

_BITS = 10  # of the number of a slot
# Spreads claims that differ in few bits over all slots: 2^31 divided by the golden ratio, made odd.
_SPREAD = 0x4F1BBCDD


def _int(types: Sequence[Type], strsize: int) -> Type:
    return INT


def first(m: Machine, e: Any) -> Code:
    """1 for the first that makes this claim, 0 for those that make it after that."""
    map_, offset = m.claims(1 << _BITS)
    later, done = Label("not the first"), Label("claimed")
    yield from m.value(e.args[0])
    yield mov(R2, R0)
    yield R2 * _SPREAD
    yield R2 >> (32 - _BITS)
    yield R2 & ((1 << _BITS) - 1)
    yield R2 << 3
    yield map_value(R1, map_, offset)
    yield R1 + R2
    yield mov(R2, R0)
    yield atomic_exchange(R1, 0, R2)
    yield jump_if(R2, "==", R0, later)
    yield mov(R0, 1)
    yield jump(done)
    yield later
    yield mov(R0, 0)
    yield done


FIRST = Function("__first", (Parameter("integer", shown="uint64_t"),), _int, first)
