"""The cache of answers about types: never wrong, whatever happens to its file."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from pyvtrace.kernel.types import Types, cache_directory, kernel_identity

NOWHERE = "/nonexistent/btf"


def ask(types: Types) -> list[object]:
    return [
        types.member("task_struct", "comm"),
        types.member("task_struct", "pid"),
        types.member("task_struct", "never"),
        types.raw_tracepoint("sched_switch"),
        types.raw_tracepoint("never"),
        types.function("vfs_read"),
        types.function("never"),
        types.named("pid_t"),
        types.named("enum pid_type"),
        types.named("never"),
        types.enumerator("PIDTYPE_TGID"),
        types.enumerator("never"),
        types.variable("vfs_read"),
        types.variable("never"),
    ]


@pytest.fixture
def answers(tmp_path: Path) -> list[object]:
    """What BTF says; a cache in `tmp_path` has it too."""
    types = Types(str(tmp_path), "here")
    found = ask(types)
    types.save()
    return found


def cache(tmp_path: Path) -> Path:
    (file,) = tmp_path.iterdir()
    return file


def test_the_second_time_btf_is_not_read(tmp_path: Path, answers: list[object]) -> None:
    assert [bool(answer) for answer in answers] == [
        *(True, True, False, True, False, True, False),
        *(True, True, False, True, False, True, False),
    ]
    assert ask(Types(str(tmp_path), "here", btf=NOWHERE)) == answers


def test_another_kernel_has_another_cache(tmp_path: Path, answers: list[object]) -> None:
    assert ask(Types(str(tmp_path), "elsewhere", btf=NOWHERE)) == [None] * len(answers)


def test_without_btf_nothing_is_remembered(tmp_path: Path) -> None:
    types = Types(str(tmp_path), "here", btf=NOWHERE)
    ask(types)
    types.save()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("twentieths", range(20))
def test_a_cut_file_is_ignored(tmp_path: Path, answers: list[object], twentieths: int) -> None:
    file = cache(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * twentieths // 20])
    assert ask(Types(str(tmp_path), "here", btf=NOWHERE)) == [None] * len(answers)


@pytest.mark.parametrize(
    ("old", "new"),
    [("types 1", "types 2"), ("comm=", "comn="), ("member", "mumber"), ("=", "=9"), ("comm", "\xff\xfe")],
)
def test_a_damaged_file_is_ignored_and_written_anew(tmp_path: Path, answers: list[object], old: str, new: str) -> None:
    file = cache(tmp_path)
    file.write_text(file.read_text().replace(old, new, 1), encoding="latin-1")
    assert ask(Types(str(tmp_path), "here", btf=NOWHERE)) == [None] * len(answers)
    types = Types(str(tmp_path), "here")
    assert ask(types) == answers
    types.save()
    assert ask(Types(str(tmp_path), "here", btf=NOWHERE)) == answers


def test_a_file_of_somebody_else_is_ignored(tmp_path: Path, answers: list[object]) -> None:
    os.chown(cache(tmp_path), 12345, 12345)
    assert ask(Types(str(tmp_path), "here", btf=NOWHERE)) == [None] * len(answers)


@pytest.mark.parametrize("directory", ["", "/dev/null/cache", "/proc/nonexistent"])
def test_nowhere_to_write(answers: list[object], directory: str) -> None:
    types = Types(directory, "here")
    assert ask(types) == answers
    types.save()


def test_only_so_much_is_kept(tmp_path: Path) -> None:
    types = Types(str(tmp_path), "here")
    for number in range(1000):
        types.member("task_struct", f"no_{number}")
    types.member("task_struct", "comm")
    types.save()
    assert cache(tmp_path).stat().st_size < 20_000


def test_listing_tracepoints_does_not_crowd_out_members(tmp_path: Path) -> None:
    types = Types(str(tmp_path), "here")
    types.member("task_struct", "comm")
    for number in range(1000):
        types.raw_tracepoint(f"no_{number}")
    types.save()
    assert Types(str(tmp_path), "here", btf=NOWHERE).member("task_struct", "comm")


# --------------------------------------------------------------------------------------------------------------- place


def note(kind: int, name: bytes, data: bytes) -> bytes:
    def padded(text: bytes) -> bytes:
        return text + bytes(-len(text) % 4)

    return struct.pack("=III", len(name), len(data), kind) + padded(name) + padded(data)


def test_a_kernel_is_its_build_id_and_its_btf(tmp_path: Path) -> None:
    notes, btf = tmp_path / "notes", tmp_path / "btf"
    notes.write_bytes(note(6, b"Linux\0", b"x" * 5) + note(3, b"Xen\0", b"no") + note(3, b"GNU\0", b"\xab\xcd\x01"))
    btf.write_bytes(bytes(77))
    assert kernel_identity(str(notes), str(btf)) == "abcd01-77"


def test_a_kernel_without_a_build_id_is_its_version(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    for content in (b"", b"\1\0\0", note(6, b"Linux\0", b"x")):
        notes.write_bytes(content)
        identity = kernel_identity(str(notes), NOWHERE)
        assert os.uname().release.partition(".")[0] in identity
        assert "/" not in identity and " " not in identity


def test_where_caches_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_directory() == f"{tmp_path}/.cache/pyvtrace"
    monkeypatch.setenv("XDG_CACHE_HOME", f"{tmp_path}/not/yet")
    assert cache_directory() == f"{tmp_path}/not/yet/pyvtrace"


def test_root_keeps_out_of_a_users_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_directory() == "/var/cache/pyvtrace"
