"""What DTrace printed for small programs, to the byte: tests/runtime/truth has its standard output."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from tests.runtime.script import (
    Script,
    clear,
    default,
    denormalize,
    i64,
    leave,
    normalize,
    printa,
    printf,
    trace,
    trunc,
    u64,
)

TRUTH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "truth")


def truth(name: str) -> str:
    with open(os.path.join(TRUTH, f"{name}.stdout"), encoding="utf-8") as file:
        return file.read()


POINTER = (0x1234, 8, "pointer")
NULL = (0, 8, "pointer")

CASES: Mapping[str, Script] = {
    "agg.avg.negative-rounding": Script().aggregation("avg", {(): [-7, -2]}),
    "agg.clear": Script()
    .aggregation("sum", {("a",): [5]})
    .aggregation("quantize", {(): [3]})
    .clause(clear(0), clear(1), printa(0), printa(1), leave()),
    "agg.count-sum-avg": Script()
    .aggregation("count", {(): [1]})
    .aggregation("sum", {(): [-4, 10]})
    .aggregation("avg", {(): [1, 2]})
    .aggregation("min", {(): [3, -3]})
    .aggregation("max", {(): [3, -3]})
    .aggregation("stddev", {(): [2, 4, 4, 4, 5, 5, 7, 9]}),
    "agg.empty": Script().aggregation("count", {}),
    "agg.keys.int-columns": Script().aggregation("count", {(1,): [1], (-2,): [1], (1912276171,): [1]}),
    "agg.keys.mixed-columns": Script().aggregation(
        "count", {(1, "name", 7): [1], (1, "a much longer name than the column", 8): [1]}
    ),
    "agg.llquantize": Script().aggregation("llquantize", {(): [1, 15, 150, 99999, 0, -15]}, (10, 0, 3, 10)),
    "agg.llquantize.steps20": Script().aggregation("llquantize", {(): [37, 7300]}, (10, 1, 4, 20)),
    "agg.lquantize": Script().aggregation("lquantize", {(): [3, 9, -4, 10, 99]}, (0, 10, 2)),
    "agg.lquantize.default-step": Script().aggregation("lquantize", {(): [2, 4]}, (0, 5, 1)),
    "agg.lquantize.negative": Script().aggregation("lquantize", {(): [-15, 15]}, (-20, 20, 10)),
    "agg.normalize": Script()
    .aggregation("sum", {("a",): [1000], ("b",): [2500]})
    .clause(normalize(0, 100), printa(0), denormalize(0), printa(0), leave()),
    "agg.not-quiet": Script(quiet=False).aggregation("count", {("a",): [1]}).clause(leave()),
    "agg.printa.format": Script()
    .aggregation("sum", {("alpha", 3): [12], ("be", 44): [7]})
    .clause(printa(0, format="%-10s|%5d|%@8d|\n"), leave()),
    "agg.printa.multi": Script()
    .aggregation("count", {("x",): [1]})
    .aggregation("sum", {("x",): [20], ("y",): [30]})
    .clause(printa(0, 1, format="%s %@d %@d\n"), leave()),
    "agg.printa.multi-default": Script()
    .aggregation("count", {("x",): [1]})
    .aggregation("sum", {("x",): [20], ("y",): [30]})
    .clause(printa(0, 1), leave()),
    "agg.printa.quantize": Script()
    .aggregation("quantize", {("k",): [5]})
    .clause(printa(0, format="key %s:%@d end\n"), leave()),
    "agg.quantize.huge": Script().aggregation("quantize", {(): [1 << 62, (1 << 63) - 1]}),
    "agg.quantize.keys": Script().aggregation("quantize", {("read", 1): [8, 900], ("write", 22): [16]}),
    "agg.quantize.mixed": Script().aggregation("quantize", {(): [-5, -1, 0, 7, 7]}),
    "agg.quantize.negative": Script().aggregation("quantize", {(): [-1000, -3]}),
    "agg.quantize.positive": Script().aggregation("quantize", {(): [1, 2, 3, 100]}),
    "agg.quantize.single": Script().aggregation("quantize", {(): [42]}),
    "agg.quantize.weight": Script().aggregation("quantize", {(): [(10, 1000000), (70000, 250000), (5, -3)]}),
    "agg.quantize.zero": Script().aggregation("quantize", {(): [0, 0]}),
    "agg.several": Script()
    .aggregation("count", {("x",): [1]})
    .aggregation("sum", {("y",): [2]})
    .aggregation("max", {(): [9]}),
    "agg.sort.by-key": Script("aggsortkey").aggregation("sum", {("b", 2): [3], ("a", 1): [7], ("b", 1): [1]}),
    "agg.sort.by-value": Script().aggregation("sum", {("b",): [3], ("a",): [7], ("c",): [1], ("d",): [3]}),
    "agg.sort.keypos": Script("aggsortkey", "aggsortkeypos=1").aggregation(
        "sum", {("b", 2): [3], ("a", 9): [7], ("c", 1): [1]}
    ),
    "agg.sort.reverse": Script("aggsortrev").aggregation("sum", {("b",): [3], ("a",): [7], ("c",): [1]}),
    "agg.stddev.large": Script().aggregation("stddev", {(): [4000000000, -4000000000]}),
    "agg.trunc": Script()
    .aggregation("sum", {("a",): [1], ("b",): [2], ("c",): [3]})
    .clause(trunc(0, 2), printa(0), trunc(0, -1), printa(0), trunc(0), printa(0), leave()),
    "cli.flowindent": Script("flowindent", quiet=False).clause(trace(1)).clause(leave()).clause(trace(2), probe=2),
    "cli.matched": Script(quiet=False).clause(default()).clause(leave()).clause(default(), probe=2),
    "cli.pragma-quiet": Script().clause(printf("q\n"), leave()),
    "expr.int-width": Script().clause(printf("%d %d %d\n", -2147483648, -2147483648, i64(4294967296)), leave()),
    "expr.shift": Script().clause(printf("%d %d %x %x\n", 1024, -4, 0xF, u64(1 << 63)), leave()),
    "out.end-after-exit": Script().clause(printf("begin\n"), leave()).clause(printf("end\n"), probe=2),
    "out.exit-status": Script().clause(leave(3)),
    "out.header": Script(quiet=False).clause(trace(1), trace("two"), leave()),
    "out.multi-statement-line": Script(quiet=False).clause(trace(1), printf("a %d\n", 2), trace(3), leave()),
    "out.printf.escape": Script().clause(printf('tab\there\\ quote" oct\101 hex\x42\n'), leave()),
    "out.printf.ints": Script().clause(
        printf(
            "[%d][%5d][%-5d][%05d][%+d][%i][%u][%x][%X][%#x][%o][%#o]\n", -7, 42, 42, 42, 42, 9, -1, 255, 255, 255, 8, 8
        ),
        leave(),
    ),
    "out.printf.not-quiet": Script(quiet=False).clause(printf("text"), leave()),
    "out.printf.pointer": Script().clause(printf("[%p][%p]\n", POINTER, NULL), leave()),
    "out.printf.star": Script().clause(printf("[%*d][%-*d][%.*s]\n", 6, 1, 6, 2, 2, "xyz"), leave()),
    "out.printf.strings": Script().clause(
        printf("[%s][%10s][%-10s][%.2s][%c][%%]\n", "abc", "abc", "abc", "abc", 65), leave()
    ),
    "out.trace.types": Script().clause(
        trace((65, 1, "int")),
        trace((-3, 2, "int")),
        trace(-70000),
        trace(u64(1 << 63)),
        trace(i64(-1)),
        trace("str"),
        trace(16),
        leave(),
    ),
    "var.macro-args": Script().clause(printf("%d %s\n", 5, "word"), leave()),
    "var.probe-names": Script().clause(
        printf("%s:%s:%s:%s\n", (1, 4, "probeprov"), (1, 4, "probemod"), (1, 4, "probefunc"), (1, 4, "probename")),
        leave(),
    ),
}


def test_every_recorded_program_is_played() -> None:
    assert {name.removesuffix(".stdout") for name in os.listdir(TRUTH)} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_standard_output_is_what_dtrace_printed(name: str) -> None:
    assert CASES[name].play() == truth(name)
