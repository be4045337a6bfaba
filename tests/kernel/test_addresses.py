"""Addresses of symbols on disk: found again, forgotten when they may have changed, and nobody else's to read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pyvtrace.kernel.addresses import Addresses, Found, boot_identity

HERE = ("vmlinux", 0xFFFFFFFF81000000)


def never() -> Found | None:
    pytest.fail("it was looked for again")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file, with one address in it."""
    assert Addresses(str(tmp_path), "boot 1").find("", "one", lambda: HERE) == HERE
    return tmp_path / "symbols"


def test_what_was_found_is_remembered(kept: Path) -> None:
    again = Addresses(str(kept.parent), "boot 1")
    assert again.find("", "one", never) == HERE
    assert again.find("vmlinux", "one", lambda: None) is None
    assert again.find("", "two", lambda: ("vmlinux", 5)) == ("vmlinux", 5)
    assert Addresses(str(kept.parent), "boot 1").find("", "one", never) == HERE


def test_it_is_its_owners_alone(kept: Path) -> None:
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert os.listdir(kept.parent) == ["symbols"]


def other_owner(path: Path) -> None:
    os.chown(path, 65534, 65534)


def readable(path: Path) -> None:
    path.chmod(0o644)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def binary(path: Path) -> None:
    path.write_bytes(b"\xff\0\n" * 5)


@pytest.mark.parametrize("change", [other_owner, readable, cut, link, binary])
def test_a_file_that_cannot_be_trusted_is_ignored(kept: Path, change: Callable[[Path], None]) -> None:
    change(kept)
    assert Addresses(str(kept.parent), "boot 1").find("", "one", lambda: ("other", 7)) == ("other", 7)


@pytest.mark.parametrize("found", [None, ("vmlinux", 0), ("bpf", 5), ("__builtin__ftrace", 5)])
def test_what_may_change_at_any_time_is_not_kept(tmp_path: Path, found: Found | None) -> None:
    assert Addresses(str(tmp_path), "boot 1").find("", "one", lambda: found) == found
    assert Addresses(str(tmp_path), "boot 1").find("", "one", lambda: HERE) == HERE


def test_another_boot_and_other_modules_are_another_state(kept: Path, tmp_path: Path) -> None:
    boot, modules = tmp_path / "boot_id", tmp_path / "modules"

    def identity(which: str, loaded: str) -> str:
        boot.write_text(which)
        modules.write_text(loaded)
        return boot_identity(str(boot), str(modules))

    row = "loop 40960 {} - Live 0xffffffffc0{}000\n"
    first = identity("boot 1\n", row.format(0, 1))
    assert identity("boot 1\n", row.format(3, 1)) == first
    changed = [identity("boot 2\n", row.format(0, 1)), identity("boot 1\n", row.format(0, 2)), identity("boot 1\n", "")]
    assert first not in changed
    assert len(set(changed)) == 3
    for one in changed:
        assert Addresses(str(kept.parent), one).find("", "one", lambda: ("m", 9)) == ("m", 9)


def test_without_a_boot_id_nothing_is_kept(tmp_path: Path) -> None:
    identity = boot_identity(str(tmp_path / "none"))
    assert Addresses(str(tmp_path), identity).find("", "one", lambda: HERE) == HERE
    assert os.listdir(tmp_path) == []
