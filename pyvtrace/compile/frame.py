"""Where a program keeps what it computes: stack slots for words, a per-CPU scratch area for strings and large keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyvtrace.bpf.isa import R9, R10, Reg
from pyvtrace.value import Value

# The kernel gives a program 512 bytes, of which the function that reports faults needs its own part.
STACK_LIMIT = 384


class Place(Value):
    """An address: a register and a constant offset. With `pointer`, the base is kept in that stack word instead."""

    base: Reg
    offset: int
    pointer: Place | None = None

    def plus(self, offset: int) -> Place:
        return Place(self.base, self.offset + offset, self.pointer)


class Frame:
    """Allocates downwards from the frame pointer, upwards in the scratch area; both are given back in order."""

    def __init__(self, scratch: int = 0) -> None:
        self._stack = 0
        self._scratch = scratch
        self.scratch_size = scratch

    def word(self) -> Place:
        """A stack word for the whole program."""
        return self._stack_place(8)

    def keep(self, size: int) -> Place:
        """Scratch bytes for the whole program."""
        return self._scratch_place(size)

    @contextmanager
    def temporary(self, size: int = 8) -> Iterator[Place]:
        """Stack bytes until the end of the block; scratch where the stack has no room left."""
        stack, scratch = self._stack, self._scratch
        if size <= 96 and stack + size <= STACK_LIMIT:
            yield self._stack_place(size)
        else:
            yield self._scratch_place(size)
        self._stack, self._scratch = stack, scratch

    @contextmanager
    def statement(self) -> Iterator[None]:
        """Everything allocated inside is free again after it."""
        stack, scratch = self._stack, self._scratch
        yield
        self._stack, self._scratch = stack, scratch

    def buffer(self, size: int) -> Place:
        """Scratch bytes until the end of the enclosing statement: where a string result lives."""
        return self._scratch_place(size)

    def _stack_place(self, size: int) -> Place:
        self._stack += (size + 7) & ~7
        if self._stack > STACK_LIMIT:
            return self._scratch_place(size)
        return Place(R10, -self._stack)

    def _scratch_place(self, size: int) -> Place:
        offset = self._scratch
        self._scratch += (size + 7) & ~7
        self.scratch_size = max(self.scratch_size, self._scratch)
        return Place(R9, offset)
