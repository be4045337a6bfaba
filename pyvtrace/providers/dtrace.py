"""BEGIN, END and ERROR: the probes of the tracing program itself."""

from __future__ import annotations

from collections.abc import Iterator

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.pattern import matcher
from pyvtrace.providers.provider import Provider
from pyvtrace.spec import AttachSpec, OnDemand, ProbeName
from pyvtrace.target import Target

PROBES = tuple(Probe(n, ProbeName("dtrace", "", "", name)) for n, name in enumerate(("BEGIN", "END", "ERROR"), 1))


def probes(target: Target, description: ProbeDescription) -> Iterator[Probe]:
    matches = matcher(description)
    return (probe for probe in PROBES if matches(probe.name))


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    return ()


def attach(target: Target, probe: Probe) -> AttachSpec:
    return OnDemand()


DTRACE = Provider("dtrace", probes, arguments, attach)
