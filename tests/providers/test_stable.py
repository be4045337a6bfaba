"""Probes that are made of tracepoints: their code is that of a clause on the tracepoint."""

from __future__ import annotations

import pytest

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Probe
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.providers.stable import Does, Row, function, parameters, stable
from pyvtrace.runtime.program import compile_text
from pyvtrace.source import Source
from pyvtrace.spec import CodeSpec, RawTracepoint, TypedTracepoint
from tests.frozen import FrozenTarget

LIVE = LiveTarget()


def codes(text: str) -> dict[str, CodeSpec]:
    return {program.name: program for program in compile_text(Source("test.d", text), LIVE, {}).programs}


ALIKE = [
    ("@[pid] = count();", "@[pid] = count();"),
    ("@ = sum(args[0]->b_bcount);", "@ = sum(args[0]->bi_iter.bi_size);"),
    ("@[args[1]->dev_statname] = count();", "@[stringof(args[0]->bi_bdev->bd_device.kobj.name)] = count();"),
    ("@[args[1]->dev_major] = count();", "@[(int)getmajor(args[0]->bi_bdev->bd_dev)] = count();"),
]


@pytest.mark.parametrize(("translated", "by_hand"), ALIKE)
def test_a_clause_costs_what_it_costs_on_the_tracepoint(translated: str, by_hand: str) -> None:
    (made,) = codes(f"io::block_getrq:start {{ {translated} }}").values()
    (plain,) = codes(f"rawtp:block::block_getrq {{ {by_hand} }}").values()
    assert len(made.code) == len(plain.code)


# What a probe with a condition or with steps costs is what they cost by hand.
WHOLE = [
    (
        "proc:::signal-send /args[2] == 9 && args[1]->pr_pid == 1/ { @ = count(); }",
        "rawtp:signal::signal_generate /args[0] == 9 && args[2]->tgid == 1/ { @ = count(); }",
    ),
    (
        "proc:::signal-discard { @[args[0]->pr_lwpid] = count(); }",
        "rawtp:signal::signal_generate /args[4] == 1/ { @[args[2]->pid] = count(); }",
    ),
    (
        "sched:::wakeup { @[args[1]->pr_pid] = count(); }",
        "rawtp:sched::sched_waking { @[args[0]->tgid] = count(); }",
    ),
    (
        "sched:::preempt { @[execname] = count(); }",
        "rawtp:sched::sched_switch /(args[0] || args[3] == 0) && args[1]->pid/ { @[execname] = count(); }",
    ),
    (
        "lockstat:::spin-spin { @ = sum(args[1]); }",
        """
        self uint64_t since[uint64_t]; self uint64_t flags[uint64_t];
        rawtp:lock::contention_begin /!(args[1] & 32)/
        {
            self->since[(uint64_t)args[0]] = timestamp;
            self->flags[(uint64_t)args[0]] = args[1];
        }
        rawtp:lock::contention_end
        /self->since[(uint64_t)args[0]] && args[1] == 0 && self->flags[(uint64_t)args[0]] == 1/
        {
            @ = sum(timestamp - self->since[(uint64_t)args[0]]);
        }
        rawtp:lock::contention_end
        {
            self->since[(uint64_t)args[0]] = (uint64_t)0;
            self->flags[(uint64_t)args[0]] = (uint64_t)0;
        }
        """,
    ),
]


@pytest.mark.parametrize(("stable_probe", "by_hand"), WHOLE)
def test_a_probe_costs_what_it_costs_on_its_tracepoint(stable_probe: str, by_hand: str) -> None:
    def sizes(text: str) -> dict[str, int]:
        return {code.attach.name: len(code.code) for code in codes(text).values()}  # type: ignore[attr-defined]

    made, plain = sizes(stable_probe), sizes(by_hand)
    assert made.keys() == plain.keys()
    # A section of its own is entered and left.
    assert all(made[name] <= 1.15 * plain[name] for name in made)


def test_probes_of_one_tracepoint_are_one_program_with_their_own_names() -> None:
    program = "io::block_getrq:start { trace(probename); } rawtp:block::block_getrq { trace(probename); }"
    (code,) = codes(program).values()
    assert len(code.probes) == 2


def test_a_probe_for_another_thread_has_a_program_of_its_own() -> None:
    found = [p.attach for p in compile_text(Source("test.d", "io:::wait-done { }"), LIVE, {}).programs]
    switches = [place for place in found if getattr(place, "name", "") == "sched_switch"]
    assert sorted(map(repr, switches)) == sorted(
        map(repr, [RawTracepoint("sched_switch"), TypedTracepoint("sched_switch")])
    )


ROWS = [
    Row(
        "here", "rawtp:block::block_bio_queue", (("int", "args[0]->bi_opf"),), steps=(Does("rawtp:x::nosuch", "x = 1"),)
    ),
    Row("there", "rawtp:block::block_bio_queue", (("int", "args[0]->bi_opf"),)),
    Row("nowhere", "rawtp:x::nosuch"),
]


def listed(text: str) -> list[Probe]:
    table = ProbeTable(FrozenTarget(), [stable("made", range(500, 600), ROWS)])
    provider, module, function, name = text.split(":")
    return table.match(ProbeDescription(provider, module, function, name))


def test_what_a_kernel_has_not_all_of_is_not_listed() -> None:
    assert [(probe.id, probe.name.function, probe.name.name) for probe in listed(":::")] == [
        (501, "block_bio_queue", "there")
    ]


def test_a_name_leads_to_its_probe_and_back() -> None:
    table = ProbeTable(FrozenTarget(), [stable("made", range(500, 600), ROWS)])
    (probe,) = listed("made:vmlinux:block_bio_queue:there")
    assert table.name_of(probe.id) == probe.name
    assert [argument.written for argument in table.arguments(probe)] == ["int"]


REFUSED = {"never": "Linux has no such thing"}


def test_what_cannot_be_served_is_refused_with_the_reason() -> None:
    table = ProbeTable(FrozenTarget(), [stable("made", range(500, 600), ROWS, REFUSED)])

    def hint(name: str) -> str:
        return table.hint(ProbeDescription("made", "", "", name))

    assert hint("never") == "Linux has no such thing"
    assert hint("nowhere") == hint("here") == "this kernel lacks tracepoint x:nosuch"
    # Not a word where it is the module that does not fit.
    assert "lacks" not in table.hint(ProbeDescription("made", "ext4", "", "there"))


def test_what_is_made_of_a_function_or_of_parameters_asks_for_them() -> None:
    on = "rawtp:block::block_bio_queue"
    rows = [
        Row("tick", on, lacks=function("nosuch_function")),
        Row("many", on, lacks=parameters("block_bio_queue", 5, 6)),
        Row("few", on, lacks=parameters("block_bio_queue", 1, 1)),
    ]
    table = ProbeTable(FrozenTarget(), [stable("made", range(500, 600), rows)])
    assert [probe.name.name for probe in table.match(ProbeDescription("made", "", "", ""))] == ["few"]
    assert table.hint(ProbeDescription("made", "", "", "tick")) == "this kernel lacks function nosuch_function"


@pytest.mark.parametrize("name", ["sched:::schedctl-yield", "proc:::fault", "lockstat:::adaptive-release"])
def test_probes_that_linux_cannot_have_are_refused_by_name(name: str) -> None:
    table = ProbeTable(LIVE)
    provider, _, _, probe = name.split(":")
    description = ProbeDescription(provider, "", "", probe)
    assert table.match(description) == []
    assert len(table.hint(description)) > 40 and "did you mean" not in table.hint(description)
