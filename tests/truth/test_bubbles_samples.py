"""What `vtrace bubbles` samples: who has the processors that others want, and what those do who run for long."""

from __future__ import annotations

import os
from pathlib import Path

from pyvtrace.analysis.bubbles.script import compiled
from pyvtrace.analysis.bubbles.watch import Watch
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.session import Session
from tests.truth.live import MS
from tests.truth.waiters import Work, built

LONG = 5 * MS


def test_stacks_are_of_threads_that_run_for_long(tmp_path: Path) -> None:
    """On one processor ten threads compute, and one that never does so for more than 2 ms between two sleeps."""
    program, target = built(tmp_path), LiveTarget()
    allowed = os.sched_getaffinity(0)
    with Session(compiled(target, LONG), target) as session:
        watch = Watch(session, 2 * LONG)
        os.sched_setaffinity(0, {min(allowed)})
        try:
            crowd, mixed = Work(program, "crowd", 200, 10), Work(program, "mixed", "-", 60)
        finally:
            os.sched_setaffinity(0, allowed)
        try:
            session.attach()
            mixed.open()
            truth = crowd.release()
            mixed.result()
            session.detach()
            watch.take()
        finally:
            crowd.end()
            mixed.end()
    of_mixed = [sample for sample in watch.samples if sample.thread.pid == mixed.pid]
    assert of_mixed
    assert sum(bool(sample.frames) for sample in of_mixed) <= 0.1 * len(of_mixed)
    threads = {tid for tid, _, _ in truth["waits"]}
    found = [sample for sample in watch.samples if sample.thread.tid in threads]
    named = [sample for sample in found if sample.frames]
    # They have the processor for two seconds in all; of the 200 ms of each the first five are not long.
    assert len(found) > 100
    assert len(named) > 0.8 * len(found)
    assert any("compute" in frame for sample in named for frame in sample.frames)
