"""Probes in functions, on a recorded machine: what descriptions mean, what is refused, which programs are made."""

from __future__ import annotations

import pytest

from pyvtrace.providers.registry import ProbeTable
from pyvtrace.spec import FunctionTrace, KernelPoint, Kprobes, Uprobes, UserPoint
from tests.frozen import FrozenTarget
from tests.providers.descriptions import describe, matched, only, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pid100:a.out:main:entry", ["pid100:a.out:main:entry"]),
        ("pid100:sleepy:nap:", ["pid100:sleepy:nap:entry", "pid100:sleepy:nap:return"]),
        ("pid100::nap:1f", ["pid100:sleepy:nap:1f"]),
        ("pid100::nap:50", []),
        ("pid100:libc:malloc:entry", ["pid100:libc.so.6:malloc:entry"]),
        ("pid100:libc*:*malloc:entry", ["pid100:libc.so.6:malloc:entry"]),
        ("pid100:libc.so.6:__libc_malloc:entry", ["pid100:libc.so.6:__libc_malloc:entry"]),
        ("pid100::memcpy:entry", []),
        ("pid*:::entry", []),
        ("uprobe:libc:nanosleep:+0x10", ["uprobe:/lib/libc.so.6:nanosleep:+0x10"]),
        ("uprobe:/usr/bin/sleepy:nap:return", ["uprobe:/usr/bin/sleepy:nap:return"]),
        ("python*:::function*", ["python:python:evaluate:function-entry", "python:python:evaluate:function-return"]),
        ("python101:::gc__start", ["python101:python::gc-start"]),
        ("python100:::", []),
        ("fbt::vfs_read:", ["fbt:vmlinux:vfs_read:entry", "fbt:vmlinux:vfs_read:return"]),
        ("fbt:ext4::entry", ["fbt:ext4:ext4_map_blocks:entry"]),
        ("vfs_read:entry", []),
    ],
)
def test_what_descriptions_mean(text: str, expected: list[str]) -> None:
    assert matched(ProbeTable(FrozenTarget()), text) == expected


def test_functions_of_one_name_are_one_probe_in_all_places() -> None:
    table = ProbeTable(FrozenTarget())
    probe = only(table, "pid100:a.out:init:4")
    points = tuple(UserPoint("/usr/bin/sleepy", place, 0, probe.id) for place in (0x1304, 0x1404))
    assert table.placed(table.attach(probe), [probe]) == Uprobes(100, False, "", points)


def test_functions_of_the_kernel() -> None:
    table = ProbeTable(FrozenTarget())
    entry, back = only(table, "fbt::vfs_read:entry"), only(table, "fbt::vfs_read:return")
    assert (table.attach(entry), table.attach(back)) == (
        FunctionTrace("vfs_read", False),
        FunctionTrace("vfs_read", True),
    )
    assert shown(table.arguments(entry)) == [
        ("file", "struct file *"), ("buf", "char *"), ("count", "size_t"), ("pos", "loff_t *"),
    ]  # fmt: skip
    assert shown(table.arguments(back)) == [("offset", "long"), ("result", "ssize_t")]
    assert shown(table.arguments(only(table, "fbt::kfree:return"))) == [("offset", "long")]
    assert table.attach(only(table, "fbt:ext4::entry")) == Kprobes(False), "kprobes reach modules"


def test_kprobes_where_there_is_no_fentry() -> None:
    table = ProbeTable(FrozenTarget(without=["fentry"]))
    probe = only(table, "fbt::vfs_read:return")
    assert table.placed(table.attach(probe), [probe]) == Kprobes(True, (KernelPoint("vfs_read", probe.id),))


@pytest.mark.parametrize(
    ("without", "text", "words"),
    [
        (
            ["fentry", "kprobe"],
            "fbt::vfs_read:entry",
            "fentry: Operation not permitted; kprobe: Operation not permitted",
        ),
        (["uprobe"], "pid100::main:entry", "uprobe: Operation not permitted"),
        (["attach cookie"], "uprobe:libc:malloc:entry", "attach cookie: Operation not permitted"),
        (["uprobe"], "python*:::", "uprobe: Operation not permitted"),
    ],
)
def test_what_the_kernel_lacks_is_said(without: list[str], text: str, words: str) -> None:
    table = ProbeTable(FrozenTarget(without=without))
    refusal = table.refusal(describe(text), table.match(describe(text)))
    assert refusal and words in refusal.message
    allowed = ProbeTable(FrozenTarget())
    assert allowed.refusal(describe(text), allowed.match(describe(text))) is None
