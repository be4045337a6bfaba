"""`vtrace loop --record`: a replay shows the loops and the long turns that were shown."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from pyvtrace.export.loop_recordings import LoopRecording
from pyvtrace.export.recording import Origin, Recorder
from pyvtrace.export.replay import Recording
from pyvtrace.runtime.snapshot import Snapshot
from tests.cli.terminal import OnTerminal
from tests.conftest import VTRACE, RunVtrace
from tests.schemas import kinds

PLAIN = {"COLUMNS": "100", "LANG": "C", "LC_ALL": "C"}
# Twelve turns between waits of 0.2 s, the fifth of which sleeps, the tenth of which computes for 60 ms.
PROGRAM = """
import select, time
poll = select.epoll()
for turn in range(13):
    poll.poll(0.2)
    if turn == 4: time.sleep(0.06)
    if turn == 9:
        end = time.thread_time() + 0.06
        while time.thread_time() < end: pass
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "turns.py"
    path.write_text(PROGRAM)
    return f"{sys.executable} -S {path}"


def test_the_report_replays_as_it_was_shown(vtrace: RunVtrace, tmp_path: Path, program: str) -> None:
    file = str(tmp_path / "file")
    live = vtrace("loop", "--min", "50ms", "-c", program, "--record", file, env=PLAIN)
    assert "1 loop, 12 turns" in live.stdout
    assert "clock_nanosleep" in live.stdout
    assert vtrace("replay", file, env=PLAIN) == (live.stdout, "", 0)
    every = vtrace("replay", file, "-i", env=PLAIN).stdout
    counts = [int(count) for count in re.findall(r"(\d+) turns", every)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == 12
    assert every.endswith(live.stdout)


def test_objects_replay_as_they_were_printed(vtrace: RunVtrace, tmp_path: Path, program: str) -> None:
    file = str(tmp_path / "file")
    live = vtrace("loop", "--json", "--min", "50ms", "-c", program, "--record", file)
    assert kinds(live.stdout) == {"turn", "loop"}
    turns = [turn for turn in map(json.loads, live.stdout.splitlines()) if turn["measure"] == "long"]
    assert any(blocked["name"] == "clock_nanosleep" for turn in turns for blocked in turn["blocked"])
    again = vtrace("replay", file, "--json")
    assert again.stdout == live.stdout
    # From a moment on there are the turns that ended since the one before it.
    recorded = LoopRecording(recording := Recording(file))
    ended = [len(list(recorded.ended(number))) for number in range(len(recording))]
    assert sum(ended) == len(turns) >= 2
    for number in range(1, len(recording)):
        milliseconds = -(-recording.times[number] // 1_000_000)
        if recording.index(milliseconds * 1_000_000) == number and milliseconds * 1_000_000 <= recording.duration_ns:
            late = vtrace("replay", file, "--json", "--at", f"{milliseconds}ms").stdout
            assert late.count("\n") == sum(ended[number:]) + 1
            assert live.stdout.endswith(late)


def slept_by(file: str) -> str:
    """The time in a recording by which the turn that sleeps was over, as --at takes it."""
    loops = LoopRecording(recording := Recording(file))
    for number, time_ns in enumerate(recording.times):
        if any(blocked.name == "clock_nanosleep" for turn in loops.ended(number) for blocked in turn.blocked):
            return f"{-(-time_ns // 1_000_000)}ms"
    raise AssertionError("nothing slept")


def test_a_replay_on_a_terminal_goes_anywhere(vtrace: RunVtrace, tmp_path: Path, program: str) -> None:
    file = str(tmp_path / "file")
    vtrace("loop", "--min", "50ms", "-c", program, "--record", file)
    view = OnTerminal([VTRACE, "replay", file, "--at", slept_by(file)], size=(120, 30))
    try:
        view.wait_for("clock_nanosleep")
        view.wait_for(". step")
        view.press("p")
        view.wait_for("PAUSED")
        view.press("9", ">")
        view.wait_for(lambda screen: " end " in screen.text() and "12 turns" in screen.text())
        view.press("0")
        view.wait_for(lambda screen: "12 turns" not in screen.text())
        view.press("q")
        assert view.ends() == 0
        assert "vtrace loop" in view.screen.normal
    finally:
        view.close()


@pytest.mark.parametrize("asked", [{}, {"minimum": "soon"}])
def test_a_header_that_makes_no_sense(vtrace: RunVtrace, tmp_path: Path, asked: dict[str, object]) -> None:
    recorder = Recorder(tmp_path / "file")
    recorder.begin(Origin("loop", "loop", "", (), {}, asked), Snapshot(0, 0, {}, {}))
    recorder.close()
    done = vtrace("replay", str(tmp_path / "file"))
    assert done.status == 1
    assert "does not say how to show it" in done.stderr
    assert "Traceback" not in done.stderr
