"""What is built is the D that one would write."""

from __future__ import annotations

import pytest

from pyvtrace import D, Session, probe
from pyvtrace.api.expressions import Expression, both, choice, either, expression, negated


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (D.arg0 + 1, "arg0 + 1"),
        ((D.timestamp - D.self.start) / 1000, "(timestamp - self->start) / 1000"),
        (D.a - (D.b - D.c), "a - (b - c)"),
        (D.a - D.b - D.c, "a - b - c"),
        (1 << D.n, "1 << n"),
        ((D.a | D.b) == 0, "(a | b) == 0"),
        (D.flags & (D.x + 1), "flags & (x + 1)"),
        (-(D.a + 1), "-(a + 1)"),
        (-(D.a * -1), "-(a * -1)"),
        (~D.a, "~a"),
        (2 - D.a, "2 - a"),
        (D.a - -1, "a - -1"),
        (D.a // 2 % 3, "a / 2 % 3"),
        (D.execname == 'a"b', r'execname == "a\"b"'),
        (D.copyinstr(D.arg0, 16), "copyinstr(arg0, 16)"),
        (D.args[0].b_bcount, "args[0]->b_bcount"),
        (D.seen[D.pid, "x"], 'seen[pid, "x"]'),
        ((D.a + D.b).c, "(a + b)->c"),
        (both(D.a == 1, either(D.b, D.c)), "a == 1 && (b || c)"),
        (either(both(D.a, D.b), D.c), "(a && b) || c"),
        (negated(D.a == 1), "!(a == 1)"),
        (negated(D.a), "!a"),
        (choice(D.a > 1, "x", "y"), 'a > 1 ? "x" : "y"'),
        (expression(True), "1"),
    ],
)
def test_an_expression(made: Expression, text: str) -> None:
    assert str(made) == text


def test_pythons_own_logic_is_refused() -> None:
    with pytest.raises(TypeError, match=r"use both\( \), either\( \), negated\( \)"):
        bool(D.a == 1 and D.b == 2)
    with pytest.raises(TypeError, match="nothing that D has"):
        D.a + 1.5


def test_clauses() -> None:
    entry = probe("syscall::read:entry").where(D.pid == 3, "arg2 || 0").set(D.self.t, D.timestamp)
    back = (
        probe("syscall::read:return", "syscall::pread64:return")
        .where(D.self.t)
        .quantize(D.timestamp - D.self.t, by=[D.execname, "probefunc"], name="latency")
        .count(by="tid")
        .printf("%d\t%s\n", D.arg0, "execname")
        .do("self->t = 0;")
    )
    assert (entry + back).d == (
        "syscall::read:entry\n/pid == 3 && (arg2 || 0)/\n{\n\tself->t = timestamp;\n}\n\n"
        "syscall::read:return,\nsyscall::pread64:return\n/self->t/\n{\n"
        "\t@latency[execname, probefunc] = quantize(timestamp - self->t);\n\t@[tid] = count();\n"
        '\tprintf("%d\\t%s\\n", arg0, execname);\n\tself->t = 0;\n}\n'
    )


def test_every_aggregation_runs() -> None:
    numbers = probe("BEGIN").do("x = 5").sum(D.x, name="s").avg("x", name="a").min(D.x, name="n").max(D.x, name="m")
    shapes = probe("BEGIN").stddev(D.x, name="d").quantize(D.x, name="q").lquantize(D.x, 0, 10, 2, name="l")
    rest = probe("BEGIN").llquantize(D.x, 10, 0, 3, 10, name="ll").exphist(D.x, 3, name="e").trace(D.x).exit(2)
    with Session(numbers + shapes + rest) as session:
        seen = session.snapshot()
        assert [event.values for event in session.take()] == [(5,)]
        assert session.status == 2
    assert [seen[name].value for name in ("s", "a", "n", "m", "d")] == [5, 5.0, 5, 5, 0.0]
    assert all(seen[name].value.bounds(0.5)[1] >= 5 for name in ("q", "l", "ll", "e"))  # type: ignore[union-attr]


def test_a_probe_needs_a_description() -> None:
    with pytest.raises(TypeError, match="needs a description"):
        probe()
