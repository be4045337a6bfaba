"""The functions that look for something in a string: characters, strings, tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.assembler import TooFar
from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R5, R9, Code, Label, call, jump, jump_if, load, mov, store
from pyvtrace.builtins.machine import Machine
from pyvtrace.builtins.walks import at_index, copied, each_byte, is_equal, is_zero, room
from pyvtrace.lang import typed
from pyvtrace.lang.types import INT, String, Type
from pyvtrace.lang.vocabulary import Function, Parameter

FAULT_ADDRESS = 1
# In the word that strtok() keeps: there is a string to go on with.
_BEGUN = 1 << 30
_STRING = Parameter("string", shown="string")
_INTEGER = Parameter("integer", shown="int")
_CHARACTER = Parameter("integer", shown="char")


def _same(types: Sequence[Type], strsize: int) -> Type:
    return String(types[0].size)


def _token(types: Sequence[Type], strsize: int) -> Type:
    return String(strsize)


def _place(types: Sequence[Type], strsize: int) -> Type:
    return INT


# ----------------------------------------------------------------------------------------------------------- characters


def _with_character(m: Machine, e: Any, text: Any, size: int) -> Code:
    """The string at `text`; R0 its length, R1 the character to look for."""
    with m.frame.temporary() as wanted:
        yield from m.value(e.args[1])
        yield R0 & 0xFF
        yield from m.save(wanted)
        yield from copied(m, e.args[0], text, size)
        yield from m.restore(R1, wanted)


def strchr(m: Machine, e: Any) -> Code:
    """From the first such character on; "" if there is none."""
    size = room(e.args[0].type.size)
    yield from m.need("scratch")
    text = m.buffer(size)
    yield from _with_character(m, e, text, size)
    yield mov(R2, 0)
    yield mov(R3, 0)

    def body() -> Code:
        """R2: whether it, or the end, was seen; R3 counts the bytes before."""
        yield mov(R5, R0)
        yield from is_equal(R5, R1)
        yield from is_zero(R0)
        yield R2 | R0
        yield R2 | R5
        yield mov(R5, R2)
        yield R5 ^ 1
        yield R3 + R5

    yield from each_byte(text, size, body)
    yield from at_index(m, text, R3, size)


def strrchr(m: Machine, e: Any) -> Code:
    """From the last such character on; "" if there is none."""
    size = room(e.args[0].type.size)
    yield from m.need("scratch")
    text = m.buffer(size)
    yield from _with_character(m, e, text, size)
    # Where there is none: the end.
    yield mov(R3, R0)

    def body() -> Code:
        yield from is_equal(R0, R1)
        yield -R0
        yield mov(R5, R3)
        yield R5 ^ R4
        yield R5 & R0
        yield R3 ^ R5

    yield from each_byte(text, size, body)
    yield from at_index(m, text, R3, size)


# -------------------------------------------------------------------------------------------------------------- strings

# Passes over more bytes than this times the words of the wanted string are more than the verifier looks at.
_MOST_STEPS = 32768
_FAR = 1 << 20


class _Search:
    """Shift-and: bit k of a set of bits says whether the first k bytes of the wanted string end here. `masks` has, by
    byte, the places where the wanted string has it; its last byte is the highest bit, and `start` has the bit of its
    first."""

    def __init__(self, m: Machine, e: Any) -> None:
        self.size = room(e.args[0].type.size)
        self.wanted_size = (e.args[1].type.size + 7) & ~7
        self.words = room(8 * ((e.args[1].type.size + 62) // 64)) // 8
        if self.size * self.words > _MOST_STEPS:
            raise TooFar(f"looking for strings of {e.args[1].type.size} bytes takes too much memory")
        self.text, self.wanted = m.buffer(self.size), m.buffer(self.wanted_size)
        self.masks = m.buffer(256 * 8 * self.words)
        self.start, self.bits = m.buffer(8 * self.words), m.buffer(8 * self.words)
        words = m.buffer(48)
        self.length, self.wanted_length, self.position, self.limit, self.found, self.end = (
            words.plus(8 * n) for n in range(6)
        )

    def prepare(self, m: Machine, e: Any) -> Code:
        """Both strings, and the masks of all bytes that the first one has."""
        with m.frame.temporary() as wanted:
            # Left to right: the first is evaluated before the second, and copied when both are known.
            yield from copied(m, e.args[0], self.text, self.size)
            yield from m.save(self.length)
            yield from copied(m, e.args[1], self.wanted, self.wanted_size)
            yield from m.save(self.wanted_length)
            yield from m.save(wanted)
            for word in range(self.words):
                for place in (self.start, self.bits):
                    yield store(place.base, place.offset + 8 * word, 0)
            yield from each_byte(self.text, self.size, self._clear_mask)
            yield from m.restore(R0, wanted)
        yield mov(R1, 64 * self.words)
        yield R1 - R0
        yield from each_byte(self.wanted, self.wanted_size, self._add_to_mask)
        yield mov(R0, 1)
        yield R0.alu("<<", R1)
        yield R1 >> 6
        yield R1 & (self.words - 1)
        yield R1 << 3
        yield mov(R5, R9)
        yield R5 + R1
        yield store(R5, self.start.offset, R0)

    def _clear_mask(self) -> Code:
        yield R0 * (8 * self.words)
        yield mov(R5, R9)
        yield R5 + R0
        for word in range(self.words):
            yield store(R5, self.masks.offset + 8 * word, 0)

    def _add_to_mask(self) -> Code:
        """R1 = the bit of the first byte."""
        yield mov(R3, R0)
        yield -R3
        yield R3 >> 63
        yield mov(R2, R1)
        yield R2 + R4
        yield R3.alu("<<", R2)
        yield R2 >> 6
        yield R2 & (self.words - 1)
        yield R2 << 3
        yield R0 * (8 * self.words)
        yield R0 + R2
        yield mov(R5, R9)
        yield R5 + R0
        yield load(R2, R5, self.masks.offset)
        yield R2 | R3
        yield store(R5, self.masks.offset, R2)

    def step(self) -> Code:
        """R1 = whether the wanted string ends at this byte."""
        yield R0 * (8 * self.words)
        yield mov(R5, R9)
        yield R5 + R0
        yield mov(R3, 0)
        for word in range(self.words):
            yield load(R1, R9, self.bits.offset + 8 * word)
            yield mov(R2, R1)
            yield R2 >> 63
            yield R1 << 1
            yield R1 | R3
            yield load(R3, R9, self.start.offset + 8 * word)
            yield R1 | R3
            yield load(R3, R5, self.masks.offset + 8 * word)
            yield R1 & R3
            yield store(R9, self.bits.offset + 8 * word, R1)
            yield mov(R3, R2)
        yield R1 >> 63

    def first(self) -> Code:
        """Keep the first end at `limit` or behind it."""
        yield from self.step()
        yield load(R5, R9, self.limit.offset)
        yield R5 - R4
        yield R5 - 1
        yield R5 >> 63
        yield R1 & R5
        yield load(R2, R9, self.found.offset)
        yield R2 | R1
        yield store(R9, self.found.offset, R2)
        yield R2 ^ 1
        yield load(R3, R9, self.end.offset)
        yield R3 + R2
        yield store(R9, self.end.offset, R3)

    def last(self) -> Code:
        """Keep the last end at `limit` or before it."""
        yield from self.step()
        yield mov(R5, R4)
        yield load(R2, R9, self.limit.offset)
        yield R5 - R2
        yield R5 - 1
        yield R5.alu("s>>", 63)
        yield -R1
        yield R5 & R1
        yield load(R3, R9, self.end.offset)
        yield mov(R1, R3)
        yield R1 ^ R4
        yield R1 & R5
        yield R3 ^ R1
        yield store(R9, self.end.offset, R3)

    def run(self, *, backwards: bool) -> Code:
        """`end` = where the last byte is, if `found` (backwards: if not negative)."""
        yield store(R9, self.found.offset, 0)
        yield store(R9, self.end.offset, -1 if backwards else 0)
        yield from each_byte(self.text, self.size, self.last if backwards else self.first)


def strstr(m: Machine, e: Any) -> Code:
    """From the first such string on; "" if there is none."""
    yield from m.need("scratch")
    search = _Search(m, e)
    missing, done, there = Label("not there"), Label("done"), Label("empty")
    yield from search.prepare(m, e)
    yield store(R9, search.limit.offset, 0)
    yield from search.run(backwards=False)
    yield load(R3, R9, search.wanted_length.offset)
    yield load(R1, R9, search.end.offset)
    yield jump_if(R3, "==", 0, there)
    yield load(R2, R9, search.found.offset)
    yield jump_if(R2, "==", 0, missing)
    yield R1 - R3
    yield R1 + 1
    yield from at_index(m, search.text, R1, search.size)
    yield jump(done)
    yield there
    yield from m.address(R0, search.text)
    yield jump(done)
    yield missing
    yield from m.text(R0, "")
    yield done


def index(m: Machine, e: Any) -> Code:
    yield from _position(m, e, backwards=False)


def rindex(m: Machine, e: Any) -> Code:
    yield from _position(m, e, backwards=True)


def _position(m: Machine, e: Any, *, backwards: bool) -> Code:
    """Where the string begins at or behind (rindex: before) a position; -1 if it does not. As in Perl, the empty string
    is found at the position, or at the end of the string that is nearer."""
    yield from m.need("scratch")
    search = _Search(m, e)
    empty, done = Label("empty"), Label("done")
    yield from search.prepare(m, e)
    yield from _limit(m, e, search, backwards=backwards)
    yield from search.run(backwards=backwards)
    yield load(R2, R9, search.wanted_length.offset)
    yield jump_if(R2, "==", 0, empty)
    yield load(R1, R9, search.found.offset if not backwards else search.end.offset)
    yield mov(R0, -1)
    yield jump_if(R1, "==" if not backwards else "s<", 0, done)
    yield load(R0, R9, search.end.offset)
    yield R0 - R2
    yield R0 + 1
    yield jump(done)
    yield empty
    yield load(R0, R9, search.position.offset)
    yield load(R1, R9, search.length.offset)
    yield jump_if(R0, "s<=", R1, done)
    yield mov(R0, R1)
    yield done
    yield from m.settle(INT)


def _limit(m: Machine, e: Any, search: _Search, *, backwards: bool) -> Code:
    """`limit` = the last byte of a string at the position, `position` = that, if not negative."""
    small, positive = Label("small"), Label("not negative")
    if len(e.args) > 2:
        yield from m.value(e.args[2])
        yield jump_if(R0, "s<=", _FAR, small)
        yield mov(R0, _FAR)
        yield small
        yield jump_if(R0, "s>=", -_FAR, positive)
        yield mov(R0, -_FAR)
        yield positive
    elif backwards:
        yield load(R0, R9, search.length.offset)
    else:
        yield mov(R0, 0)
    yield load(R1, R9, search.wanted_length.offset)
    yield R1 + R0
    yield R1 - 1
    yield store(R9, search.limit.offset, R1)
    yield mov(R1, R0)
    yield R1.alu("s>>", 63)
    yield R1 ^ -1
    yield R0 & R1
    yield store(R9, search.position.offset, R0)


# --------------------------------------------------------------------------------------------------------------- tokens


def strtok(m: Machine, e: Any) -> Code:
    """The next part between separators; "" if there is none. What is left is kept for as long as the probe fires: a
    word that says where it begins and is 0 where nothing has begun, then the text."""
    size, marked = room(e.type.size), (e.args[1].type.size + 7) & ~7
    yield from m.need("scratch")
    kept = m.states[e.function.name]
    rest, text = kept.plus(8), m.buffer(size)
    separators, table = m.buffer(marked), m.buffer(256)
    if not isinstance(e.args[0], typed.Constant):
        yield from copied(m, e.args[0], rest, size)
        yield store(R9, kept.offset, _BEGUN)
    else:
        yield load(R0, R9, kept.offset)
        yield from m.fault_if(R0, "==", 0, FAULT_ADDRESS, 0)
    yield from copied(m, e.args[1], separators, marked)
    yield from m.clear(table, 256)
    yield from each_byte(separators, marked, lambda: _mark(table))
    yield from m.clear(text, size)
    yield load(R0, R9, kept.offset)
    yield R0 & (size - 1)
    yield from m.address(R3, rest)
    yield R3 + R0
    yield from m.address(R1, text)
    yield mov(R2, size)
    yield call(h.PROBE_READ_KERNEL_STR)
    for flag in (R1, R2, R3):
        yield mov(flag, 0)
    token = m.buffer(8)
    yield store(R9, token.offset, 0)
    yield from each_byte(text, size, lambda: _token_byte(table, token))
    # The rest begins behind the separator that was found.
    yield load(R0, R9, kept.offset)
    yield R0 & (size - 1)
    yield R0 + R3
    yield R0 + R2
    yield jump_if(R0, "<", size, inside := Label("inside"))
    yield mov(R0, size - 1)
    yield inside
    yield R0 | _BEGUN
    yield store(R9, kept.offset, R0)
    yield R3 & (size - 1)
    yield mov(R5, R9)
    yield R5 + R3
    yield store(R5, text.offset, 0, 1)
    yield load(R1, R9, token.offset)
    yield from at_index(m, text, R1, size)


def _mark(table: Any) -> Code:
    """Mark the byte as a separator; 0, which follows the separators, ends tokens as well."""
    yield mov(R5, R9)
    yield R5 + R0
    yield store(R5, table.offset, 1, 1)


def _token_byte(table: Any, token: Any) -> Code:
    """R1: whether the token has begun, R2: whether it has ended, R3: the bytes before its end; `token`: those before
    it."""
    yield mov(R5, R9)
    yield R5 + R0
    yield load(R0, R5, table.offset, 1)
    yield mov(R5, R0)
    yield R5 ^ 1
    yield R1 | R5
    yield R0 & R1
    yield R2 | R0
    yield mov(R5, R2)
    yield R5 ^ 1
    yield R3 + R5
    yield mov(R5, R1)
    yield R5 ^ 1
    yield load(R0, R9, token.offset)
    yield R0 + R5
    yield store(R9, token.offset, R0)


SEARCH = (
    Function("strchr", (_STRING, _CHARACTER), _same, strchr),
    Function("strrchr", (_STRING, _CHARACTER), _same, strrchr),
    Function("strstr", (_STRING, _STRING), _same, strstr),
    Function("index", (_STRING, _STRING, Parameter("integer", True, "int")), _place, index),
    Function("rindex", (_STRING, _STRING, Parameter("integer", True, "int")), _place, rindex),
    Function("strtok", (Parameter("string or null", shown="string"), _STRING), _token, strtok, keeps="strtok"),
)
