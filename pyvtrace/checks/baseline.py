"""What was measured, kept in a file: the baseline of later checks, and the distributions for who wants to look.

One JSON document, `format` 1. Histograms are kept as their words without the zeros, so that nothing is estimated.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pyvtrace.analysis.histogram import Histogram, histogram
from pyvtrace.checks.measure import Run, Seen
from pyvtrace.checks.problems import CheckError
from pyvtrace.checks.why import Cause
from pyvtrace.value import Value

FORMAT = 1


class Recorded(Value):
    """A check's runs, and their breakdown by metric's subject."""

    command: str
    runs: Sequence[Run]
    causes: Mapping[str, Sequence[Cause]]


class Baseline(Value):
    """Checks by name, and where they were measured."""

    kernel: str
    machine: str
    cpus: int
    time: str
    checks: Mapping[str, Recorded]


def here(checks: Mapping[str, Recorded]) -> Baseline:
    """What was measured now, on this machine."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Baseline(platform.release(), platform.machine(), os.cpu_count() or 1, now, checks)


def differences(baseline: Baseline) -> list[str]:
    """What is not as it was when the baseline was made, and makes times, or even counts, hard to compare."""
    this = here({})
    pairs = (
        ("Linux", baseline.kernel, this.kernel),
        ("the machine is", baseline.machine, this.machine),
        ("processors:", str(baseline.cpus), str(this.cpus)),
    )
    return [f"{what} {old} then, {new} now" for what, old, new in pairs if old != new]


def write(path: str, baseline: Baseline) -> None:
    """Write it, whole or not at all.

    Raises:
        CheckError: the file cannot be written.
    """
    whole = {
        "format": FORMAT,
        "kernel": baseline.kernel,
        "machine": baseline.machine,
        "cpus": baseline.cpus,
        "time": baseline.time,
        "checks": {name: _recorded(held) for name, held in baseline.checks.items()},
    }
    try:
        with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path) or ".", delete=False) as file:
            try:
                json.dump(whole, file, indent=1)
                file.write("\n")
                file.close()
                os.chmod(file.name, 0o644)
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise CheckError(f"cannot be written: {error.strerror}", path) from None


def read(path: str) -> Baseline:
    """What `write` wrote.

    Raises:
        CheckError: it is none, damaged, or of another version.
    """
    try:
        with open(path, encoding="utf-8") as file:
            whole = json.load(file)
    except OSError as error:
        raise CheckError(f"cannot be read: {error.strerror}", path, "make it: vtrace check record -o FILE") from None
    except ValueError as error:
        raise CheckError(f"is no baseline: {error}", path) from None
    number = whole.get("format") if isinstance(whole, dict) else None
    if number != FORMAT:
        what = "is no baseline" if number is None else f"is a baseline of format {number}, this vtrace reads {FORMAT}"
        raise CheckError(what, path, "record it again: vtrace check record -o FILE")
    try:
        checks = {name: _read_recorded(held) for name, held in whole["checks"].items()}
        return Baseline(whole["kernel"], whole["machine"], whole["cpus"], whole["time"], checks)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise CheckError(f"is damaged: {type(error).__name__} {error}", path) from None


def _recorded(held: Recorded) -> dict[str, Any]:
    return {
        "command": held.command,
        "runs": [
            {"elapsed": run.elapsed, "seen": {name: _seen(one) for name, one in run.seen.items()}} for run in held.runs
        ],
        "causes": {name: [[c.what, c.count, c.time] for c in causes] for name, causes in held.causes.items()},
    }


def _seen(seen: Seen) -> Any:
    if not isinstance(seen, Histogram):
        return seen
    words = {str(place): word for place, word in enumerate(seen.words) if word}
    return {"function": seen.function, "params": list(seen.params), "words": words}


def _read_recorded(held: Any) -> Recorded:
    runs = [
        Run({name: _read_seen(one) for name, one in run["seen"].items()}, int(run["elapsed"])) for run in held["runs"]
    ]
    causes = {name: [Cause(str(w), int(c), int(t)) for w, c, t in rows] for name, rows in held["causes"].items()}
    return Recorded(str(held["command"]), runs, causes)


def _read_seen(seen: Any) -> Seen:
    if not isinstance(seen, dict):
        return int(seen)
    blank = histogram(seen["function"], tuple(seen["params"]))
    words = list(blank.words)
    for place, word in seen["words"].items():
        words[int(place)] = int(word)
    return Histogram(blank.function, blank.params, tuple(words))
