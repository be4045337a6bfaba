"""profile-N and tick-N: which names are timers, of which period, and which ids they get."""

from __future__ import annotations

import pytest

from pyvtrace.providers.profile import STANDARD, TimerKey, timer
from pyvtrace.providers.provider import TIMER_IDS
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.spec import Timer
from tests.frozen import FrozenTarget
from tests.providers.descriptions import describe, matched, only, shown

SECOND = 1_000_000_000

PERIODS = [
    ("tick-1", SECOND),
    ("tick-1hz", SECOND),
    ("tick-3", SECOND // 3),
    ("tick-5000", 200_000),
    ("tick-200us", 200_000),
    ("tick-200000ns", 200_000),
    ("tick-200000nsec", 200_000),
    ("tick-10ms", 10_000_000),
    ("tick-10msec", 10_000_000),
    ("tick-250usec", 250_000),
    ("tick-1s", SECOND),
    ("tick-2sec", 2 * SECOND),
    ("tick-2m", 120 * SECOND),
    ("tick-1min", 60 * SECOND),
    ("tick-1h", 3600 * SECOND),
    ("tick-1hour", 3600 * SECOND),
    ("tick-1d", 86_400 * SECOND),
    ("tick-1day", 86_400 * SECOND),
    ("tick-1S", SECOND),
    ("tick-97Hz", SECOND // 97),
    ("tick-010ms", 10_000_000),
]


@pytest.mark.parametrize(("name", "period"), PERIODS)
def test_a_name_says_the_period(name: str, period: int) -> None:
    assert timer(name) == TimerKey(period, every_cpu=False)
    assert timer(name.replace("tick", "profile")) == TimerKey(period, every_cpu=True)


REFUSED = [
    ("tick-5001", "too fast"),
    ("tick-199us", "too fast"),
    ("tick-1ns", "too fast"),
    ("profile-1000000hz", "too fast"),
    ("tick-0", "never"),
    ("tick-0s", "never"),
    ("tick-1w", "'w' is not a unit"),
    ("tick-", "not of the form"),
    ("tick-s", "not of the form"),
    ("tick--1", "not of the form"),
    ("tick-1s1", "not of the form"),
    ("tick-1 s", "not of the form"),
    ("TICK-1", "not of the form"),
    ("tack-1", "not of the form"),
    ("tick-110000d", "longer"),
]


@pytest.mark.parametrize(("name", "reason"), REFUSED)
def test_a_name_that_is_no_timer_matches_nothing_and_says_why(name: str, reason: str) -> None:
    table = ProbeTable(FrozenTarget())
    description = describe(f"profile:::{name}")
    assert table.match(description) == []
    assert reason in table.hint(description)
    assert table.nearest(description) == []


def test_the_reason_is_given_without_the_provider_too() -> None:
    table = ProbeTable(FrozenTarget())
    assert "at most 5000hz" in table.hint(describe("tick-10us"))
    assert "no function" in table.hint(describe("profile::read:tick-1s"))


def test_a_name_keeps_its_id() -> None:
    table = ProbeTable(FrozenTarget())
    made = {name: only(table, name).id for name in ("tick-3s", "profile-3s", "tick-3000ms", "tick-1S", "tick-97")}
    assert len(set(made.values())) == len(made)
    assert all(only(table, f"profile:::{name}").id == identifier for name, identifier in made.items())
    assert [str(table.name_of(identifier)) for identifier in made.values()] == [f"profile:::{name}" for name in made]


def test_standard_timers_have_the_same_ids_everywhere() -> None:
    first, second = ProbeTable(FrozenTarget()), ProbeTable(FrozenTarget())
    only(first, "tick-7s")
    assert [only(first, name).id for name in STANDARD] == [only(second, name).id for name in STANDARD]


def test_globs_mean_the_standard_timers() -> None:
    table = ProbeTable(FrozenTarget())
    only(table, "tick-7s")
    assert matched(table, "profile:::tick-*") == [f"profile:::tick-{n}" for n in (1, 10, 100, 500, 1000, 5000)]
    assert len(matched(table, "profile:::")) == len(STANDARD) == 13


def test_there_are_as_many_timers_as_ids() -> None:
    table = ProbeTable(FrozenTarget())
    room = len(TIMER_IDS) - len(STANDARD)
    made = [only(table, f"tick-{n}m").id for n in range(1, room + 1)]
    assert made[-1] == TIMER_IDS[-1]
    assert matched(table, "tick-1000h") == []
    assert table.hint(describe("tick-1000h")) == "there are too many timers"
    assert only(table, "tick-1m").id == made[0]


def test_arguments_and_place() -> None:
    table = ProbeTable(FrozenTarget())
    assert table.attach(only(table, "profile-997")) == Timer(1_003_009, every_cpu=True)
    assert table.attach(only(table, "tick-10ms")) == Timer(10_000_000, every_cpu=False)
    arguments = table.arguments(only(table, "profile-997"))
    assert shown(arguments) == [("kernel_pc", "unsigned long"), ("user_pc", "unsigned long")]
