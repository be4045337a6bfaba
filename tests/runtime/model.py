"""What the kernel side counts, by the definitions of DTrace's aggregating functions and as slowly as they read: the
reference that layouts, bounds and drawings are tested against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

Params = tuple[int, ...]
Weighted = int | tuple[int, int]
MASK = (1 << 64) - 1


def quantize_index(params: Params, v: int) -> int:
    if v == 0:
        return 63
    return 63 + v.bit_length() if v > 0 else max(0, 63 - (-v).bit_length())


def lquantize_index(params: Params, v: int) -> int:
    base, limit, step = params
    levels = (limit - base) // step
    return 0 if v < base else min((v - base) // step, levels) + 1


def llquantize_buckets(params: Params) -> list[range]:
    """The positive buckets, ascending."""
    factor, low, high, steps = params
    buckets = []
    for magnitude in range(low, high + 1):
        end = factor ** (magnitude + 1)
        width = max(1, end // steps)
        buckets += [range(start, start + width) for start in range(factor**magnitude, end, width)]
    return buckets


def llquantize_index(params: Params, v: int) -> int:
    buckets = llquantize_buckets(params)
    middle = len(buckets) + 1
    size = abs(v)
    away = 0 if size < params[0] ** params[1] else len(buckets) + 1
    for number, bucket in enumerate(buckets, 1):
        if size in bucket:
            away = number
    return middle + away if v > 0 else middle - away


def exphist_index(scale: int, v: int) -> int:
    """ceil(log2(v) * 2^scale) - 1: the least i with v^(2^scale) <= 2^(i + 1)."""
    return int((v ** (1 << scale) - 1).bit_length()) - 1


SLOTS: Mapping[str, tuple[Callable[[Params, int], int], Callable[[Params], int]]] = {
    "quantize": (quantize_index, lambda p: 127),
    "lquantize": (lquantize_index, lambda p: (p[1] - p[0]) // p[2] + 2),
    "llquantize": (llquantize_index, lambda p: 2 * len(llquantize_buckets(p)) + 3),
}


def words_of(function: str, params: Params, values: Iterable[Weighted]) -> tuple[int, ...]:
    """The words of one key that saw these values, some with a weight."""
    pairs = [(v, 1) if isinstance(v, int) else v for v in values]
    plain = [v for v, _ in pairs]
    if function in SLOTS:
        index, count = SLOTS[function]
        words = [0] * count(params)
        for v, weight in pairs:
            words[index(params, v)] += weight
        return tuple(word & MASK for word in words)
    if function == "exphist":
        return exphist_words(params[0], plain)
    n, total = len(plain), sum(plain) & MASK
    squares = sum(v * v for v in plain)
    return {
        "count": (n,),
        "sum": (n, total),
        "avg": (n, total),
        "min": (min(n, 1), min(plain, default=0) & MASK),
        "max": (min(n, 1), max(plain, default=0) & MASK),
        "stddev": (n, total, squares & MASK, squares >> 64 & MASK),
    }[function]


def exphist_words(scale: int, values: Iterable[int]) -> tuple[int, ...]:
    words = [0] * (6 + (64 << scale))
    for v in values:
        words[0] += 1
        if v < 0:
            words[3] += 1
            continue
        words[1] = words[1] + v & MASK
        words[2] = max(words[2], v)
        words[4 if v == 0 else 6 + exphist_index(scale, v)] += 1
    return tuple(words)
