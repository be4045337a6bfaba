"""A histogram as a value: what a distribution counted, with the arithmetic that views, exports and checks need.

Counts are exact, and so are bucket bounds; histograms of the same shape add and subtract bucket by bucket, whatever
host or moment they come from. Only what lies inside a bucket is an estimate, with a known bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pyvtrace.builtins.distributions import (
    EXPHIST_FIRST,
    EXPHIST_MAX,
    EXPHIST_NEGATIVE,
    EXPHIST_SUM,
    EXPHIST_ZERO,
    Params,
    Words,
    draw,
    empty,
    is_distribution,
    merge,
    subtract,
)
from pyvtrace.builtins.percentiles import bucket_counts, percentile, upper_bounds
from pyvtrace.value import Value


class Bucket(Value):
    """`count` values in (lower, upper]. `lower` is None where it has no bound."""

    lower: int | None
    upper: int
    count: int


class Histogram(Value):
    """One key of an aggregation: `function` is "exphist", "quantize", "lquantize" or "llquantize", `words` are laid out
    as it lays them out."""

    function: str
    params: Params
    words: Words

    @property
    def count(self) -> int:
        """Number of values (where they have weights: the sum of those of the buckets that have a positive one)."""
        return sum(bucket_counts(self.function, self.words))

    @property
    def sum(self) -> int | None:
        """The exact total of the values that are not negative; None for the others than exphist, which do not keep
        it."""
        return self.words[EXPHIST_SUM] if self.function == "exphist" else None

    @property
    def max(self) -> int:
        """The largest value; but for exphist, the others do not keep it, the upper bound of the last bucket in use. 0
        if there is no value that is not negative."""
        if self.function == "exphist":
            return self.words[EXPHIST_MAX]
        return max(0, self.quantile(1.0))

    @property
    def mean(self) -> float | None:
        """The average of the values that are not negative; None without any, and for others than exphist."""
        if self.function != "exphist":
            return None
        count = sum(self.words[EXPHIST_NEGATIVE + 1 :])
        return self.words[EXPHIST_SUM] / count if count else None

    @property
    def error(self) -> float | None:
        """How far a quantile may lie above the true value, as a fraction of it: 1 for quantize (a bucket's end is less
        than twice its start), 2^(1/2^scale) - 1 for exphist; None where that depends on the bucket, see `bounds`."""
        if self.function == "exphist":
            return float(2.0 ** (1 / (1 << self.params[0])) - 1)
        return 1.0 if self.function == "quantize" else None

    def quantile(self, q: float) -> int:
        """The smallest bucket bound that at least the fraction `q` (0..1) of the values is at or below, and never above
        the maximum: the true value is not greater, and not smaller by more than `error`. 0 if there are no values; of
        negative values exphist only knows that they are: -1; of values above the last bound of lquantize and llquantize
        nothing is known but that: the largest int64.

        Raises:
            ValueError: q is no fraction.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"{q} is no fraction of 0..1")
        return percentile(self.function, self.params, self.words, q)

    def bounds(self, q: float) -> tuple[int | None, int]:
        """(lower, upper]: where the quantile's true value lies. `upper` is `quantile(q)`; `lower` is None where the
        bucket has no bound below, and equal to `upper` without any value.

        Raises:
            ValueError: q is no fraction.
        """
        upper = self.quantile(q)
        bucket = next((b for b in self.buckets() if b.count and b.upper >= upper), None)
        return (bucket.lower if bucket else upper), upper

    def interpolated(self, q: float) -> float:
        """As `quantile`, but inside its bucket at the place that values spread evenly on a logarithmic scale would
        have: nearer the truth on average, without the promise to be no less than it."""
        upper = self.quantile(q)
        bucket = next((b for b in self.buckets() if b.count and b.upper >= upper), None)
        if bucket is None or bucket.lower is None or bucket.upper <= 1:
            return float(upper)
        below = sum(b.count for b in self.buckets() if b.upper < bucket.upper)
        part = min(1.0, max(0.0, (q * self.count - below) / bucket.count))
        lower, end = max(bucket.lower, 1), min(bucket.upper, self.max)
        return float(min(upper, lower * (end / lower) ** part))

    def used(self) -> Iterator[Bucket]:
        """The buckets in which there is something, ascending."""
        uppers = upper_bounds(self.function, self.params)
        for place, count in enumerate(bucket_counts(self.function, self.words)):
            if count:
                yield Bucket(uppers[place - 1] if place else None, uppers[place], count)

    def buckets(self) -> Iterator[Bucket]:
        """Every bucket that can hold an integer, ascending."""
        lower: int | None = None
        for upper, count in self._uppers():
            if lower is None or upper > lower:
                yield Bucket(lower, upper, count)
            lower = upper

    def _uppers(self) -> Iterator[tuple[int, int]]:
        return zip(upper_bounds(self.function, self.params), bucket_counts(self.function, self.words), strict=True)

    def merge(self, other: Histogram) -> Histogram:
        """Both together, as `+`."""
        return self + other

    def __add__(self, other: Histogram) -> Histogram:
        """Both together.

        Raises:
            ValueError: their buckets differ.
        """
        self._same_shape(other)
        return Histogram(self.function, self.params, merge(self.function, self.words, other.words))

    def __sub__(self, earlier: Histogram) -> Histogram:
        """What was added since an earlier reading of the same histogram. Its maximum is exact if it is a new one, else
        a bound: the end of the highest bucket that grew.

        Raises:
            ValueError: their buckets differ.
        """
        self._same_shape(earlier)
        return Histogram(self.function, self.params, subtract(self.function, self.params, self.words, earlier.words))

    def _same_shape(self, other: Histogram) -> None:
        if (self.function, self.params) != (other.function, other.params):
            raise ValueError(f"{self.function}{self.params} and {other.function}{other.params} have different buckets")

    def to_otel(self) -> Mapping[str, Any]:
        """The data point of OpenTelemetry's protocol (metrics.proto), without names and times: an exponential histogram
        of the same scale for exphist, else one with explicit bounds, which are inclusive above there, too. Nothing is
        estimated on the way.

        Raises:
            ValueError: there are negative values, of which exphist does not know the buckets.
        """
        if self.function != "exphist":
            *bounds, _ = upper_bounds(self.function, self.params)
            counts = list(bucket_counts(self.function, self.words))
            return {"count": self.count, "explicit_bounds": bounds, "bucket_counts": counts}
        if self.words[EXPHIST_NEGATIVE]:
            raise ValueError(f"{self.words[EXPHIST_NEGATIVE]} values are negative, and exphist has no buckets for them")
        used = [place for place, count in enumerate(self.words[EXPHIST_FIRST:]) if count]
        first, end = (used[0], used[-1] + 1) if used else (0, 0)
        return {
            "count": self.count,
            "sum": self.words[EXPHIST_SUM],
            "max": self.max,
            "scale": self.params[0],
            "zero_count": self.words[EXPHIST_ZERO],
            # The first bucket, of the value 1, is bucket -1.
            "positive": {"offset": first - 1, "bucket_counts": list(self.words[EXPHIST_FIRST:][first:end])},
        }

    def __str__(self) -> str:
        """As DTrace draws it."""
        return draw(self.function, self.params, self.words)

    def __rich__(self) -> Any:
        """For rich's console: the drawing, in no colours but its own."""
        from rich.text import Text

        return Text(str(self).strip("\n"))

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def histogram(function: str, params: Params, words: Words | None = None) -> Histogram:
    """The histogram of a key's words, or an empty one.

    Raises:
        ValueError: the function makes no histogram.
    """
    if not is_distribution(function):
        raise ValueError(f"{function}() is no histogram")
    return Histogram(function, params, empty(function, params) if words is None else words)
