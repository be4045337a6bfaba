"""How much the random tests try: `VTRACE_FUZZ=20 scripts/test -k random` tries 20 times as much, something else each
time."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings

_FACTOR = int(os.environ.get("VTRACE_FUZZ", "1"))


def thorough(programs: int, *, shrink: bool = True) -> Callable[..., Any]:
    """Settings of a test that makes `programs` programs in an ordinary run. What is tried is the same in every run
    unless more is asked for. Without `shrink` a failure is shown as it was found: where each try takes long."""
    return settings(
        max_examples=programs * _FACTOR,
        derandomize=_FACTOR == 1,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
