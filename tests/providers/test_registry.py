"""All providers together: which of them a description means, ids, names by id, and hints."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.providers.registry import ProbeTable, all_providers
from pyvtrace.spec import OnDemand
from tests.frozen import FrozenTarget
from tests.providers.descriptions import Counting, describe, matched, only, shown

TABLE = ProbeTable(FrozenTarget())
EVERYTHING = list(TABLE.all())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BEGIN", ["dtrace:::BEGIN"]),
        ("dtrace:::", ["dtrace:::BEGIN", "dtrace:::END", "dtrace:::ERROR"]),
        ("dtrace:::E*", ["dtrace:::END", "dtrace:::ERROR"]),
        ("dtrace:m::BEGIN", []),
        ("dtrace::f:BEGIN", []),
        ("tick-1s", ["profile:::tick-1s"]),
        ("read:return", ["syscall:vmlinux:read:return", "syscall:compat:read:return"]),
        ("nosuch:::BEGIN", []),
        ("tracepoint:::BEGIN", []),
    ],
)
def test_which_providers_a_description_means(text: str, expected: list[str]) -> None:
    assert matched(TABLE, text) == expected


def test_ids_of_the_programs_own_probes() -> None:
    assert [only(TABLE, name).id for name in ("BEGIN", "END", "ERROR")] == [1, 2, 3]


def test_the_programs_own_probes() -> None:
    assert TABLE.arguments(only(TABLE, "BEGIN")) == ()
    assert [name for name, _ in shown(TABLE.arguments(only(TABLE, "ERROR")))] == [
        "", "epid", "action", "offset", "fault", "value",
    ]  # fmt: skip
    assert TABLE.attach(only(TABLE, "END")) == OnDemand()


def test_no_two_probes_share_an_id_or_a_name() -> None:
    assert len({probe.id for probe in EVERYTHING}) == len(EVERYTHING)
    assert len({probe.name for probe in EVERYTHING}) == len(EVERYTHING)


def test_ids_lie_in_their_providers_range_and_ranges_are_apart() -> None:
    providers = {provider.name: provider for provider in all_providers()}
    assert all(probe.id in providers[probe.name.provider].ids for probe in EVERYTHING)
    ranges = sorted((p.ids.start, p.ids.stop) for p in providers.values())
    assert all(before[1] <= after[0] for before, after in pairwise(ranges))
    assert ranges[-1][1] <= 1 << 32


def test_all_is_what_the_empty_description_matches_in_order_of_ids() -> None:
    assert TABLE.match(describe(":::")) == EVERYTHING == sorted(EVERYTHING, key=lambda probe: probe.id)


def test_names_by_id() -> None:
    assert all(TABLE.name_of(probe.id) == probe.name for probe in EVERYTHING[::7])
    assert [TABLE.name_of(identifier) for identifier in (0, 4, 9_999, 10_000, 199_999, 1 << 32)] == [None] * 6


def test_every_probe_has_arguments_and_a_place() -> None:
    for probe in EVERYTHING:
        assert all(argument.name or argument.type.size == 0 for argument in TABLE.arguments(probe))
        assert TABLE.attach(probe)


fields = some.one_of(
    some.just(""),
    some.sampled_from(["*", "s*", "*e*", "r?ad", "[!a-m]*", "BEGIN", "tick-1", "entry"]),
    some.sampled_from(EVERYTHING).flatmap(
        lambda probe: some.sampled_from([probe.name.provider, probe.name.module, probe.name.function, probe.name.name])
    ),
)


@given(some.builds(ProbeDescription, fields, fields, fields, fields))
def test_a_description_matches_what_it_fits_and_each_once(description: ProbeDescription) -> None:
    found = TABLE.match(description)
    assert [probe.id for probe in found] == sorted({probe.id for probe in found})
    own = [probe.name.name for probe in found if probe.name.provider == "dtrace"]
    # The reserved names mean one provider where others would fit too.
    if not own:
        assert [probe.id for probe in found] == [p.id for p in EVERYTHING if _fits(description, p.name)]


def _fits(description: ProbeDescription, name: object) -> bool:
    from fnmatch import fnmatchcase

    for field in ("provider", "module", "function", "name"):
        wanted, has = getattr(description, field), getattr(name, field)
        if wanted and not fnmatchcase(has, wanted):
            return False
    return True


NEAREST = [
    ("syscall::raed:entry", ["syscall::read:entry"]),
    ("syscal:::entry", ["syscall:::entry"]),
    ("syscal::raed:entry", ["syscall::read:entry"]),
    ("syscall::read:entyr", ["syscall::read:entry"]),
    ("syscall:vmlinx:read:entry", ["syscall:vmlinux:read:entry"]),
    ("syscall::entry", ["syscall:::entry"]),
    ("syscall", ["syscall:::"]),
    ("tracepoint:sched:sched_switch", ["tracepoint:sched::sched_switch"]),
    ("sched:sched_switch", ["sched::sched_switch:", ":sched::sched_switch"]),
    ("tracepoints:sched::sched_switch", ["tracepoint:sched::sched_switch"]),
    ("sdt:sched::sched_swich", ["sdt:sched::sched_switch"]),
    ("sched_swich", [":::sched_switch"]),
    ("BEGN", [":::BEGIN"]),
    ("read", ["::read:", ":::bread", ":::readch"]),
    ("nosuch:::start", []),
    ("qwertyuiop", []),
    ("sdt:::*nosuch*", []),
]


@pytest.mark.parametrize(("text", "expected"), NEAREST)
def test_what_a_description_may_have_meant(text: str, expected: list[str]) -> None:
    description = describe(text)
    assert TABLE.match(description) == []
    assert TABLE.nearest(description) == expected
    assert all(TABLE.match(describe(one)) for one in expected)


HINTS = [
    ("syscall::raed:entry", "did you mean syscall::read:entry?"),
    (
        "nosuch:::start",
        "there is no provider 'nosuch', but cpc, dtrace, fbt, io, ip, lockstat, pid, proc, profile, rawtp, "
        "sched, sdt, syscall, sysinfo, tcp, udp, uprobe, usdt, vminfo",
    ),
    ("tick-5xs", "'xs' is not a unit of time: use ns, us, ms, s, m, h, d or hz"),
    ("qwertyuiop", ""),
]


@pytest.mark.parametrize(("text", "hint"), HINTS)
def test_hints(text: str, hint: str) -> None:
    assert TABLE.hint(describe(text)) == hint


def test_at_most_three_suggestions() -> None:
    assert len(TABLE.nearest(describe("syscall::get_id:entry"))) == 3


def test_a_table_asks_nothing_before_it_is_asked() -> None:
    target = Counting()
    table = ProbeTable(target)
    table.attach(only(table, "BEGIN"))
    assert target.asked == []
