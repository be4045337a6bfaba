"""The assertions of a test's marker."""

from __future__ import annotations

from collections.abc import Sequence

from pyvtrace.checks.assertions import Assertion, BadAssertion, calls, parse
from pyvtrace.checks.measure import Run, Seen
from pyvtrace.checks.metrics import SUBJECTS
from pyvtrace.checks.verdicts import REGRESSION, Verdict, judge
from pyvtrace.checks.watch import Watch


class NoAssertion(ValueError):
    """A text that asserts nothing, with what to do about it."""


class Marked:
    """Assertions, and what has to be watched for them.

    Raises:
        NoAssertion: a text is none, or is about a baseline, which a test has not.
    """

    def __init__(self, texts: Sequence[object]) -> None:
        if not texts:
            raise NoAssertion('the marker vtrace asserts nothing: vtrace("syscall fsync <= 1")')
        known = calls()
        self.assertions = [_parsed(text, known) for text in texts]
        subjects = [assertion.metric.subject for assertion in self.assertions]
        self.what = list(dict.fromkeys(subject if subject in SUBJECTS else "syscalls" for subject in subjects))

    def broken(self, seen: Watch) -> str:
        """What does not hold, a line each; "" if all is well. One run is all there is: what is only likely passes."""
        verdicts = [judge(assertion, [_run(assertion, seen)], None) for assertion in self.assertions]
        return "\n".join(_line(verdict) for verdict in verdicts if verdict.outcome == REGRESSION)


def _parsed(text: object, known: dict[str, int]) -> Assertion:
    try:
        found = parse(str(text), known)
    except BadAssertion as problem:
        raise NoAssertion(f"{problem}; {problem.hint}" if problem.hint else str(problem)) from None
    if found.relative:
        raise NoAssertion(f"{found.text!r} is about a baseline: a test has none")
    return found


def _run(assertion: Assertion, seen: Watch) -> Run:
    """What was seen, as a check has it."""
    subject = assertion.metric.subject
    # A subject that has times is watched with them: its histogram counts, too.
    held: Seen = seen.latency(subject).histogram if assertion.metric.timed else seen.count(subject)
    return Run({assertion.metric.name: held}, 0)


def _line(verdict: Verdict) -> str:
    return f"{verdict.assertion.text}: {verdict.sentence}"
