"""scripts/test: which tests run here and which with what kernel. The Python and the `scripts/vm` it calls print their
arguments."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = "here -m pytest"


def guest(kernel: str, *arguments: str) -> str:
    words = ("run -v --kernel", kernel, "--memory 2G --timeout 20m -- scripts/lib/guest-tests", *arguments)
    return "guest " + " ".join(words)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/packages").write_text("dpkg # is there\n")
    made = tmp_path / ".venv"
    (made / "bin").mkdir(parents=True)
    (made / "stamp.root").write_text(f"{tmp_path}\n")
    shutil.copy(ROOT / "pyproject.toml", made / "stamp.dev")
    for path, name in (("scripts/vm", "guest"), (".venv/bin/python", "here")):
        (tmp_path / path).write_text(f'#!/bin/sh\necho {name} "$@"\ncase "$*" in *broken*) exit 1 ;; esac\n')
        (tmp_path / path).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ([], [HERE, guest("6.1"), guest("6.12")]),
        (["tests/lang", "-x"], [f"{HERE} tests/lang -x"]),
        (["--kernels", "none"], [HERE]),
        (["--kernels", "all"], [HERE, guest("6.1"), guest("6.12"), guest("6.16"), guest("7")]),
        (["--kernels", "7,6.1", "-k", "x"], [f"{HERE} -k x", guest("7", "-k", "x"), guest("6.1", "-k", "x")]),
    ],
)
def test_what_runs_where(checkout: Path, arguments: list[str], runs: list[str]) -> None:
    done = subprocess.run([checkout / "scripts/test", *arguments], capture_output=True, text=True, check=False)
    # Guests run at the same time, the tests here before them.
    assert (sorted(done.stdout.splitlines()), done.returncode) == (sorted(runs), 0)
    assert done.stdout.startswith(HERE)


def test_a_failure_anywhere_is_one_and_the_rest_still_runs(checkout: Path) -> None:
    command = [checkout / "scripts/test", "--kernels", "broken,7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (sorted(done.stdout.splitlines()), done.returncode) == (sorted([HERE, guest("broken"), guest("7")]), 1)
    assert done.stderr.splitlines()[-1] == "test: failed: broken"


@pytest.mark.parametrize("arguments", [["soak", "many"], ["soak", "0"]])
def test_a_soak_of_no_number(arguments: list[str]) -> None:
    done = subprocess.run([ROOT / "scripts/vm", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "vm: usage: vm soak [BOOTS [KERNEL...]]\n")
