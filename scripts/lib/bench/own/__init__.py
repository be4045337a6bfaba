"""vtrace's own cost, judged by `vtrace check` against a baseline that is kept here."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from pyvtrace.checks import baseline as baselines
from pyvtrace.cli.check import main as check
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.value import replace

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINE = os.path.join(HERE, "baseline.json")


def judge(baseline: str) -> int:
    """Run the checks and compare them; the exit status is that of `vtrace check`."""
    return _checked("run", "--baseline", os.path.abspath(baseline))


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
    baselines.write(path, replace(made, checks=checks))
    return 0


def _checked(*words: str) -> int:
    # The checks run the vtrace of this environment.
    os.environ["PATH"] = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        spec = shutil.copy(os.path.join(HERE, "vtrace.toml"), folder)
        with open(os.path.join(HERE, "cost.d"), encoding="utf-8") as file:
            program = file.read().replace("/ CPUS", f"/ {LiveTarget().cpus}")
        with open(os.path.join(folder, "cost.d"), "w", encoding="utf-8") as file:
            file.write(program)
        return check(["check", *words, "--spec", spec])
