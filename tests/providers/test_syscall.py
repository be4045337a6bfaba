"""System calls: names, numbers, ids and arguments, of both tables of x86-64 and of aarch64."""

from __future__ import annotations

import pytest

from pyvtrace.lang.types import INT, LONG, Pointer, String
from pyvtrace.lang.vocabulary import Argument
from pyvtrace.providers.provider import SYSCALL_IDS
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.providers.syscall import FIRST_ID, SyscallKey, identity, syscall_probe_name, table
from pyvtrace.spec import RawTracepoint
from pyvtrace.target import TracepointField, TracepointFormat
from tests.frozen import FrozenTarget
from tests.providers.descriptions import AnEvent, Counting, WithoutTracefs, describe, matched, only, shown

NUMBERS = [
    ("x86_64", {"read": 0, "openat": 257, "uretprobe": 335, "futex_waitv": 449, "mseal": 462, "file_setattr": 469}),
    ("i386", {"restart_syscall": 0, "read": 3, "waitpid": 7, "mmap2": 192, "futex_time64": 422, "mseal": 462}),
    ("aarch64", {"io_setup": 0, "read": 63, "openat": 56, "newfstatat": 79, "mmap": 222, "clone3": 435, "mseal": 462}),
]


@pytest.mark.parametrize(("architecture", "numbers"), NUMBERS)
def test_numbers_of_calls(architecture: str, numbers: dict[str, int]) -> None:
    known = table(architecture)
    assert {name: known[name] for name in numbers} == numbers


@pytest.mark.parametrize("architecture", ["x86_64", "i386", "aarch64"])
def test_a_table_is_in_order_and_one_to_one(architecture: str) -> None:
    known = table(architecture)
    assert list(known.values()) == sorted(set(known.values()))
    assert all(name.isidentifier() for name in known)
    assert (known["listns"], known["fchroot"]) == (470, 472)


MATCHES = [
    ("syscall::read:entry", ["syscall:vmlinux:read:entry", "syscall:compat:read:entry"]),
    ("syscall:vmlinux:read:", ["syscall:vmlinux:read:entry", "syscall:vmlinux:read:return"]),
    ("syscall:vmlinux:[rp]read:*", []),
    ("syscall:vmlinux:*read64:return", ["syscall:vmlinux:pread64:return"]),
    ("sys*:vm*:get[pt]id:entry", ["syscall:vmlinux:getpid:entry", "syscall:vmlinux:gettid:entry"]),
    ("syscall::waitpid:entry", ["syscall:compat:waitpid:entry"]),
    ("syscall::arch_prctl:entry", ["syscall:vmlinux:arch_prctl:entry", "syscall:compat:arch_prctl:entry"]),
    ("syscall:vmlinux:newfstat:entry", ["syscall:vmlinux:fstat:entry"]),
    ("syscall:vmlinux:newuname:entry", ["syscall:vmlinux:uname:entry"]),
    ("syscall::umount:entry", ["syscall:compat:umount:entry", "syscall:vmlinux:umount2:entry"]),
    ("syscall:vmlinux:newfstat*:entry", ["syscall:vmlinux:newfstatat:entry"]),
    ("syscall::nosuch:entry", []),
    ("syscall::read:begin", []),
    ("syscall:kernel:read:entry", []),
]


@pytest.mark.parametrize(("text", "expected"), MATCHES)
def test_a_description_finds_calls(text: str, expected: list[str]) -> None:
    assert matched(ProbeTable(FrozenTarget()), text) == expected


def test_every_call_of_both_tables_is_there() -> None:
    probes = ProbeTable(FrozenTarget()).match(describe("syscall:::"))
    assert len(probes) == 2 * (len(table("x86_64")) + len(table("i386"))) == 1696
    arm = ProbeTable(FrozenTarget("aarch64")).match(describe("syscall:::entry"))
    assert len(arm) == len(table("aarch64")) == 328
    assert {probe.name.module for probe in arm} == {"vmlinux"}


def test_the_kernel_is_not_asked_which_calls_there_are() -> None:
    target = Counting()
    assert len(ProbeTable(target).match(describe("syscall:::entry"))) == 848
    assert target.asked == []


def test_ids_are_arithmetic() -> None:
    for probe in ProbeTable(FrozenTarget()).match(describe("syscall:::")):
        key = probe.key
        assert isinstance(key, SyscallKey)
        assert probe.id == FIRST_ID + 4 * key.number + (2 if key.abi == "compat" else 0) + key.returns
        assert probe.id == identity(key.number, compat=key.abi == "compat", returns=key.returns)
        assert syscall_probe_name(probe.id, "x86_64") == probe.name


