"""What the runs of a check say about each of its assertions."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pyvtrace.analysis.histogram import Histogram
from pyvtrace.checks.assertions import Assertion
from pyvtrace.checks.measure import Run, Seen
from pyvtrace.checks.metrics import Metric
from pyvtrace.checks.problems import CheckError
from pyvtrace.checks.statistics import ALPHA, Comparison, compare, median_interval, runs_to_decide
from pyvtrace.value import Value

PASS, REGRESSION, INCONCLUSIVE = "pass", "regression", "inconclusive"
FEW_RUNS, MOST_RUNS = 10, 1000
NO_BASELINE = "make one: vtrace check record -o FILE; then: vtrace check --baseline FILE"


class Verdict(Value):
    """On one assertion: what became of it and the sentence that says why. `values` and `base` are the figures of the
    runs; `runs` is how many a side would decide an inconclusive one, 0 if not known."""

    assertion: Assertion
    outcome: str
    sentence: str
    values: Sequence[float]
    base: Sequence[float] = ()
    comparison: Comparison | None = None
    runs: int = 0


def judge(assertion: Assertion, runs: Sequence[Run], base: Sequence[Run] | None) -> Verdict:
    """The verdict of these runs, against those of the baseline where the assertion is relative.

    Raises:
        CheckError: there is nothing to judge: no event had a time, or the baseline does not know the metric.
    """
    seen = _of(assertion.metric, runs, "the runs")
    if assertion.metric.own:
        _is_about_something(assertion, _figures(assertion, seen))
    if not assertion.relative:
        return _latency(assertion, seen) if assertion.timed else _count(assertion, _figures(assertion, seen))
    if base is None:
        raise CheckError(f"{assertion.text!r} is about a baseline, and there is none", hint=NO_BASELINE)
    old = _of(assertion.metric, base, "the baseline")
    return _relative(assertion, seen, old)


def _is_about_something(assertion: Assertion, values: Sequence[float]) -> None:
    """A bound that is more than nothing says nothing about a program that no event matched.

    Raises:
        CheckError: it says nothing.
    """
    if not any(values) and not assertion.relative and assertion.holds(0) and assertion.holds(1):
        raise CheckError(
            f"{assertion.text!r} matched no event",
            hint=f"if there should be none, say so: {assertion.metric.subject} == 0",
        )


def _of(metric: Metric, runs: Sequence[Run], whose: str) -> list[Seen]:
    if any(metric.name not in run.seen for run in runs):
        raise CheckError(f"{metric.name} is not in {whose}", hint="record the baseline again with this spec")
    return [run.seen[metric.name] for run in runs]


def _figures(assertion: Assertion, seen: Sequence[Seen]) -> list[float]:
    return [_figure(assertion, one) for one in seen]


def _figure(assertion: Assertion, seen: Seen) -> float:
    if not isinstance(seen, Histogram):
        if assertion.figure not in ("count", "sum"):
            raise CheckError(f"{assertion.text!r}: {assertion.metric.subject} is a number, not a distribution")
        return float(seen)
    if assertion.figure == "count":
        if assertion.unit:
            raise CheckError(
                f"{assertion.text!r}: {assertion.metric.subject} is a distribution",
                hint="ask for p50(), p99(), mean() or max() of it",
            )
        return float(seen.count)
    if not seen.count:
        raise CheckError(f"{assertion.text!r} matched no event", hint=f"was there any {assertion.metric.subject}?")
    if assertion.figure == "quantile":
        return seen.interpolated(assertion.q)
    if assertion.figure == "max":
        return float(seen.max)
    value = seen.mean if assertion.figure == "mean" else seen.sum
    if value is None:
        raise CheckError(f"{assertion.text!r}: {seen.function}() keeps no sum", hint="aggregate with exphist()")
    return float(value)


def spread(assertion: Assertion, values: Sequence[float]) -> str:
    """The values of the runs in short: `3`, or `3 to 5` where they differ."""
    low, high = min(values), max(values)
    return assertion.spelled(low) if low == high else f"{assertion.spelled(low)} to {assertion.spelled(high)}"


# ------------------------------------------------------------------------------------------------ against a budget


def _count(assertion: Assertion, values: list[float]) -> Verdict:
    """A bound on a count holds in every run, or does not."""
    broken = [value for value in values if not assertion.holds(value)]
    words = f"{assertion.label} was {spread(assertion, values)}"
    if min(values) != max(values):
        words += f" in {len(values)} runs: not the same each time"
    if not broken:
        return Verdict(assertion, PASS, words, values)
    where = "" if len(broken) == len(values) else f", in {len(broken)} of {len(values)} runs more than allowed"
    if assertion.operator in (">", ">=", "==", "!="):
        where = where.replace("more than", "not what is")
    return Verdict(assertion, REGRESSION, f"{words}{where}", values)


def _latency(assertion: Assertion, seen: Sequence[Seen]) -> Verdict:
    """The median of the runs' figures lies in an interval: it is on one side of the bound, or the bound is in it."""
    values = _figures(assertion, seen)
    low, high = median_interval(values)
    ends = [_bounds(assertion, one, value) for one, value in zip(seen, values, strict=True)]
    low = min(low, median_interval([least for least, _ in ends])[0])
    high = max(high, median_interval([most for _, most in ends])[1])
    kept = [assertion.holds(low), assertion.holds(high)]
    between = f"between {assertion.spelled(low)} and {assertion.spelled(high)}"
    words = f"{assertion.label} is {between} ({len(values)} run{'s' * (len(values) != 1)})"
    if all(kept):
        return Verdict(assertion, PASS, words, values)
    if not any(kept):
        return Verdict(assertion, REGRESSION, words, values)
    runs = max(2 * len(values), 6)
    return Verdict(assertion, INCONCLUSIVE, f"{words}: the bound is in there", values, runs=runs)


