"""A recording of `vtrace bubbles`, shown as it was live."""

from __future__ import annotations

import sys
import time
from operator import itemgetter

from pyvtrace.cli.bubble_lines import Paper
from pyvtrace.cli.views import writable
from pyvtrace.export.bubble_data import read
from pyvtrace.export.replay import Recording

_SECOND = 1_000_000_000


def show(
    recording: Recording, since: int, until: int | None, svg: str | None, *, speed: float | None, json: bool
) -> None:
    """The bubbles that were told of from `since` to `until` ns after the start, and what was said of the trace; at
    once, or at `speed` times the speed of what happened."""
    if svg is not None:
        writable(svg)
    paper, at = Paper(svg, json=json), since
    for told_ns, line in sorted(recording.bubbles(), key=itemgetter(0)):
        if told_ns < since or (until is not None and told_ns > until):
            continue
        if speed is not None:
            time.sleep(max(0, told_ns - at) / _SECOND / speed)
            at = told_ns
        paper.write(read(line))
    for said in recording.printed():
        if until is None or said.since_ns <= until:
            print(f"vtrace: {said.text}", file=sys.stderr)
