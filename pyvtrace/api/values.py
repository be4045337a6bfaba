"""What one key of an aggregation holds, as a Python value: numbers are numbers, distributions are histograms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt

from pyvtrace.analysis.histogram import Histogram
from pyvtrace.builtins.distributions import Params, Words, is_distribution, signed


class Count(int):
    """count(): how many."""


class Sum(int):
    """sum(): the total, which wraps around like every int64 of D."""


class Min(int):
    """min(): the smallest value."""


class Max(int):
    """max(): the largest value."""


class Avg(float):
    """avg(): the mean, which D prints rounded towards zero; `count` values made up `total`."""

    count: int
    total: int

    def __new__(cls, count: int, total: int) -> Avg:
        made = super().__new__(cls, total / count if count else 0.0)
        made.count, made.total = count, total
        return made


class Stddev(float):
    """stddev(): the standard deviation of the whole population, which D prints rounded down; `mean` of `count`
    values."""

    count: int
    mean: float

    def __new__(cls, count: int, total: int, squares: int) -> Stddev:
        mean = total / count if count else 0.0
        # One division of exact integers: two nearly equal floats would leave nothing.
        made = super().__new__(cls, sqrt(max(0, squares * count - total * total)) / count if count else 0.0)
        made.count, made.mean = count, mean
        return made


AggregatedValue = Count | Sum | Min | Max | Avg | Stddev | Histogram


def value(function: str, params: Params, words: Words) -> AggregatedValue:
    """The value that the words of a key stand for."""
    if is_distribution(function):
        return Histogram(function, params, words)
    return _VALUES[function](words)


_VALUES: Mapping[str, Callable[[Words], AggregatedValue]] = {
    "count": lambda words: Count(words[0]),
    "sum": lambda words: Sum(signed(words[1])),
    "min": lambda words: Min(signed(words[1])),
    "max": lambda words: Max(signed(words[1])),
    "avg": lambda words: Avg(words[0], signed(words[1])),
    "stddev": lambda words: Stddev(words[0], signed(words[1]), words[2] | words[3] << 64),
}
