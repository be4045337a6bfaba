"""`pip install` of a wheel made here gives a working `vtrace`, with the shipped D scripts inside."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # hatchling's own command instead of pip: the same file in a tenth of the time, and no network.
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (built,) = folder.glob("*.whl")
    return built


def shipped() -> set[str]:
    """Scripts, programs of commands, D libraries and what C programs are compiled with."""
    own = ROOT.glob("pyvtrace/analysis/*/*.d")
    inside = [*own, *ROOT.glob("pyvtrace/library/*.d"), *ROOT.glob("pyvtrace/cprobes/include/*.h")]
    libraries = {str(path.relative_to(ROOT / "pyvtrace")) for path in inside}
    assert len(libraries) > 3
    return libraries | {str(path.relative_to(ROOT)) for path in ROOT.glob("probes/**/*.[cd]")}


def test_every_shipped_script_is_inside(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.removeprefix("pyvtrace/") for name in names if name.endswith((".c", ".d", ".h"))} == shipped() != set()


def test_every_schema_is_inside(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name.removeprefix("pyvtrace/") for name in names if name.startswith("pyvtrace/schema/")}
    assert inside == {str(path.relative_to(ROOT / "docs")) for path in ROOT.glob("docs/schema/**/*.json")} != set()


def test_nothing_but_the_package_is_inside(wheel: Path) -> None:
    top = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"pyvtrace"}


def test_it_runs_from_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=False)
    python = tmp_path / "bin" / "python"
    here = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "--python", str(python)]
    subprocess.run([*here, "install", "--no-deps", "--no-index", wheel], check=True)
    # What it depends on is taken from this environment. A path in a .pth does not make the .pth files there count, so
    # the checkout this environment is an editable install of stays out of sight.
    (site,) = tmp_path.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))

    where = subprocess.check_output(
        [python, "-c", "import pyvtrace; print(pyvtrace.__file__)"], cwd=tmp_path, text=True
    )
    assert where.startswith(str(site))
    vtrace = subprocess.run(
        [tmp_path / "bin" / "vtrace", "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert vtrace.returncode == 0, vtrace.stderr
    assert "vtrace" in vtrace.stdout
    named = subprocess.run(
        [tmp_path / "bin" / "vtrace", "-e", "-n", "BEGIN { x = SIGKILL; }"], cwd=tmp_path, check=False
    )
    assert named.returncode == 0
    assert os.path.isdir(site / "pyvtrace" / "probes")
