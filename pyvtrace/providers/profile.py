"""profile-N on every CPU and tick-N on one: timers made when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import ULONG
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.pattern import is_glob, matcher
from pyvtrace.providers.provider import TIMER_IDS, Provider
from pyvtrace.spec import AttachSpec, ProbeName, Timer
from pyvtrace.target import Target
from pyvtrace.value import Value

_NAME = re.compile(r"(profile|tick)-(\d+)([a-zA-Z]*)")
NANOSECONDS = {
    "ns": 1, "nsec": 1, "us": 1_000, "usec": 1_000, "ms": 1_000_000, "msec": 1_000_000, "s": 10**9, "sec": 10**9,
    "m": 60 * 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "hour": 3600 * 10**9, "d": 86400 * 10**9,
    "day": 86400 * 10**9,
}  # fmt: skip
# A timer faster than this would spend the machine on itself (Dynamic Tracing Guide, "profile Provider").
SHORTEST_NS = 200_000
STANDARD = (
    *(f"profile-{n}" for n in (97, 199, 499, 997, 1999, 4001, 4999)),
    *(f"tick-{n}" for n in (1, 10, 100, 500, 1000, 5000)),
)


class TimerKey(Value):
    period_ns: int
    every_cpu: bool


def timer(name: str) -> TimerKey | None:
    """The period a name asks for; None if it is no timer, or too fast a one."""
    match = _NAME.fullmatch(name)
    if match is None or not int(match[2]):
        return None
    number, unit = int(match[2]), match[3].lower()
    if unit in ("", "hz"):
        period = 10**9 // number
    elif unit in NANOSECONDS:
        period = number * NANOSECONDS[unit]
    else:
        return None
    return TimerKey(period, match[1] == "profile") if period >= SHORTEST_NS else None


def probe(name: str) -> Probe | None:
    key = timer(name)
    if key is None:
        return None
    # Microseconds and kind: the same name has the same id everywhere.
    id_ = TIMER_IDS + (key.period_ns // 1000 << 1 | key.every_cpu)
    return Probe(id_ & 0x7FFFFFFF | TIMER_IDS, ProbeName("profile", "", "", name), key)


def probes(target: Target, description: ProbeDescription) -> Iterator[Probe]:
    matches = matcher(description)
    names = STANDARD if is_glob(description.name) else (description.name,)
    for name in names:
        found = probe(name)
        if found is not None and matches(found.name):
            yield found


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    return Argument("pc", ULONG), Argument("upc", ULONG)


def attach(target: Target, probe: Probe) -> AttachSpec:
    return Timer(probe.key.period_ns, probe.key.every_cpu)


PROFILE = Provider("profile", probes, arguments, attach)
