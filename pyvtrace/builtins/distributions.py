"""What the words of each aggregating function mean: how two copies merge, what is printed and sorted by, how a
distribution is drawn.

Words are u64, one tuple a key. `MEANINGS` has one entry a function; `params` are those of `AggregationSpec`. Layouts:

- count: [n]; sum, avg: [n, total]; stddev: [n, total, squares low, high]
- min, max: [mark, value]; marks count how often the aggregation was cleared, from 1: a value under an older mark is
  from before, one under 0 is none
- quantize: 127 buckets, 63 is zero, 64+k is [2^k, 2^(k+1)), 62-k is (-2^(k+1), -2^k]
- lquantize (base, limit, step): underflow, the levels, overflow
- llquantize (factor, low, high, steps), B positive buckets: negative overflow, B negative buckets from the largest
  magnitude down, the middle one (magnitude below factor^low), B positive ones, overflow
- exphist (scale,): count, sum, maximum, count of negative values, count of zeros, then buckets -1, 0, 1, ...: bucket i
  holds (2^(i/2^scale), 2^((i+1)/2^scale)], as OpenTelemetry and Prometheus native histograms define it. Sum and maximum
  are of the values that are not negative. The count is the sum of all that follows the maximum: who only wants the
  first three words reads no more.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import isqrt

from pyvtrace.value import Value

Params = tuple[int, ...]
Words = tuple[int, ...]

_MASK = (1 << 64) - 1
INT64_MAX = (1 << 63) - 1

QUANTIZE_WORDS, QUANTIZE_ZERO = 127, 63
EXPHIST_COUNT, EXPHIST_SUM, EXPHIST_MAX, EXPHIST_NEGATIVE, EXPHIST_ZERO, EXPHIST_FIRST = range(6)

_BAR = 40
_HEAD = "\n{:>16} {:>41} {:<9}\n".format("value", "------------- Distribution -------------", "count")


def signed(word: int) -> int:
    """A u64 word as the int64 it stands for."""
    return word - ((word >> 63) << 64)


def divide(value: int, by: int) -> int:
    """C's division: towards zero."""
    return -(-value // by) if value < 0 else value // by


# ------------------------------------------------------------------------------------------------------------- merging


def _add(a: Words, b: Words) -> Words:
    return tuple([(x + y) & _MASK for x, y in zip(a, b, strict=True)])


def _add_wide(a: Words, b: Words) -> Words:
    """stddev: the sum of squares is one 128-bit number."""
    squares = (a[2] | a[3] << 64) + (b[2] | b[3] << 64)
    return (a[0] + b[0] & _MASK, a[1] + b[1] & _MASK, squares & _MASK, squares >> 64 & _MASK)


def _keep(choose: Callable[[int, int], int]) -> Callable[[Words, Words], Words]:
    """min and max: the later mark counts, and of equal ones both."""

    def merge(a: Words, b: Words) -> Words:
        if a[0] != b[0]:
            return a if a[0] > b[0] else b
        return (a[0], choose(signed(a[1]), signed(b[1])) & _MASK)

    return merge


def _add_exphist(a: Words, b: Words) -> Words:
    added = _add(a, b)
    return (*added[:EXPHIST_MAX], max(a[EXPHIST_MAX], b[EXPHIST_MAX]), *added[EXPHIST_NEGATIVE:])


# Word by word, whatever the function: for copies of many words, a tuple of integers each is most of the time.


@lru_cache(maxsize=16)
def _tops(size: int) -> int:
    """The highest bit of each u64 in `size` bytes."""
    return int.from_bytes((bytes(7) + b"\x80") * (size // 8), "little")


def _add_bytes(copies: Sequence[bytes]) -> bytes:
    """Lanes of 64 bits added as one number. No lane carries into the next while no highest bit is set; else the lower
    63 bits are added, and the highest ones without carry."""
    size = len(copies[0])
    tops = _tops(size)
    total = 0
    for copy in copies:
        number = int.from_bytes(copy, "little")
        if (number | total) & tops:
            total = (total & ~tops) + (number & ~tops) ^ (total ^ number) & tops
        else:
            total += number
    return total.to_bytes(size, "little")


def merged(function: str, copies: Sequence[bytes]) -> bytes:
    """Several copies of a key's words, little-endian, as one."""
    meaning = MEANINGS[function]
    if meaning.merge is _add or meaning.merge is _add_exphist:
        total = _add_bytes(copies)
        if meaning.merge is _add:
            return total
        place = slice(8 * EXPHIST_MAX, 8 * EXPHIST_MAX + 8)
        # As numbers: little-endian bytes do not compare as they count.
        largest = max(copies, key=lambda copy: int.from_bytes(copy[place], "little"))
        return total[: place.start] + largest[place] + total[place.stop :]
    words = struct.Struct(f"<{len(copies[0]) // 8}Q")
    result = words.unpack(copies[0])
    for copy in copies[1:]:
        result = meaning.merge(result, words.unpack(copy))
    return words.pack(*result)


# ---------------------------------------------------------------------------------------------------------- difference


def _subtract(params: Params, a: Words, b: Words) -> Words:
    return tuple([(x - y) & _MASK for x, y in zip(a, b, strict=True)])


def _subtract_wide(params: Params, a: Words, b: Words) -> Words:
    squares = (a[2] | a[3] << 64) - (b[2] | b[3] << 64)
    return (a[0] - b[0] & _MASK, a[1] - b[1] & _MASK, squares & _MASK, squares >> 64 & _MASK)


def _subtract_exphist(params: Params, a: Words, b: Words) -> Words:
    """The later maximum, if it is new; else it is somewhere in the highest bucket that grew, below the old one."""
    rest = _subtract(params, a, b)
    largest = a[EXPHIST_MAX]
    if largest == b[EXPHIST_MAX]:
        bounds = exphist_bounds(params[0])
        highest = next((bounds[i] for i in range(len(bounds) - 1, -1, -1) if rest[EXPHIST_FIRST + i]), 0)
        largest = min(highest, largest)
    return (*rest[:EXPHIST_MAX], largest, *rest[EXPHIST_NEGATIVE:])


# ------------------------------------------------------------------------------------------------------ bucket bounds

QUANTIZE_BOUNDS: tuple[int, ...] = (
    *(-1 << k for k in range(62, -1, -1)),
    0,
    *(1 << k for k in range(63)),
)
"""The value nearest to zero of each quantize bucket: what DTrace prints for it."""


@lru_cache(maxsize=64)
def llquantize_bounds(params: Params) -> list[int]:
    """Lower bounds of the positive buckets, ascending, and the bound from which values overflow.

    Magnitude m covers [factor^m, factor^(m+1)) in steps of factor^(m+1) / steps, of 1 where that is below 1. Bounds
    that no int64 reaches are left out; the last one then is the largest int64.
    """
    factor, low, high, steps = params
    bounds: list[int] = []
    for magnitude in range(low, high + 1):
        end = factor ** (magnitude + 1)
        bounds += range(factor**magnitude, end, max(1, end // steps))
    reachable = [bound for bound in bounds if bound < INT64_MAX]
    return [*reachable, min(factor ** (high + 1), INT64_MAX)]


@lru_cache(maxsize=8)
def exphist_thresholds(scale: int) -> tuple[int, ...]:
    """floor(2^(63 + j/2^scale)) for j = 1 .. 2^scale - 1, exactly.

    A value shifted left until its highest bit is bit 63 lies beyond the j-th bound inside its octave if and only if it
    is greater than threshold j: the bounds between powers of two are irrational, so none is ever met.
    """
    return tuple(_root(63, j, scale) for j in range(1, 1 << scale))


def _root(octave: int, part: int, scale: int) -> int:
    """floor(2^(octave + part/2^scale)). The floor of a root of a floor is the floor of the root, so square roots of
    big integers one after the other lose nothing."""
    power = 1 << ((octave << scale) + part)
    for _ in range(scale):
        power = isqrt(power)
    return power


@lru_cache(maxsize=8)
def exphist_bounds(scale: int) -> tuple[int, ...]:
    """The largest u64 not above each bucket's upper bound. Element 0 is bucket -1 (the value 1), so that element i is
    of word `EXPHIST_FIRST + i`; a bucket whose bound equals the one before it holds no integer."""
    octave = (1 << 63, *exphist_thresholds(scale))
    inside = [part >> (63 - k) for k in range(64) for part in octave]
    return (*inside, _MASK)


def exphist_index(value: int, scale: int) -> int:
    """The bucket (-1, 0, ...) of a positive integer: ceil(log2(value) * 2^scale) - 1, exactly."""
    octave = value.bit_length() - 1
    if value == 1 << octave:
        return (octave << scale) - 1
    normal = value << 63 - octave
    return (octave << scale) + sum(normal > threshold for threshold in exphist_thresholds(scale))


# ------------------------------------------------------------------------------------------------------------- drawing


def bar_line(count: int, total: int, positive: bool, negative: bool, normal: int) -> str:
    """The bar and count of one bucket. `total` is the sum of magnitudes; with counts of both signs the bars grow from
    a centre line at half the scale."""
    width = _BAR // 2 if positive and negative else _BAR
    # DTrace rounds half up.
    depth = (2 * abs(count) * width + total) // (2 * total) if total else 0
    bar, rest = "@" * depth, " " * (width - depth)
    if not negative:
        drawn = f"|{bar}{rest}"
    elif not positive:
        drawn = f"{rest}{bar}|"
    elif count <= 0:
        drawn = f"{rest}{bar}|{'':{width}}"
    else:
        drawn = f"{'':{width}}|{bar}{rest}"
    return f"{drawn} {divide(count, normal):<9}\n"


def draw_buckets(labels: Sequence[str | int], words: Sequence[int], empty: tuple[int, int], normal: int) -> str:
    """DTrace's drawing: from one bucket before the first that is not zero to one after the last; the buckets `empty`
    (first, last) if all are."""
    counts = [signed(word) for word in words]
    used = [i for i, count in enumerate(counts) if count]
    first, last = (max(used[0] - 1, 0), min(used[-1] + 1, len(counts) - 1)) if used else empty
    total = sum(abs(counts[i]) for i in used)
    positive, negative = any(c > 0 for c in counts), any(c < 0 for c in counts)
    return _HEAD + "".join(
        f"{labels[i]:>16} {bar_line(counts[i], total, positive, negative, normal)}" for i in range(first, last + 1)
    )


def _draw_quantize(params: Params, words: Words, normal: int) -> str:
    return draw_buckets(QUANTIZE_BOUNDS, words, (QUANTIZE_ZERO - 1, QUANTIZE_ZERO + 1), normal)


def _draw_lquantize(params: Params, words: Words, normal: int) -> str:
    base, _, step = params
    levels = len(words) - 2
    inside = range(base, base + levels * step, step)
    return draw_buckets([f"< {base}", *inside, f">= {base + levels * step}"], words, (0, 2), normal)


def _draw_llquantize(params: Params, words: Words, normal: int) -> str:
    *bounds, overflow = llquantize_bounds(params)
    middle = len(bounds) + 1
    below = params[0] ** params[1]
    # With nothing to draw, DTrace shows the middle bucket and two above it, and says only "<".
    name: str | int = 0 if below == 1 else f"abs() < {below}" if any(words) else f"< {below}"
    negative = [-bound for bound in reversed(bounds)]
    labels = [f"<= {-overflow}", *negative, name, *bounds, f">= {overflow}"]
    return draw_buckets(labels, words, (middle, min(middle + 2, len(words) - 1)), normal)


def _draw_exphist(params: Params, words: Words, normal: int) -> str:
    """As quantize, by upper bounds. Buckets between which no integer lies are not drawn."""
    bounds = (0, *exphist_bounds(params[0]))
    rows = [(f"<= {b}", words[EXPHIST_FIRST + i]) for i, (a, b) in enumerate(pairwise(bounds)) if b > a]
    labels = ["< 0", "0", *(label for label, _ in rows)]
    counts = [words[EXPHIST_NEGATIVE], words[EXPHIST_ZERO], *(count for _, count in rows)]
    return draw_buckets(labels, counts, (0, 2), normal)


# ------------------------------------------------------------------------------------------- what is printed, sorted by


def _first(params: Params, words: Words, normal: int) -> int:
    return divide(signed(words[0]), normal)


def _second(params: Params, words: Words, normal: int) -> int:
    """sum, min, max: zero of those that saw nothing, as after clear()."""
    return divide(signed(words[1]), normal) if words[0] else 0


def _average(params: Params, words: Words, normal: int) -> int:
    return divide(divide(signed(words[1]), normal), words[0]) if words[0] else 0


def _deviation(params: Params, words: Words, normal: int) -> int:
    """The root of (average of the squares - square of the average), every division and the root truncated."""
    n = words[0]
    if not n:
        return 0
    squares = (words[2] | words[3] << 64) // normal // normal // n
    return isqrt(max(0, squares - _average((), words, normal) ** 2))


def _weigh(values: Sequence[int], words: Words, normal: int) -> int:
    return divide(sum(value * signed(word) for value, word in zip(values, words, strict=True) if word), normal)


def _weigh_quantize(params: Params, words: Words, normal: int) -> int:
    return _weigh(QUANTIZE_BOUNDS, words, normal)


def _lquantize_values(params: Params, levels: int) -> list[int]:
    """DTrace counts underflow as base - 1, overflow as one above the last level's end."""
    base, _, step = params
    return [base - 1, *range(base, base + levels * step, step), base + levels * step + 1]


def _weigh_lquantize(params: Params, words: Words, normal: int) -> int:
    return _weigh(_lquantize_values(params, len(words) - 2), words, normal)


def _weigh_llquantize(params: Params, words: Words, normal: int) -> int:
    bounds = llquantize_bounds(params)
    return _weigh([*(-b for b in reversed(bounds)), 0, *bounds], words, normal)


def _sum_exphist(params: Params, words: Words, normal: int) -> int:
    return divide(words[EXPHIST_SUM], normal)


def _no_tie(params: Params, words: Words) -> int:
    return 0


def _zeros_quantize(params: Params, words: Words) -> int:
    return signed(words[QUANTIZE_ZERO])


def _zeros_lquantize(params: Params, words: Words) -> int:
    values = _lquantize_values(params, len(words) - 2)
    return signed(words[values.index(0)]) if 0 in values else 0


def _zeros_llquantize(params: Params, words: Words) -> int:
    return signed(words[len(words) // 2])


def _zeros_exphist(params: Params, words: Words) -> int:
    """Of two without positive values, the one with fewer negative values, then more zeros, is the larger."""
    return words[EXPHIST_ZERO] - (words[EXPHIST_NEGATIVE] << 64)


# ----------------------------------------------------------------------------------------------------------- the table


class Meaning(Value):
    """What one aggregating function's words mean.

    `words(params)` is how many there are; `merge` adds two copies, `subtract(params, later, earlier)` leaves what came
    between, None where that cannot be known; `value(params, words, normal)` the integer printed and sorted by, divided
    by the normalisation factor; `tie(params, words)` decides between equal values (DTrace: by the weight at zero);
    `draw(params, words, normal)` the picture of a distribution, None for functions with one value.
    """

    words: Callable[[Params], int]
    merge: Callable[[Words, Words], Words]
    subtract: Callable[[Params, Words, Words], Words] | None
    value: Callable[[Params, Words, int], int]
    tie: Callable[[Params, Words], int] = _no_tie
    draw: Callable[[Params, Words, int], str] | None = None


def _fixed(words: int) -> Callable[[Params], int]:
    return lambda params: words


MEANINGS: Mapping[str, Meaning] = {
    "count": Meaning(_fixed(1), _add, _subtract, _first),
    "sum": Meaning(_fixed(2), _add, _subtract, _second),
    "min": Meaning(_fixed(2), _keep(min), None, _second),
    "max": Meaning(_fixed(2), _keep(max), None, _second),
    "avg": Meaning(_fixed(2), _add, _subtract, _average),
    "stddev": Meaning(_fixed(4), _add_wide, _subtract_wide, _deviation),
    "quantize": Meaning(_fixed(QUANTIZE_WORDS), _add, _subtract, _weigh_quantize, _zeros_quantize, _draw_quantize),
    "lquantize": Meaning(
        lambda p: (p[1] - p[0]) // p[2] + 2, _add, _subtract, _weigh_lquantize, _zeros_lquantize, _draw_lquantize
    ),
    "llquantize": Meaning(
        lambda p: 2 * len(llquantize_bounds(p)) + 1,
        _add,
        _subtract,
        _weigh_llquantize,
        _zeros_llquantize,
        _draw_llquantize,
    ),
    "exphist": Meaning(
        lambda p: EXPHIST_FIRST + 1 + (64 << p[0]),
        _add_exphist,
        _subtract_exphist,
        _sum_exphist,
        _zeros_exphist,
        _draw_exphist,
    ),
}


def merge(function: str, a: Words, b: Words) -> Words:
    """The words of both copies together."""
    return MEANINGS[function].merge(a, b)


def subtract(function: str, params: Params, later: Words, earlier: Words) -> Words:
    """What was added between two readings of the same key. Of the maximum of exphist only a bound is known unless the
    later reading is a new one.

    Raises:
        ValueError: the function keeps an extreme, of which no difference can be known.
    """
    difference = MEANINGS[function].subtract
    if difference is None:
        raise ValueError(f"{function}() of what came later cannot be known")
    return difference(params, later, earlier)


def subtracts(function: str) -> bool:
    """Whether `subtract` can tell what came later."""
    return MEANINGS[function].subtract is not None


def value_of(function: str, params: Params, words: Words, normal: int = 1) -> int:
    """The integer DTrace prints (of a distribution: its weighted total, which it sorts by), divided by `normal`."""
    return MEANINGS[function].value(params, words, normal)


def rank(function: str, params: Params, words: Words) -> tuple[int, int]:
    """What rows of one aggregation are sorted by: the value, then what decides between equal values."""
    meaning = MEANINGS[function]
    return meaning.value(params, words, 1), meaning.tie(params, words)


def is_distribution(function: str) -> bool:
    """Whether the function's result is drawn instead of printed as a number."""
    return MEANINGS[function].draw is not None


def draw(function: str, params: Params, words: Words, normal: int = 1) -> str:
    """The picture of a distribution, from the newline before its heading to the one after its last bucket; counts are
    divided by `normal`.

    Raises:
        ValueError: the function has one value and no picture.
    """
    picture = MEANINGS[function].draw
    if picture is None:
        raise ValueError(f"{function}() is no distribution")
    return picture(params, words, normal)


def empty(function: str, params: Params) -> Words:
    """The words of a key that saw nothing."""
    return (0,) * MEANINGS[function].words(params)
