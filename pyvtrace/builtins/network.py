"""Network addresses as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf.isa import R0, R1, R2, R3, R5, R9, Code, Label, jump, jump_if, load, mov, store, to_big_endian
from pyvtrace.builtins.machine import Machine
from pyvtrace.builtins.walks import is_zero, put
from pyvtrace.lang.types import String, Type
from pyvtrace.lang.vocabulary import Function, Parameter

FAULT_ADDRESS, FAULT_ILLEGAL = 1, 3
AF_INET, AF_INET6 = 2, 10
ETHERNET, INFINIBAND = 1, 32
# The longest text of each with its NUL (INET_ADDRSTRLEN, INET6_ADDRSTRLEN, rounded).
_V4, _V6, _LINK = 16, 48, 64
# Of an index into a text: no address is longer.
_MASK = 63
_COLON, _DOT, _ZERO = 0x3A, 0x2E, 0x30


def _text(size: int) -> Any:
    def result(types: Sequence[Type], strsize: int) -> Type:
        return String(size)

    return result


def _read(m: Machine, address: Any, raw: Any, size: int, place: Any) -> Code:
    """The bytes of an address."""
    yield from m.read_memory(address.type, raw, size, place, text=False)
    yield from m.restore(R1, place)
    yield from m.fault_if(R0, "!=", 0, FAULT_ADDRESS, R1)


def _hex_digit(reg: Any) -> Code:
    """0-15 to its character: letters are further on than what follows the digits. Clobbers R5."""
    yield mov(R5, 9)
    yield R5 - reg
    yield R5 >> 63
    yield R5 * (ord("a") - ord("9") - 1)
    yield reg + _ZERO
    yield reg + R5


def _decimal(text: Any, raw: int) -> Code:
    """The byte at `raw` in decimal, at R3 of the text. Clobbers R0-R2 and R5."""
    for divisor in (100, 10, 1):
        yield load(R0, R9, raw, 1)
        yield mov(R1, R0)
        yield R1.alu("/", divisor)
        yield mov(R2, R1)
        yield -R2
        yield R2 >> 63
        yield R1.alu("%", 10)
        yield R1 + _ZERO
        yield from put(text, R1, R3, R2 if divisor > 1 else 1)


def _dotted(text: Any, raw: int) -> Code:
    """Four bytes, at R3 of the text."""
    for byte in range(4):
        if byte:
            yield from put(text, _DOT, R3)
        yield from _decimal(text, raw + byte)


def inet_ntoa(m: Machine, e: Any) -> Code:
    yield from _address(m, e.args[0], _V4, lambda text, raw: _ipv4(text, raw), 4)


def _ipv4(text: Any, raw: Any) -> Code:
    yield mov(R3, 0)
    yield from _dotted(text, raw.offset)
    yield from put(text, 0, R3)


def inet_ntoa6(m: Machine, e: Any) -> Code:
    yield from _address(m, e.args[0], _V6, lambda text, raw: _ipv6(m, text, raw), 16)


def _address(m: Machine, address: Any, size: int, show: Any, length: int) -> Code:
    yield from m.need("scratch")
    text, raw = m.buffer(max(size, _MASK + 1)), m.buffer(length)
    with m.frame.temporary() as place:
        yield from m.value(address)
        yield from m.save(place)
        yield from _read(m, address, raw, length, place)
    yield from show(text, raw)
    yield from m.address(R0, text)


def _put(text: Any, character: Any, place: Any, moves: Any = 1) -> Code:
    """As `put`, with the index masked: up to Linux 6.1 the verifier loses its bounds on the way here."""
    yield place & _MASK
    yield from put(text, character, place, moves)


def _ipv6(m: Machine, text: Any, raw: Any) -> Code:
    """Groups in hexadecimal, "::" for the longest run of zeros, and the last two as IPv4 where all before them say that
    they are."""
    words, state = m.buffer(64), m.buffer(32)
    yield from _find_run(raw, words)
    # R1 = groups in the longest run, R2 = the group behind it.
    first, behind, skipped = state, state.plus(8), state.plus(16)
    yield store(R9, behind.offset, R2)
    yield R2 - R1
    yield store(R9, first.offset, R2)
    embedded, no_groups = Label("IPv4 inside"), Label("end of groups")
    yield mov(R3, 0)
    for group in range(8):
        if group == 6:
            yield from _is_embedded(words, first, behind)
            yield jump_if(R0, "!=", 0, embedded)
        yield from _group(text, words.offset + 8 * group, group, first, behind, skipped)
    # A run at the end has no group behind it that would bring the second colon.
    yield load(R0, R9, behind.offset)
    yield R0 ^ 8
    yield from is_zero(R0)
    yield load(R1, R9, first.offset)
    yield R1 ^ 8
    yield from is_zero(R1)
    yield R1 ^ 1
    yield R0 & R1
    yield from _put(text, _COLON, R3, R0)
    yield jump(no_groups)
    yield embedded
    yield from _put(text, _COLON, R3)
    yield R3 & _MASK
    yield from _dotted(text, raw.offset + 12)
    yield no_groups
    yield from _put(text, 0, R3)


def _find_run(raw: Any, words: Any) -> Code:
    """The groups as words, and R1 = how long the first longest run of zeros is, R2 = what is behind it."""
    yield mov(R1, 0)
    yield mov(R2, 0)
    yield mov(R3, 0)
    for group in range(8):
        yield load(R0, R9, raw.offset + 2 * group, 2)
        yield to_big_endian(R0, 16)
        yield store(R9, words.offset + 8 * group, R0)
        # R3 = the run so far: one more, or none.
        yield from is_zero(R0)
        yield R3 + 1
        yield R3.alu("*", R0)
        # Longer than the best: R5 = -1.
        yield mov(R5, R1)
        yield R5 - R3
        yield R5.alu("s>>", 63)
        for best, value in ((R1, R3), (R2, group + 1)):
            yield mov(R0, best)
            yield R0 ^ value
            yield R0 & R5
            yield best ^ R0


def _is_embedded(words: Any, first: Any, behind: Any) -> Code:
    """R0 = whether the first six groups are zero, or zeros and ffff, and what follows is not ::, ::1 and the like."""
    no, done = Label("no"), Label("known")
    yield load(R0, R9, words.offset)
    for group in range(1, 5):
        yield load(R1, R9, words.offset + 8 * group)
        yield R0 | R1
    yield jump_if(R0, "!=", 0, no)
    yield load(R1, R9, words.offset + 40)
    yield mov(R0, 1)
    yield jump_if(R1, "==", 0xFFFF, done)
    yield jump_if(R1, "!=", 0, no)
    yield load(R1, R9, words.offset + 48)
    yield jump_if(R1, "!=", 0, done)
    yield no
    yield mov(R0, 0)
    yield done


def _group(text: Any, word: int, group: int, first: Any, behind: Any, skipped: Any) -> Code:
    """A colon and the digits of a group; of the groups in the run, one colon for all."""
    # R2 = whether it is in the run: first <= group < behind.
    yield load(R1, R9, first.offset)
    yield mov(R2, R1)
    yield R2 - (group + 1)
    yield R2 >> 63
    yield load(R0, R9, behind.offset)
    yield mov(R5, group)
    yield R5 - R0
    yield R5 >> 63
    yield R2 & R5
    yield store(R9, skipped.offset, R2)
    # The run's colon stands at its first group.
    yield R1 ^ group
    yield from is_zero(R1)
    yield R1 & R2
    yield R2 ^ 1
    if group:
        yield R1 | R2
    yield from _put(text, _COLON, R3, R1)
    for shift in (12, 8, 4, 0):
        yield load(R0, R9, word)
        yield R0 >> shift
        yield mov(R1, R0)
        yield -R1
        yield R1 >> 63
        if not shift:
            yield mov(R1, 1)
        yield load(R2, R9, skipped.offset)
        yield R2 ^ 1
        yield R1 & R2
        yield R0 & 15
        yield from _hex_digit(R0)
        yield from _put(text, R0, R3, R1)


def inet_ntop(m: Machine, e: Any) -> Code:
    yield from _by_kind(m, e, ((AF_INET, inet_ntoa), (AF_INET6, inet_ntoa6)))


def link_ntop(m: Machine, e: Any) -> Code:
    yield from _by_kind(m, e, ((ETHERNET, _ethernet), (INFINIBAND, _infiniband)))


def _by_kind(m: Machine, e: Any, kinds: Any) -> Code:
    """What the first argument says that the second is an address of; anything else is an illegal operation."""
    done = Label("done")
    with m.frame.temporary() as kind, m.frame.temporary() as result:
        yield from m.value(e.args[0])
        yield from m.save(kind)
        before = set(m.have)
        for number, show in kinds:
            other = Label("another kind")
            yield from m.restore(R0, kind)
            yield jump_if(R0, "!=", number, other)
            with m.branch_scope():
                yield from show(m, _Second(e))
            yield from m.save(result)
            yield jump(done)
            yield other
        m.have &= before
        yield from m.restore(R1, kind)
        yield mov(R0, 1)
        yield from m.fault_if(R0, "!=", 0, FAULT_ILLEGAL, R1)
        yield mov(R0, 0)
        yield from m.save(result)
        yield done
        yield from m.restore(R0, result)


class _Second:
    """A call with its second argument alone."""

    def __init__(self, e: Any) -> None:
        self.args = e.args[1:]


def _link(m: Machine, e: Any, length: int) -> Code:
    def show(text: Any, raw: Any) -> Code:
        for byte in range(length):
            at = text.offset + 3 * byte
            for digit, shift in enumerate((4, 0)):
                yield load(R0, R9, raw.offset + byte, 1)
                yield R0 >> shift
                yield R0 & 15
                yield from _hex_digit(R0)
                yield store(R9, at + digit, R0, 1)
            yield store(R9, at + 2, _COLON if byte < length - 1 else 0, 1)

    yield from _address(m, e.args[0], _LINK, show, length)


def _ethernet(m: Machine, e: Any) -> Code:
    yield from _link(m, e, 6)


def _infiniband(m: Machine, e: Any) -> Code:
    yield from _link(m, e, 20)


def _pointer(shown: str) -> Parameter:
    return Parameter("pointer", shown=shown)


_KIND = Parameter("integer", shown="int")

NETWORK = (
    Function("inet_ntoa", (_pointer("ipaddr_t *"),), _text(_V4), inet_ntoa),
    Function("inet_ntoa6", (_pointer("struct in6_addr *"),), _text(_V6), inet_ntoa6),
    Function("inet_ntop", (_KIND, _pointer("void *")), _text(_V6), inet_ntop),
    Function("link_ntop", (_KIND, _pointer("void *")), _text(_LINK), link_ntop),
)
