"""`scripts/bench --check`: what vtrace costs, against the baseline that is kept. That it passes is a step of CI."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from scripts.lib.bench.own import BASELINE

ROOT = Path(__file__).parents[2]


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
    command = [str(ROOT / "scripts" / "bench"), "--check", "--baseline", str(better)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 1, ran
    head, _, said = ran.stdout.partition("✗ latency\n")
    assert "✓ start" in head and "✓ count" in head
    assert "✗ @instructions <= +5 %: @instructions was " in said and f"{rows[0][0]}: +10 to " in said
    assert "✗ @modules <= +2: @modules was " in said
    assert modules and all(f"{module}: +" in said for module in modules)
