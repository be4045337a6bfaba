"""`scripts/bench --pairs N`: how often `vtrace check` raises an alarm where nothing has changed.

A pair is the example service, recorded for a baseline and then run against it: what disturbs the machine in between
disturbs one of them. `--in-turns` compares as `vtrace check ab` does instead. Its data lie on a disk of the machine's,
as they would for who tries the example.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pyvtrace.checks.assertions import calls, parse
from pyvtrace.checks.baseline import Recorded
from pyvtrace.checks.engine import Outcome, interleave, judged, repeat, repeated
from pyvtrace.checks.spec import Check, load
from pyvtrace.checks.verdicts import INCONCLUSIVE, PASS, REGRESSION
from pyvtrace.cli.check import script
from pyvtrace.value import replace

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "service"
ORDERS = 4 * 8 * 4096  # bytes that the service reads
# Besides what the example asserts: times of everything that waits, against budgets that people set.
MORE = ("p99(pread64) <= +10 %", "p50(fsync) <= +10 %", "p99(futex) <= +25 %", "p50(disk requests) <= +10 %")


def one_after_the_other(check: Check) -> Outcome:
    before = Recorded(check.command.line, repeat(check, _silent), {})
    runs = repeat(check, _silent)
    return judged(check, runs, before, None, repeated(check, runs, before, _silent))


def in_turns(check: Check) -> Outcome:
    before, after = interleave(check, check.command.line, check.command.line, _silent)
    return judged(check, after, Recorded(check.command.line, before, {}), None)


def run(pairs: int, pair: Callable[[Check], Outcome]) -> int:
    """Make so many pairs and print what became of each assertion; 1 if one of them raised an alarm."""
    found: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="vtrace-pairs.") as directory:
        check = _check(directory)
        began = time.monotonic()
        for number in range(pairs):
            outcome = pair(check)
            found.update((f.verdict.assertion.text, f.verdict.outcome) for f in outcome.findings)
            _say(f"pair {number + 1} of {pairs}, {time.monotonic() - began:.0f} s: {_short(outcome)}")
    print(f"{'':29} {'pass':>12} {'inconclusive':>12} {'regression':>12}")
    for assertion in check.assertions:
        row = [found[assertion.text, outcome] for outcome in (PASS, INCONCLUSIVE, REGRESSION)]
        print(f"{assertion.text:29}", *(f"{number:12}" for number in row))
    return 1 if any(outcome == REGRESSION for _, outcome in found) else 0


def _check(directory: str) -> Check:
    """The example's check in a directory of its own, with MORE to be judged."""
    for name in ("service.py", "vtrace.toml"):
        shutil.copy(EXAMPLE / name, directory)
    Path(directory, "orders.data").write_bytes(os.urandom(ORDERS))
    known = calls()
    (check,) = load(str(Path(directory, "vtrace.toml")), known, script)
    command = replace(check.command, directory=directory)
    return replace(check, command=command, assertions=[*check.assertions, *(parse(text, known) for text in MORE)])


def _short(outcome: Outcome) -> str:
    """How many of a pair's assertions passed, and what had to be run again."""
    told = [f.verdict.sentence for f in outcome.findings if "again" in f.verdict.sentence]
    passed = sum(f.verdict.outcome == PASS for f in outcome.findings)
    return "; ".join([f"{passed} pass, {len(outcome.findings) - passed} do not", *told])


def _silent(text: str) -> None:
    pass


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
