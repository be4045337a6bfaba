"""`vtrace check --vm`: a guest a command line, whose reports and exit status come back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from tests.vm.guests import PATIENCE, VTRACE

REGRESSION, ERROR = 1, 2
WORK = """\
import os, sys
out = os.open("out", os.O_WRONLY | os.O_CREAT)
for _ in range(int(os.environ["WRITES"])):
    os.write(out, b"x")
if sys.argv[1:] == ["sync"]:
    os.fsync(out)
"""
SPEC = f"""\
[[check]]
name = "steady"
command = "{sys.executable} work.py"
runs = 2
warm-up = 0
assert = ["syscall write <= +0", "no fsync"]

[[check]]
name = "worse"
command = "{sys.executable} work.py sync"
runs = 2
warm-up = 0
assert = ["no fsync"]
"""


def vtrace_check(cwd: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VTRACE, "check", *words],
        cwd=cwd,
        # The guest's command finds what it would find here.
        env={**os.environ, "WRITES": "100", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_the_same_counts_with_reports_that_come_back(tmp_path: Path) -> None:
    (tmp_path / "vtrace.toml").write_text(SPEC)
    (tmp_path / "work.py").write_text(WORK)
    recorded = vtrace_check(tmp_path, "record", "steady", "-o", "base.json", "--vm", "--kernel", "6.1")
    assert recorded.returncode == 0, recorded
    base = json.loads((tmp_path / "base.json").read_text())
    assert base["kernel"].startswith("6.1.") and base["kernel"] != os.uname().release
    # Counting a hundred means a hundred, there as here.
    assert [run["seen"]["syscall write"] for run in base["checks"]["steady"]["runs"]] == [100, 100]
    assert not (tmp_path / "out").exists()

    summary = tmp_path / "summary.md"
    summary.write_text("# before\n")
    reports = ["--junit", "junit.xml", "--markdown", "summary.md", "--json", "report.json"]
    ran = vtrace_check(
        tmp_path, "--vm", "--kernel=6.1", "--baseline", "base.json", *reports, "steady", "worse", GITHUB_ACTIONS="true"
    )
    assert ran.returncode == REGRESSION, ran
    assert "warning" not in ran.stderr  # the baseline is of the same kernel
    assert "✓ syscall write <= +0: syscall write was 100, is 100" in ran.stdout
    assert f"fsync, {tmp_path}/out" in ran.stdout
    assert "::error file=vtrace.toml,line=13,title=worse::no fsync: syscall fsync was 1" in ran.stdout
    (failure,) = ElementTree.parse(tmp_path / "junit.xml").iter("failure")
    assert failure.get("message") == "no fsync: syscall fsync was 1"
    assert summary.read_text().startswith("# before\n### ✓ steady")
    checks = json.loads((tmp_path / "report.json").read_text())["checks"]
    assert [check["outcome"] for check in checks] == ["pass", "regression"]


def test_without_a_guest_there_is_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "vtrace.toml").write_text(SPEC)
    ran = vtrace_check(tmp_path, "--vm", "--kernel", "/no/such/kernel")
    assert ran.returncode == ERROR, ran
    assert "/no/such/kernel" in ran.stderr
