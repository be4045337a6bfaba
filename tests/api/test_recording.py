"""Recordings of sessions, read from Python: what comes back is what the session showed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import pyvtrace
from pyvtrace import RecordingError, Session, Snapshot
from tests.conftest import Workload
from tests.workloads.generated_code import NAME

Start = Callable[..., Workload]
# Every aggregating function, with and without keys.
EVERYTHING = """
syscall::getppid:entry /pid == $pid/
{
	this->v = n++ * 37;
	@count[execname, n] = count(); @sum = sum(this->v); @min[n % 2] = min(this->v - 50); @max = max(this->v);
	@avg = avg(this->v); @stddev[probefunc] = stddev(this->v); @quantize[n % 3] = quantize(this->v - 40);
	@lquantize = lquantize(this->v, 0, 100, 10); @llquantize[1] = llquantize(this->v, 10, 0, 3, 20);
	@exphist[n % 2, "a\\nb"] = exphist(this->v, 2);
	printf("%d\\n", n);
}
"""
CLEARING = (
    EVERYTHING + "syscall::getppid:entry /pid == $pid && n % 4 == 0/ { clear(@count); trunc(@exphist); clear(@max); }"
)


def plain(snapshot: Snapshot) -> tuple[object, ...]:
    """All that a snapshot says."""
    held: Mapping[str, Mapping[object, object]] = {name: dict(held) for name, held in snapshot.items()}
    return snapshot.time_ns, snapshot.wall_ns, held, snapshot.lost, str(snapshot)


@pytest.mark.parametrize("program", [EVERYTHING, CLEARING], ids=["adding", "clearing"])
def test_every_snapshot_and_event_comes_back(tmp_path: Path, program: str) -> None:
    live = []
    with Session(program, record=tmp_path / "file") as session:
        for number in range(8):
            for _ in range(number):
                os.getppid()
            live.append(session.snapshot())
        events = session.take()
        session.stop()
        live.append(session.snapshot())
    counted = [event for event in events if event.values]
    assert len(counted) == sum(range(8))
    recording = pyvtrace.replay(tmp_path / "file")
    recorded = {plain(snapshot)[:2]: plain(snapshot) for snapshot in recording}
    for snapshot in live[:-1]:
        assert recorded[plain(snapshot)[:2]] == plain(snapshot)
    assert str(recording[-1]) == str(live[-1])
    assert [event.values for event in counted] == [(n,) for n in range(1, len(counted) + 1)]
    assert list(recording.events()) == events
    assert recording.output == "".join(event.text for event in events)


def test_what_a_recording_says_of_itself(tmp_path: Path) -> None:
    with Session("BEGIN { @ = count(); trace(*(int *)0); }", pid=os.getpid(), record=tmp_path / "file") as session:
        session.wait(0.01)
        d, complaints = session.d, session.complaints
    assert "invalid address" in complaints[0]
    recording = pyvtrace.replay(tmp_path / "file")
    assert recording.d == d
    assert list(recording.complaints) == list(complaints)
    assert (recording.host, recording.kernel) == (os.uname().nodename, os.uname().release)
    assert recording.damage == ""
    assert dict(recording[0][""]) == {}
    assert [dict(snapshot[""]) for snapshot in recording[-1:]] == [{(): 1}]
    assert recording.at(1000)[""].value == 1
    assert recording.at(0)[""].value == 0
    assert recording[-1].time_ns - recording[0].time_ns == round(recording.duration * 1e9)


def test_a_session_that_waits_is_recorded_meanwhile(tmp_path: Path) -> None:
    with Session("tick-100ms { @ = count(); }", record=tmp_path / "file") as session:
        session.wait(2.5)
    counts = [snapshot[""].value for snapshot in pyvtrace.replay(tmp_path / "file")]
    # The first, the last, and one meanwhile at least.
    assert len(counts) >= 3
    assert counts == sorted(counts)
    assert 0 < counts[1] < counts[-1]  # type: ignore[operator]


def test_errors(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    with pytest.raises(RecordingError, match="it is there already"), Session("BEGIN { }", record=tmp_path / "there"):
        pass
    with pytest.raises(RecordingError, match="nothing can be read"):
        pyvtrace.replay(tmp_path / "there")
    with pytest.raises(RecordingError, match="No space left"), Session("BEGIN { }", record="/dev/full"):
        pass
    with Session("BEGIN { }", record=tmp_path / "file") as session:
        session.snapshot()
    with pytest.raises(IndexError):
        pyvtrace.replay(tmp_path / "file")[100]


def test_names_of_a_jit_that_ended_while_the_session_waited(workload: Start, tmp_path: Path) -> None:
    work = workload("generated_code", 20)
    program = "syscall::clock_nanosleep:entry { @[ustack(1)] = count(); }"
    with Session(program, pid=work.pid, record=tmp_path / "file") as session:
        work.report()
        # Long enough for a note of the names: they are in a file that goes with the process.
        assert not session.wait(2.5)
        work.open()
        assert session.wait(60)
        (((stack,), count),) = session.snapshot()[""].items()
    assert f"[jit]`{NAME}" in str(stack)
    assert count == 20
    # Elsewhere, later, the names are those that were found then.
    assert dict(pyvtrace.replay(tmp_path / "file")[-1][""]) == {(stack,): 20}
