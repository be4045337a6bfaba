"""The cpc provider: every N-th of an event that processors or the kernel count, in the middle of what caused it.

    cpc:::EVENT-MODE-COUNT    cpc:::page_faults-user-100, cpc:::cpu_cycles-all-1000000

EVENT is one of the names below, or rNNNN for the processor's own event of that number; MODE is `user`, `kernel` or
`all`. Dashes in names of events are underscores, as DTrace has them; both are understood.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import ULONG
from pyvtrace.lang.vocabulary import Argument, Probe, Refusal
from pyvtrace.providers.made import Spelled
from pyvtrace.providers.profile import SHORTEST_NS, SampleKey
from pyvtrace.providers.provider import CPC_IDS, Provider
from pyvtrace.spec import AttachSpec, Counter
from pyvtrace.target import Target

# PERF_TYPE_*, and the numbers of each (include/uapi/linux/perf_event.h).
_HARDWARE, _SOFTWARE, _CACHE, _RAW = 0, 1, 3, 4
_FAULTS = ("page_faults", "minor_faults", "major_faults")
_SOFTWARE_EVENTS = {
    "cpu_clock": 0,
    "page_faults": 2,
    "context_switches": 3,
    "cpu_migrations": 4,
    "minor_faults": 5,
    "major_faults": 6,
}
_HARDWARE_EVENTS = {
    "cpu_cycles": 0,
    "instructions": 1,
    "cache_references": 2,
    "cache_misses": 3,
    "branch_instructions": 4,
    "branch_misses": 5,
    "bus_cycles": 6,
    "stalled_cycles_frontend": 7,
    "stalled_cycles_backend": 8,
    "ref_cycles": 9,
}
_MISSED_READ = 1 << 16
_CACHE_EVENTS = {
    "l1_dcache_load_misses": 0 | _MISSED_READ,
    "llc_load_misses": 2 | _MISSED_READ,
    "dtlb_load_misses": 3 | _MISSED_READ,
    "itlb_load_misses": 4 | _MISSED_READ,
}
# What other tracers and the guide's examples call them.
_ALIASES = {
    "cycles": "cpu_cycles",
    "branches": "branch_instructions",
    "faults": "page_faults",
    "cs": "context_switches",
    "migrations": "cpu_migrations",
    "papi_tot_cyc": "cpu_cycles",
    "papi_tot_ins": "instructions",
    "papi_br_ins": "branch_instructions",
    "papi_br_msp": "branch_misses",
    "papi_l1_dcm": "l1_dcache_load_misses",
    "papi_l3_tcm": "cache_misses",
    "papi_tlb_dm": "dtlb_load_misses",
}
_EVENTS = {
    name: (kind, number)
    for kind, events in ((_SOFTWARE, _SOFTWARE_EVENTS), (_HARDWARE, _HARDWARE_EVENTS), (_CACHE, _CACHE_EVENTS))
    for name, number in events.items()
}
_NAME = r"(.+)-(user|kernel|all)-(?:(0x[0-9a-fA-F]+)-)?([0-9]+)"
_OWN = r"r([0-9a-f]{1,16})"
# The processor counts some of these in a nanosecond; with less between two firings it would do nothing else.
_FEWEST = 10_000
_MOST = (1 << 63) - 1

# What is listed, and what a glob can mean: the software events, which every machine has.
STANDARD = (
    "cpu_clock-all-1000000",
    "page_faults-all-100",
    "minor_faults-all-100",
    "major_faults-all-1",
    "context_switches-all-100",
    "cpu_migrations-all-1",
)


class CounterKey(SampleKey):
    """Which event, and how many of them make a firing."""

    counter: Counter


def counter(name: str) -> CounterKey | str:
    """The counter that a probe name asks for, or why it is none."""
    parts = re.fullmatch(_NAME, name)
    if parts is None:
        return f"'{name}' is not of the form EVENT-MODE-COUNT, such as page_faults-user-100; modes: user, kernel, all"
    if parts[3]:
        return "masks are part of the numbers of events: rNNNN"
    event = parts[1].lower().replace("-", "_")
    event = _ALIASES.get(event, event)
    own = re.fullmatch(_OWN, event)
    kind, number = (_RAW, int(own[1], 16)) if own else _EVENTS.get(event, (-1, 0))
    if kind < 0:
        return f"there is no event '{parts[1]}'; there are {', '.join(_EVENTS)}, and rNNNN"
    count = int(parts[4])
    fewest = 1 if kind == _SOFTWARE else _FEWEST
    if event == "cpu_clock":
        fewest = SHORTEST_NS
    if not fewest <= count <= _MOST:
        return f"a count of {count} is out of range: at least {fewest} of {event}"
    return CounterKey(Counter(event, kind, number, count, parts[2] != "user", parts[2] != "kernel"))


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    """Where the CPU was, in the kernel or in a program, the other one being 0; of a fault also the address."""
    places = Argument("kernel_pc", ULONG), Argument("user_pc", ULONG)
    return (*places, Argument("address", ULONG)) if probe.key.counter.name in _FAULTS else places


def attach(target: Target, probe: Probe) -> AttachSpec:
    found: Counter = probe.key.counter
    return found


def refusal(target: Target, description: ProbeDescription, found: Sequence[Probe]) -> Refusal | None:
    """Counters of the processor are not to be had on every machine."""
    if all(probe.key.counter.kind == _SOFTWARE for probe in found) or target.feature("hardware counters"):
        return None
    return Refusal(
        "D_PDESC_ZERO",
        f"this machine has no hardware counters: {target.lacking('hardware counters')}",
        f"virtual machines often have none; software events work: {', '.join(_SOFTWARE_EVENTS)}",
    )


def _provider() -> Provider:
    counters = Spelled("cpc", CPC_IDS, counter, STANDARD, "counters")
    return Provider(
        "cpc", CPC_IDS, counters.probes, arguments, attach, hint=counters.hint, named=counters.named, refusal=refusal
    )


CPC = _provider()
