"""Checks from their runs to their verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pyvtrace.checks.baseline import Baseline, Recorded
from pyvtrace.checks.measure import Command, Run, measure
from pyvtrace.checks.origin import Narrowed
from pyvtrace.checks.problems import CheckError, Spot
from pyvtrace.checks.spec import Check
from pyvtrace.checks.verdicts import INCONCLUSIVE, NO_BASELINE, PASS, REGRESSION, Verdict, judge
from pyvtrace.checks.why import Cause, Moved, causes, moved
from pyvtrace.value import Value, replace

Say = Callable[[str], None]


class Finding(Value):
    """A verdict, and of a regression the parts that moved."""

    verdict: Verdict
    why: Sequence[Moved] = ()
    now: Sequence[Run] = ()
    before: Sequence[Run] = ()


class Outcome(Value):
    """One check: what was found, or the error that kept it from being made, and where that is if it is in a file."""

    check: Check
    findings: Sequence[Finding]
    recorded: Recorded | None
    error: str = ""
    where: Spot | None = None

    @property
    def state(self) -> str:
        """The worst of its findings; "error" where there are none."""
        if self.error:
            return "error"
        states = {finding.verdict.outcome for finding in self.findings}
        return next((state for state in (REGRESSION, INCONCLUSIVE) if state in states), PASS)


def run_check(check: Check, baseline: Baseline | None, say: Say, *, why: bool = True) -> Outcome:
    """Run a check and judge it; errors become part of the outcome, so that one check does not stop the others."""
    try:
        old = _old(check, baseline)
        runs = repeat(check, say)
        return judged(check, runs, old, say if why else None, repeated(check, runs, old, say))
    except CheckError as error:
        return Outcome(check, (), None, str(error), error.spot)


def record(check: Check, say: Say) -> Recorded:
    """Run a check for a baseline, breakdown included.

    Raises:
        CheckError: it could not be run.
    """
    runs = repeat(check, say)
    say(f"{check.name}: once more, in detail")
    return Recorded(check.command.line, runs, causes(check.command, check.metrics, check.probes))


def repeat(check: Check, say: Say) -> list[Run]:
    """The runs of a check, after those that only warm up."""
    runs = []
    for number in range(-check.warm_up, check.runs):
        say(f"{check.name}: warming up" if number < 0 else f"{check.name}: run {number + 1} of {check.runs}")
        run = measure(check.command, check.metrics, _own(check))
        runs += [run] if number >= 0 else []
    return runs


def repeated(check: Check, runs: Sequence[Run], old: Recorded | None, say: Say) -> Sequence[Run]:
    """As many runs again where a time seems to have become worse than that of the baseline. All runs of one recording
    share what the machine did meanwhile, and it may have done so for them alone."""
    if old is None or not any(_is_doubted(judge(assertion, runs, old.runs)) for assertion in check.assertions):
        return ()
    say(f"{check.name}: a time is worse: all of it again, to see whether it stays so")
    return repeat(replace(check, warm_up=0), say)


def _is_doubted(verdict: Verdict) -> bool:
    return verdict.outcome == REGRESSION and verdict.comparison is not None


def _confirmed(verdict: Verdict, again: Sequence[Run], base: Sequence[Run] | None) -> Verdict:
    """A time is worse if it is when everything was run again, too."""
    if not again or not _is_doubted(verdict):
        return verdict
    second = judge(verdict.assertion, again, base)
    assert second.comparison is not None
    words = f"{second.comparison.ratio - 1:+.1%} when run again"
    if second.outcome == REGRESSION:
        return replace(verdict, sentence=f"{verdict.sentence}; {words}")
    runs = second.runs or 2 * len(verdict.values)
    return replace(verdict, outcome=INCONCLUSIVE, sentence=f"{verdict.sentence}, but {words}", runs=runs)


def interleave(check: Check, base: str, new: str, say: Say) -> tuple[list[Run], list[Run]]:
    """Runs of two commands in turns, so that what changes on the machine meanwhile changes for both; which one is first
    changes from pair to pair."""
    commands = [_with_line(check.command, line) for line in (base, new)]
    sides: tuple[list[Run], list[Run]] = ([], [])
    for number in range(-check.warm_up, check.runs):
        say(f"{check.name}: {'warming up' if number < 0 else f'pair {number + 1} of {check.runs}'}")
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            run = measure(commands[side], check.metrics, _own(check))
            if number >= 0:
                sides[side].append(run)
    return sides


def ab(check: Check, base: str, new: str, say: Say) -> Outcome:
    """Judge one command against another."""
    try:
        old, runs = interleave(check, base, new, say)
        before = Recorded(base, old, {})
        first = judged(check, runs, before, None)
        if first.state != REGRESSION:
            return first
        say(f"{check.name}: both once more, in detail")
        parts = causes(_with_line(check.command, base), check.metrics, check.probes)
        return judged(_with_command(check, new), runs, Recorded(base, old, parts), say)
    except CheckError as error:
        return Outcome(check, (), None, str(error), error.spot)


def judged(
    check: Check, runs: Sequence[Run], old: Recorded | None, say: Say | None, again: Sequence[Run] = ()
) -> Outcome:
    """Verdicts on runs that were made; `say` is None where nothing is to be run for reasons. `again` are those of
    `repeated`.

    Raises:
        CheckError: there is nothing to judge.
    """
    base = None if old is None else old.runs
    verdicts = [_confirmed(judge(assertion, runs, base), again, base) for assertion in check.assertions]
    worse = [verdict.assertion.metric for verdict in verdicts if verdict.outcome == REGRESSION]
    parts: Mapping[str, Sequence[Cause]] = {}
    if worse and say is not None:
        say(f"{check.name}: once more, in detail")
        try:
            parts = causes(check.command, worse, check.probes)
        except CheckError as problem:
            # What became worse is told all the same.
            say(f"{check.name}: {problem}")
    recorded = Recorded(check.command.line, runs, parts)
    return Outcome(check, [_finding(verdict, recorded, old) for verdict in verdicts], recorded)


def compared(check: Check, old: Recorded, new: Recorded) -> Outcome:
    """Judge what was recorded against what was recorded before: nothing is run."""
    try:
        outcome = judged(check, new.runs, old, None)
    except CheckError as error:
        return Outcome(check, (), None, str(error), error.spot)
    return Outcome(check, [_finding(found.verdict, new, old) for found in outcome.findings], new)


def _finding(verdict: Verdict, now: Recorded, before: Recorded | None) -> Finding:
    """The verdict with what it was made of; if it is a bad one, with what moved."""
    why: Sequence[Moved] = ()
    if verdict.outcome == REGRESSION:
        subject = verdict.assertion.metric.subject
        old = None if before is None else before.causes.get(subject)
        why = moved(now.causes.get(subject, ()), old, timed=verdict.assertion.timed)
    return Finding(verdict, why, now.runs, before.runs if before is not None else ())


def _old(check: Check, baseline: Baseline | None) -> Recorded | None:
    if baseline is None:
        if about := next((assertion for assertion in check.assertions if assertion.relative), None):
            raise CheckError(f"{about.text!r} is about a baseline, and there is none", hint=NO_BASELINE)
        return None
    if check.name not in baseline.checks:
        if check.relative:
            raise CheckError(
                f"the baseline has no check called {check.name!r}", hint="record it again: vtrace check record -o FILE"
            )
        return None
    return baseline.checks[check.name]


def _own(check: Check) -> Narrowed | None:
    return check.probes.narrowed() if check.probes is not None else None


def _with_line(command: Command, line: str) -> Command:
    return Command(line, command.directory, command.timeout, command.status)


def _with_command(check: Check, line: str) -> Check:
    return Check(check.name, _with_line(check.command, line), check.assertions, check.runs, check.warm_up, check.probes)
