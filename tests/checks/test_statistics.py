"""The arithmetic of a verdict, against enumeration and against data whose truth is known."""

from __future__ import annotations

from itertools import combinations
from math import ceil, comb, exp, log2
from random import Random

import pytest

from pyvtrace.checks.assertions import parse
from pyvtrace.checks.statistics import compare, least_runs, median_interval, rank_sum, ratio_interval
from pyvtrace.checks.verdicts import INCONCLUSIVE, PASS, REGRESSION, judge_times

CALLS = ("read", "futex")


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (4, 4), (5, 3)])
def test_the_rank_sum_is_what_counting_all_orders_gives(n: int, m: int) -> None:
    places = range(n + m)
    for new in combinations(places, m):
        old = [place for place in places if place not in new]
        wins = sum(a < b for a in old for b in new)
        as_high = sum(
            sum(a < b for a in places if a not in other for b in other) >= wins for other in combinations(places, m)
        )
        assert rank_sum(old, new) == pytest.approx(as_high / comb(n + m, m))


def test_equal_values_say_nothing() -> None:
    assert rank_sum([5.0] * 10, [5.0] * 10) == 1.0
    assert rank_sum([1.0, 2.0, 2.0], [2.0, 2.0, 1.0]) > 0.4


def test_the_normal_approximation_agrees_with_the_exact_one() -> None:
    random = Random(1)
    old, new = [random.random() for _ in range(25)], [random.random() + 0.2 for _ in range(25)]
    exact = rank_sum(old, new)
    # One value twice makes a tie, which is too little to move the result by much.
    approximate = rank_sum([*old, 0.5], [*new, 0.5])
    assert approximate == pytest.approx(exact, rel=0.3)


def test_fewer_runs_than_five_a_side_are_never_significant() -> None:
    runs = least_runs()
    low, high = [float(n) for n in range(runs)], [float(n + 100) for n in range(runs)]
    assert rank_sum(low, high) < 0.01 < rank_sum(low[1:], high[1:])


def test_an_interval_holds_the_ratio_and_is_the_same_each_time() -> None:
    old, new = [100.0 + n for n in range(20)], [200.0 + n for n in range(20)]
    low, high = ratio_interval(old, new)
    assert 1.7 < low < compare(old, new).ratio < high < 2.1
    assert (low, high) == ratio_interval(old, new)


def test_a_median_lies_between_two_of_the_values() -> None:
    # Of 20 values, the sixth and the fifteenth hold it with 95.9 %; of five, nothing less than all of them.
    assert median_interval(list(range(1, 21))) == (6, 15)
    assert median_interval([3, 1, 2, 5, 4]) == (1, 5)
    assert median_interval([7]) == (7, 7)


# -------------------------------------------------------------------------------------------- data of known truth

EVENTS = 20_000  # in a run
RUNS = 20


def runs_of(random: Random, factor: float = 1.0) -> list[float]:
    """The 99th percentiles of runs of EVENTS latencies with a Pareto tail (P(x > t) ~ t^-2, so that their variance is
    infinite), times a factor of the run that is its luck with the machine; read off buckets 2.2 % apart."""
    found = []
    for _ in range(RUNS):
        rank = EVENTS * 99 // 100
        # An order statistic of uniform values is a beta variate: this is the percentile of EVENTS drawn ones.
        at = random.betavariate(rank, EVENTS - rank + 1)
        value = 100_000 * (1 - at) ** -0.5 * exp(random.gauss(0, 0.02)) * factor
        found.append(2 ** ((ceil(log2(value) * 32) - 0.5) / 32))
    return found


def outcomes(pairs: int, factor: float, budget: str = "+10 %") -> list[str]:
    assertion, random = parse(f"p99(read) <= {budget}", CALLS), Random(int(factor * 1000))
    return [judge_times(assertion, runs_of(random, factor), runs_of(random), width=0.022).outcome for _ in range(pairs)]


def test_what_did_not_change_raises_no_alarm() -> None:
    assert outcomes(300, 1.0).count(REGRESSION) <= 3
    # And with no budget at all, where a bucket's width is all that is forgiven.
    assert outcomes(100, 1.0, "+0 %").count(REGRESSION) <= 1


def test_fifteen_percent_more_is_found() -> None:
    assert outcomes(200, 1.15).count(REGRESSION) >= 190


def test_what_is_well_within_the_budget_passes() -> None:
    assert outcomes(50, 1.0, "+25 %").count(PASS) >= 49


def test_what_cannot_be_told_says_how_many_runs_would_tell() -> None:
    assertion, random = parse("p99(read) <= +10 %", CALLS), Random(7)
    verdict = judge_times(assertion, runs_of(random, 1.13)[:4], runs_of(random)[:4], width=0.022)
    assert verdict.outcome == INCONCLUSIVE
    assert verdict.runs >= least_runs()


def test_few_runs_have_to_be_beyond_the_budget_altogether() -> None:
    assertion = parse("p99(read) <= +50 %", CALLS)
    old, new = [100.0, 101.0, 102.0, 103.0, 104.0], [140.0, 145.0, 160.0, 170.0, 300.0]
    # All ranks are higher and the medians' ratio is 1.57, but of resampled runs many are less than half more.
    assert judge_times(assertion, new, old, width=0.022).outcome == INCONCLUSIVE
    assert judge_times(assertion, [value * 1.2 for value in new], old, width=0.022).outcome == REGRESSION
    assert judge_times(assertion, new * 2, old * 2, width=0.022).outcome == REGRESSION


def test_nobody_is_asked_for_runs_without_end() -> None:
    scattered = [10.0, 1000.0] * 10
    verdict = judge_times(parse("p99(read) <= +10 %", CALLS), scattered, scattered, width=0.022)
    assert (verdict.outcome, verdict.runs) == (INCONCLUSIVE, 0)
    assert verdict.sentence.endswith("the runs do not tell")
