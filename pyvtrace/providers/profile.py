"""The profile provider: profile-N on every CPU and tick-N on one, made when a description asks for them."""

from __future__ import annotations

import re

from pyvtrace.lang.types import ULONG
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.made import Spelled
from pyvtrace.providers.provider import TIMER_IDS, Provider
from pyvtrace.spec import AttachSpec, Timer
from pyvtrace.target import Target
from pyvtrace.value import Value


class SampleKey(Value):
    """Base of what fires in the middle of whatever a CPU does, and whose arguments are where that was."""


class TimerKey(SampleKey):
    """Fires every `period_ns`, on every CPU or on one."""

    period_ns: int
    every_cpu: bool


_NAME = r"(profile|tick)-([0-9]+)([A-Za-z]*)"
_UNITS = {
    "ns nsec": 1,
    "us usec": 1_000,
    "ms msec": 1_000_000,
    "s sec": 1_000_000_000,
    "m min": 60_000_000_000,
    "h hour": 3_600_000_000_000,
    "d day": 86_400_000_000_000,
}
# Of the guide's units of time, which options take as well.
NANOSECONDS = {unit: length for units, length in _UNITS.items() for unit in units.split()}
_FREQUENCY = ("", "hz")

# A faster timer would keep the machine busy with nothing else; DTrace's limit too.
SHORTEST_NS = 200_000
# The period is a signed number in the kernel's timers.
LONGEST_NS = (1 << 63) - 1

# What is listed, and what a glob can mean: the frequencies DTrace has ready.
STANDARD = (
    *(f"profile-{hertz}" for hertz in (97, 199, 499, 997, 1999, 4001, 4999)),
    *(f"tick-{hertz}" for hertz in (1, 10, 100, 500, 1000, 5000)),
)


def timer(name: str) -> TimerKey | str:
    """The timer that a probe name asks for, or why it is none. Units may be upper case, as in DTrace."""
    parts = re.fullmatch(_NAME, name)
    if parts is None:
        return f"'{name}' is not of the form profile-N or tick-N, with N in hz or followed by a unit"
    number, unit = int(parts[2]), parts[3].lower()
    if unit not in _FREQUENCY and unit not in NANOSECONDS:
        return f"'{parts[3]}' is not a unit of time: use ns, us, ms, s, m, h, d or hz"
    if number == 0:
        return f"'{name}' would never fire"
    period = 1_000_000_000 // number if unit in _FREQUENCY else number * NANOSECONDS[unit]
    if period < SHORTEST_NS:
        return f"'{name}' is too fast: at most 5000hz, which is once in 200us"
    if period > LONGEST_NS:
        return f"'{name}' is longer than the kernel can count"
    return TimerKey(period, parts[1] == "profile")


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    """Where the CPU was: in the kernel, or in a program; the other one is 0."""
    return Argument("kernel_pc", ULONG), Argument("user_pc", ULONG)


def attach(target: Target, probe: Probe) -> AttachSpec:
    return Timer(probe.key.period_ns, probe.key.every_cpu)


def profile() -> Provider:
    """A provider that has handed out no timers yet but the standard ones."""
    timers = Spelled("profile", TIMER_IDS, timer, STANDARD, "timers", ("tick-", "profile-"))
    return Provider("profile", TIMER_IDS, timers.probes, arguments, attach, hint=timers.hint, named=timers.named)
