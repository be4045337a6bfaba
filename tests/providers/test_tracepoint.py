"""sdt and rawtp: which tracepoints are found, at what cost, with which arguments."""

from __future__ import annotations

import pytest

from pyvtrace.lang.types import CHAR, VOID, Integer, Pointer, String
from pyvtrace.lang.vocabulary import Argument
from pyvtrace.providers.provider import RAW_IDS, TRACEPOINT_IDS
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.providers.tracepoint import RawKey, TracepointKey
from pyvtrace.spec import PerfTracepoint, RawTracepoint
from pyvtrace.target import TracepointField, TracepointFormat
from tests.frozen import FrozenTarget
from tests.providers.descriptions import AnEvent, Counting, WithoutBtf, WithoutTracefs, describe, matched, only, shown

WAKEUPS = ["sched_wakeup_new", "sched_wakeup", "sched_waking"]

MATCHES = [
    ("sdt:sched::sched_switch", ["sdt:sched::sched_switch"]),
    ("tracepoint:sched::sched_switch", ["sdt:sched::sched_switch"]),
    ("tracep*:sched::sched_switch", ["sdt:sched::sched_switch"]),
    ("*trace*:sched::sched_switch", []),
    ("sched_switch", ["sdt:sched::sched_switch", "rawtp:sched::sched_switch"]),
    ("sched::sched_switch", ["sdt:sched::sched_switch", "rawtp:sched::sched_switch"]),
    ("*:sched::sched_switch", ["sdt:sched::sched_switch", "rawtp:sched::sched_switch"]),
    ("sdt:sched::sched_wak*", [f"sdt:sched::{name}" for name in WAKEUPS]),
    ("rawtp:sched::sched_wak*", [f"rawtp:sched::{name}" for name in WAKEUPS]),
    ("sdt:[bl]*::*_[be]*", ["sdt:lock::contention_end", "sdt:lock::contention_begin", "sdt:block::block_bio_queue"]),
    ("rawtp:::contention_begin", ["rawtp:lock::contention_begin"]),
    ("sdt:sched:fn:sched_switch", []),
    ("sdt:block::sched_switch", []),
    ("rawtp:block::sched_switch", []),
    ("sdt:sched::nosuch", []),
    ("sdt:::nosuch", []),
    ("rawtp:::nosuch", []),
    ("sdt:::sys_enter_read", []),
    ("sdt:sys*::sys_enter_read", []),
    ("tracepoint:syscalls::sys_enter_read", ["sdt:syscalls::sys_enter_read"]),
    ("rawtp:syscalls::sys_enter_read", []),
    ("sdt:..::sched_switch", []),
    ("sdt:sched/sched_switch/..::sched_switch", []),
]


@pytest.mark.parametrize(("text", "expected"), MATCHES)
def test_a_description_finds_tracepoints(text: str, expected: list[str]) -> None:
    assert matched(ProbeTable(FrozenTarget()), text) == expected


def test_every_tracepoint_is_there_once_and_no_system_call() -> None:
    target = FrozenTarget()
    events = [pair for pair in target.tracepoints() if pair[0] != "syscalls"]
    for text in ("sdt:::", "tracepoint:::", "[st]*t:::"):
        probes = ProbeTable(target).match(describe(text))
        assert sorted((p.name.module, p.name.name) for p in probes) == sorted(events)
    assert {p.name.name for p in ProbeTable(target).match(describe("rawtp:::"))} == {
        name for _, name in target.raw_tracepoints()
    }


COSTS = [
    ("sdt:sched::sched_switch", ["format"]),
    ("rawtp:sched::sched_switch", ["format"]),
    ("sdt:sched::nosuch", ["format"]),
    ("sdt:::sched_switch", ["tracepoints", "format"]),
    ("rawtp:::sched_switch", ["tracepoints", "format"]),
    ("rawtp:::nosuch", ["tracepoints", "BTF"]),
    ("sdt:::tick-1s", []),
    ("rawtp:::tick-1s", []),
    ("rawtp:syscalls::", []),
    ("tick-1s", []),
    ("BEGIN", []),
    ("syscall::read:entry", []),
]


@pytest.mark.parametrize(("text", "asked"), COSTS)
def test_the_kernel_is_asked_for_no_more_than_a_name_needs(text: str, asked: list[str]) -> None:
    target = Counting()
    ProbeTable(target).match(describe(text))
    assert target.asked == asked


def test_fields_become_arguments() -> None:
    table = ProbeTable(FrozenTarget())
    probe = only(table, "sdt:sched::sched_switch")
    assert shown(table.arguments(probe)) == [
        ("prev_comm", "string"),
        ("prev_pid", "pid_t"),
        ("prev_prio", "int"),
        ("prev_state", "long"),
        ("next_comm", "string"),
        ("next_pid", "pid_t"),
        ("next_prio", "int"),
    ]
    assert table.arguments(probe)[0] == Argument("prev_comm", String(16))
    assert [field.offset for field in probe.key.fields] == [8, 24, 28, 32, 40, 56, 60]


def test_text_of_no_fixed_length_is_a_string() -> None:
    table = ProbeTable(FrozenTarget())
    filename, *_ = table.arguments(only(table, "sdt:sched::sched_process_exec"))
    assert filename == Argument("filename", String())


