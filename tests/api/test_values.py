"""Words as Python values, and histograms as values of every quantizer, against plain arithmetic."""

from __future__ import annotations

from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace import Avg, Count, Histogram, Max, Min, Stddev, Sum
from pyvtrace.analysis.histogram import histogram
from pyvtrace.api.values import value
from tests.runtime.model import Params, words_of

VALUES = st.lists(st.integers(-(1 << 40), 1 << 40), min_size=1, max_size=20)


@given(VALUES)
def test_numbers_are_numbers(values: list[int]) -> None:
    def held(function: str) -> object:
        return value(function, (), words_of(function, (), values))

    assert (held("count"), held("sum"), held("min"), held("max")) == (
        len(values), sum(values), min(values), max(values),
    )  # fmt: skip
    assert held("avg") == pytest.approx(fmean(values))
    assert held("stddev") == pytest.approx(pstdev(values))


def test_each_function_has_its_type() -> None:
    types = {"count": Count, "sum": Sum, "min": Min, "max": Max, "avg": Avg, "stddev": Stddev, "quantize": Histogram}
    assert {name: type(value(name, (), words_of(name, (), [1, 2]))) for name in types} == types


def test_means_know_what_they_are_made_of() -> None:
    mean = value("avg", (), words_of("avg", (), [1, 2, 4]))
    assert isinstance(mean, Avg)
    assert (mean.count, mean.total) == (3, 7)
    spread = value("stddev", (), words_of("stddev", (), [2, 4]))
    assert isinstance(spread, Stddev)
    assert (spread.count, spread.mean, spread) == (2, 3.0, 1.0)


# ---------------------------------------------------------------------------------------------------------- histograms

SHAPES: dict[str, Params] = {"quantize": (), "lquantize": (-20, 30, 7), "llquantize": (10, 0, 2, 20), "exphist": (3,)}


@pytest.mark.parametrize("function", SHAPES)
@given(values=st.lists(st.integers(0, 400), min_size=1, max_size=30), q=st.sampled_from([0.0, 0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_lies_within_its_bounds(function: str, values: list[int], q: float) -> None:
    held = histogram(function, SHAPES[function], words_of(function, SHAPES[function], values))
    true = sorted(values)[max(0, -(-int(q * 100) * len(values) // 100) - 1)]
    lower, upper = held.bounds(q)
    assert (lower is None or lower < true) and true <= upper == held.quantile(q)
    if held.error is not None and true > 0 and function == "quantize":
        assert upper <= true * (1 + held.error)


@pytest.mark.parametrize("function", SHAPES)
def test_histograms_add_and_subtract(function: str) -> None:
    params = SHAPES[function]

    def of(values: list[int]) -> Histogram:
        return histogram(function, params, words_of(function, params, values))

    one, two = of([1, 5, 9]), of([2, 90])
    assert one.merge(two) == one + two == of([1, 5, 9, 2, 90])
    assert (one + two - one).words[3:] == two.words[3:]
    assert (one + two).count == 5
    assert sum(bucket.count for bucket in one.buckets()) == 3
    assert list(one.used()) == [bucket for bucket in one.buckets() if bucket.count]
    with pytest.raises(ValueError, match="different buckets"):
        one + histogram("lquantize", (0, 9, 1))


def test_an_exponential_histogram_is_that_of_opentelemetry() -> None:
    point = histogram("exphist", (2,), words_of("exphist", (2,), [0, 1, 1000, 1000, 1024])).to_otel()
    base = 2 ** (1 / 4)
    assert {name: point[name] for name in ("count", "sum", "max", "scale", "zero_count")} == {
        "count": 5, "sum": 3025, "max": 1024, "scale": 2, "zero_count": 1,
    }  # fmt: skip
    offset, counts = point["positive"]["offset"], point["positive"]["bucket_counts"]
    held = {offset + place: count for place, count in enumerate(counts) if count}
    # Bucket i is of values in (base^i, base^(i+1)].
    assert all(any(base**i < value <= base ** (i + 1) for value in (1.0, 1000.0, 1024.0)) for i in held)
    assert sorted(held.values()) == [1, 3]
    with pytest.raises(ValueError, match="1 values are negative"):
        histogram("exphist", (2,), words_of("exphist", (2,), [-1])).to_otel()


def test_other_histograms_have_explicit_bounds() -> None:
    point = histogram("lquantize", (0, 4, 2), words_of("lquantize", (0, 4, 2), [0, 1, 3, 100])).to_otel()
    assert point == {"count": 4, "explicit_bounds": [-1, 1, 3], "bucket_counts": [0, 2, 1, 1]}


def test_a_histogram_is_drawn() -> None:
    from rich.console import Console

    held = histogram("quantize", (), words_of("quantize", (), [1, 2, 2]))
    console = Console(width=80)
    with console.capture() as captured:
        console.print(held)
    assert "2 |@@@@@@@@@" in captured.get()
    assert held._repr_html_().startswith("<pre>")


def test_nothing_else_is_a_histogram() -> None:
    with pytest.raises(ValueError, match=r"count\(\) is no histogram"):
        histogram("count", ())
