"""What words mean: bucket bounds against the definitions, merging, values, pictures."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.builtins.distributions import (
    EXPHIST_MAX,
    INT64_MAX,
    MEANINGS,
    QUANTIZE_BOUNDS,
    draw,
    empty,
    exphist_bounds,
    exphist_index,
    exphist_thresholds,
    llquantize_bounds,
    merge,
    merged,
    rank,
    subtract,
    subtracts,
    value_of,
)
from pyvtrace.builtins.percentiles import bucket_counts, percentile, upper_bounds
from tests.runtime import model
from tests.runtime.model import MASK, Params, words_of

SCALES = range(6)
LLQUANTIZE = [
    (10, 0, 3, 10),
    (10, 1, 4, 20),
    (10, 0, 2, 20),
    (2, 0, 9, 2),
    (2, 3, 9, 8),
    (10, 3, 5, 100),
    (16, 0, 4, 16),
]
CASES: list[tuple[str, Params]] = [
    ("count", ()),
    ("sum", ()),
    ("min", ()),
    ("max", ()),
    ("avg", ()),
    ("stddev", ()),
    ("quantize", ()),
    ("lquantize", (-20, 100, 7)),
    ("lquantize", (0, 10, 2)),
    *[("llquantize", params) for params in LLQUANTIZE],
    *[("exphist", (scale,)) for scale in SCALES],
]

unsigned = st.one_of(
    st.integers(1, MASK), st.integers(0, 63).flatmap(lambda k: st.sampled_from([(1 << k), (1 << k) + 1, (2 << k) - 1]))
)
signed = st.one_of(st.integers(-(1 << 62), (1 << 62)), st.integers(-300, 300))


# ------------------------------------------------------------------------------------------------------ bucket bounds


@pytest.mark.parametrize("scale", SCALES)
def test_exphist_bounds_are_the_largest_integers_of_their_buckets(scale: int) -> None:
    bounds = exphist_bounds(scale)
    assert len(bounds) == 1 + (64 << scale)
    for index, bound in enumerate(bounds, -1):
        assert model.exphist_index(scale, bound) <= index
        if bound < MASK:
            assert model.exphist_index(scale, bound + 1) > index
    assert bounds[0] == 1
    assert bounds[-1] == MASK


@pytest.mark.parametrize("scale", SCALES)
def test_exphist_thresholds_are_where_the_sub_bucket_changes(scale: int) -> None:
    thresholds = exphist_thresholds(scale)
    assert len(thresholds) == (1 << scale) - 1
    for part, threshold in enumerate(thresholds, 1):
        # Bucket 63 * 2^scale + part - 1 ends at 2^(63 + part / 2^scale).
        assert model.exphist_index(scale, threshold) == (63 << scale) + part - 1
        assert model.exphist_index(scale, threshold + 1) == (63 << scale) + part


@pytest.mark.parametrize("scale", SCALES)
def test_exphist_index_beside_every_bound(scale: int) -> None:
    for bound in exphist_bounds(scale):
        for v in (bound - 1, bound, bound + 1):
            if 1 <= v <= MASK:
                assert exphist_index(v, scale) == model.exphist_index(scale, v)


@given(unsigned, st.sampled_from(SCALES))
def test_exphist_index_is_exact(v: int, scale: int) -> None:
    assert exphist_index(v, scale) == model.exphist_index(scale, v)


@given(unsigned, st.sampled_from(SCALES))
def test_exphist_buckets_are_those_of_the_next_scale_in_pairs(v: int, scale: int) -> None:
    assert exphist_index(v, scale) == exphist_index(v, scale + 1) >> 1


@pytest.mark.parametrize("params", LLQUANTIZE)
def test_llquantize_bounds(params: Params) -> None:
    buckets = model.llquantize_buckets(params)
    assert llquantize_bounds(params) == [*(b.start for b in buckets), params[0] ** (params[2] + 1)]


def test_llquantize_bounds_stay_in_int64() -> None:
    bounds = llquantize_bounds((10, 17, 18, 10))
    assert bounds[-2:] == [9 * 10**18, INT64_MAX]
    assert bounds == sorted(set(bounds))


def test_quantize_bounds() -> None:
    for v in (-(1 << 62), -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 1 << 62):
        bound = QUANTIZE_BOUNDS[model.quantize_index((), v)]
        assert abs(bound) <= abs(v) <= max(2 * abs(bound) - 1, 0)
        assert (bound > 0) == (v > 0)


# ------------------------------------------------------------------------------------------------------------- merging


@pytest.mark.parametrize(("function", "params"), CASES)
@given(st.lists(signed, max_size=6), st.lists(signed, max_size=6))
def test_merging_is_seeing_all_values(function: str, params: Params, a: list[int], b: list[int]) -> None:
    together = words_of(function, params, a + b)
    one, other = words_of(function, params, a), words_of(function, params, b)
    assert merge(function, one, other) == together
    assert len(together) == MEANINGS[function].words(params)
    pack = struct.Struct(f"<{len(together)}Q").pack
    assert merged(function, [pack(*one), pack(*other)]) == pack(*together)


@pytest.mark.parametrize("function", ["min", "max"])
def test_an_extreme_from_before_a_clearing_does_not_count(function: str) -> None:
    assert merge(function, (1, 5), (2, 7)) == merge(function, (2, 7), (1, 5)) == (2, 7)
    with pytest.raises(ValueError, match="cannot be known"):
        subtract(function, (), (1, 5), (1, 5))


@pytest.mark.parametrize(("function", "params"), [case for case in CASES if subtracts(case[0])])
@given(st.lists(signed, max_size=6), st.lists(signed, max_size=6))
def test_the_difference_of_two_readings_is_what_came_between(
    function: str, params: Params, a: list[int], b: list[int]
) -> None:
    earlier, later = words_of(function, params, a), words_of(function, params, a + b)
    between, true = subtract(function, params, later, earlier), words_of(function, params, b)
    if function == "exphist":
        # The maximum is exact if it is new, else a bound of the right bucket.
        assert between[EXPHIST_MAX] >= true[EXPHIST_MAX]
        if true[EXPHIST_MAX] > 0:
            assert exphist_index(between[EXPHIST_MAX], params[0]) == exphist_index(true[EXPHIST_MAX], params[0])
        between, true = (words[:EXPHIST_MAX] + words[EXPHIST_MAX + 1 :] for words in (between, true))
    assert between == true


# -------------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("function", "params", "values", "normal", "value"),
    [
        ("count", (), [1, 1, 1], 1, 3),
        ("count", (), [1, 1, 1], 2, 1),
        ("sum", (), [-25], 10, -2),
        ("sum", (), [-4, 10], 1, 6),
        ("min", (), [], 1, 0),
        ("min", (), [5, -7], 1, -7),
        ("max", (), [-5, -7], 1, -5),
        ("avg", (), [], 1, 0),
        ("avg", (), [-25, -26], 10, -2),
        ("stddev", (), [], 1, 0),
        ("stddev", (), [100, 300], 1, 100),
        ("stddev", (), [100, 300], 10, 10),
        ("stddev", (), [1 << 62, -(1 << 62)], 1, 1 << 62),
        ("quantize", (), [-5, 9], 1, 4),
        ("lquantize", (0, 10, 2), [-4, 3, 11], 1, -1 + 2 + 11),
        ("llquantize", (10, 0, 1, 10), [-100, 0, 37], 1, -100 + 30),
        ("exphist", (2,), [3, 4, 5], 1, 12),
    ],
)
def test_value(function: str, params: Params, values: list[int], normal: int, value: int) -> None:
    assert value_of(function, params, words_of(function, params, values), normal) == value


def test_distributions_of_equal_weight_go_by_what_is_at_zero() -> None:
    none, some = words_of("quantize", (), [3, -3]), words_of("quantize", (), [3, -3, 0])
    assert rank("quantize", (), none) < rank("quantize", (), some)
    one, two = words_of("lquantize", (0, 4, 1), [0]), words_of("lquantize", (0, 4, 1), [0, 0])
    assert rank("lquantize", (0, 4, 1), one) < rank("lquantize", (0, 4, 1), two)
    negative, zero = words_of("exphist", (0,), [-5]), words_of("exphist", (0,), [0])
    assert rank("exphist", (0,), negative) < rank("exphist", (0,), zero)


@given(st.lists(st.integers(0, 1 << 62), min_size=1, max_size=30), st.integers(0, 100), st.sampled_from(SCALES))
def test_percentiles_of_exphist_are_bounds(values: list[int], percent: int, scale: int) -> None:
    words = words_of("exphist", (scale,), values)
    true = sorted(values)[max(0, -(-percent * len(values) // 100) - 1)]
    got = percentile("exphist", (scale,), words, percent / 100)
    # A percentage is no binary fraction: the rank may be the one above.
    above = sorted(values)[min(len(values) - 1, max(0, -(-percent * len(values) // 100)))]
    assert true <= got <= max(above * 2 ** (1 / (1 << scale)), 0)
    assert percentile("exphist", (scale,), words, 1.0) == max(values)


def test_percentiles_need_a_histogram() -> None:
    assert percentile("exphist", (0,), empty("exphist", (0,)), 0.5) == 0
    assert percentile("exphist", (0,), words_of("exphist", (0,), [-3]), 0.5) == -1
    with pytest.raises(ValueError, match=r"count\(\) has no percentiles"):
        percentile("count", (), (1,), 0.5)


@pytest.mark.parametrize("function", ["quantize", "lquantize", "llquantize", "exphist"])
@given(values=st.lists(st.integers(-300, 300), min_size=1, max_size=20))
def test_each_bucket_holds_what_is_above_the_bound_before_and_up_to_its_own(function: str, values: list[int]) -> None:
    params = {"quantize": (), "lquantize": (-20, 31, 7), "llquantize": (10, 0, 1, 20), "exphist": (2,)}[function]
    words = words_of(function, params, values)
    uppers = upper_bounds(function, params)
    # exphist does not tell negative values apart: all of them are up to -1.
    inside = [max(-1, value) if function == "exphist" else value for value in values]
    counts = [sum(lower < value <= upper for value in inside) for lower, upper in pairwise((-1 << 63, *uppers))]
    assert list(bucket_counts(function, words)) == counts


# ------------------------------------------------------------------------------------------------------------ pictures

HEAD = "\n           value  ------------- Distribution ------------- count    \n"
FULL, HALF, NONE = "@" * 40, "@" * 20 + " " * 20, " " * 40


def lines(*rows: tuple[str | int, str, int]) -> str:
    return HEAD + "".join(f"{label:>16} {bar} {count:<9}\n" for label, bar, count in rows)


@pytest.mark.parametrize(
    ("function", "params", "values", "rows"),
    [
        ("llquantize", (10, 1, 2, 10), [], [("< 10", f"|{NONE}", 0), (10, f"|{NONE}", 0), (20, f"|{NONE}", 0)]),
        ("llquantize", (10, 0, 2, 10), [], [(0, f"|{NONE}", 0), (1, f"|{NONE}", 0), (2, f"|{NONE}", 0)]),
        ("llquantize", (10, 0, 1, 10), [-30], [(-40, f"|{NONE}", 0), (-30, f"|{FULL}", 1), (-20, f"|{NONE}", 0)]),
        ("llquantize", (10, 1, 1, 10), [-100], [("<= -100", f"|{FULL}", 1), (-90, f"|{NONE}", 0)]),
        ("llquantize", (10, 1, 1, 10), [100], [(90, f"|{NONE}", 0), (">= 100", f"|{FULL}", 1)]),
        (
            "llquantize",
            (10, 1, 1, 10),
            [(3, -5)],
            [(-10, f"{NONE}|", 0), ("abs() < 10", f"{FULL}|", -5), (10, f"{NONE}|", 0)],
        ),
        ("lquantize", (0, 2, 1), [], [("< 0", f"|{NONE}", 0), (0, f"|{NONE}", 0), (1, f"|{NONE}", 0)]),
        # What is left of 10 after the last whole step of 4 counts as overflow.
        ("lquantize", (0, 10, 4), [9], [(4, f"|{NONE}", 0), (">= 8", f"|{FULL}", 1)]),
        ("exphist", (0,), [], [("< 0", f"|{NONE}", 0), ("0", f"|{NONE}", 0), ("<= 1", f"|{NONE}", 0)]),
        ("exphist", (0,), [3, 4], [("<= 2", f"|{NONE}", 0), ("<= 4", f"|{FULL}", 2), ("<= 8", f"|{NONE}", 0)]),
        # Between 2^(4/4) and 2^(5/4) lies no integer, so that bucket is not drawn.
        ("exphist", (2,), [2], [("<= 1", f"|{NONE}", 0), ("<= 2", f"|{FULL}", 1), ("<= 3", f"|{NONE}", 0)]),
        ("exphist", (0,), [-9, 0], [("< 0", f"|{HALF}", 1), ("0", f"|{HALF}", 1), ("<= 1", f"|{NONE}", 0)]),
        ("exphist", (0,), [MASK], [(f"<= {1 << 63}", f"|{NONE}", 0), (f"<= {MASK}", f"|{FULL}", 1)]),
    ],
)
def test_picture(
    function: str, params: Params, values: list[model.Weighted], rows: list[tuple[str | int, str, int]]
) -> None:
    assert draw(function, params, words_of(function, params, values)) == lines(*rows)


def test_counts_are_normalised_and_bars_are_not() -> None:
    words = words_of("quantize", (), [(10, 25), (20, -25)])
    bar, blank = "@" * 10 + " " * 10, " " * 20
    assert draw("quantize", (), words, 10) == lines(
        (4, f"{blank}|{blank}", 0),
        (8, f"{blank}|{bar}", 2),
        (16, f"{bar[::-1]}|{blank}", -2),
        (32, f"{blank}|{blank}", 0),
    )


def test_one_value_has_no_picture() -> None:
    with pytest.raises(ValueError, match=r"sum\(\) is no distribution"):
        draw("sum", (), (1, 1))
