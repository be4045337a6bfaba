"""`vtrace run NAME --record` and its replay: the script's own table or events, as they were shown."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyvtrace import Session
from pyvtrace.analysis.script import parse_script
from pyvtrace.export.recording import Recorded as RecordedEvent
from pyvtrace.export.recording import Recorder
from pyvtrace.export.replay import Recording
from pyvtrace.export.scripts import Recorded, origin
from pyvtrace.runtime.snapshot import Snapshot, Table
from pyvtrace.spec import AggregationSpec, FieldSpec, ProbeName
from tests.cli.terminal import OnTerminal, Screen
from tests.conftest import ROOT, VTRACE, RunVtrace, Tracer
from tests.recordings import wait_for_moments

StartTracer = Callable[..., Tracer]
CALLS = 700
COMMAND = f"{sys.executable} -S -c 'import os\nfor _ in range({CALLS}): os.getppid()'"
SLOWLY = f"{sys.executable} -S -c 'import os, time\nfor _ in range(7): os.getppid(); time.sleep(0.1)'"
PLAIN = {"LANG": "C", "LC_ALL": "C"}
TABLE = """/*
 * question: who asks for its parent?
 * output:   a row a command
 * filter:   syscall::getppid:entry
 * key:      comm  execname text   command
 * value:    calls number   calls
 */
