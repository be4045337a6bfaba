"""Kernels of one's own boot: a bzImage whose modules are where they belong, a vmlinux whose modules are named."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pyvtrace.vm import image
from pyvtrace.vm.store import Store, directory
from pyvtrace.vm.suites import Apt, newest, wish
from tests.vm.guests import run

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.fixture(scope="session")
def system() -> Path:
    """Where a package of Debian's is unpacked, as if it were installed there; kept, because it takes 27 MB to fetch."""
    home = Path(directory(), "unpacked")
    if not home.exists():
        apt = Apt(str(home.parent / "apt"))
        apt.update()
        release = newest(wish("6.1"), apt.kernels())
        (package,) = map(apt.download, apt.packages(str(release)))
        draft = home.with_name(f"unpacked.{os.getpid()}")
        subprocess.run(["dpkg-deb", "-x", package, draft], check=True)
        os.unlink(package)
        os.rename(draft, home)
    return home


def test_a_bzimage_boots_with_the_modules_that_belong_to_it(system: Path) -> None:
    (kernel,) = (system / "boot").glob("vmlinuz-*")
    assert image.is_bzimage(kernel.read_bytes())
    release = kernel.name.removeprefix("vmlinuz-")
    assert run("--", "uname", "-r", kernel=str(kernel)) == (f"{release}\n", "", 0)


def test_a_vmlinux_boots_with_the_modules_that_are_named(tmp_path: Path) -> None:
    kernel = Store(directory(), pytest.fail).find(wish("6.12"))
    (tmp_path / "vmlinux").symlink_to(kernel.image)
    done = run("--modules", kernel.modules, "--", "uname", "-r", kernel=str(tmp_path / "vmlinux"))
    assert done == (f"{kernel.release}\n", "", 0)
