"""The aggregating functions: parameters, words a key takes, and the code that adds one value.

Code starts with R0 = the words of the key on this CPU, R1 = the value, R2 = the weight where one is given, R5 = the
mark of the aggregation's last clearing for functions that are `marked`, and calls no helper. Word layouts are those
of `builtins.distributions`. Additions are atomic where several programs update
one aggregation: a timer's interrupt may come between a load and its store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R5, Code, Label, Reg, atomic_add, jump, jump_if, load, mov, store
from pyvtrace.builtins.distributions import (
    EXPHIST_COUNT,
    EXPHIST_FIRST,
    EXPHIST_MAX,
    EXPHIST_NEGATIVE,
    EXPHIST_SUM,
    EXPHIST_ZERO,
    QUANTIZE_WORDS,
    QUANTIZE_ZERO,
    Params,
    exphist_thresholds,
    llquantize_bounds,
)
from pyvtrace.lang.vocabulary import Aggregating, Parameter

Problems = Sequence[tuple[str, str]]
MAX_SCALE, DEFAULT_SCALE = 5, 2
# Of a key; a value of a map is that much memory in one piece, for every CPU.
MOST_LEVELS = 4000


def add(base: Reg, offset: int, value: Reg, free: Reg, *, shared: bool) -> Code:
    """`base[offset] += value`."""
    if shared:
        yield atomic_add(base, offset, value)
        return
    yield load(free, base, offset)
    yield free + value
    yield store(base, offset, free)


def add_one(base: Reg, offset: int, free: Reg, other: Reg, *, shared: bool) -> Code:
    if shared:
        yield mov(other, 1)
        yield atomic_add(base, offset, other)
        return
    yield load(free, base, offset)
    yield free + 1
    yield store(base, offset, free)


def count(params: Params, given: int, shared: bool) -> Code:
    yield from add_one(R0, 0, R3, R4, shared=shared)


def total(params: Params, given: int, shared: bool) -> Code:
    """sum and avg: how many, and their total."""
    yield from add_one(R0, 0, R3, R4, shared=shared)
    yield from add(R0, 8, R1, R3, shared=shared)


def extreme(keep: str) -> Code:
    """The value replaces one from before the last clear(), or any that is not to be kept."""
    replace, done = Label("replace"), Label("done")
    yield load(R3, R0, 0)
    yield jump_if(R3, "!=", R5, replace)
    yield load(R4, R0, 8)
    yield jump_if(R4, keep, R1, done)
    yield replace
    yield store(R0, 8, R1)
    yield store(R0, 0, R5)
    yield done


def smallest(params: Params, given: int, shared: bool) -> Code:
    yield from extreme("s<=")


def largest(params: Params, given: int, shared: bool) -> Code:
    yield from extreme("s>=")


def deviation(params: Params, given: int, shared: bool) -> Code:
    """Count, total, and the 128-bit sum of squares from three 64-bit products of 32-bit halves."""
    yield from total(params, given, shared)
    positive, no_carry, no_carry_low = Label("positive"), Label("no carry"), Label("no carry")
    yield jump_if(R1, "s>=", 0, positive)
    yield -R1
    yield positive
    yield mov(R2, R1)
    yield R2 >> 32
    yield R1 << 32
    yield R1 >> 32
    # R1 low half, R2 high half: square = high^2 << 64 + high*low << 33 + low^2.
    yield mov(R3, R1)
    yield R3 * R2
    yield R1 * R1
    yield R2 * R2
    yield mov(R4, R3)
    yield R4 >> 31
    yield R2 + R4
    yield R3 << 33
    yield R1 + R3
    yield jump_if(R1, ">=", R3, no_carry)
    yield R2 + 1
    yield no_carry
    yield load(R4, R0, 16)
    yield R4 + R1
    yield store(R0, 16, R4)
    yield jump_if(R4, ">=", R1, no_carry_low)
    yield R2 + 1
    yield no_carry_low
    yield from add(R0, 24, R2, R4, shared=False)


def log2(value: Reg, result: Reg) -> Code:
    """`result += floor(log2(value))`, leaving 1 in `value`; six halvings of the range."""
    for bits in (32, 16, 8, 4, 2, 1):
        small = Label(f"below 2^{bits}")
        if bits == 32:
            # The bound is no 32-bit immediate.
            yield mov(R5, value)
            yield R5 >> 32
            yield jump_if(R5, "==", 0, small)
        else:
            yield jump_if(value, "<", 1 << bits, small)
        yield value >> bits
        yield result + bits
        yield small


def slot_weight(index: Reg, given: int, shared: bool, last: int) -> Code:
    """words[index] += weight (1 if none is given). The bound tells the verifier what the arithmetic implies."""
    inside = Label("inside")
    yield jump_if(index, "<=", last, inside)
    yield mov(index, last)
    yield inside
    yield index << 3
    yield R0 + index
    if given > 1:
        yield from add(R0, 0, R2, R3, shared=shared)
    else:
        yield from add_one(R0, 0, R3, R4, shared=shared)


def power_of_two(params: Params, given: int, shared: bool) -> Code:
    """quantize: bucket 63 is zero, 64+k from 2^k, 62-k down from -2^k."""
    zero, negative, done = Label("zero"), Label("negative"), Label("done")
    yield mov(R4, QUANTIZE_ZERO)
    yield jump_if(R1, "==", 0, zero)
    yield jump_if(R1, "s<", 0, negative)
    yield mov(R4, QUANTIZE_ZERO + 1)
    yield from log2(R1, R4)
    yield jump(zero)
    yield negative
    yield -R1
    yield mov(R3, 0)
    yield from log2(R1, R3)
    yield mov(R4, QUANTIZE_ZERO - 1)
    yield R4 - R3
    # -2^63 has its own magnitude, which the layout has no bucket for.
    yield jump_if(R4, "s>=", 0, zero)
    yield mov(R4, 0)
    yield zero
    yield from slot_weight(R4, given, shared, QUANTIZE_WORDS - 1)
    yield done


def linear(params: Params, given: int, shared: bool) -> Code:
    """lquantize: underflow, the levels, overflow."""
    base, limit, step = params
    levels = (limit - base) // step
    below, above, place = Label("below"), Label("above"), Label("place")
    yield mov(R5, base)
    yield jump_if(R1, "s<", R5, below)
    yield mov(R4, limit)
    yield jump_if(R1, "s>=", R4, above)
    yield R1 - R5
    yield mov(R4, R1)
    yield R4.alu("/", step)
    yield R4 + 1
    yield jump_if(R4, "<=", levels, place)
    yield above
    yield mov(R4, levels + 1)
    yield jump(place)
    yield below
    yield mov(R4, 0)
    yield place
    yield from slot_weight(R4, given, shared, levels + 1)


def search(value: Reg, bounds: Sequence[int], result: Reg, op: str, first: int, done: Label) -> Code:
    """`result = first + how many bounds the value has passed`: a tree of comparisons, op is ">=" or ">"."""
    if not bounds:
        yield mov(result, first)
        yield jump(done)
        return
    middle = len(bounds) // 2
    passed = Label(f"{op} {bounds[middle]}")
    yield mov(R5, bounds[middle])
    yield jump_if(value, op, R5, passed)
    yield from search(value, bounds[:middle], result, op, first, done)
    yield passed
    yield from search(value, bounds[middle + 1 :], result, op, first + middle + 1, done)


def log_linear(params: Params, given: int, shared: bool) -> Code:
    """llquantize: magnitudes searched from the middle bucket outwards, mirrored for negative values."""
    bounds = llquantize_bounds(params)
    middle = len(bounds)
    negative, found, mirrored, place = Label("negative"), Label("found"), Label("mirrored"), Label("place")
    yield jump_if(R1, "s<", 0, negative)
    yield from search(R1, bounds, R4, ">=", middle, found)
    yield found
    yield jump(place)
    yield negative
    yield -R1
    yield from search(R1, bounds, R3, ">=", 0, mirrored)
    yield mirrored
    yield mov(R4, middle)
    yield R4 - R3
    yield place
    yield from slot_weight(R4, given, shared, 2 * middle)


def exponential(params: Params, given: int, shared: bool) -> Code:
    """exphist: octave and sub-bucket of the normalised mantissa. An exact power of two is the last value of the bucket
    below, for upper bounds are inclusive."""
    scale = params[0]
    negative, zero, place, found = Label("negative"), Label("zero"), Label("place"), Label("found")
    done, no_power, kept = Label("done"), Label("not a power of two"), Label("maximum kept")
    yield from add_one(R0, 8 * EXPHIST_COUNT, R3, R4, shared=shared)
    yield jump_if(R1, "s<", 0, negative)
    yield from add(R0, 8 * EXPHIST_SUM, R1, R3, shared=shared)
    yield load(R3, R0, 8 * EXPHIST_MAX)
    yield jump_if(R3, ">=", R1, kept)
    yield store(R0, 8 * EXPHIST_MAX, R1)
    yield kept
    yield jump_if(R1, "==", 0, zero)
    yield mov(R4, 0)
    yield mov(R3, R1)
    yield from log2(R3, R4)
    # R1 normalised: the highest bit moves to bit 63.
    yield mov(R3, 63)
    yield R3 - R4
    yield mov(R2, R1)
    yield R1 << R3
    yield R4 << scale
    yield R4 + (EXPHIST_FIRST + 1)
    yield mov(R5, R2)
    yield R5 - 1
    yield R5 & R2
    yield jump_if(R5, "!=", 0, no_power)
    yield R4 - 1
    yield jump(place)
    yield no_power
    yield from search(R1, exphist_thresholds(scale), R3, ">", 0, found)
    yield found
    yield R4 + R3
    yield jump(place)
    yield negative
    yield mov(R4, EXPHIST_NEGATIVE)
    yield jump(place)
    yield zero
    yield mov(R4, EXPHIST_ZERO)
    yield place
    yield from slot_weight(R4, 1, shared, exphist_words(params) - 1)
    yield done


def exphist_words(params: Params) -> int:
    return EXPHIST_FIRST + 1 + (64 << params[0])


def lquantize_problems(given: Sequence[int | None]) -> Problems:
    """DTrace's checks of lquantize's constants: base, limit, step."""
    base, limit = given[0], given[1]
    step = given[2] if len(given) > 2 else 1
    for number, (tag, bound) in enumerate((("BASE", base), ("LIM", limit)), 1):
        if bound is None:
            return [(f"D_LQUANT_{tag}TYPE", f"lquantize( ) argument #{number} must be an integer constant")]
        if not -(1 << 31) <= bound < 1 << 31:
            return [(f"D_LQUANT_{tag}VAL", f"lquantize( ) argument #{number} must be a 32-bit quantity")]
    if base is None or limit is None or limit <= base:
        return [("D_LQUANT_MISMATCH", "lquantize( ) base (argument #1) must be less than limit (argument #2)")]
    if step is None or step <= 0:
        return [("D_LQUANT_STEPTYPE", "lquantize( ) argument #3 must be a non-zero positive integer constant")]
    if step >= 1 << 16:
        return [("D_LQUANT_STEPVAL", "lquantize( ) argument #3 must be a 16-bit quantity")]
    if (limit - base) // step > MOST_LEVELS:
        message = f"lquantize( ) step (argument #3) too small: more than {MOST_LEVELS} levels"
        return [("D_LQUANT_STEPSMALL", message)]
    if step > limit - base:
        message = "lquantize( ) step (argument #3) too large: must be at most limit (argument #2) - base (argument #1)"
        return [("D_LQUANT_STEPLARGE", message)]
    return []


def llquantize_problems(given: Sequence[int | None]) -> Problems:
    """DTrace's checks of llquantize's constants: factor, low and high magnitude, steps."""
    names = (("FACTOR", "factor"), ("LMAG", "low magnitude"), ("HMAG", "high magnitude"), ("STEP", "steps"))
    for position, ((tag, name), value) in enumerate(zip(names, given, strict=False), 1):
        if value is None:
            return [
                (f"D_LLQUANT_{tag}TYPE", f"llquantize( ) argument #{position} ({name}) must be an integer constant")
            ]
        if not 0 <= value < 1 << 16:
            return [
                (f"D_LLQUANT_{tag}VAL", f"llquantize( ) argument #{position} ({name}) must be an unsigned 16-bit value")
            ]
    factor, low, high, steps = (v or 0 for v in given)
    if factor < 2:
        return [("D_LLQUANT_FACTORVAL", "llquantize( ) factor (argument #1) must be two or more")]
    if high < low:
        return [("D_LLQUANT_HMAGVAL", "llquantize( ) high magnitude (argument #3) must be at least the low one")]
    if factor ** (high + 1) >= 1 << 63:
        return [("D_LLQUANT_HMAGVAL", "llquantize( ) high magnitude (argument #3) overflows a 64-bit integer")]
    if steps < factor or (steps % factor and factor % steps):
        return [("D_LLQUANT_STEPVAL", "llquantize( ) steps (argument #4) must be a multiple of the factor")]
    if 2 * len(llquantize_bounds((factor, low, high, steps))) > MOST_LEVELS:
        return [("D_LLQUANT_STEPVAL", "llquantize( ) has too many buckets: lower argument #3 or #4")]
    return []


def exphist_problems(given: Sequence[int | None]) -> Problems:
    scale = given[0] if given else DEFAULT_SCALE
    if scale is None or not 0 <= scale <= MAX_SCALE:
        return [("D_PROTO_ARG", f"exphist( ) argument #2 (scale) must be an integer constant from 0 to {MAX_SCALE}")]
    return []


def _fixed(words: int) -> Callable[[Params], int]:
    return lambda params: words


def _nothing(given: Sequence[int | None]) -> Problems:
    return ()


def _as_given(given: Params) -> Params:
    return given


_VALUE = Parameter("any")
_CONSTANT = Parameter("constant", shown="integer constant")
_STEP = Parameter("constant", True, "integer constant")
_WEIGHT = Parameter("integer", True, "integer")

AGGREGATING: dict[str, Aggregating] = {
    a.name: a
    for a in (
        Aggregating("count", (), _fixed(1), count, _nothing, _as_given),
        Aggregating("sum", (_VALUE,), _fixed(2), total, _nothing, _as_given),
        Aggregating("avg", (_VALUE,), _fixed(2), total, _nothing, _as_given),
        Aggregating("min", (_VALUE,), _fixed(2), smallest, _nothing, _as_given, marked=True),
        Aggregating("max", (_VALUE,), _fixed(2), largest, _nothing, _as_given, marked=True),
        Aggregating("stddev", (_VALUE,), _fixed(4), deviation, _nothing, _as_given),
        Aggregating(
            "quantize", (_VALUE, _WEIGHT), _fixed(QUANTIZE_WORDS), power_of_two, _nothing, _as_given, weighted=True
        ),
        Aggregating(
            "lquantize", (_VALUE, _CONSTANT, _CONSTANT, _STEP, _WEIGHT),
            lambda p: (p[1] - p[0]) // p[2] + 2, linear, lquantize_problems,
            lambda given: given if len(given) == 3 else (*given, 1), constants=3, weighted=True,
            parts=(
                ("D_LQUANT_MATCHBASE", "base (argument #1)"), ("D_LQUANT_MATCHLIM", "limit (argument #2)"),
                ("D_LQUANT_MATCHSTEP", "step (argument #3)"),
            ),
        ),
        Aggregating(
            "llquantize", (_VALUE, _CONSTANT, _CONSTANT, _CONSTANT, _CONSTANT, _WEIGHT),
            lambda p: 2 * len(llquantize_bounds(p)) + 1, log_linear, llquantize_problems, _as_given,
            constants=4, weighted=True,
            parts=(
                ("D_LLQUANT_MATCHFACTOR", "factor (argument #1)"),
                ("D_LLQUANT_MATCHLMAG", "low magnitude (argument #2)"),
                ("D_LLQUANT_MATCHHMAG", "high magnitude (argument #3)"),
                ("D_LLQUANT_MATCHSTEPS", "linear steps per magnitude (argument #4)"),
            ),
        ),
        Aggregating(
            "exphist", (_VALUE, _STEP), exphist_words, exponential, exphist_problems,
            lambda given: given or (DEFAULT_SCALE,), constants=1, parts=(("D_PROTO_ARG", "scale (argument #2)"),),
        ),
    )
}  # fmt: skip
