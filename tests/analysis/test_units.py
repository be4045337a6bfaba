"""Numbers as they are read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.analysis import units
from pyvtrace.analysis.units import BadDuration, count, duration, parse_duration, rate, rounded, size


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0ns"),
        (999, "999ns"),
        (1_000, "1.00us"),
        (9_999, "9.99us"),
        (12_345, "12.3us"),
        (999_999, "999us"),
        (1_000_000, "1.00ms"),
        (999_999_999, "999ms"),
        (99_999_999_999, "99.9s"),
        (100_000_000_000, "1m40s"),
        (3_599_999_999_999, "59m59s"),
        (3_600_000_000_000, "1h00m"),
        (4 * 86400 * 10**9 + 11 * 3600 * 10**9, "4d11h"),
        (123 * 86400 * 10**9, "123d"),
        ((1 << 63) - 1, "292y"),
        (-1_500, "-1.50us"),
    ],
)
def test_durations(ns: int, text: str) -> None:
    assert duration(ns) == text


@given(st.integers(0, 1 << 80))
def test_nothing_is_wider_than_its_column(n: int) -> None:
    assert len(duration(n)) <= units.WIDTH
    assert len(count(n)) <= units.WIDTH
    assert len(rate(n / 7)) <= units.WIDTH


@given(st.integers(1, 10**11 - 1))
def test_a_duration_is_never_more_than_it_was(ns: int) -> None:
    shown = parse_duration(duration(ns))
    assert ns * 0.98 - 1 <= shown <= ns


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0"), (9999, "9999"), (10_000, "10.0k"), (4_560_000, "4.56M"), (10**9, "1.00G"), (10**18, "999T")],
)
def test_counts(n: int, text: str) -> None:
    assert count(n) == text


def test_small_rates_are_not_rounded_to_nothing() -> None:
    assert [rate(n) for n in (0, 0.04, 0.3, 9.94, 9.96, 123.4)] == ["0", "0.1", "0.3", "9.9", "10", "123"]


def test_sizes_and_ticks() -> None:
    assert [size(n) for n in (0, 512, 4096, 1536, 3 << 30)] == ["0", "512", "4K", "1.5K", "3G"]
    assert [rounded(10**n) for n in range(11)] == [
        "1ns", "10ns", "100ns", "1us", "10us", "100us", "1ms", "10ms", "100ms", "1s", "10s",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "default", "ns"),
    [
        ("10ms", "", 10_000_000),
        ("1.5s", "", 1_500_000_000),
        (".5us", "", 500),
        ("250 US", "", 250_000),
        ("2", "s", 2_000_000_000),
        ("0.1", "s", 100_000_000),
        ("10m", "s", 600_000_000_000),
        ("1h", "", 3_600_000_000_000),
    ],
)
def test_durations_that_options_take(text: str, default: str, ns: int) -> None:
    assert parse_duration(text, default) == ns


@pytest.mark.parametrize("text", ["", "ms", "10", "10 parsecs", "-1s", "1e3s", "1.2.3s", "inf", "nan"])
def test_what_is_no_duration_says_what_one_looks_like(text: str) -> None:
    with pytest.raises(BadDuration, match="as in 10ms"):
        parse_duration(text)
