"""scripts/test: which tests run here and which with what kernel. The Python and the `scripts/vm` it calls print their
arguments."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.vm.guests import all_end

ROOT = Path(__file__).parents[2]
HERE = "here -m pytest"
# What may run at once, and the rest.
TOGETHER = (
    "bpf", "lang", "compile", "d", "render", "export", "project", "scripts",
    "runtime", "builtins", "providers", "kernel", "analysis", "api", "cli", "cprobes",
)  # fmt: skip
ALL_HERE = [
    f"{HERE} -n {len(os.sched_getaffinity(0))} --dist worksteal " + " ".join(f"tests/{name}" for name in TOGETHER),
    f"{HERE} " + " ".join(f"--ignore=tests/{name}" for name in TOGETHER),
]


def guest(kernel: str, *arguments: str) -> str:
    words = ("run -v --kernel", kernel, "--memory 2G --timeout 40m -- scripts/lib/guest-tests", *arguments)
    return "guest " + " ".join(words)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/packages").write_text("dpkg # is there\n")
    (tmp_path / "tests/unpacked").write_text("# none\n")
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
        ([], [*ALL_HERE, guest("6.1"), guest("6.12")]),
        (["tests/lang", "-x"], [f"{HERE} tests/lang -x"]),
        (["--kernels", "none"], ALL_HERE),
        (["--kernels", "all"], [*ALL_HERE, guest("6.1"), guest("6.12"), guest("6.16"), guest("7")]),
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
    assert (sorted(done.stdout.splitlines()), done.returncode) == (sorted([*ALL_HERE, guest("broken"), guest("7")]), 1)
    assert done.stderr.splitlines()[-1] == "test: failed: broken"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_guests_too(checkout: Path, number: signal.Signals) -> None:
    (checkout / "scripts/vm").write_text('#!/bin/sh\necho $$ >>"$0.started"\nexec sleep 1000\n')
    started = checkout / "scripts/vm.started"
    started.touch()
    with subprocess.Popen([checkout / "scripts/test", "--kernels", "6.1,7"], stdout=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 60
        while len(guests := started.read_text().split()) < min(2, os.cpu_count() or 1):
            assert time.monotonic() < deadline and run.poll() is None
            time.sleep(0.01)
        run.send_signal(number)
        assert run.wait(60) == 128 + number
    assert all_end(map(int, guests))


@pytest.mark.parametrize("arguments", [["soak", "many"], ["soak", "0"]])
def test_a_soak_of_no_number(arguments: list[str]) -> None:
    done = subprocess.run([ROOT / "scripts/vm", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "vm: usage: vm soak [BOOTS [KERNEL...]]\n")
