"""vtrace's own cost, judged by `vtrace check` against a baseline that is kept here.

The baseline holds on other machines and with other Pythons: what a start of Python costs by itself is measured here as
it was there, and what the baseline has is moved by the difference. What is left is vtrace's.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from statistics import median

import pyvtrace
from pyvtrace.checks import baseline as baselines
from pyvtrace.checks.baseline import Baseline, Recorded
from pyvtrace.checks.measure import Command, Run, Seen, measure
from pyvtrace.checks.metrics import Metric
from pyvtrace.checks.problems import CheckError
from pyvtrace.cli.check import FAILED, say
from pyvtrace.cli.check import main as check
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.value import replace

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.dirname(os.path.abspath(pyvtrace.__file__))
BASELINE = os.path.join(HERE, "baseline.json")
# Python by itself, with those of its modules that a start of vtrace loads: they are others from version to version.
PYTHON = "python"
_MODULES = "ctypes, re, select, signal, struct"
_SHARED = ("syscalls", "page faults")


def judge(baseline: str) -> int:
    """Run the checks and compare them; the exit status is that of `vtrace check`."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.path.basename(baseline))
        try:
            baselines.write(path, _as_here(_known(baseline)))
        except CheckError as problem:
            say(str(problem))
            return FAILED
        return _checked("run", "--baseline", path)


def record(baseline: str) -> int:
    """Write a new baseline, which is an intended change of what vtrace costs."""
    path = os.path.abspath(baseline)
    if status := _checked("record", "-o", path):
        return status
    made = baselines.read(path)
    # Calls and page faults are mostly Python's, in stacks and files that are others elsewhere.
    checks = {
        name: replace(held, causes={subject: parts for subject, parts in held.causes.items() if subject[0] == "@"})
        for name, held in made.checks.items()
    }
    baselines.write(path, replace(made, checks=checks | {PYTHON: _python()}))
    return 0


def _known(baseline: str) -> Baseline:
    there = baselines.read(baseline)
    if PYTHON not in there.checks:
        raise CheckError(
            "does not know what Python costs by itself", baseline, "record it again: scripts/bench --record"
        )
    return there


def _python() -> Recorded:
    """What this Python costs by itself."""
    line = f"{sys.executable} -c 'import {_MODULES}'"
    metrics = [Metric(name, False) for name in _SHARED]
    # The first brings what the others find in memory.
    runs = [measure(Command(line), metrics) for _ in range(4)][1:]
    # Where it is installed is not told: the baseline is about every machine.
    return Recorded(line.replace(sys.executable, "python3"), runs, {})


def _as_here(there: Baseline) -> Baseline:
    """A baseline as it would be if it had been made with this Python on this machine."""
    costs = [_costs(held) for held in (there.checks[PYTHON], _python())]
    more = {name: costs[1][name] - costs[0][name] for name in _SHARED}
    if any(more.values()):
        words = ", ".join(f"{costs[0][name]:,} {name} there, {costs[1][name]:,} here" for name in _SHARED)
        say(f"a start of Python by itself makes {words}: the baseline is moved by the difference")
    checks = {
        name: replace(held, runs=[replace(run, seen=_moved(run, more)) for run in held.runs])
        for name, held in there.checks.items()
        if name != PYTHON
    }
    return replace(there, checks=checks)


def _costs(python: Recorded) -> dict[str, int]:
    seen = {name: [run.seen[name] for run in python.runs] for name in _SHARED}
    return {name: round(median(one for one in values if isinstance(one, int))) for name, values in seen.items()}


def _moved(run: Run, more: Mapping[str, int]) -> dict[str, Seen]:
    return {name: seen + more.get(name, 0) if isinstance(seen, int) else seen for name, seen in run.seen.items()}


def _checked(*words: str) -> int:
    # The checks run the vtrace of this environment.
    os.environ["PATH"] = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        spec = shutil.copy(os.path.join(HERE, "vtrace.toml"), folder)
        with open(os.path.join(HERE, "cost.d"), encoding="utf-8") as file:
            program = file.read().replace("/ CPUS", f"/ {LiveTarget().cpus}").replace("PACKAGE", PACKAGE)
        with open(os.path.join(folder, "cost.d"), "w", encoding="utf-8") as file:
            file.write(program)
        return check(["check", *words, "--spec", spec])
