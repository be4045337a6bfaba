"""Every aggregating function over values that the kernel sees go by, bucket by bucket against the slow exact model."""

from __future__ import annotations

from typing import Any

from tests.runtime.model import Params, words_of
from tests.truth.live import Trace
from tests.workloads.passed_values import values

FUNCTIONS: dict[str, tuple[str, Params, str]] = {
    "n": ("count", (), "count()"),
    "total": ("sum", (), "sum(arg0)"),
    "low": ("min", (), "min(arg0)"),
    "high": ("max", (), "max(arg0)"),
    "mean": ("avg", (), "avg(arg0)"),
    "deviation": ("stddev", (), "stddev(arg0)"),
    "powers": ("quantize", (), "quantize(arg0)"),
    "linear": ("lquantize", (-1000, 1000, 7), "lquantize(arg0, -1000, 1000, 7)"),
    "mixed": ("llquantize", (10, 0, 9, 20), "llquantize(arg0, 10, 0, 9, 20)"),
    **{f"fine{scale}": ("exphist", (scale,), f"exphist(arg0, {scale})") for scale in range(6)},
}
UPDATES = " ".join(f"@{name} = {call};" for name, (_, _, call) in FUNCTIONS.items())
PROGRAM = f"syscall::getppid:entry /pid == $1/ {{ {UPDATES} }}"


def test_ten_thousand_random_values_fall_where_they_belong(workload: Any) -> None:
    seed, count = 20, 10_000
    work = workload("passed_values", seed, count)
    with Trace(PROGRAM, work.pid, aggsize="16m") as trace:
        work.release()
    passed = values(seed, count)
    for name, (function, params, _) in FUNCTIONS.items():
        assert trace.rows(name) == {(): words_of(function, params, passed)}, name


def test_a_key_has_the_values_that_came_with_it(workload: Any) -> None:
    seed, count = 21, 2000
    work = workload("passed_values", seed, count)
    program = "syscall::getppid:entry /pid == $1/ { @[arg0 & 7, arg0 < 0] = exphist(arg0, 3); }"
    with Trace(program, work.pid) as trace:
        work.release()
    expected: dict[tuple[int, int], list[int]] = {}
    for value in values(seed, count):
        expected.setdefault((value & 7, int(value < 0)), []).append(value)
    assert trace.rows() == {key: words_of("exphist", (3,), passed) for key, passed in expected.items()}
