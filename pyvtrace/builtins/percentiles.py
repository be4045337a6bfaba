"""Buckets of every distribution by their bounds, and what fraction of the values lies below.

Bounds are inclusive above: bucket i holds what is above the upper bound of the one before it, up to its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate

from pyvtrace.builtins.distributions import (
    EXPHIST_MAX,
    EXPHIST_NEGATIVE,
    INT64_MAX,
    QUANTIZE_BOUNDS,
    QUANTIZE_ZERO,
    Params,
    Words,
    exphist_bounds,
    llquantize_bounds,
    signed,
)

_QUANTIZE = (*QUANTIZE_BOUNDS[: QUANTIZE_ZERO + 1], *((2 << k) - 1 for k in range(63)))


def percentile(function: str, params: Params, words: Words, fraction: float) -> int:
    """The upper bound of the bucket in which the value with that fraction of all values at or below it lies, at most
    the maximum where it is known. Fractions are of 0..1; 0 if there are no values. Of negative values exphist only
    knows that they are: -1; of those above the last bound of lquantize and llquantize nothing is known: the largest
    int64.

    Raises:
        ValueError: the function makes no distribution.
    """
    uppers = upper_bounds(function, params)
    so_far = list(accumulate(bucket_counts(function, words)))
    total = so_far[-1]
    if not total:
        return 0
    # Rank of the value asked for, 1 .. total; as an exact product, for floats lose ranks above 2^53.
    numerator, denominator = fraction.as_integer_ratio()
    wanted = max(1, -(-numerator * total // denominator))
    upper = uppers[bisect_left(so_far, wanted)]
    return min(upper, words[EXPHIST_MAX]) if function == "exphist" else upper


def bucket_counts(function: str, words: Words) -> Sequence[int]:
    """How many values each bucket has, ascending: those of a negative weight are none."""
    return words[EXPHIST_NEGATIVE:] if function == "exphist" else [max(0, signed(word)) for word in words]


@lru_cache(maxsize=64)
def upper_bounds(function: str, params: Params) -> Sequence[int]:
    """Inclusive upper bounds of all buckets, ascending.

    Raises:
        ValueError: the function makes no distribution.
    """
    if function not in _UPPERS:
        raise ValueError(f"{function}() has no percentiles")
    return _UPPERS[function](params)


def _lquantize(params: Params) -> Sequence[int]:
    base, limit, step = params
    levels = (limit - base) // step
    return (*(base + level * step - 1 for level in range(levels + 1)), INT64_MAX)


def _llquantize(params: Params) -> Sequence[int]:
    *bounds, overflow = llquantize_bounds(params)
    negative = (-bound for bound in reversed([*bounds, overflow]))
    return (*negative, *(bound - 1 for bound in (*bounds, overflow)), INT64_MAX)


_UPPERS: Mapping[str, Callable[[Params], Sequence[int]]] = {
    "exphist": lambda params: (-1, 0, *exphist_bounds(params[0])),
    "quantize": lambda params: _QUANTIZE,
    "lquantize": _lquantize,
    "llquantize": _llquantize,
}