def _bounds(assertion: Assertion, seen: Seen, value: float) -> tuple[float, float]:
    """Where the true figure of one run lies: quantiles are known to a bucket."""
    if isinstance(seen, Histogram) and assertion.figure == "quantile":
        lower, upper = seen.bounds(assertion.q)
        return float(upper if lower is None else lower), float(upper)
    return value, value


# ---------------------------------------------------------------------------------------------- against a baseline


def _relative(assertion: Assertion, seen: Sequence[Seen], old: Sequence[Seen]) -> Verdict:
    values, base = _figures(assertion, seen), _figures(assertion, old)
    exact = not assertion.timed
    if exact and (len(set(values)) == 1 and len(set(base)) == 1):
        words = f"{assertion.label} was {assertion.spelled(base[0])}, is {assertion.spelled(values[0])}"
        outcome = PASS if assertion.holds(values[0], base[0]) else REGRESSION
        return Verdict(assertion, outcome, words, values, base)
    if exact:
        return _spread_counts(assertion, values, base)
    if min(*values, *base) <= 0:
        raise CheckError(f"{assertion.text!r}: {assertion.label} was 0 in a run: there is no ratio to it")
    return judge_times(assertion, values, base, max(_width(one) for one in (*seen, *old)))


def _width(seen: Seen) -> float:
    """How far apart the bounds of a bucket are, as a fraction."""
    return (seen.error or 0.0) if isinstance(seen, Histogram) else 0.0


def _spread_counts(assertion: Assertion, values: list[float], base: list[float]) -> Verdict:
    """Counts that are not the same each time: all within what the baseline ever had, all beyond, or neither."""
    upwards = assertion.operator in ("<", "<=", "==")
    limit = assertion.limit(max(base) if upwards else min(base))
    words = (
        f"{assertion.label} was {spread(assertion, base)}, is {spread(assertion, values)} in {len(values)} runs: "
        "not the same each time"
    )
    kept = [value <= limit if upwards else value >= limit for value in values]
    if assertion.operator in ("==", "!="):
        raise CheckError(f"{assertion.text!r}: {words}", hint="ask for <= or >= of what varies")
    if all(kept):
        return Verdict(assertion, PASS, words, values, base)
    outcome = INCONCLUSIVE if any(kept) or len(values) < 3 else REGRESSION
    return Verdict(assertion, outcome, words, values, base, runs=0 if outcome == REGRESSION else 2 * len(values))


def judge_times(assertion: Assertion, values: Sequence[float], base: Sequence[float], width: float) -> Verdict:
    """A latency is worse if the ranks say so, the interval of the ratio is above 1, and the ratio is more than both the
    budget and what a bucket hides (of few runs, the whole interval is); it is not if the whole interval is within them.
    `width` is that of a bucket, as a fraction of its values."""
    if assertion.operator not in ("<", "<="):
        raise CheckError(
            f"{assertion.text!r}: of a time, a baseline bounds how much longer it may be", hint="write <= or <"
        )
    found = compare(base, values)
    middle = median(base)
    budget = assertion.bound if assertion.percent else assertion.bound / middle
    limit = 1 + max(budget, width)
    words = (
        f"{assertion.label} was {assertion.spelled(middle)}, is {assertion.spelled(median(values))}: "
        f"{found.ratio - 1:+.1%} ({found.low - 1:+.1%} to {found.high - 1:+.1%})"
    )
    # Resampled, few runs look more alike than runs are.
    least = 1.0 if min(len(values), len(base)) >= FEW_RUNS else limit
    if found.ratio > limit and found.low > least and found.p < ALPHA:
        return Verdict(assertion, REGRESSION, words, values, base, found)
    if found.high <= limit:
        return Verdict(assertion, PASS, words, values, base, found)
    runs = runs_to_decide(found, limit, min(len(values), len(base)))
    if runs > MOST_RUNS:
        # Nobody makes as many: what differs from run to run is more than what is asked about.
        runs = 0
    return Verdict(assertion, INCONCLUSIVE, f"{words}: the runs do not tell", values, base, found, runs)
