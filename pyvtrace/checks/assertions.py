"""The sentences of a check: `syscall fsync <= 3`, `no execve`, `p99(read) < 5ms`, `count(futex) <= +0`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from pyvtrace.analysis.units import BadDuration, duration, parse_duration
from pyvtrace.checks.metrics import SUBJECTS, Metric
from pyvtrace.checks.problems import did_you_mean
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.providers.syscall import table
from pyvtrace.value import Value

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
_SENTENCE = re.compile(r"\s*([^<>=!]+?)\s*(<=|>=|==|!=|<|>)\s*([^<>=!\s].*?)\s*")
_CALL = re.compile(r"(\w[\w.]*)\s*\(\s*(.*?)\s*\)")
_QUANTILE = re.compile(r"p(\d{1,2}|\d{2}\.\d+|99\d)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmMgGtT]i?[bB]?|[bB])")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SIZES = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
# Functions whose value has the unit of what they aggregate. Of the others, what stands without a figure is how many.
_TOTALS = ("sum", "min", "max")
FIGURES = ("count", "sum", "mean", "max", "p50", "p90", "p95", "p99", "p999")


def calls() -> dict[str, int]:
    """The system calls of this machine, by name."""
    return table(LiveTarget().architecture)


class Assertion(Value):
    """One sentence. `figure` is "count", "sum", "mean", "max" or "quantile" (then `q` is the fraction). `bound` is a
    number of events, ns or bytes; of a `relative` one what is added to the baseline's, as a fraction of it where it is
    `percent`. `unit` is "ns" where the figure is a time. `line` is that of the spec, 0 without one."""

    text: str
    metric: Metric
    figure: str
    q: float
    operator: str
    bound: float
    relative: bool = False
    percent: bool = False
    unit: str = ""
    line: int = 0

    @property
    def timed(self) -> bool:
        return self.unit == "ns" or self.figure in ("quantile", "mean")

    @property
    def label(self) -> str:
        """What is judged, without the bound."""
        if self.figure == "count":
            return self.metric.subject
        named = f"p{self.q * 100:g}" if self.figure == "quantile" else self.figure
        return f"{named}({self.metric.subject.removeprefix('syscall ')})"

    def holds(self, value: float, base: float = 0.0) -> bool:
        """Whether a value obeys, given the baseline's where the bound is relative."""
        return OPERATORS[self.operator](value, self.limit(base))

    def limit(self, base: float = 0.0) -> float:
        """The number that the value is compared with."""
        if not self.relative:
            return self.bound
        return base * (1 + self.bound) if self.percent else base + self.bound

    def spelled(self, value: float) -> str:
        """A value as people read it."""
        if self.unit == "ns":
            return duration(round(value))
        return f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:,.2f}"


class BadAssertion(ValueError):
    """A sentence that says nothing; `hint` says how it could, `part` is what is wrong with it, "" for all of it."""

    def __init__(self, what: str, hint: str = "", part: str = "") -> None:
        super().__init__(what)
        self.hint, self.part = hint, part


def parse(
    text: str, calls: Collection[str], own: Collection[str] = (), times: Mapping[str, str] | None = None
) -> Assertion:
    """The assertion of a sentence. `calls` are the names of system calls, `own` those of the aggregations of the
    check's own program, without `@`, and `times` the aggregating functions of those of them that are of ns.

    Raises:
        BadAssertion: it is none.
    """
    bare = text.strip()
    if bare.startswith("no "):
        figure, q, subject = "count", 0.0, _subject(bare[3:].strip(), calls, own)
        return Assertion(bare, Metric(subject, False), figure, q, "==", 0.0)
    sentence = _SENTENCE.fullmatch(bare)
    if sentence is None:
        raise BadAssertion(
            f"{bare!r} compares nothing",
            f"write what, one of {' '.join(OPERATORS)} and a bound: syscall fsync <= 3, p99(read) < 5ms",
        )
    what, operator, bound = sentence.groups()
    figure, q, name = _figure(what)
    metric = _metric(figure, _subject(name, calls, own))
    relative, percent, value, is_time = _bound(bound, metric, figure)
    if metric.own and (function := (times or {}).get(metric.subject[1:])):
        is_time = is_time or figure != "count" or (function in _TOTALS and what == name)
    unit = "ns" if is_time else ""
    return Assertion(bare, metric, figure, q, operator, value, relative, percent, unit)


def _figure(what: str) -> tuple[str, float, str]:
    call = _CALL.fullmatch(what)
    if call is None:
        return "count", 0.0, what
    name, inside = call.groups()
    if name in ("count", "sum", "mean", "max"):
        return name, 0.0, inside
    quantile = _QUANTILE.fullmatch(name)
    if quantile is None:
        raise BadAssertion(
            f"{name}() is no figure", did_you_mean(name, list(FIGURES)) or f"there are {', '.join(FIGURES)}", name
        )
    digits = quantile.group(1)
    # p999 is the field's name of the 99.9th percentile.
    q = float(digits) / 100 if "." in digits or len(digits) < 3 else float(digits) / 10 ** len(digits)
    return "quantile", q, inside


def _metric(figure: str, subject: str) -> Metric:
    timed = figure in ("quantile", "mean", "max") or (figure == "sum" and not subject.startswith("@"))
    if timed and subject in SUBJECTS and not SUBJECTS[subject].timed:
        raise BadAssertion(f"no times are known of {subject}", "ask for how many there are", subject)
    return Metric(subject, timed and not subject.startswith("@"))


def _subject(name: str, calls: Collection[str], own: Collection[str]) -> str:
    words = " ".join(name.split())
    if words in SUBJECTS:
        return words
    if words.startswith("@"):
        if words[1:] in own:
            return words
        there = ", ".join(f"@{known}" for known in own) or "none"
        raise BadAssertion(f"the check's program has no aggregation {words}", f"it has {there}", words)
    call = words.removeprefix("syscall ")
    if call in calls:
        return f"syscall {call}"
    known = [*SUBJECTS, *calls]
    listed = f"there are system calls by their names, @aggregations, and {', '.join(SUBJECTS)}"
    raise BadAssertion(f"nothing is known of {words!r}", did_you_mean(call, known) or listed, name)


def _bound(text: str, metric: Metric, figure: str) -> tuple[bool, bool, float, bool]:
    """Whether it is relative, whether in percent, the number, and whether that is of ns."""
    relative = text[0] in "+-"
    bare, sign = (text[1:].strip(), -1.0 if text[0] == "-" else 1.0) if relative else (text, 1.0)
    if bare.endswith("%"):
        if not relative:
            raise BadAssertion(
                f"{text!r} is a part of nothing", f"write +{bare} for so much more than the baseline", text
            )
        return True, True, sign * _number(bare[:-1].strip(), text) / 100, metric.timed
    if metric.timed or (metric.own and not _NUMBER.fullmatch(bare)):
        try:
            return relative, False, sign * parse_duration(bare), True
        except BadDuration as problem:
            raise BadAssertion(str(problem), "", text) from None
    size = _SIZE.fullmatch(bare)
    if size is not None and metric.unit == "B":
        return relative, False, sign * float(size.group(1)) * 1024 ** _SIZES[size.group(2)[0].lower().strip("b")], False
    return relative, False, sign * _number(bare, text), False


def _number(text: str, whole: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise BadAssertion(
            f"{whole!r} is no number of events", "times belong to p50(), p99(), mean(), max() and sum()", whole
        )
    return float(text)