def test_arrays_are_void_and_keep_their_index() -> None:
    table = ProbeTable(FrozenTarget())
    probe = only(table, "sdt:fib::fib_table_lookup")
    arguments = table.arguments(probe)
    void = [argument.name for argument in arguments if argument.type == VOID]
    assert void == ["src", "dst", "gw4", "gw6"]
    assert [argument.name for argument in arguments] == [field.name for field in probe.key.fields]
    assert arguments[-1].type == String(16)


def test_parameters_become_arguments_of_raw_tracepoints() -> None:
    table = ProbeTable(FrozenTarget())
    assert shown(table.arguments(only(table, "rawtp:sched::sched_switch"))) == [
        ("preempt", "bool"),
        ("prev", "struct task_struct *"),
        ("next", "struct task_struct *"),
        ("prev_state", "unsigned int"),
    ]


def test_without_btf_a_raw_tracepoint_has_words_only() -> None:
    table = ProbeTable(WithoutBtf())
    assert table.arguments(only(table, "rawtp:::sched_switch")) == ()


def test_keys_and_places() -> None:
    table = ProbeTable(FrozenTarget())
    event, raw = table.match(describe("sched_switch"))
    assert isinstance(event.key, TracepointKey) and (event.key.group, event.key.name) == ("sched", "sched_switch")
    assert raw.key == RawKey("sched_switch")
    assert table.attach(event) == PerfTracepoint("sched", "sched_switch")
    assert table.attach(raw) == RawTracepoint("sched_switch")


def test_ids_follow_the_kernels_numbers() -> None:
    event, raw = ProbeTable(FrozenTarget()).match(describe("sched_switch"))
    assert (event.id, raw.id) == (TRACEPOINT_IDS[372], RAW_IDS[372])


class Defined(AnEvent):
    """Somebody defined an event on a function; its group may be called anything."""

    def __init__(self, group: str, first: str) -> None:
        field = TracepointField(first, "unsigned long", 8, 8, False)
        super().__init__(group, "sched_switched", TracepointFormat(2000, (field,)))

    def raw_tracepoints(self) -> list[tuple[str, str]]:
        return [*super().raw_tracepoints(), next(p for p in self._formats if p[1] == "sched_switched")]


@pytest.mark.parametrize(
    ("group", "field"),
    [
        ("kprobes", "__probe_ip"),
        ("mine", "__probe_ip"),
        ("dt_1_dtrace", "__probe_func"),
        ("synthetic", "latency"),
        ("user_events", "count"),
    ],
)
@pytest.mark.parametrize("text", ["{}::sched_switched", "sched_switched", "{}::", "sched_switch*"])
def test_events_that_somebody_defined_are_no_tracepoints(group: str, field: str, text: str) -> None:
    found = matched(ProbeTable(Defined(group, field)), text.format(group))
    assert not [name for name in found if name.endswith("switched")]


def test_a_static_event_of_the_same_shape_is_one() -> None:
    assert len(matched(ProbeTable(Defined("mine", "latency")), "mine::sched_switched")) == 2


def test_without_tracefs_raw_tracepoints_are_found_by_name() -> None:
    table = ProbeTable(WithoutTracefs())
    probes = table.match(describe("rawtp:::"))
    assert len({p.id for p in probes}) == len(probes) > 10
    assert matched(table, "sched_switch") == ["rawtp:::sched_switch"]
    assert only(table, "sched_switch").id in {p.id for p in probes}
    assert all(p.id in RAW_IDS and p.id >= RAW_IDS[1 << 16] for p in probes)
    assert "prev" in [argument.name for argument in table.arguments(only(table, "rawtp:::sched_switch"))]


def test_without_tracefs_the_hint_says_so() -> None:
    table = ProbeTable(WithoutTracefs())
    for text in ("sdt:sched::sched_switch", "tracepoint:::sched_swich"):
        assert table.match(describe(text)) == []
        assert "mount -t tracefs" in table.hint(describe(text))


TYPES = [
    (TracepointField("x", "char", 8, 16, False, 16), String(16)),
    (TracepointField("x", "const char", 8, 16, False, 16), String(16)),
    (TracepointField("x", "char[]", 8, 4, False, data_loc=True), String()),
    (TracepointField("x", "char[]", 8, 4, False, data_loc=True, relative=True), String()),
    (TracepointField("x", "unsigned char", 8, 6, False, 6), VOID),
    (TracepointField("x", "u8[]", 8, 4, False, data_loc=True), VOID),
    (TracepointField("x", "cpumask_t", 8, 4, False, data_loc=True), VOID),
    (TracepointField("x", "const char *", 8, 8, False), Pointer(CHAR)),
    (TracepointField("x", "u32", 8, 0, False), VOID),
    (TracepointField("x", "dev_t", 8, 4, False), Integer(4, False, "dev_t")),
]


@pytest.mark.parametrize(("field", "type_"), TYPES)
def test_the_type_of_a_field(field: TracepointField, type_: object) -> None:
    table = ProbeTable(AnEvent("mine", "mine", TracepointFormat(2000, (field,))))
    (argument,) = table.arguments(only(table, "sdt:mine::mine"))
    assert argument == Argument("x", type_)  # type: ignore[arg-type]
