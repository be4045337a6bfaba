"""Whether two sets of runs differ. The replicate is the run: events within one share its luck.

A difference is believed when three things agree: the rank-sum test (Mann and Whitney, "On a test of whether one of two
random variables is stochastically larger", 1947), a bootstrap interval of the ratio (Efron, "Bootstrap methods", 1979),
and the size of the effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import ceil, erfc, exp, log, sqrt
from random import Random
from statistics import median

from pyvtrace.value import Value

ALPHA = 0.01
_RESAMPLES = 2000
# Above these sizes the exact distribution costs more than the normal one errs.
_EXACT = 30


class Comparison(Value):
    """New runs against old ones: the ratio of the medians, the interval that holds the true one with 99 %, and the
    chance of ranks so high if nothing had changed."""

    ratio: float
    low: float
    high: float
    p: float


def compare(old: Sequence[float], new: Sequence[float]) -> Comparison:
    """Compare positive figures of runs."""
    low, high = ratio_interval(old, new)
    return Comparison(median(new) / median(old), low, high, rank_sum(old, new))


def rank_sum(old: Sequence[float], new: Sequence[float]) -> float:
    """The one-sided chance that `new` ranks as high as it does, or higher, if both came from one distribution: exact
    for few values without ties, else the normal approximation with the correction for ties."""
    n, m = len(old), len(new)
    wins = sum((a < b) + (a == b) / 2 for a in old for b in new)
    ties = len({*old, *new}) < n + m
    if not ties and max(n, m) <= _EXACT:
        ways = _ways(n, m)
        return sum(ways[round(wins) :]) / sum(ways)
    counts = [[*old, *new].count(value) for value in {*old, *new}]
    size = n + m
    spread = n * m / 12 * (size + 1 - sum(t**3 - t for t in counts) / (size * (size - 1)))
    if spread <= 0:
        return 1.0
    return erfc((wins - n * m / 2 - 0.5) / sqrt(2 * spread)) / 2


@cache
def _ways(n: int, m: int) -> tuple[int, ...]:
    """In how many orders of n and m values the second has 0, 1, ... n*m wins: the coefficients of the Gaussian
    binomial."""
    ways = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for j in range(n * m, m + i - 1, -1):
            ways[j] -= ways[j - m - i]
        for j in range(i, n * m + 1):
            ways[j] += ways[j - i]
    return tuple(ways)


def ratio_interval(old: Sequence[float], new: Sequence[float], alpha: float = ALPHA) -> tuple[float, float]:
    """The percentile bootstrap's interval of the ratio of the medians. The same runs always give the same interval."""
    random = Random(0)
    sizes = len(old), len(new)
    ratios = sorted(
        _middle(random.choices(new, k=sizes[1])) / _middle(random.choices(old, k=sizes[0])) for _ in range(_RESAMPLES)
    )
    cut = int(_RESAMPLES * alpha / 2)
    return ratios[cut], ratios[-1 - cut]


def _middle(values: list[float]) -> float:
    """Their median; `statistics.median` spends more on looking at its argument than on the answer."""
    values.sort()
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def runs_to_decide(comparison: Comparison, limit: float, runs: int) -> int:
    """About how many runs a side would tell on which side of the ratio `limit` the truth is, if it is what it seems:
    an interval narrows with the square root of the runs. 0 if no number would."""
    distance = abs(log(comparison.ratio) - log(limit))
    half = (log(comparison.high) - log(comparison.low)) / 2
    if distance < 1e-3:
        return 0
    return max(runs + 1, ceil(runs * (half / distance) ** 2), least_runs())


def least_runs() -> int:
    """Fewer runs a side than this can never be significant, whatever they show."""
    runs = 2
    while 1 / sum(_ways(runs, runs)) > ALPHA:
        runs += 1
    return runs


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Between which two of the values the true median lies, with this confidence; of too few values, all of them."""
    ordered, n = sorted(values), len(values)
    outside, chance, k = 0.0, exp(-n * log(2)), 0
    while outside + 2 * chance <= 1 - confidence and k < n // 2:
        outside += 2 * chance
        chance = chance * (n - k) / (k + 1)
        k += 1
    k = max(k, 1)
    return ordered[k - 1], ordered[n - k]
