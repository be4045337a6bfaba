"""What formats print, through the real command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("format_", "values", "printed"),
    [
        ("[%a][%A][%p][%#p]", "0x10, 0x20, 0x40, 0x50", "[0x10][0x20][40][0x50]"),
        ("[%S][%wc][%ws][%C]", r'"a\tb", 65, "w", 10', r"[a\tb][A][w][\n]"),
        ("[%'d][%'15d][%-'8dx]", "1234567, -1234567, 5000", "[1234567][       -1234567][5000    x]"),
        ("[%5.3d][%-8.3x][%+5d][% d][%05d]", "7, 10, 3, 4, -5", "[  007][00a     ][   +3][ 4][-0005]"),
        ("[%-*d][%*d][%.*s]", "4, 1, -4, 2, 2, \"xyz\"", "[1   ][2   ][xy]"),
        ("[%?x]", "1", "[               1]"),
        ("[%lx][%hd][%llu]", "-1L, (short)-2, (unsigned long long)-3", "[ffffffffffffffff][-2][18446744073709551613]"),
        ("100%% [%5s][%-5s]", '"ab", "cd"', "100% [   ab][cd   ]"),
    ],
)  # fmt: skip
def test_conversions(format_: str, values: str, printed: str, vtrace: Callable[..., Any]) -> None:
    ran = vtrace("-q", "-n", f'BEGIN {{ printf("{format_}", {values}); exit(0); }}')
    assert (ran.stdout, ran.stderr) == (printed + "\n", "")


@pytest.mark.parametrize(
    ("aggregations", "format_", "printed"),
    [
        ('@["a", 1] = count(); @b["a", 1] = sum(5);', '"%s %d %@d %@u", @, @b', "a 1 1 5"),
        ("@[1] = sum(255);", '"%@x %@-5d|%@05d|%@7d|", @', "ff 255  |00255|    255|"),
        ('@["k"] = max(3);', '"%5s|%@d", @', "    k|3"),
        ("@ = quantize(5); @ = quantize(100);", '"%p50 %p99 %max", @', "7 127 127"),
        ("@[1] = quantize(9);", '"%p50", @', "150"),
        ("@[1] = quantize(9);", '"%d %p50", @', "1 15"),
        ("@ = exphist(7);", '"%p50 %p999 %p99.9 %max %mean|%10p90|%-4max|", @', "7 7 7 7 7|         7|7   |"),
        ("@ = exphist(7); @b = count();", '"%@p50 %@d %max", @, @b', "7 1 7"),
    ],
)
def test_printa(aggregations: str, format_: str, printed: str, vtrace: Callable[..., Any]) -> None:
    ran = vtrace("-q", "-n", f"BEGIN {{ {aggregations} printa({format_}); exit(0); }}")
    assert (ran.stdout, ran.stderr) == (printed + "\n", "")
