"""The dtrace provider: BEGIN, END and ERROR, the probes of the tracing program itself."""

from __future__ import annotations

from collections.abc import Iterator

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import INT, UINT, ULONG, VOID
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.pattern import Pattern
from pyvtrace.providers.provider import DTRACE_IDS, Provider
from pyvtrace.spec import AttachSpec, OnDemand, ProbeName
from pyvtrace.target import Target
from pyvtrace.value import Value


class DtraceKey(Value):
    """`event` is BEGIN, END or ERROR."""

    event: str


_EVENTS = ("BEGIN", "END", "ERROR")
_PROBES = tuple(
    Probe(number, ProbeName("dtrace", "", "", event), DtraceKey(event))
    for number, event in zip(DTRACE_IDS, _EVENTS, strict=False)
)
# Dynamic Tracing Guide, "dtrace Provider": arg0 is not used.
_OF_ERROR = (
    Argument("", VOID),
    Argument("epid", UINT),
    Argument("action", INT),
    Argument("offset", INT),
    Argument("fault", INT),
    Argument("value", ULONG),
)


def probes(target: Target, description: ProbeDescription) -> Iterator[Probe]:
    pattern = Pattern(description)
    return (probe for probe in _PROBES if pattern.fits(probe.name))


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    return _OF_ERROR if probe.key.event == "ERROR" else ()


def attach(target: Target, probe: Probe) -> AttachSpec:
    return OnDemand()


# Reserved: almost every script says BEGIN and means this one. Other tracers give their events such names too
# (dt_1234_dtrace:BEGIN), and finding out costs 3 ms of reading tracefs.
DTRACE = Provider("dtrace", DTRACE_IDS, probes, arguments, attach, reserved=_EVENTS)
