"""Structs of the kernel out of BTF, and out of the cache: as single members are found there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyvtrace.kernel.types import Types
from pyvtrace.providers.c_types import struct_type
from tests.conftest import RunVtrace


@pytest.fixture(scope="module")
def types() -> Types:
    return Types("")


@pytest.mark.parametrize("member", ["pid", "tgid", "comm", "real_parent", "mm"])
def test_members_lie_where_a_look_up_of_one_says(types: Types, member: str) -> None:
    whole, place = types.aggregate("struct", "task_struct"), types.member("task_struct", member)
    assert whole is not None
    assert place is not None
    found = struct_type(whole).member(member)
    assert found is not None
    assert (found.offset, found.type.size) == (place.offset, place.size)


def test_members_of_anonymous_ones_are_the_struct_s(types: Types) -> None:
    """`struct page` is little else."""
    whole, place = types.aggregate("struct", "page"), types.member("page", "mapping")
    assert whole is not None
    assert place is not None
    found = struct_type(whole).member("mapping")
    assert found is not None
    assert found.offset == place.offset


def test_bit_fields_have_their_width(types: Types) -> None:
    whole = types.aggregate("struct", "task_struct")
    assert whole is not None
    found = struct_type(whole).member("in_execve")
    assert found is not None
    assert found.bits == 1


def test_a_pointer_leads_to_what_is_not_read_yet(types: Types) -> None:
    whole = types.aggregate("struct", "task_struct")
    assert whole is not None
    found = struct_type(whole).member("real_parent")
    assert found is not None
    assert str(found.type) == "struct task_struct *"


@pytest.mark.parametrize(("keyword", "tag"), [("struct", "never"), ("union", "task_struct"), ("struct", "pid_t")])
def test_there_is_none_of_another_name(types: Types, keyword: str, tag: str) -> None:
    assert types.aggregate(keyword, tag) is None


def test_the_cache_says_the_same(tmp_path: Path) -> None:
    first = Types(str(tmp_path), "here")
    asked = [first.aggregate("struct", name) for name in ("task_struct", "page", "never")]
    first.save()
    later = Types(str(tmp_path), "here", "/nonexistent/btf")
    assert [later.aggregate("struct", name) for name in ("task_struct", "page", "never")] == asked


def test_the_command_leaves_a_cache(tmp_path: Path, vtrace: RunVtrace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ran = vtrace("-qn", 'BEGIN { printf("%d", curthread->pid == tid); exit(0); }')
    assert ran.stdout == "1\n"
    (file,) = (tmp_path / "pyvtrace").iterdir()
    assert b"aggregate struct task_struct=" in file.read_bytes()
