"""The scripts of a checkout: quick when all is in place, plain-spoken when something is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ["cat", "cmp", "cp", "dirname", "env", "flock", "id", "mkdir", "readlink", "sh"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the scripts, beside a .venv that is in place: its `vtrace` prints its arguments."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    made = tmp_path / ".venv"
    (made / "bin").mkdir(parents=True)
    for name in ("vtrace", "python"):
        command = made / "bin" / name
        command.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
        command.chmod(0o755)
    (made / "stamp.root").write_text(f"{tmp_path}\n")
    shutil.copy(ROOT / "pyproject.toml", made / "stamp.run")
    return tmp_path


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_vtrace_passes_its_arguments_on_and_says_nothing(checkout: Path) -> None:
    done = run(checkout / "scripts/vtrace", "-n", "BEGIN { exit(0); }", "")
    assert (done.stdout, done.stderr, done.returncode) == ("-n|BEGIN { exit(0); }||", "", 0)


def test_vtrace_works_from_any_directory_and_through_a_link(checkout: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(checkout / "scripts/vtrace")
    assert run(link, "a", cwd="/").stdout == "a|"
    assert run("./vtrace", "b", cwd=checkout / "scripts").stdout == "b|"


def test_vtrace_starts_one_program_before_itself(checkout: Path, tmp_path: Path) -> None:
    """Each takes milliseconds, in front of a command that takes a hundred."""
    tools, log = tmp_path / "tools", tmp_path / "log"
    tools.mkdir()
    (tools / "cmp").write_text(f'#!/bin/sh\necho cmp >>{log}\nexec {shutil.which("cmp")} "$@"\n')
    (tools / "cmp").chmod(0o755)
    done = run(checkout / "scripts/vtrace", "a", env={"PATH": str(tools)})
    assert (done.stdout, done.stderr) == ("a|", "")
    assert log.read_text() == "cmp\n"


@pytest.mark.parametrize("change", ["pyproject.toml", ".venv/stamp.root"])
def test_vtrace_sets_up_again_when_the_project_changed_or_moved(checkout: Path, change: str) -> None:
    (checkout / "scripts/setup").write_text("#!/bin/sh\necho set up for $1 >&2\n")
    with open(checkout / change, "a") as file:
        file.seek(0)
        file.truncate()
        file.write("else\n")
    assert run(checkout / "scripts/vtrace", "x").stderr == "set up for run\n"


def test_setup_names_what_to_install_where_there_is_no_python_and_no_apt(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(os.path.realpath(found))
    (checkout / ".venv/bin/python").unlink()
    script = checkout / "scripts/lib/common.sh"
    script.write_text(script.read_text().replace("/usr/bin/python3 ", ""))
    done = run(checkout / "scripts/setup", "run", env={"PATH": str(tools)})
    assert done.returncode == 1
    assert "Python 3.11" in done.stderr and "python3-venv" in done.stderr
    assert done.stdout == ""


def test_setup_refuses_what_it_does_not_know(checkout: Path) -> None:
    done = run(checkout / "scripts/setup", "everything")
    assert (done.returncode, done.stderr) == (1, "setup: usage: setup [run|dev]\n")


@pytest.mark.parametrize(
    "script", ["setup", "vtrace", "test", "bench", "vm", "validate", "lib/common.sh", "lib/guest-tests"]
)
def test_scripts_are_posix_shell(script: str) -> None:
    assert run("dash", "-n", ROOT / "scripts" / script).stderr == ""
