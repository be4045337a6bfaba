"""exphist() in the kernel, bucket by bucket against an exact model."""

from __future__ import annotations

import random

import pytest

from pyvtrace.builtins.aggregations import AGGREGATING
from pyvtrace.builtins.distributions import (
    EXPHIST_COUNT,
    EXPHIST_FIRST,
    EXPHIST_MAX,
    EXPHIST_SUM,
    EXPHIST_ZERO,
    exphist_bounds,
)
from pyvtrace.lang import typed as t
from pyvtrace.lang.types import INT64
from tests.compile.programs import clause, constant, run

LARGEST = (1 << 63) - 1


def exact_index(value: int, scale: int) -> int:
    """ceil(log2(value) * 2^scale) - 1, from value^(2^scale) alone: no float, no table."""
    power = value ** (1 << scale)
    exponent = power.bit_length() - 1
    return exponent - 1 if power == 1 << exponent else exponent


def around_every_bound(scale: int) -> set[int]:
    values = {b + d for b in exphist_bounds(scale) for d in (-1, 0, 1)}
    return {v for v in values if 0 <= v <= LARGEST}


def counted(values: list[int], scale: int) -> dict[int, int]:
    """Word -> count of a run over all values, in programs of 40."""
    symbol = t.AggregationSymbol(0, "h", AGGREGATING["exphist"], (scale,), ())
    words: dict[int, int] = {}
    for start in range(0, len(values), 40):
        body = [t.Aggregate(0, (), (constant(v, INT64),), 1) for v in values[start : start + 40]]
        (row,) = run([clause(0, *body)], aggregations=[symbol]).tables["h"].values()
        for word, count in enumerate(row):
            if count and word not in (EXPHIST_COUNT, EXPHIST_SUM, EXPHIST_MAX):
                words[word] = words.get(word, 0) + count
    return words


def modelled(values: list[int], scale: int) -> dict[int, int]:
    words: dict[int, int] = {}
    for value in values:
        word = EXPHIST_FIRST + 1 + exact_index(value, scale) if value else EXPHIST_ZERO
        words[word] = words.get(word, 0) + 1
    return words


@pytest.mark.parametrize("scale", range(6))
def test_values_around_every_bound(scale: int) -> None:
    values = sorted(around_every_bound(scale))
    assert counted(values, scale) == modelled(values, scale)


def test_random_values_of_every_magnitude() -> None:
    generator = random.Random(11)
    values = [generator.getrandbits(generator.randint(1, 63)) for _ in range(10_000)]
    assert counted(values, 3) == modelled(values, 3)
