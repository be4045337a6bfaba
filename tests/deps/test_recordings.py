"""`vtrace deps --record`: a replay shows the reports that were shown, here or where the process never was."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyvtrace.export.recording import Origin, Recorder
from pyvtrace.runtime.snapshot import Snapshot
from tests.cli.terminal import OnTerminal
from tests.conftest import PATIENCE, VTRACE, RunVtrace, Tracer, Workload
from tests.schemas import kinds

StartTracer = Callable[..., Tracer]
StartWorkload = Callable[..., Workload]


def test_the_report_replays_as_it_was_shown(
    tracer: StartTracer, workload: StartWorkload, vtrace: RunVtrace, tmp_path: Path
) -> None:
    work, file = workload("troubled", "reset", 3), str(tmp_path / "file")
    trace = tracer("deps", "-p", str(work.pid), "--record", file)
    trace.wait_for("tracing until")
    work.release()
    live = trace.wait()
    assert "  3 broken: reset\n" in live.stdout
    # The process has ended: nothing of it is in /proc any more.
    assert vtrace("replay", file) == (live.stdout, "", 0)


def test_every_report_of_an_interval_replays(
    tracer: StartTracer, workload: StartWorkload, vtrace: RunVtrace, tmp_path: Path
) -> None:
    """With a wait that began before the trace, and one that has not ended: what /proc said is recorded, too."""
    work, file = workload("troubled", "old-wait", 2), str(tmp_path / "file")
    trace = tracer("deps", "-p", str(work.pid), "-i", "0.2", "--json", "--record", file)
    trace.wait_for("}\n{")
    live = trace.stop()
    assert kinds(live.stdout) == {"deps"}
    reports = [json.loads(line) for line in live.stdout.splitlines()]
    assert reports[-1]["endpoints"][0]["open_before"] == 1
    assert reports[-1]["waited"] > 0
    assert vtrace("replay", file, "--json") == (live.stdout, "", 0)


def test_kill_9_leaves_what_was_complete(
    tracer: StartTracer, workload: StartWorkload, vtrace: RunVtrace, tmp_path: Path
) -> None:
    work, file = workload("troubled", "old-wait", 2), tmp_path / "file"
    trace = tracer("deps", "-p", str(work.pid), "-i", "0.1", "--record", str(file))
    deadline = time.monotonic() + PATIENCE
    while not file.exists() or file.read_bytes().count(b'{"at":') < 4:
        assert time.monotonic() < deadline, "nothing was recorded"
        time.sleep(0.02)
    assert trace.stop(signal.SIGKILL).status == -signal.SIGKILL
    done = vtrace("replay", str(file))
    assert done.status == 0
    assert "killed" in done.stderr or "cut off" in done.stderr
    assert work.facts["server"] in done.stdout


def test_a_replay_on_a_terminal_goes_anywhere(tracer: StartTracer, workload: StartWorkload, tmp_path: Path) -> None:
    work, file = workload("troubled", "old-wait", 2), str(tmp_path / "file")
    trace = tracer("deps", "-p", str(work.pid), "-i", "0.1", "--json", "--record", file)
    trace.wait_for("}\n{")
    trace.stop()
    view = OnTerminal([VTRACE, "replay", file], size=(120, 30))
    try:
        view.wait_for(". step")
        view.press("9", ">")
        view.wait_for(lambda screen: " end " in screen.text() and "PAUSED" in screen.text())
        view.wait_for(work.facts["server"])
        view.press("\r")
        view.wait_for("1 open before")
        view.press("\x1b", "0")
        view.wait_for(lambda screen: " end " not in screen.text())
        view.press("q")
        assert view.ends() == 0
        assert "vtrace deps" in view.screen.normal
    finally:
        view.close()


@pytest.mark.parametrize("asked", [{}, {"about": "x", "warning": "", "began_ns": 0, "pid": 1, "peers": [[1]]}])
def test_a_header_that_makes_no_sense(vtrace: RunVtrace, tmp_path: Path, asked: dict[str, object]) -> None:
    recorder = Recorder(tmp_path / "file")
    recorder.begin(Origin("deps", "deps", "", (), {}, asked), Snapshot(0, 0, {}, {}))
    recorder.close()
    done = vtrace("replay", str(tmp_path / "file"))
    assert done.status == 1
    assert "does not say how to show it" in done.stderr
    assert "Traceback" not in done.stderr