@pytest.mark.parametrize(
    ("identifier", "architecture", "name"),
    [
        (FIRST_ID, "x86_64", "syscall:vmlinux:read:entry"),
        (FIRST_ID + 1, "x86_64", "syscall:vmlinux:read:return"),
        (FIRST_ID + 2, "x86_64", "syscall:compat:restart_syscall:entry"),
        (FIRST_ID + 2, "aarch64", "syscall:compat:syscall_0:entry"),
        (FIRST_ID, "", "syscall:vmlinux:syscall_0:entry"),
        (FIRST_ID + 4 * 9999 + 3, "x86_64", "syscall:compat:syscall_9999:return"),
        (FIRST_ID - 4, "x86_64", "syscall:vmlinux:syscall_-1:entry"),
    ],
)
def test_every_number_has_a_name(identifier: int, architecture: str, name: str) -> None:
    assert identifier in SYSCALL_IDS
    assert str(syscall_probe_name(identifier, architecture)) == name


def test_the_id_of_a_call_that_is_skipped_is_a_call_too() -> None:
    """Number -1 as BPF code computes it, in the u32 of a record."""
    assert (FIRST_ID + 4 * 0xFFFFFFFF) & 0xFFFFFFFF == FIRST_ID - 4
    assert ProbeTable(FrozenTarget()).name_of(FIRST_ID - 4) is not None


ARGUMENTS = [
    ("syscall:vmlinux:read:entry", [("fd", "unsigned int"), ("buf", "char *"), ("count", "size_t")]),
    (
        "syscall:vmlinux:openat:entry",
        [("dfd", "int"), ("filename", "char *"), ("flags", "int"), ("mode", "umode_t")],
    ),
    ("syscall:vmlinux:execve:entry", [("filename", "char *"), ("argv", "char **"), ("envp", "char **")]),
    ("syscall:vmlinux:getppid:entry", []),
    ("syscall:vmlinux:read:return", [("ret", "long"), ("ret", "long")]),
    ("syscall:compat:read:entry", [("fd", "unsigned int"), ("buf", "char *"), ("count", "size_t")]),
    ("syscall:vmlinux:setns:entry", [(f"arg{n}", "long") for n in range(6)]),
]


@pytest.mark.parametrize(("text", "expected"), ARGUMENTS)
def test_arguments_are_those_that_the_kernel_declares(text: str, expected: list[tuple[str, str]]) -> None:
    probes = ProbeTable(FrozenTarget())
    assert shown(probes.arguments(only(probes, text))) == expected


def test_pointers_point_into_the_process() -> None:
    probes = ProbeTable(FrozenTarget())
    dfd, filename, *_ = probes.arguments(only(probes, "syscall:vmlinux:openat:entry"))
    assert dfd.type == INT
    assert isinstance(filename.type, Pointer) and filename.type.user


def _event(*fields: TracepointField) -> TracepointFormat:
    return TracepointFormat(900, (TracepointField("__syscall_nr", "int", 8, 4, True), *fields))


def test_a_call_whose_event_has_another_name() -> None:
    form = _event(TracepointField("fd", "unsigned int", 16, 8, False))
    probes = ProbeTable(AnEvent("syscalls", "sys_enter_newfstat", form))
    assert shown(probes.arguments(only(probes, "syscall:vmlinux:fstat:entry"))) == [("fd", "unsigned int")]
    assert shown(probes.arguments(only(probes, "syscall:compat:fstat:entry"))) == [("fd", "unsigned int")]


def test_an_old_call_does_not_get_the_arguments_of_its_namesake() -> None:
    form = _event(
        TracepointField("name", "char *", 16, 8, False),
        TracepointField("flags", "int", 24, 8, False),
    )
    probes = ProbeTable(AnEvent("syscalls", "sys_enter_umount", form))
    assert len(probes.arguments(only(probes, "syscall:vmlinux:umount2:entry"))) == 2
    assert len(probes.arguments(only(probes, "syscall:compat:umount:entry"))) == 6


def test_copies_of_strings_are_no_arguments() -> None:
    form = _event(
        TracepointField("path", "const char *", 16, 8, False),
        TracepointField("__path_val", "char[]", 24, 4, False, data_loc=True),
    )
    probes = ProbeTable(AnEvent("syscalls", "sys_enter_chdir", form))
    (path,) = probes.arguments(only(probes, "syscall:vmlinux:chdir:entry"))
    assert not isinstance(path.type, String)


def test_without_tracefs_arguments_are_registers() -> None:
    probes = ProbeTable(WithoutTracefs())
    arguments = probes.arguments(only(probes, "syscall:vmlinux:read:entry"))
    assert arguments == tuple(Argument(f"arg{n}", LONG) for n in range(6))


def test_where_the_kernel_attaches() -> None:
    probes = ProbeTable(FrozenTarget())
    assert probes.attach(only(probes, "syscall:vmlinux:read:entry")) == RawTracepoint("sys_enter")
    assert probes.attach(only(probes, "syscall:compat:read:return")) == RawTracepoint("sys_exit")


def test_an_architecture_without_a_table() -> None:
    probes = ProbeTable(FrozenTarget("sparc64"))
    assert probes.match(describe("syscall:::")) == []
    assert probes.hint(describe("syscall::read:entry")) == "the system calls of sparc64 are not known"
