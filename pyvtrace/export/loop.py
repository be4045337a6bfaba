"""JSON objects of `vtrace loop`: one a long turn, and one a loop. All times are integers of nanoseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pyvtrace.analysis.histogram import Histogram
from pyvtrace.analysis.loop.groups import LoopRow, Reading
from pyvtrace.analysis.loop.turns import WAITS, LongTurn, Loop, heaviest, shares
from pyvtrace.export.json_lines import distribution


def _key(loop: Loop) -> Mapping[str, Any]:
    return {
        "pid": loop.pid,
        "tid": loop.tid,
        "comm": loop.command,
        "wait": WAITS[loop.kind],
        "fd": loop.fd if loop.fd >= 0 else None,
    }


def turn_object(turn: LongTurn, name_device: Callable[[int], str]) -> Mapping[str, Any]:
    """A long turn. `start` is CLOCK_MONOTONIC, `parts` add up to `ns`, `percent` to 100."""
    return {
        "view": "loop",
        "measure": "long",
        "key": _key(turn.loop),
        "start": turn.start,
        "ns": turn.ns,
        "main": turn.main,
        "parts": dict(turn.parts),
        "percent": shares(turn.parts),
        "calls": turn.calls,
        "major_faults": turn.faults,
        "behind": turn.behind,
        "blocked": [
            {
                "part": one.part,
                "name": one.name,
                "ns": one.ns,
                "path": one.path if one.path != "<none>" else "",
                "device": name_device(one.device),
                "stack": list(one.stack),
            }
            for one in turn.blocked
        ],
        "samples": sum(n for _, n in turn.samples),
        "stack": list(heaviest(turn.samples)),
    }


def loop_object(row: LoopRow, reading: Reading) -> Mapping[str, Any]:
    """A loop: its turns in ns, and the events that its waits returned."""
    return {
        "view": "loop",
        "measure": "turns",
        "key": _key(row.loop),
        "seconds": reading.seconds,
        "unit": "ns",
        **_figures(row.turns),
        "long": reading.long.get(row.loop, 0),
        "under_way": row.under_way,
        "ready": _figures(row.ready),
        "remarks": list(reading.remarks),
    }


def _figures(histogram: Histogram) -> Mapping[str, Any]:
    return {"total": histogram.sum, **distribution(histogram)}
