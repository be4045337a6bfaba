"""C programs recorded, from the command line and from Python: what is replayed is what was shown."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pyvtrace
from pyvtrace import RecordingError, Session
from tests.conftest import PATIENCE, RunVtrace, Tracer, Workload
from tests.cprobes.programs import PERF, RING
from tests.recordings import wait_for_moments
from tests.schemas import kinds

Start = Callable[..., Workload]
CALLS = 30
COMMAND = f"{sys.executable} -S -c 'import os\nfor _ in range({CALLS}): os.getppid()'"
SLOWLY = f"{sys.executable} -S -c 'import os, time\nfor _ in range(8): os.getppid(); time.sleep(0.1)'"


@pytest.fixture
def calls(tmp_path: Path) -> str:
    path = tmp_path / "calls.c"
    path.write_text(PERF)
    return str(path)


def test_text_replays_as_it_was_shown(vtrace: RunVtrace, tmp_path: Path, calls: str) -> None:
    file = str(tmp_path / "file")
    live = vtrace("run", calls, "-c", COMMAND, "--record", file, timeout=4 * PATIENCE)
    events = [line for line in live.stdout.splitlines() if line.startswith("calls: ") and "comm=python" in line]
    assert [event.rpartition("=")[2] for event in events] == [str(number) for number in range(1, CALLS + 1)]
    assert vtrace("replay", file) == live
    assert (live.status, live.stderr) == (0, "")


def test_every_interval_replays_as_it_was_shown(vtrace: RunVtrace, tmp_path: Path, calls: str) -> None:
    file = str(tmp_path / "file")
    live = vtrace("run", calls, "--json", "-i", "0.05", "-c", SLOWLY, "--record", file)
    assert kinds(live.stdout) == {"output-event", "aggregation"}
    times = {line["time"] for line in map(json.loads, live.stdout.splitlines()) if "aggregation" in line}
    assert len(times) >= 3
    assert vtrace("replay", file, "--json") == live
    text = vtrace("replay", file, "-i").stdout
    assert text.count("\n@counts\n") == len(text.split("\n@counts\n")) - 1 >= 3


def test_a_ring_buffer_has_no_processor(vtrace: RunVtrace, tmp_path: Path) -> None:
    file, path = str(tmp_path / "file"), tmp_path / "ring.c"
    path.write_text(RING)
    live = vtrace("run", str(path), "--json", "-c", COMMAND, "--record", file)
    events = [line for line in map(json.loads, live.stdout.splitlines()) if "event" in line]
    assert {event["cpu"] for event in events} == {None}
    assert kinds(live.stdout) == {"output-event", "aggregation"}
    assert vtrace("replay", file, "--json") == live


def test_notes_are_in_the_recording(vtrace: RunVtrace, tmp_path: Path) -> None:
    file, path = str(tmp_path / "file"), tmp_path / "stacks.c"
    path.write_text(PERF + "BPF_STACK_TRACE(stacks, 16);\n")
    live = vtrace("run", str(path), "-c", COMMAND, "--record", file)
    assert "table stacks is not shown" in live.stderr
    assert vtrace("replay", file) == live


def test_kill_9_leaves_what_was_complete(
    vtrace: RunVtrace, tracer: Callable[..., Tracer], tmp_path: Path, calls: str
) -> None:
    file = tmp_path / "file"
    trace = tracer("run", calls, "-i", "0.1", "--record", str(file))
    wait_for_moments(file, 4, os.getppid)
    assert trace.stop(signal.SIGKILL).status == -signal.SIGKILL
    done = vtrace("replay", str(file))
    assert done.status == 0
    assert "killed" in done.stderr or "cut off" in done.stderr
    assert f"pid={os.getpid()} " in done.stdout


def test_what_is_there_is_left_alone(vtrace: RunVtrace, tmp_path: Path, calls: str) -> None:
    (tmp_path / "file").write_text("mine\n")
    done = vtrace("run", calls, "-c", COMMAND, "--record", str(tmp_path / "file"))
    assert (done.stdout, done.status) == ("", 1)
    assert "it is there already" in done.stderr
    assert (tmp_path / "file").read_text() == "mine\n"


def test_a_header_that_makes_no_sense(vtrace: RunVtrace, tmp_path: Path, calls: str) -> None:
    from pyvtrace.export.recording import Origin, Recorder
    from pyvtrace.runtime.snapshot import Snapshot

    recorder = Recorder(tmp_path / "file")
    recorder.begin(Origin("c", "calls.c", "", ()), Snapshot(0, 0, {}, {}))
    recorder.close()
    done = vtrace("replay", str(tmp_path / "file"))
    assert done.status == 1
    assert "does not say how to show it" in done.stderr
    assert "Traceback" not in done.stderr


# ---------------------------------------------------------------------------------------------------------- from Python


def test_a_session_is_recorded(workload: Start, tmp_path: Path, vtrace: RunVtrace) -> None:
    work, file = workload("getppid_loop", 250), tmp_path / "file"
    with Session.from_c(PERF, pid=work.pid, record=file) as session:
        first = session.snapshot()
        work.release()
        assert session.wait(60)
        last, events = session.snapshot(), session.take()
    recording = pyvtrace.replay(file)
    assert dict(recording[-1]["counts"]) == dict(last["counts"])
    assert last["counts"][work.pid] == 250
    assert [dict(moment["counts"]) for moment in recording if moment.time_ns == first.time_ns] == [
        dict(first["counts"])
    ]
    assert list(recording.events()) == events
    ours = [event.values for event in events if event.values[0] == work.pid]
    assert sorted(ours) == [(work.pid, "getppid_loop", number) for number in range(1, 251)]
    assert f"    {work.pid} " in vtrace("replay", str(file)).stdout


def test_a_session_that_waits_is_recorded_meanwhile(tmp_path: Path) -> None:
    with Session.from_c(PERF, record=tmp_path / "file") as session:
        for _ in range(3):
            os.getppid()
            session.wait(1.1)
    counts = [moment["counts"].get(os.getpid(), 0) for moment in pyvtrace.replay(tmp_path / "file")]
    assert counts == sorted(counts)
    assert {1, 2, 3} <= {int(str(count)) for count in counts}


def test_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    with (
        pytest.raises(RecordingError, match="it is there already"),
        Session.from_c(PERF, record=tmp_path / "there"),
    ):
        pass
    assert (tmp_path / "there").read_text() == "precious"
