"""`scripts/bench --check`: what vtrace costs, against the baseline that is kept. That it passes is a step of CI."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from scripts.lib.bench.own import BASELINE

ROOT = Path(__file__).parents[2]


def bench_check(baseline: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / "bench"), "--check", "--baseline", str(baseline)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_what_costs_more_fails_and_is_named(tmp_path: Path) -> None:
    """With a baseline of a vtrace that was better: a tenth fewer instructions, and without two modules."""
    whole = json.loads(Path(BASELINE).read_text())
    latency = whole["checks"]["latency"]
    for run in latency["runs"]:
        run["seen"]["@instructions"] = run["seen"]["@instructions"] * 9 // 10
        run["seen"]["@modules"] -= 3
    rows = latency["causes"]["@instructions"]
    rows[0][1] -= 10
    modules = [row[0] for row in latency["causes"]["@modules"] if "snapshot" in row[0]]
    latency["causes"]["@modules"] = [row for row in latency["causes"]["@modules"] if row[0] not in modules]
    better = tmp_path / "baseline.json"
    better.write_text(json.dumps(whole))
    ran = bench_check(better)
    assert ran.returncode == 1, ran
    head, _, said = ran.stdout.partition("✗ latency\n")
    assert "✓ start" in head and "✓ count" in head
    assert "✗ @instructions <= +5 %: @instructions was " in said and f"{rows[0][0]}: +10 to " in said
    assert "✗ @modules <= +2: @modules was " in said
    assert modules and all(f"{module}: +" in said for module in modules)


def test_what_another_python_costs_by_itself_is_none_of_ours(tmp_path: Path) -> None:
    """With a baseline of a Python that makes 1000 calls and 1000 page faults more, which is far beyond the budgets."""
    whole = json.loads(Path(BASELINE).read_text())
    whole["kernel"] = "4.19.0-elsewhere"
    for checked in whole["checks"].values():
        for run in checked["runs"]:
            for name in ("syscalls", "page faults"):
                if name in run["seen"]:
                    run["seen"][name] += 1000
    other = tmp_path / "other.json"
    other.write_text(json.dumps(whole))
    ran = bench_check(other)
    assert ran.returncode == 0, ran
    assert "was made elsewhere: Linux 4.19.0-elsewhere then" in ran.stderr
    moved = re.search(r"Python by itself makes (\d[\d,]*) syscalls there, (\d[\d,]*) here", ran.stderr)
    assert moved is not None, ran.stderr
    there, here = (int(number.replace(",", "")) for number in moved.groups())
    assert there == whole["checks"]["python"]["runs"][0]["seen"]["syscalls"]
    assert there - here > 700
    # What is compared is what a Python like this one would have had there.
    was = re.search(r"syscalls <= \+10 %: syscalls was ([\d,]+)", ran.stdout)
    assert was is not None
    recorded = whole["checks"]["start"]["runs"][0]["seen"]["syscalls"]
    assert int(was[1].replace(",", "")) == recorded - (there - here)


def test_a_baseline_that_knows_nothing_of_python_is_refused(tmp_path: Path) -> None:
    whole = json.loads(Path(BASELINE).read_text())
    del whole["checks"]["python"]
    old = tmp_path / "old.json"
    old.write_text(json.dumps(whole))
    ran = bench_check(old)
    assert ran.returncode == 2, ran
    assert f"vtrace: {old}: does not know what Python costs by itself" in ran.stderr
    assert "record it again: scripts/bench --record" in ran.stderr
