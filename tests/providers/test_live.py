"""The providers over the running kernel: its tracefs has to agree with the tables, and its verifier with the names."""

from __future__ import annotations

import ctypes
import os
from threading import get_native_id

import pytest

from pyvtrace.kernel import bpf, perf
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.lang.types import Integer, Pointer
from pyvtrace.providers.registry import ProbeTable
from tests.kernel.code import NOTHING, Kernel
from tests.providers.descriptions import describe, only, shown

STABLE = {"io", "sched", "proc", "lockstat", "cpc", "vminfo", "sysinfo", "ip", "tcp", "udp"}


@pytest.fixture(scope="module")
def table() -> ProbeTable:
    return ProbeTable(LiveTarget())


def test_every_call_that_the_kernel_has_an_event_for_is_known(table: ProbeTable) -> None:
    events = {name for group, name in LiveTarget().tracepoints() if group == "syscalls"}
    assert len(events) > 600
    calls = {event.removeprefix("sys_enter_") for event in events if event.startswith("sys_enter_")}
    unknown = {call for call in calls if not table.match(describe(f"syscall::{call}:entry"))}
    assert unknown == set()


def test_the_numbers_are_the_kernels(table: ProbeTable) -> None:
    answers = {"getpid": os.getpid(), "getppid": os.getppid(), "gettid": get_native_id(), "getuid": os.getuid()}
    for name, answer in answers.items():
        number = only(table, f"syscall:vmlinux:{name}:entry").key.number
        assert ctypes.CDLL(None).syscall(number) == answer


ARGUMENTS = {
    "read": [("fd", "unsigned int"), ("buf", "char *"), ("count", "size_t")],
    "openat": [("dfd", "int"), ("filename", "char *"), ("flags", "int"), ("mode", "umode_t")],
    "execve": [("filename", "char *"), ("argv", "char **"), ("envp", "char **")],
    "fstat": [("fd", "unsigned int"), ("statbuf", "struct stat *")],
}


@pytest.mark.parametrize("call", ARGUMENTS)
def test_arguments_of_calls(table: ProbeTable, call: str) -> None:
    probe = only(table, f"syscall:vmlinux:{call}:entry")
    assert shown(table.arguments(probe)) == ARGUMENTS[call]
    assert all(a.type.user for a in table.arguments(probe) if isinstance(a.type, Pointer))


def test_fields_of_an_event_by_name(table: ProbeTable) -> None:
    probe = only(table, "sdt:sched::sched_switch")
    assert shown(table.arguments(probe))[:4] == [
        ("prev_comm", "string"),
        ("prev_pid", "pid_t"),
        ("prev_prio", "int"),
        ("prev_state", "long"),
    ]


def test_parameters_of_a_raw_tracepoint_by_name(table: ProbeTable) -> None:
    probe = only(table, "rawtp:sched::sched_switch")
    assert ("prev", "struct task_struct *") in shown(table.arguments(probe))


def test_every_probe_has_its_own_id() -> None:
    probes = list(ProbeTable(LiveTarget()).all())
    assert len({probe.id for probe in probes}) == len(probes) > 3000
    assert {probe.name.provider for probe in probes} == {"dtrace", "profile", "syscall", "sdt", "rawtp", *STABLE}


def test_what_is_listed_by_a_glob_is_found_by_name(table: ProbeTable) -> None:
    found = table.match(describe("*t*:[bs]*::*_s*"))
    assert len(found) > 20
    assert all(table.match(describe(str(probe.name))) == [probe] for probe in found)


def test_every_integer_of_an_event_lies_where_it_fits(table: ProbeTable) -> None:
    for probe in table.match(describe("sdt:::")):
        for argument, field in zip(table.arguments(probe), probe.key.fields, strict=True):
            if isinstance(argument.type, Integer):
                assert (argument.type.bytes, argument.type.signed) == (field.size, field.signed)


def test_the_kernel_attaches_where_the_table_says(table: ProbeTable) -> None:
    """Each group's first raw tracepoint, and those without an event; detaching takes 12 ms, so not all."""
    probes = table.match(describe("rawtp:::"))
    chosen = [p for p in probes if p.name.module in ("sched", "block", "signal", "")][::4]
    assert len(chosen) > 10
    with Kernel() as kernel:
        program = kernel.program(NOTHING)
        for probe in chosen:
            place = table.attach(probe)
            kernel.own(bpf.raw_tracepoint_open(place.name, program))  # type: ignore[attr-defined]


def test_the_kernel_has_every_event_by_its_number(table: ProbeTable) -> None:
    with Kernel() as kernel:
        for probe in table.match(describe("sdt:block::")):
            form = LiveTarget().tracepoint(probe.key.group, probe.key.name)
            assert form
            kernel.own(perf.open_tracepoint(form.id))
