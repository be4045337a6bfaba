"""Expressions compiled and run in the kernel against what C says they are."""

from __future__ import annotations

import random
import struct

import pytest

from pyvtrace.lang import typed as t
from pyvtrace.lang.types import INT, INT8, INT64, UINT8, UINT32, UINT64, Integer, String
from tests.compile.programs import act, builtin, clause, constant, evaluate, run

X, Y = t.Symbol("global", "x", INT64), t.Symbol("global", "y", INT64)
EDGES = [0, 1, -1, 2, 7, -7, 127, 128, 255, 2**31 - 1, -(2**31), 2**32, 2**63 - 1, -(2**63)]


def model(op: str, left: int, right: int, type_: Integer) -> int:
    """C's result, with truncating division and counts of shifts taken modulo the width."""
    match op:
        case "/":
            magnitude = abs(left) // abs(right)
            value = magnitude if (left < 0) == (right < 0) else -magnitude
        case "%":
            value = abs(left) % abs(right) * (-1 if left < 0 else 1)
        case "<<":
            value = left << (right & 63)
        case ">>":
            value = left >> (right & 63)
        case _:
            value = {"+": left + right, "-": left - right, "*": left * right,
                     "&": left & right, "|": left | right, "^": left ^ right}[op]  # fmt: skip
    return type_.wrap(value)


def computed(cases: list[tuple[str, int, int]], type_: Integer) -> list[int]:
    """All cases in one program: operands go through variables so that nothing is known at compile time."""
    variables = [t.Symbol("global", name, type_) for name in ("x", "y")]
    results = []
    for start in range(0, len(cases), 20):
        body: list[t.Statement] = []
        part = cases[start : start + 20]
        for op, left, right in part:
            for symbol, value in zip(variables, (left, right), strict=True):
                body.append(evaluate(t.Assign(type_, t.Load(type_, symbol), constant(value, type_))))
            operands = [t.Load(type_, symbol) for symbol in variables]
            body.append(act("trace", t.Convert(INT64, t.Binary(type_, op, *operands))))
        data = run([clause(0, *body)], variables).data()
        results.extend(struct.unpack(f"<{len(part)}q", data))
    return results


@pytest.mark.parametrize("type_", [INT64, UINT64, INT, UINT32], ids=str)
def test_binary_operators_are_those_of_c(type_: Integer) -> None:
    generator = random.Random(7)
    cases = []
    for op in ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"]:
        for left in EDGES:
            right = generator.choice([e for e in EDGES if type_.wrap(e) != 0])
            if op in ("<<", ">>"):
                right = generator.randrange(type_.bytes * 8)
            cases.append((op, type_.wrap(left), type_.wrap(right)))
    want = [INT64.wrap(model(op, left, right, type_)) for op, left, right in cases]
    assert computed(cases, type_) == want


@pytest.mark.parametrize("op", ["<", "<=", ">", ">=", "==", "!="])
@pytest.mark.parametrize("type_", [INT64, UINT64], ids=str)
def test_comparisons_follow_the_sign(op: str, type_: Integer) -> None:
    python = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__, "==": int.__eq__, "!=": int.__ne__}
    variables = [t.Symbol("global", name, type_) for name in ("x", "y")]
    pairs = [(type_.wrap(a), type_.wrap(b)) for a in EDGES[:8] + EDGES[-2:] for b in (0, -1, 7)]
    body: list[t.Statement] = []
    for pair in pairs:
        for symbol, value in zip(variables, pair, strict=True):
            body.append(evaluate(t.Assign(type_, t.Load(type_, symbol), constant(value, type_))))
        body.append(act("trace", t.Compare(INT, op, *(t.Load(type_, v) for v in variables))))
    data = run([clause(0, *body)], variables).data()
    assert list(struct.unpack(f"<{len(pairs)}i", data)) == [int(python[op](a, b)) for a, b in pairs]


