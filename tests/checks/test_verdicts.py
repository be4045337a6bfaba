"""Verdicts on runs whose figures are given."""

from __future__ import annotations

import pytest

from pyvtrace.analysis.histogram import Histogram, histogram
from pyvtrace.builtins.distributions import EXPHIST_FIRST, EXPHIST_MAX, EXPHIST_SUM
from pyvtrace.checks.assertions import parse
from pyvtrace.checks.measure import Run, Seen
from pyvtrace.checks.problems import CheckError
from pyvtrace.checks.verdicts import INCONCLUSIVE, PASS, REGRESSION, judge

CALLS = ("read", "fsync")


def counts(*values: int) -> list[Run]:
    return [Run({"syscall fsync": value}, 1) for value in values]


def times(*values: int) -> list[Run]:
    """Runs of 100 reads, each of which took a power of two of ns: the last value of its bucket."""

    def one(value: int) -> Seen:
        words = list(histogram("exphist", (5,)).words)
        words[EXPHIST_SUM], words[EXPHIST_MAX] = 100 * value, value
        words[EXPHIST_FIRST + (value.bit_length() - 1) * 32] = 100
        return Histogram("exphist", (5,), tuple(words))

    return [Run({"time of syscall read": one(value)}, 1) for value in values]


@pytest.mark.parametrize(
    ("text", "values", "outcome", "words"),
    [
        ("syscall fsync <= 1", (1, 1, 1), PASS, "was 1"),
        ("syscall fsync <= 1", (3, 3, 3), REGRESSION, "was 3"),
        ("syscall fsync <= 1", (1, 2, 1), REGRESSION, "1 to 2 in 3 runs: not the same each time, in 1 of 3 runs more"),
        ("no fsync", (0, 0), PASS, "was 0"),
        ("syscall fsync >= 2", (1, 2), REGRESSION, "in 1 of 2 runs not what is allowed"),
    ],
)
def test_a_count_is_bounded_in_every_run(text: str, values: tuple[int, ...], outcome: str, words: str) -> None:
    verdict = judge(parse(text, CALLS), counts(*values), None)
    assert verdict.outcome == outcome
    assert words in verdict.sentence


@pytest.mark.parametrize(
    ("text", "base", "now", "outcome"),
    [
        ("syscall fsync <= +0", (4, 4), (4, 4), PASS),
        ("syscall fsync <= +0", (4, 4), (5, 5), REGRESSION),
        ("syscall fsync <= +1", (4, 4), (5, 5), PASS),
        ("syscall fsync == +0", (4, 4), (3, 3), REGRESSION),
        ("syscall fsync <= +50 %", (4, 4), (6, 6), PASS),
        ("syscall fsync <= +0", (4, 6), (5, 6, 4), PASS),
        ("syscall fsync <= +0", (4, 6), (7, 8, 9), REGRESSION),
        ("syscall fsync <= +0", (4, 6), (5, 8, 9), INCONCLUSIVE),
        ("syscall fsync >= -1", (4, 6), (3, 3, 4), PASS),
        ("syscall fsync >= -1", (4, 6), (2, 2, 1), REGRESSION),
    ],
)
def test_a_count_against_a_baseline(text: str, base: tuple[int, ...], now: tuple[int, ...], outcome: str) -> None:
    assert judge(parse(text, CALLS), counts(*now), counts(*base)).outcome == outcome


@pytest.mark.parametrize(
    ("text", "values", "outcome"),
    [
        ("p99(read) < 5us", (1024, 2048, 1024), PASS),
        ("p99(read) < 5us", (8192, 8192, 16384), REGRESSION),
        ("p99(read) < 5us", (1024, 8192, 1024), INCONCLUSIVE),
        # The value is known to its bucket, in which 1010 is.
        ("p99(read) < 1010ns", (1024, 1024), INCONCLUSIVE),
        ("max(read) <= 1024ns", (1024, 1024), PASS),
        ("mean(read) < 1us", (1024, 1024), REGRESSION),
        ("sum(read) < 102401ns", (1024, 1024), PASS),
    ],
)
def test_a_latency_is_on_one_side_of_its_bound_or_not_known(text: str, values: tuple[int, ...], outcome: str) -> None:
    assert judge(parse(text, CALLS), times(*values), None).outcome == outcome


def test_twice_the_time_is_found_and_the_same_is_not() -> None:
    base, twice = times(*[1024] * 10), times(*[2048] * 10)
    assert judge(parse("p99(read) <= +50 %", CALLS), twice, base).outcome == REGRESSION
    assert judge(parse("p99(read) <= +50 %", CALLS), base, base).outcome == PASS
    assert judge(parse("p99(read) <= +150 %", CALLS), twice, base).outcome == PASS


def test_a_latency_of_no_event_is_an_error() -> None:
    nothing = [Run({"time of syscall read": histogram("exphist", (5,))}, 1)]
    with pytest.raises(CheckError, match="matched no event"):
        judge(parse("p99(read) < 5ms", CALLS), nothing, None)


def test_what_the_baseline_does_not_know_is_an_error() -> None:
    with pytest.raises(CheckError, match="time of syscall read is not in the baseline"):
        judge(parse("p99(read) <= +5 %", CALLS), times(1024), counts(3))
    with pytest.raises(CheckError, match="there is none"):
        judge(parse("p99(read) <= +5 %", CALLS), times(1024), None)
