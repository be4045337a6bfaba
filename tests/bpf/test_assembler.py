"""The assembler by have/want pairs: encodings, labels, pruning, relocations, and what the listing keeps."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pyvtrace.bpf.assembler import TooFar, assemble
from pyvtrace.bpf.disassembler import disassemble
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R6,
    R10,
    From,
    Item,
    Label,
    Note,
    atomic_add,
    call,
    call_local,
    extend,
    jump,
    jump_if,
    leave,
    load,
    map_fd,
    map_value,
    mov,
    store,
    to_big_endian,
)
from pyvtrace.source import Span


def listing(items: Iterable[Item]) -> list[str]:
    made = assemble(items)
    return [text for _, text in disassemble(made.code, dict(made.relocations))]


@pytest.mark.parametrize(
    ("item", "encoding", "text"),
    [
        (mov(R0, 7), "b700000007000000", "r0 = 7"),
        (mov(R0, -1), "b7000000ffffffff", "r0 = -1"),
        (mov(R1, R6), "bf61000000000000", "r1 = r6"),
        (R1 << 3, "6701000003000000", "r1 <<= 3"),
        (R1 + R2, "0f21000000000000", "r1 += r2"),
        (-R1, "8701000000000000", "r1 = -r1"),
        (load(R0, R6, 8), "7960080000000000", "r0 = *(u64 *)(r6 +8)"),
        (load(R0, R6, 4, 4), "6160040000000000", "r0 = *(u32 *)(r6 +4)"),
        (store(R10, -8, R1), "7b1af8ff00000000", "*(u64 *)(r10 -8) = r1"),
        (store(R10, -4, 5, 4), "620afcff05000000", "*(u32 *)(r10 -4) = 5"),
        (atomic_add(R0, 16, R1), "db10100000000000", "lock *(u64 *)(r0 +16) += r1"),
        (call(5), "8500000005000000", "call ktime_get_ns"),
        (to_big_endian(R1), "dc01000040000000", "r1 = be64 r1"),
    ],
)
def test_encoding(item: Item, encoding: str, text: str) -> None:
    made = assemble([item, leave()])
    assert made.code[:8].hex() == encoding
    assert listing([item, leave()])[0] == text


def test_wide_constant_takes_two_slots() -> None:
    made = assemble([mov(R0, 0x1122334455667788), leave()])
    assert made.code.hex() == "1800000088776655" + "0000000044332211" + "9500000000000000"
    assert len(made.origins) == len(made.comments) == 3


def test_jump_counts_slots_not_instructions() -> None:
    end = Label("end")
    items = [jump_if(R1, "==", 0, end), mov(R0, 1 << 40), end, leave()]
    assert listing(items)[0] == "if r1 == 0 goto 3"


def test_unreachable_code_is_dropped() -> None:
    end = Label("end")
    assert listing([mov(R0, 0), jump(end), mov(R0, 1), mov(R0, 2), end, leave()]) == ["r0 = 0", "exit"]


def test_jumps_to_the_next_instruction_are_dropped() -> None:
    first, second = Label("first"), Label("second")
    assert listing([mov(R0, 0), jump(first), first, jump(second), second, leave()]) == ["r0 = 0", "exit"]


def test_local_calls_are_reached_and_resolved() -> None:
    function = Label("function")
    text = listing([call_local(function), leave(), function, mov(R0, 3), leave()])
    assert text == ["call 2", "exit", "r0 = 3", "exit"]


def test_relocations_name_maps() -> None:
    made = assemble([mov(R0, 0), map_fd(R1, "ring"), map_value(R2, "data", 24), leave()])
    assert made.relocations == ((1, "ring"), (3, "data"))
    texts = [text for _, text in disassemble(made.code, dict(made.relocations))]
    assert texts[1:3] == ["r1 = map[ring]", "r2 = &map[data] +24"]


def test_instructions_keep_origin_and_comment() -> None:
    made = assemble([From(Span(3, 9)), Note("first"), mov(R0, 0), From(Span(10, 12)), leave()])
    assert made.origins == (Span(3, 9), Span(10, 12))
    assert made.comments == ("first", "")


def test_a_jump_too_far_is_an_error() -> None:
    end = Label("end")
    with pytest.raises(TooFar):
        assemble([mov(R0, 0), jump_if(R1, "==", 0, end), *[mov(R0, n) for n in range(33000)], end, leave()])


@pytest.mark.parametrize(
    ("size", "signed", "want"),
    [
        (8, True, []),
        (4, False, ["w0 = w0"]),
        (4, True, ["r0 <<= 32", "r0 s>>= 32"]),
        (1, False, ["r0 <<= 56", "r0 >>= 56"]),
    ],
)
def test_extension(size: int, signed: bool, want: list[str]) -> None:
    assert listing([*extend(R0, size, signed=signed), leave()]) == [*want, "exit"]
