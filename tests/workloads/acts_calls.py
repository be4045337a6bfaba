"""System calls: known ones, some of which fail and some of which take their time; see `acts`."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

from tests.workloads import acts


def calls(good: int, bad: int) -> dict[str, Any]:
    """getppid that succeeds, rmdir that fails; under a thread's own name nothing else but what Python does."""
    before = time.monotonic_ns()
    for _ in range(good):
        os.getppid()
    for _ in range(bad):
        with contextlib.suppress(FileNotFoundError):
            os.rmdir("/nonexistent/directory")
    return {"good": good, "bad": bad, "all": time.monotonic_ns() - before}


def sleeps(count: int, milliseconds: int) -> dict[str, Any]:
    """Sleeps with how long each took by this clock."""
    took = []
    for _ in range(count):
        before = time.monotonic_ns()
        time.sleep(milliseconds / 1000)
        took.append(time.monotonic_ns() - before)
    return {"took": took}


if __name__ == "__main__":
    acts.main(globals())
