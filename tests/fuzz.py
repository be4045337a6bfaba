"""How much the random tests try: `VTRACE_FUZZ=20 scripts/test -k random` tries 20 times as much, something else each
time; `VTRACE_FUZZ=0.05` a twentieth, the same in every run."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings

_FACTOR = float(os.environ.get("VTRACE_FUZZ", "1"))


def tries(programs: int) -> int:
    """How many programs to make, where an ordinary run makes `programs`; one at least."""
    return max(1, round(programs * _FACTOR))


def seed(ordinary: int) -> int:
    """Where chance begins: what an ordinary run begins with, or anything if more is asked for."""
    return random.randrange(1 << 32) if _FACTOR > 1 else ordinary


def thorough(programs: int, *, shrink: bool = True) -> Callable[..., Any]:
    """Settings of a test that makes `programs` programs in an ordinary run. What is tried is the same in every run
    unless more is asked for. Without `shrink` a failure is shown as it was found: where each try takes long."""
    return settings(
        max_examples=tries(programs),
        derandomize=_FACTOR <= 1,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
