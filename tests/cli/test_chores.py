"""What `vtrace` does again and again while it watches, and how much later where that takes long."""

from __future__ import annotations

import time

import pytest

from pyvtrace.cli.chores import Chore


@pytest.mark.parametrize(("took", "later"), [(0.0, 0.1), (0.0005, 0.1), (0.002, 0.2), (0.005, 0.5), (0.5, 1.0)])
def test_what_takes_long_is_done_later(monkeypatch: pytest.MonkeyPatch, took: float, later: float) -> None:
    """Every 0.1 s, one part in a hundred of a processor, but every second."""
    used, clock = [0.0], [50.0]
    monkeypatch.setattr(time, "thread_time", lambda: used[0])
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def work() -> None:
        used[0] += took
        # Others had the processor meanwhile, which counts for nothing.
        clock[0] += 3 * took

    chore = Chore(work, 0.1, 1.0, 100)
    assert chore.due == pytest.approx(50.1)
    chore.do()
    assert chore.due - clock[0] == pytest.approx(later)
