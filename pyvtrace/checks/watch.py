"""What this very process asks of the kernel while a block of its code runs, for tests: `with watch("syscalls") as w`.

A session's own calls are no part of what it watches: a call that no kernel knows, made when everything is set up and
again when the block ends, is the switch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from types import TracebackType

from pyvtrace.analysis.compose import FAMILY, FAMILY_CLAUSES, FAMILY_DECLARATION
from pyvtrace.analysis.histogram import Histogram, histogram
from pyvtrace.analysis.units import MS, US, S, duration
from pyvtrace.api.errors import ProgramError, TracingError
from pyvtrace.api.session import Session
from pyvtrace.api.snapshot import Aggregation, Snapshot
from pyvtrace.checks.measure import total
from pyvtrace.checks.metrics import SCALE, SUBJECTS, Metric, aggregation, clauses, declarations
from pyvtrace.checks.origin import Narrowed, Origin, placed
from pyvtrace.checks.own import narrowed_to
from pyvtrace.checks.problems import CheckError, did_you_mean
from pyvtrace.source import Source

_CALLS = "syscalls"
_SWITCH = 0x76747261  # no `which` of getpriority(2)
_ME = f"watch_on && {FAMILY}"
_HEAD = f"""\
#pragma D option quiet
int watch_on;
syscall::getpriority:entry
/pid == $target && arg0 == {_SWITCH}/
{{
	watch_on = 0;
}}
"""
# The switch itself is not counted: it turns on as it returns, and off as it begins.
_TAIL = f"""\
syscall::getpriority:entry
/pid == $target && arg0 == {_SWITCH}/
{{
	self->watch_switch = arg1 + 1;
}}
syscall::getpriority:return
/self->watch_switch/
{{
	watch_on = self->watch_switch - 1;
	self->watch_switch = 0;
}}
"""
_ALL_CALLS = f"""\
syscall:::entry
/{_ME}/
{{
	self->watch_began = timestamp;
	@watch_calls[probefunc] = count();
}}
syscall:::return
/self->watch_began/
{{
	@watch_times[probefunc] = exphist(timestamp - self->watch_began, {SCALE});
	self->watch_began = 0;
}}
"""


def us(number: float) -> int:
    """So many microseconds, in ns."""
    return round(number * US)


def ms(number: float) -> int:
    """So many milliseconds, in ns."""
    return round(number * MS)


def seconds(number: float) -> int:
    """So many seconds, in ns."""
    return round(number * S)


class Time(int):
    """A figure of a distribution in ns, which knows the distribution: a failed comparison can show it."""

    name: str
    of: Histogram

    def __new__(cls, ns: int, name: str, of: Histogram) -> Time:
        made = super().__new__(cls, ns)
        made.name, made.of = name, of
        return made

    def __repr__(self) -> str:
        return f"{self.name} {duration(self)}"


class Latency:
    """Times of one kind of event."""

    def __init__(self, name: str, of: Histogram) -> None:
        self._name, self.histogram = name, of

    def _time(self, figure: str, ns: float) -> Time:
        return Time(round(ns), f"{figure}({self._name})", self.histogram)

    def quantile(self, q: float) -> Time:
        """The fraction q of the times is not longer; see `Histogram.quantile`."""
        return self._time(f"p{q * 100:g}", self.histogram.quantile(q))

    @property
    def p50(self) -> Time:
        return self.quantile(0.5)

    @property
    def p90(self) -> Time:
        return self.quantile(0.9)

    @property
    def p99(self) -> Time:
        return self.quantile(0.99)

    @property
    def p999(self) -> Time:
        return self.quantile(0.999)

    @property
    def max(self) -> Time:
        return self._time("max", self.histogram.max)

    @property
    def mean(self) -> Time:
        return self._time("mean", self.histogram.mean or 0.0)

    @property
    def count(self) -> int:
        return self.histogram.count

    def __str__(self) -> str:
        return str(self.histogram)


class Watch:
    """What was seen between the two ends of the `with`. `what` are "syscalls", all of them by name; subjects that
    checks know ("disk reads", "page faults", "lock contention"); and D programs, whose aggregations `snapshot` has.

    Raises, on entering:
        TracingError: the kernel or this user's privilege does not allow it.
        CheckError: a subject is none, or a program no D.
    Raises, on leaving:
        CheckError: something was lost, so that counts would be too small.
    """

    def __init__(self, *what: str) -> None:
        self._what: Sequence[str] = what or (_CALLS,)
        self.snapshot: Snapshot | None = None

    def __enter__(self) -> Watch:
        text, own = self._program()
        self._session = Session(text, pid=os.getpid(), narrow=False)
        try:
            self._session.__enter__()
        except (TracingError, ProgramError) as error:
            if problem := placed(text, own, error):
                raise problem from None
            raise
        _switch(1)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _switch(0)
        with closing(self._session) as session:
            session.stop()
            self.snapshot = session.snapshot()
            complaints = session.complaints
        if complaints and error is None:
            raise CheckError(f"not everything was seen: {'; '.join(complaints)}")

    def _program(self) -> tuple[str, list[Narrowed]]:
        """The D that watches, and what of it was given."""
        own = []
        self._places: dict[str, int] = {}
        metrics = [Metric(what, what in SUBJECTS and bool(SUBJECTS[what].timed)) for what in self._what]
        parts = [_HEAD, FAMILY_DECLARATION, declarations(metrics)]
        for place, what in enumerate(self._what):
            if what == _CALLS:
                parts.append(_ALL_CALLS)
            elif "{" in what:
                own.append(narrowed_to(what, _ME, Origin(Source("program", what))))
                parts.append(own[-1].text + "\n")
            elif what in SUBJECTS:
                self._places[what] = place
                parts.append(clauses(metrics[place], place, _ME))
            else:
                known = [_CALLS, *SUBJECTS]
                hint = did_you_mean(what, known) or f"there are {', '.join(known)}, and D programs"
                raise CheckError(f"{what!r} is nothing that can be watched", hint=hint)
        return "\n".join([*parts, _TAIL, FAMILY_CLAUSES]), own

    # --------------------------------------------------------------------------------------------------- what it saw

    def count(self, name: str) -> int:
        """How many calls of that system call, or events of that subject, or what an own aggregation `@name` adds up
        to.

        Raises:
            CheckError: it was not watched.
        """
        if name.startswith("@") or name in self._places:
            seen = total(self._aggregation(name))
            return seen.count if isinstance(seen, Histogram) else seen
        if name == _CALLS:
            return sum(self.calls.values())
        value = self._calls("watch_calls", name) or 0
        assert isinstance(value, int)
        return int(value)

    def latency(self, name: str) -> Latency:
        """The times of that system call, subject, or own distribution `@name`.

        Raises:
            CheckError: it was not watched, takes no time, or did not happen: a bound on nothing would always hold.
        """
        if name.startswith("@") or name in self._places:
            seen: object = total(self._aggregation(name))
        else:
            seen = self._calls("watch_times", name) or histogram("exphist", (SCALE,))
        if not isinstance(seen, Histogram):
            raise CheckError(f"no times are known of {name}", hint="ask for its count()")
        if not seen.count:
            raise CheckError(f"there was no {name}, so nothing is known of its times")
        return Latency(name, seen)

    @property
    def calls(self) -> Mapping[str, int]:
        """Every system call that was made, and how often."""
        held = self._seen()["watch_calls"] if _CALLS in self._what else {}
        return {str(key[0]): int(value) for key, value in held.items() if isinstance(value, int)}

    def _aggregation(self, name: str) -> Aggregation:
        return self._seen()[name if name.startswith("@") else aggregation(self._places[name])]

    def _calls(self, table: str, name: str) -> object:
        if _CALLS not in self._what:
            raise CheckError(f"{name} was not watched", hint=f'watch("{_CALLS}") watches all system calls')
        return self._seen()[table].get((name.removeprefix("syscall "),))

    def _seen(self) -> Snapshot:
        if self.snapshot is None:
            raise CheckError("the watch is not over: look at it behind its `with`")
        return self.snapshot


def watch(*what: str) -> Watch:
    """A `Watch`."""
    return Watch(*what)


def _switch(on: int) -> None:
    with suppress(OSError):
        os.getpriority(_SWITCH, on)