@pytest.mark.parametrize(
    ("value", "source", "target", "want"),
    [
        (300, INT, UINT8, 44),
        (200, INT, INT8, -56),
        (-1, INT, UINT32, 2**32 - 1),
        (-1, INT8, UINT64, 2**64 - 1),
        (2**32 - 1, UINT32, INT, -1),
        (2**32 - 1, UINT32, INT64, 2**32 - 1),
    ],
)
def test_conversions(value: int, source: Integer, target: Integer, want: int) -> None:
    symbol = t.Symbol("global", "x", source)
    body = [
        evaluate(t.Assign(source, t.Load(source, symbol), constant(value, source))),
        act("trace", t.Convert(target, t.Load(source, symbol))),
    ]
    data = run([clause(0, *body)], [symbol]).data()
    assert int.from_bytes(data[: target.bytes], "little", signed=target.signed) == want


WORDS = ["", "a", "b", "abc", "abcdefgh", "abcdefghi", "abd", "zzzzzzzzzzzzzzzz"]


@pytest.mark.parametrize("op", ["<", "<=", ">", ">=", "==", "!="])
def test_strings_compare_as_bytes(op: str) -> None:
    symbol = t.Symbol("global", "s", String(256))
    load = t.Load(symbol.type, symbol)
    want, body = [], []
    for left in WORDS:
        body.append(evaluate(t.Assign(symbol.type, load, t.Text(String(len(left) + 1), left))))
        for right in ("abc", "abcdefgh", ""):
            body.append(act("trace", t.CompareStrings(INT, op, load, t.Text(String(len(right) + 1), right))))
            python = {"<": str.__lt__, "<=": str.__le__, ">": str.__gt__, ">=": str.__ge__,
                      "==": str.__eq__, "!=": str.__ne__}  # fmt: skip
            want.append(int(python[op](left, right)))
    data = run([clause(0, *body)], [symbol]).data()
    assert list(struct.unpack(f"<{len(want)}i", data)) == want


def test_logic_short_circuits() -> None:
    counter = t.Symbol("global", "n", INT64)
    load = t.Load(INT64, counter)
    bump = t.Update(INT64, "+", load, constant(1, INT64), INT64)
    body = [
        evaluate(t.Logical(INT, "&&", constant(0), bump)),
        evaluate(t.Logical(INT, "||", constant(1), bump)),
        evaluate(t.Logical(INT, "^^", bump, bump)),
        act("trace", load),
    ]
    assert struct.unpack("<q", run([clause(0, *body)], [counter]).data()) == (2,)


def test_post_and_pre_increment() -> None:
    symbol = t.Symbol("global", "n", INT64)
    load = t.Load(INT64, symbol)
    post, pre = (t.Update(INT64, "+", load, constant(1, INT64), INT64, old) for old in (True, False))
    body = [evaluate(t.Assign(INT64, load, constant(5, INT64))), act("trace", post), act("trace", pre, number=2)]
    assert struct.unpack("<2q", run([clause(0, *body)], [symbol]).data()) == (5, 7)


def test_associative_arrays_free_what_is_set_to_zero() -> None:
    array = t.Symbol("global", "a", INT64, (String(8), INT))
    key = (t.Text(String(2), "x"), constant(1))
    element = t.Load(INT64, array, key)
    other = t.Load(INT64, array, (t.Text(String(2), "y"), constant(1)))
    body = [
        evaluate(t.Assign(INT64, element, constant(5, INT64))),
        act("trace", element),
        act("trace", other, number=2),
        evaluate(t.Update(INT64, "+", element, constant(2, INT64), INT64)),
        act("trace", element, number=3),
        evaluate(t.Assign(INT64, element, constant(0, INT64))),
        act("trace", element, number=4),
    ]
    assert struct.unpack("<4q", run([clause(0, *body)], [array]).data()) == (5, 0, 7, 0)


def test_execname_and_pid_are_ours() -> None:
    import os

    with open("/proc/self/comm", encoding="ascii") as file:
        comm = file.read().strip()
    data = run([clause(0, act("trace", builtin("execname")), act("trace", builtin("pid"), number=2))]).data()
    assert data[:16].rstrip(b"\0").decode() == comm
    assert struct.unpack_from("<i", data, 16) == (os.getpid(),)
