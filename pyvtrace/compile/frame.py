"""Where a program keeps what it computes: stack slots for words, a per-CPU scratch area for strings and large keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyvtrace.bpf.isa import R9, R10, Reg
from pyvtrace.value import Value

# The kernel gives a program and the functions it calls 512 bytes together; the second part is for the function that
# reports faults.
STACK_LIMIT, ERROR_STACK_LIMIT = 352, 160
# Bytes of stack that the program's own words leave to its clauses: a pointer must not be kept elsewhere.
FOR_CLAUSES = 64
LARGEST_ON_STACK = 96
# The largest offset that an instruction holds.
FAR = 32767


class Place(Value):
    """An address: a register and a constant offset. With `pointer`, the base is kept in that stack word instead."""

    base: Reg
    offset: int
    pointer: Place | None = None

    def plus(self, offset: int) -> Place:
        return Place(self.base, self.offset + offset, self.pointer)


class Frame:
    """Allocates downwards from the frame pointer, upwards in the scratch area; both are given back in order."""

    def __init__(self, scratch: int = 0, limit: int = STACK_LIMIT) -> None:
        self._stack, self._limit = 0, limit
        self._scratch = scratch
        self.scratch_size = scratch
        # Whether a word went to the scratch area for want of stack: then the area is needed from the start.
        self.spilled = False

    def word(self) -> Place:
        """A word for the whole program."""
        if self._stack + 8 > self._limit - FOR_CLAUSES:
            self.spilled = True
            return self._scratch_place(8)
        return self._stack_place(8)

    def keep(self, size: int) -> Place:
        """Scratch bytes for the whole program."""
        return self._scratch_place(size)

    @contextmanager
    def temporary(self, size: int = 8) -> Iterator[Place]:
        """Stack bytes until the end of the block; scratch where the stack has no room left."""
        stack, scratch = self._stack, self._scratch
        yield self._stack_place(size) if size <= LARGEST_ON_STACK else self._scratch_place(size)
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
        rounded = (size + 7) & ~7
        if self._stack + rounded > self._limit:
            self.spilled = True
            return self._scratch_place(size)
        self._stack += rounded
        return Place(R10, -self._stack)

    def _scratch_place(self, size: int) -> Place:
        offset = self._scratch
        self._scratch += (size + 7) & ~7
        self.scratch_size = max(self.scratch_size, self._scratch)
        return Place(R9, offset)
