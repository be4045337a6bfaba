"""`vtrace doctor`: the same truth as a table and as JSON, for those who may and those who may not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyvtrace.cli.doctor import doctor, examine
from pyvtrace.kernel.features import FEATURES, ask
from pyvtrace.kernel.statistics import runs_are_timed
from scripts.lib import bpf
from tests.conftest import PATIENCE

RUN = "import sys; from pyvtrace.cli.doctor import doctor; sys.exit(doctor(json={json}))"
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


def run(*before: str, json: bool = False) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-c", RUN.format(json=json)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_whole_table(capsys: pytest.CaptureFixture[str]) -> None:
    status = doctor()
    output = capsys.readouterr().out
    for name, feature in FEATURES.items():
        answer = "yes" if ask(name).works else "no"
        assert any(line.split(None, 1)[0] == answer for line in output.splitlines() if f"  {name} " in line), name
        assert feature.purpose in output
    assert status == 0
    assert output.endswith("Syscall one-liners work here.\n")
    assert "\x1b" not in output


def test_every_no_comes_with_advice() -> None:
    for check in examine():
        assert bool(check.advice) != check.works


def test_json() -> None:
    done = run(json=True)
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["ready"], done.returncode) == (True, 0)
    assert [check["name"] for check in said["checks"]] == [*FEATURES, "bcc"]
    assert "CAP_BPF" in said["machine"]["capabilities"]


def test_that_runs_are_timed_is_said() -> None:
    with bpf.statistics():
        assert runs_are_timed()
        assert bpf.runs_are_timed()
        assert json.loads(run(json=True).stdout)["machine"]["timed"]
        assert "-> sysctl kernel.bpf_stats_enabled=0" in run().stdout


@pytest.mark.parametrize("asked", [runs_are_timed, bpf.runs_are_timed])
def test_that_runs_are_not_timed(asked: Callable[[], bool]) -> None:
    always = Path("/proc/sys/kernel/bpf_stats_enabled").read_text(encoding="ascii").strip() == "1"
    deadline = time.monotonic() + PATIENCE
    # Other tests have them timed for a moment.
    while asked() != always:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_without_capabilities_it_names_them() -> None:
    done = run(*POWERLESS, json=True)
    assert done.returncode == 1, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert not said["ready"]
    assert said["machine"]["capabilities"] == []
    checks = {check["name"]: check for check in said["checks"]}
    assert "needs CAP_BPF and CAP_PERFMON" in checks["raw tracepoints"]["advice"]
    assert "needs CAP_BPF" in checks["ring buffer"]["advice"]
    assert checks["BTF"]["works"]
    text = run(*POWERLESS)
    assert text.returncode == 1
    assert "Syscall one-liners do not work here: no raw tracepoints, ring buffer" in text.stdout
    assert text.stdout.count("needs CAP_BPF and CAP_PERFMON") == 1, "the same advice is given once"
