"""The functions on path names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R5, R9, Code, Label, Reg, jump, jump_if, load, mov, store
from pyvtrace.builtins.machine import Machine
from pyvtrace.builtins.walks import copied, each_byte, is_equal, is_zero, room
from pyvtrace.lang.types import String, Type
from pyvtrace.lang.vocabulary import Function, Parameter

_STRING = Parameter("string", shown="string")


def _same_capacity(types: Sequence[Type], strsize: int) -> Type:
    # "." and "/" are results, too.
    return String(max(types[0].size, 2))


def basename(m: Machine, e: Any) -> Code:
    """The part after the last slash, trailing slashes aside; "/" for a path of slashes, "." for an empty one."""
    size = (e.args[0].type.size + 7) & ~7
    yield from m.need("scratch")
    text, state = m.buffer(size), m.buffer(40)
    yield from m.copy_string(e.args[0], text, size, padded=False)
    yield from m.address(R5, text)
    empty, root, done = Label("empty"), Label("root"), Label("done")
    yield load(R1, R5, 0, 1)
    yield jump_if(R1, "==", 0, empty)
    start, end, carry = state, state.plus(16), state.plus(32)
    for place in (start, end, carry):
        yield store(place.base, place.offset, 0)
    yield from _find_parts(size, start, end, carry)
    yield from m.restore(R1, end)
    yield jump_if(R1, "==", 0, root)
    yield from _position(end)
    yield R0 + 1
    yield jump_if(R0, ">=", size, root)
    yield mov(R1, R5)
    yield R1 + R0
    yield store(R1, 0, 0, 1)
    yield from m.restore(R1, start)
    yield from _position(start)
    yield jump_if(R0, ">=", size, root)
    yield R0 + R5
    yield jump(done)
    yield root
    yield from m.text(R0, "/")
    yield jump(done)
    yield empty
    yield from m.text(R0, ".")
    yield done


# The low seven bits of every byte; marks of bytes are in the eighth.
_LOW_BITS, _SLASHES = 0x7F7F7F7F7F7F7F7F, 0x2F2F2F2F2F2F2F2F


def _find_parts(size: int, start: Any, end: Any, carry: Any) -> Code:
    """Mark the last byte that begins a part of R5's path at `start`, the last byte of any part at `end`: a word with
    marks, and its place in the path. Eight bytes at a time.

    The results are kept in memory of which the verifier does not know the contents: it would go on with each value of a
    register separately.
    """
    walk, no_start, no_part, last = Label("walk"), Label("no start"), Label("no part"), Label("end")
    yield mov(R1, 0)
    yield walk
    yield mov(R2, _LOW_BITS)
    yield mov(R0, R5)
    yield R0 + R1
    yield load(R0, R0, 0)
    # R3 marks bytes that are zero, R4 those that are no slash: adding carries into the mark unless all bits are zero.
    yield from _mark_others(R3, R0)
    yield R3 ^ -1
    yield mov(R4, _SLASHES)
    yield R0 ^ R4
    yield from _mark_others(R4, R0)
    yield R4 ^ R2
    # Of these, the ones before the first zero are in the path.
    yield mov(R0, R3)
    yield -R0
    yield R0 & R3
    yield R0 - 1
    yield R4 & R0
    # A part begins where the byte before is in none.
    yield mov(R2, R4)
    yield R2 << 8
    yield load(R0, carry.base, carry.offset)
    yield R2 | R0
    yield R2 ^ -1
    yield R2 & R4
    yield jump_if(R2, "==", 0, no_start)
    yield store(start.base, start.offset, R2)
    yield store(start.base, start.offset + 8, R1)
    yield no_start
    yield jump_if(R4, "==", 0, no_part)
    yield store(end.base, end.offset, R4)
    yield store(end.base, end.offset + 8, R1)
    yield no_part
    yield R4 >> 56
    yield store(carry.base, carry.offset, R4)
    yield jump_if(R3, "!=", 0, last)
    yield R1 + 8
    yield jump_if(R1, "<", size, walk)
    yield last


def _mark_others(marks: Reg, word: Reg) -> Code:
    """`marks` has the mark of every byte of `word` that is not zero, and all other bits. R2 = the low bits."""
    yield mov(marks, word)
    yield marks & R2
    yield marks + R2
    yield marks | word
    yield marks | R2


def _position(place: Any) -> Code:
    """R0 = the place of the last mark of R1, the word that `_find_parts` left at `place`. Clobbers R1 and R2."""
    yield load(R0, place.base, place.offset + 8)
    for byte in (4, 2, 1):
        below = Label(f"below byte {byte}")
        yield mov(R2, R1)
        yield R2 >> 8 * byte
        yield jump_if(R2, "==", 0, below)
        yield mov(R1, R2)
        yield R0 + byte
        yield below


def dirname(m: Machine, e: Any) -> Code:
    """What is before the last part, without its trailing slashes; "/" where that is all slashes, "." where it is
    nothing."""
    size = (e.args[0].type.size + 7) & ~7
    yield from m.need("scratch")
    text, state = m.buffer(size), m.buffer(40)
    start, end, carry = state, state.plus(16), state.plus(32)
    root, here, done = Label("root"), Label("here"), Label("done")
    yield from m.copy_string(e.args[0], text, size, padded=False)
    yield from m.address(R5, text)
    yield load(R1, R5, 0, 1)
    yield jump_if(R1, "==", 0, here)
    for place in (start, end, carry):
        yield store(place.base, place.offset, 0)
    yield from _find_parts(size, start, end, carry)
    yield from m.restore(R1, start)
    yield jump_if(R1, "==", 0, root)
    yield from _position(start)
    yield jump_if(R0, "==", 0, here)
    yield jump_if(R0, ">=", size, root)
    yield mov(R1, R5)
    yield R1 + R0
    yield store(R1, 0, 0, 1)
    # What is left ends with a slash: its own last part, if there is one, is where the directory ends.
    for place in (end, carry):
        yield store(place.base, place.offset, 0)
    yield from _find_parts(size, start, end, carry)
    yield from m.restore(R1, end)
    yield jump_if(R1, "==", 0, root)
    yield from _position(end)
    yield R0 + 1
    yield jump_if(R0, ">=", size, root)
    yield R0 + R5
    yield store(R0, 0, 0, 1)
    yield mov(R0, R5)
    yield jump(done)
    yield root
    yield from m.text(R0, "/")
    yield jump(done)
    yield here
    yield from m.text(R0, ".")
    yield done


# What may have been read since the last character that was written, 4 bytes each: nothing, "/", "/." and "/..".
_PENDING = b"".join(text.ljust(4, b"\0") for text in (b"", b"/", b"/.", b"/.."))


def cleanpath(m: Machine, e: Any) -> Code:
    """The path without empty parts, "." and "..", by the text alone: links are not followed."""
    size = room(e.args[0].type.size)
    yield from m.need("scratch")
    text = m.buffer(size)
    clean = _Clean(m, size)
    yield from copied(m, e.args[0], text, size)
    yield from clean.begin()
    yield from each_byte(text, size, clean.step)
    yield load(R1, R9, clean.length.offset)
    yield R1 & (size - 1)
    yield R1 + R9
    yield store(R1, clean.made.offset, 0, 1)
    yield from m.address(R0, clean.made)


class _Clean:
    """What cleanpath() knows between two characters: how much of "/.." was `seen`, the `length` of what is `made`, and
    where its last `slash` is. `before` has, by the place of each slash, the place of the one before it."""

    def __init__(self, m: Machine, size: int) -> None:
        self.size = size
        # Four bytes are written at a time.
        self.made, self.before = m.buffer(size + 8), m.buffer(8 * size)
        state = m.buffer(72)
        self.seen, self.length, self.slash, self.end, self.up, self.written, self.dot = (
            state.plus(8 * n) for n in range(7)
        )
        self.pending = state.plus(56)

    def begin(self) -> Code:
        for place in (self.seen, self.length, self.slash, self.before):
            yield store(R9, place.offset, 0)
        for at in range(0, 16, 4):
            yield store(R9, self.pending.offset + at, int.from_bytes(_PENDING[at : at + 4], "little"), 4)

    def step(self) -> Code:
        """R0 = a character."""
        yield from self._write()
        yield from self._classify()
        yield from self._move()

    def _write(self) -> Code:
        """What was seen and the character, behind what is made: `length` says whether it stays. Keeps R0."""
        yield load(R1, R9, self.seen.offset)
        yield R1 & 3
        yield R1 << 2
        yield mov(R5, R9)
        yield R5 + R1
        yield load(R3, R5, self.pending.offset, 4)
        yield R1 << 1
        yield mov(R2, R0)
        yield R2.alu("<<", R1)
        yield R2 | R3
        yield load(R1, R9, self.length.offset)
        yield R1 & (self.size - 1)
        yield mov(R5, R9)
        yield R5 + R1
        yield store(R5, self.made.offset, R2, 4)
        yield R1 << 3
        yield mov(R5, R9)
        yield R5 + R1
        yield load(R2, R9, self.slash.offset)
        yield store(R5, self.before.offset, R2)

    def _classify(self) -> Code:
        """R1 = whether it is a slash; `dot`: one after "/" or "/."; `up`: it ends a part ".."; `written`: none of
        these."""
        yield load(R2, R9, self.seen.offset)
        yield mov(R1, R0)
        yield from is_equal(R1, 0x2F)
        yield mov(R3, R0)
        yield from is_equal(R3, 0x2E)
        yield from is_zero(R0)
        yield store(R9, self.end.offset, R0)
        yield mov(R5, R2)
        yield R5 + 1
        yield R5 >> 1
        yield R5 & 1
        yield R3 & R5
        yield store(R9, self.dot.offset, R3)
        yield from is_equal(R2, 3)
        yield R0 | R1
        yield R2 & R0
        yield store(R9, self.up.offset, R2)
        yield R2 | R1
        yield R2 | R3
        yield R2 ^ 1
        yield store(R9, self.written.offset, R2)

    def _move(self) -> Code:
        """The new state; R1 = whether it is a slash, R2 = `written`."""
        yield load(R0, R9, self.seen.offset)
        yield load(R3, R9, self.length.offset)
        # length += written * (seen + 1 - end) + up * (slash + end - length)
        yield load(R5, R9, self.end.offset)
        yield R0 + 1
        yield R0 - R5
        yield R0.alu("*", R2)
        yield R0 + R3
        yield load(R2, R9, self.slash.offset)
        yield R5 + R2
        yield R5 - R3
        yield load(R2, R9, self.up.offset)
        yield R5.alu("*", R2)
        yield R0 + R5
        yield store(R9, self.length.offset, R0)
        # slash += (written && seen) * (length - slash) + up * (before[slash] - slash), by the length as it was
        yield load(R0, R9, self.slash.offset)
        yield load(R2, R9, self.seen.offset)
        yield from is_zero(R2)
        yield R2 ^ 1
        yield load(R5, R9, self.written.offset)
        yield R2 & R5
        yield R3 - R0
        yield R3.alu("*", R2)
        yield mov(R2, R0)
        yield R2 & (self.size - 1)
        yield R2 << 3
        yield mov(R5, R9)
        yield R5 + R2
        yield load(R5, R5, self.before.offset)
        yield R5 - R0
        yield load(R2, R9, self.up.offset)
        yield R5.alu("*", R2)
        yield R0 + R3
        yield R0 + R5
        yield store(R9, self.slash.offset, R0)
        # seen = slash + dot * (seen + 1)
        yield load(R0, R9, self.seen.offset)
        yield R0 + 1
        yield load(R2, R9, self.dot.offset)
        yield R0.alu("*", R2)
        yield R0 + R1
        yield store(R9, self.seen.offset, R0)


PATHS = (
    Function("basename", (_STRING,), _same_capacity, basename),
    Function("dirname", (_STRING,), _same_capacity, dirname),
    Function("cleanpath", (_STRING,), _same_capacity, cleanpath),
)