syscall::getppid:entry { @calls[execname] = count(); }
"""
TEXT = """syscall::getppid:entry /pid == $target && n++ < 3/ { printf("call %d\\n", n); }"""


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "parents.d"
    path.write_text(TABLE)
    return str(path)


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_table_replays_as_it_was_shown(vtrace: RunVtrace, tmp_path: Path, form: list[str]) -> None:
    file = str(tmp_path / "file")
    live = vtrace("run", "syscalls/counts", *form, "-c", COMMAND, "--record", file, env=PLAIN)
    assert live.status == 0, live.stderr
    assert re.search(rf'getppid +{CALLS} |"getppid"}},"calls":{CALLS},', live.stdout)
    assert vtrace("replay", file, *form, env=PLAIN).stdout.endswith(live.stdout)
    assert vtrace("replay", file, env=PLAIN).stderr == ""


def test_every_interval_of_a_table_replays_as_it_was_shown(vtrace: RunVtrace, tmp_path: Path, table: str) -> None:
    file = str(tmp_path / "file")
    live = vtrace("run", table, "-i", "0.05", "-c", SLOWLY, "--record", file)
    assert live.stdout.count("CALLS") >= 3
    assert vtrace("replay", file, "-i") == (live.stdout, "", 0)
    last = live.stdout.split("\n\n")[-1]
    assert last.split()[-1] == "7"
    assert vtrace("replay", file) == (last, "", 0)


def test_a_table_is_shown_as_of_any_moment(vtrace: RunVtrace, tmp_path: Path, table: str) -> None:
    file = str(tmp_path / "file")
    live = vtrace("run", table, "--json", "-i", "0.1", "-c", SLOWLY, "--record", file)
    assert vtrace("replay", file, "--json") == (live.stdout, "", 0)
    recording = Recording(file)
    for number in range(1, len(recording)):
        held = recording.snapshot(number).tables["calls"].rows.values()
        calls = sum(words[0] for words in held)
        # Moments are given in ms, so the next is taken, whose time is not earlier.
        moment = -(-recording.times[number] // 1_000_000)
        if moment * 1_000_000 > recording.duration_ns or recording.index(moment * 1_000_000) != number:
            continue
        shown = vtrace("replay", file, "--at", f"{moment}ms").stdout.split()
        assert (int(shown[-1]) if shown[-1].isdigit() else 0) == calls
    assert calls == 7


def test_names_and_rows_are_chosen_as_they_were(vtrace: RunVtrace, tmp_path: Path) -> None:
    file = str(tmp_path / "file")
    command = "sh -c 'cat /etc/hostname >/dev/null; ls / >/dev/null'"
    live = vtrace("run", "files/opens", "--comm", "c?t", "-c", command, "--record", file)
    opened = [line for line in live.stdout.splitlines() if line.endswith(" /etc/hostname")]
    assert len(opened) == 1
    assert " ls " not in live.stdout
    assert vtrace("replay", file) == (live.stdout, "", 0)
    rows = str(tmp_path / "rows")
    live = vtrace("run", "syscalls/counts", "--top", "2", "-c", COMMAND, "--record", rows)
    assert vtrace("replay", rows) == (live.stdout, "", 0)
    assert vtrace("replay", rows, "--top", "1").stdout.split()[3:] == live.stdout.split()[3:6]


def test_events_replay_as_they_came(vtrace: RunVtrace, tmp_path: Path) -> None:
    file, objects = str(tmp_path / "file"), str(tmp_path / "objects")
    missing = [f"/nowhere/{number}" for number in range(40)]
    command = f'{sys.executable} -S -c \'import os\nfor n in range(40): os.path.exists("/") or 0\n'
    command += 'for n in range(40):\n try: os.open(f"/nowhere/{n}", 0)\n except OSError: pass\''
    live = vtrace("run", "files/opens", "-c", command, "--record", file)
    assert [line.split()[-1] for line in live.stdout.splitlines() if "/nowhere/" in line] == missing
    assert vtrace("replay", file) == (live.stdout, "", 0)
    live = vtrace("run", "files/opens", "--json", "-c", command, "--record", objects)
    assert [event["path"] for event in map(json.loads, live.stdout.splitlines()) if "/nowhere/" in event["path"]] == (
        missing
    )
    assert vtrace("replay", objects, "--json") == (live.stdout, "", 0)


def test_what_a_script_prints_itself_replays(vtrace: RunVtrace, tmp_path: Path) -> None:
    file, script = str(tmp_path / "file"), tmp_path / "own.d"
    script.write_text("#pragma D option quiet\n" + TEXT)
    live = vtrace("run", str(script), "-c", COMMAND, "--record", file)
    assert (live.stdout.split("\n")[:3], live.stdout.strip("\n")[-6:]) == (["call 1", "call 2", "call 3"], "call 3")
    assert vtrace("replay", file) == live


@pytest.mark.parametrize("script", ["syscalls/counts", "files/opens"])
def test_kill_9_leaves_what_was_complete(vtrace: RunVtrace, tracer: StartTracer, tmp_path: Path, script: str) -> None:
    file = tmp_path / "file"
    trace = tracer("run", script, "--record", str(file))
    wait_for_moments(file, 3, lambda: os.close(os.open("/etc/hostname", os.O_RDONLY)))
    assert trace.stop(signal.SIGKILL).status == -signal.SIGKILL
    done = vtrace("replay", str(file))
    assert done.status == 0
    assert "killed" in done.stderr or "cut off" in done.stderr
    assert ("openat" if script == "syscalls/counts" else "/etc/hostname") in done.stdout


def test_what_is_there_is_left_alone(vtrace: RunVtrace, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine\n")
    done = vtrace("run", "syscalls/counts", "-c", COMMAND, "--record", str(file))
    assert done == ("", f"vtrace: cannot record to {file}: it is there already, and nothing is written over\n", 1)
    assert file.read_text() == "mine\n"


def test_a_session_of_a_script_replays_as_the_script(vtrace: RunVtrace, tmp_path: Path, table: str) -> None:
    calls, opens = str(tmp_path / "calls"), str(tmp_path / "opens")
    with Session(Path(table), pid=os.getpid(), record=calls) as session:
        for _ in range(CALLS):
            os.getppid()
        session.stop()
    shown = vtrace("replay", calls).stdout.splitlines()
    assert len(shown) == 2
    assert shown[1].split()[-1] == str(CALLS)
    with Session(Path(ROOT, "probes/files/opens.d"), pid=os.getpid(), record=opens) as session:
        for number in range(5):
            with pytest.raises(FileNotFoundError):
                os.open(f"/nowhere/{number}", os.O_RDONLY)
        session.stop()
    shown = vtrace("replay", opens).stdout.splitlines()
    assert shown[0].split()[:3] == ["TIME", "PID", "COMM"]
    assert [line.split()[-1] for line in shown if "/nowhere/" in line] == [f"/nowhere/{number}" for number in range(5)]


# --------------------------------------------------------------------------------------------- replay on a terminal

SPEC = AggregationSpec(0, "calls", "count", (), (FieldSpec(0, 16, "string"),), 1)
SECOND = 1_000_000_000


def made_up_table(path: Path, count: int) -> None:
    """A recording of the table's script: a call of "reader" each second, and one of each "other N", of which there are
    fifty, in the last."""
    recorder = Recorder(path)
    moments = [{("reader",): (number,)} if number else {} for number in range(count)]
    moments[-1] |= {(f"other {number}",): (1,) for number in range(50)}
    snapshots = [Snapshot(n * SECOND, n * SECOND, {"calls": Table(SPEC, rows)}, {}) for n, rows in enumerate(moments)]
    script = Recorded(parse_script(TABLE, "parents.d"), {})
    recorder.begin(origin(script, TABLE, (SPEC,), {}), snapshots[0])
    for snapshot in snapshots[1:]:
        recorder.take(snapshot)
    recorder.close()


def made_up_events(path: Path, count: int) -> None:
    """A recording of files/opens: in second N, /file/N is opened."""
    with open(os.path.join(ROOT, "probes/files/opens.d"), encoding="utf-8") as file:
        script = Recorded(parse_script(file.read(), "files/opens.d"), {})
    recorder = Recorder(path)
    recorder.begin(origin(script, script.script.text, (), {}), Snapshot(0, 0, {}, {}))
    probe = ProbeName("syscall", "vmlinux", "openat", "return")
    for number in range(1, count):
        values = (number * SECOND, 7, "reader", 3, 0, 1000, f"/file/{number}")
        recorder.event(RecordedEvent(number * SECOND, probe, 0, 1, values, ""))
        recorder.take(Snapshot(number * SECOND, number * SECOND, {}, {}))
    recorder.close()


def row(count: int) -> Callable[[Screen], bool]:
    return lambda screen: bool(re.search(rf"^reader +{count}$", screen.text(), re.MULTILINE))


def test_a_table_goes_anywhere(tmp_path: Path) -> None:
    made_up_table(tmp_path / "file", 200)
    shown = OnTerminal([VTRACE, "replay", str(tmp_path / "file"), "--at", "4s"], size=(120, 20))
    try:
        shown.wait_for(". step")
        assert "who asks for its parent?" in shown.screen.text()
        shown.press("p")
        shown.wait_for("PAUSED")
        shown.press("5")
        shown.wait_for(row(99))
        shown.press(",", ",")
        shown.wait_for(row(97))
        shown.press(".", "<")
        shown.wait_for(row(38))
        shown.press("9", ">", ">")
        shown.wait_for(lambda screen: row(199)(screen) and " end " in screen.text())
        assert "other 49" not in shown.screen.text()
        shown.press("\x1b[F")
        shown.wait_for("other 9")
        shown.press("\x1b[H")
        shown.wait_for(row(199))
        shown.press("q")
        assert shown.ends() == 0
        assert shown.echoes()
        assert re.search(r"reader +199", shown.screen.normal)
    finally:
        shown.close()


def test_a_table_plays_to_its_end(tmp_path: Path) -> None:
    made_up_table(tmp_path / "file", 40)
    shown = OnTerminal([VTRACE, "replay", str(tmp_path / "file"), "--speed", "200"], size=(120, 20))
    try:
        shown.wait_for(lambda screen: row(39)(screen) and " end " in screen.text() and "PAUSED" in screen.text())
        shown.press("q")
        assert shown.ends() == 0
    finally:
        shown.close()


def last_event(number: int) -> Callable[[Screen], bool]:
    """Whether that event is the last one on the screen."""

    def settled(screen: Screen) -> bool:
        shown = re.findall(r"/file/(\d+)", screen.text())
        return bool(shown) and int(shown[-1]) == number

    return settled


def test_events_go_anywhere(tmp_path: Path) -> None:
    made_up_events(tmp_path / "file", 200)
    shown = OnTerminal([VTRACE, "replay", str(tmp_path / "file"), "--at", "4s"], size=(120, 20))
    try:
        shown.wait_for(last_event(4))
        assert "PATH" in shown.screen.text()
        shown.press("p")
        shown.wait_for("PAUSED")
        shown.press("5")
        shown.wait_for(last_event(99))
        shown.press(",")
        shown.wait_for(last_event(98))
        # Up is into the past; the end follows again.
        shown.press("\x1b[A", "\x1b[A")
        shown.wait_for(last_event(96))
        shown.press("\x1b[F", ".")
        shown.wait_for(last_event(99))
        shown.press("9", ">")
        shown.wait_for(lambda screen: last_event(199)(screen) and " end " in screen.text())
        shown.press("q")
        assert shown.ends() == 0
        assert "/file/199" in shown.screen.normal
    finally:
        shown.close()


@pytest.mark.parametrize("form", [["-i"], ["--json"]])
@pytest.mark.parametrize("what", ["table", "events"])
def test_speed_waits_as_long_as_it_took(vtrace: RunVtrace, tmp_path: Path, what: str, form: list[str]) -> None:
    """Four seconds at twice and at eighty times their speed: the same lines, and never sooner than that."""
    made = made_up_table if what == "table" else made_up_events
    made(tmp_path / "file", 5)
    at_once = vtrace("replay", str(tmp_path / "file"), *form)
    for speed in (2, 80):
        begun = time.monotonic()
        assert vtrace("replay", str(tmp_path / "file"), *form, "--speed", str(speed)) == at_once
        assert time.monotonic() - begun >= 4 / speed


def test_speed_shows_each_event_in_its_time(tracer: StartTracer, tmp_path: Path) -> None:
    """At a hundredth of the speed the second event is a hundred seconds behind the first."""
    made_up_events(tmp_path / "file", 5)
    trace = tracer("replay", str(tmp_path / "file"), "-i", "--at", "1s", "--speed", "0.01")
    trace.wait_for("/file/1\n")
    assert trace.stop(signal.SIGKILL).stdout.count("/file/") == 1


# ------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("flags", [["-l", "-n", "BEGIN"], ["-e", "-n", "BEGIN"], ["-V"]], ids=["l", "e", "V"])
def test_what_traces_nothing_records_nothing(vtrace: RunVtrace, tmp_path: Path, flags: list[str]) -> None:
    file = tmp_path / "file"
    done = vtrace(*flags, "--record", str(file))
    assert (done.stdout, done.status) == ("", 2)
    assert f"--record needs a trace: {flags[0]} makes none" in done.stderr
    assert not file.exists()


# --------------------------------------------------------------------------------------------------------- live tables


def test_a_live_table_ends_with_q(table: str) -> None:
    # The title has the path of the script, which may be long, before its question.
    shown = OnTerminal([VTRACE, "run", table, "--comm", "nobody", "-i", "0.2"], size=(200, 30))
    try:
        shown.wait_for("who asks for its parent?")
        shown.press("x", "q")
        assert shown.ends() == 0
        assert not shown.screen.alternate
        assert "CALLS" in shown.screen.normal
        assert shown.echoes()
    finally:
        shown.close()


def test_a_live_table_pauses_and_scrolls(tmp_path: Path) -> None:
    script = tmp_path / "many.d"
    script.write_text(
        "/*\n * question: which numbers are there?\n * output:   a row a number\n"
        " * key:      number n number a number\n * value:    seen number how often\n */\n"
        "int n;\ntick-1ms { n = (n + 1) % 50; @seen[n] = count(); }\n"
    )
    shown = OnTerminal([VTRACE, "run", str(script), "-i", "0.2"], size=(80, 20))
    try:
        shown.wait_for("more lines)")
        shown.press("p")
        # The footer is drawn last: the picture is whole then.
        shown.wait_for(lambda screen: "PAUSED" in screen.text() and "p go on" in screen.text())
        before = shown.screen.text().splitlines()
        shown.press("\x1b[B")
        shown.wait_for(lambda screen: screen.text().splitlines()[1] == before[2])
        shown.press("\x1b[F")
        shown.wait_for(lambda screen: "more lines)" not in screen.text())
        shown.press("\x1b[H")
        shown.wait_for(lambda screen: screen.text().splitlines()[1:19] == before[1:19])
        shown.press("p")
        shown.wait_for(lambda screen: screen.text().splitlines()[1:19] != before[1:19])
        shown.press("q")
        assert shown.ends() == 0
        assert "NUMBER" in shown.screen.normal
    finally:
        shown.close()


def test_a_live_table_ends_with_the_status_of_the_script(tmp_path: Path) -> None:
    script = tmp_path / "leaving.d"
    script.write_text(TABLE + 'syscall::getppid:entry /execname == "python3" && n++ == 4/ { exit(3); }\n')
    shown = OnTerminal([VTRACE, "run", str(script), "-c", "python3 -S -c 'import os\nfor _ in range(9): os.getppid()'"])
    try:
        assert shown.ends() == 3
        assert re.search(r"python3 +\d", shown.screen.normal)
    finally:
        shown.close()
