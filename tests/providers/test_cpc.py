"""cpc: which names are counters, of which event, and what is said of those that are none."""

from __future__ import annotations

import pytest

from pyvtrace.providers.cpc import STANDARD, counter
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.spec import Counter
from tests.frozen import FrozenTarget
from tests.providers.descriptions import describe, matched, only

COUNTERS = [
    ("page_faults-user-100", Counter("page_faults", 1, 2, 100, kernel=False, user=True)),
    ("page-faults-kernel-1", Counter("page_faults", 1, 2, 1, kernel=True, user=False)),
    ("cs-all-1", Counter("context_switches", 1, 3, 1, kernel=True, user=True)),
    ("cpu_cycles-all-1000000", Counter("cpu_cycles", 0, 0, 1_000_000, kernel=True, user=True)),
    ("PAPI_tot_ins-user-10000", Counter("instructions", 0, 1, 10_000, kernel=False, user=True)),
    ("llc_load_misses-all-10000", Counter("llc_load_misses", 3, 0x10002, 10_000, kernel=True, user=True)),
    ("r01c2-all-10000", Counter("r01c2", 4, 0x1C2, 10_000, kernel=True, user=True)),
]


@pytest.mark.parametrize(("name", "expected"), COUNTERS)
def test_a_name_says_what_is_counted(name: str, expected: Counter) -> None:
    table = ProbeTable(FrozenTarget())
    assert table.attach(only(table, f"cpc:::{name}")) == expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("page_faults-user", "not of the form"),
        ("page_faults-both-1", "not of the form"),
        ("nosuch-all-1", "there is no event 'nosuch'"),
        ("cpu_cycles-all-1", "at least 10000"),
        ("cpu_clock-all-1000", "at least 200000"),
        ("page_faults-all-0", "at least 1"),
        ("cpu_cycles-all-0x7-10000", "masks"),
    ],
)
def test_a_name_that_is_no_counter_matches_nothing_and_says_why(name: str, reason: str) -> None:
    table = ProbeTable(FrozenTarget())
    assert table.match(describe(f"cpc:::{name}")) == []
    assert reason in table.hint(describe(f"cpc:::{name}"))


def test_globs_mean_the_software_events_that_are_listed() -> None:
    assert matched(ProbeTable(FrozenTarget()), "cpc:::") == [f"cpc:::{name}" for name in STANDARD]
    assert all(not isinstance(counter(name), str) for name in STANDARD)


def test_hardware_events_are_refused_where_there_are_no_counters() -> None:
    table = ProbeTable(FrozenTarget(without=("hardware counters",)))
    hardware, software = describe("cpc:::cpu_cycles-all-10000"), describe("cpc:::page_faults-all-1")
    refusal = table.refusal(hardware, table.match(hardware))
    assert refusal and refusal.message.startswith("this machine has no hardware counters")
    assert table.refusal(software, table.match(software)) is None
