"""`--record` and `vtrace replay`: what a replay shows is what was shown when it was recorded."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pyvtrace.export.recording import Origin, Recorder
from pyvtrace.export.replay import Recording
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.spec import FieldSpec
from pyvtrace.value import replace
from tests.cli.terminal import OnTerminal, Screen
from tests.conftest import VTRACE, RunVtrace, Tracer, Workload
from tests.recordings import wait_for_moments
from tests.render.made_up import CALLS, snapshot

StartTracer = Callable[..., Tracer]
StartWorkload = Callable[..., Workload]
COMMAND = f"{sys.executable} -S -c 'import os, time\nfor _ in range(500): os.getppid()\ntime.sleep(0.5)'"
PLAIN = {"COLUMNS": "100", "LANG": "C", "LC_ALL": "C"}


# --------------------------------------------------------------------------------------------------------------- views


def test_every_interval_of_a_view_replays_as_it_was_shown(vtrace: RunVtrace, tmp_path: Path) -> None:
    file = str(tmp_path / "file")
    live = vtrace("syscalls", "-i", "0.05", "-c", COMMAND, "--record", file, env=PLAIN)
    assert live.status == 0
    assert live.stdout.count("vtrace syscalls") >= 3
    again = vtrace("replay", file, "-i", env=PLAIN)
    assert again == (live.stdout, "", 0)
    last = live.stdout[live.stdout.rindex("vtrace syscalls") :]
    assert vtrace("replay", file, env=PLAIN) == (last, "", 0)


@pytest.mark.parametrize("view", ["syscalls", "disk", "locks"])
def test_the_objects_of_every_view_come_back(vtrace: RunVtrace, tmp_path: Path, view: str) -> None:
    file = str(tmp_path / "file")
    live = vtrace(view, "--json", "-i", "0.2", "--duration", "1", "--waiting", "--record", file)
    assert live.status == 0
    assert vtrace("replay", file, "--json") == (live.stdout, "", 0)


def test_one_table_is_one_table(vtrace: RunVtrace, tmp_path: Path) -> None:
    file = str(tmp_path / "file")
    live = vtrace(
        "syscalls", "--once", "--by", "comm,call", "--comm", "tru?", "-c", "true", "--record", file, env=PLAIN
    )
    assert "true" in live.stdout
    assert vtrace("replay", file, env=PLAIN) == (live.stdout, "", 0)
    assert vtrace("replay", file, "-i", env=PLAIN) == (live.stdout, "", 0)


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_what_was_recorded_is_counted_exactly_by_any_key(
    vtrace: RunVtrace, tracer: StartTracer, workload: StartWorkload, tmp_path: Path
) -> None:
    file, work = str(tmp_path / "file"), workload("getppid_loop", 100_000)
    trace = tracer("syscalls", "-i", "0.2", "-p", str(work.pid), "--record", file)
    # The first is of the time before the probes.
    wait_for_moments(Path(file), 2)
    assert work.release()["calls"] == 100_000
    assert trace.wait().status == 0
    counts: Counter[str] = Counter()
    for line in objects(vtrace("replay", file, "--json", "--by", "call").stdout):
        counts[line["key"]["call"]] += line["new"]["count"]
    assert counts["getppid"] == 100_000
    refused = vtrace("replay", file, "--by", "tid")
    assert refused.status == 2
    assert "--by tid: it was not recorded; there are pid, comm, call" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["syscalls", "-i", "0.1", "--json"], "killed"),
        (["profile"], "killed"),
        (["loop"], "killed"),
        (["-x", "statusrate=100ms", "-n", "syscall:::entry { @[execname] = count(); }"], "killed"),
    ],
)
def test_kill_9_leaves_all_intervals_that_were_complete(
    vtrace: RunVtrace, tracer: StartTracer, tmp_path: Path, arguments: list[str], words: str
) -> None:
    file = tmp_path / "file"
    trace = tracer(*arguments, "--record", str(file))
    wait_for_moments(file, 4)
    assert trace.stop(signal.SIGKILL).status == -signal.SIGKILL
    moments = len(re.findall(rb'\n[0-9a-f]{8} \{"(?:at|frame)":[^\n]*(?=\n)', file.read_bytes()))
    assert len(Recording(file)) == moments >= 4
    done = vtrace("replay", str(file))
    assert done.status == 0
    assert words in done.stderr or "cut off" in done.stderr
    assert done.stdout


# -------------------------------------------------------------------------------------------------------------- stacks


@pytest.mark.parametrize("form", [["--top", "3"], ["--folded"], ["--json"]])
def test_stacks_replay_as_they_were_shown(vtrace: RunVtrace, tmp_path: Path, form: list[str]) -> None:
    file = str(tmp_path / "file")
    burn = f"{sys.executable} -S -c 'import time\nend = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass'"
    live = vtrace("profile", "-F", "199", *form, "-c", burn, "--record", file)
    assert live.status == 0
    assert "python" in live.stdout
    again = vtrace("replay", file, *form)
    assert again.stdout == live.stdout
    assert again.stderr == live.stderr
    graph = vtrace("replay", file, "--svg", str(tmp_path / "graph.svg"))
    assert graph.status == 0
    assert (tmp_path / "graph.svg").read_text().startswith("<")


# ------------------------------------------------------------------------------------------------------------ programs

PROGRAM = """
syscall::getppid:entry /pid == $target/ { @[probefunc] = count(); @q = quantize(arg0 + 5); }
tick-150ms { printf("tick %d", n++); trace(*(int *)0); }
"""


def test_a_program_prints_and_says_what_it_did(vtrace: RunVtrace, tmp_path: Path) -> None:
    file = str(tmp_path / "file")
    live = vtrace("-x", "statusrate=200ms", "--record", file, "-n", PROGRAM, "-c", COMMAND)
    assert live.status == 0
    assert re.search(r"getppid +500\n", live.stdout)
    again = vtrace("replay", file)
    assert (again.stdout, again.status) == (live.stdout, 0)
    errors = [line for line in live.stderr.splitlines() if "error on enabled probe" in line]
    assert errors
    assert again.stderr.splitlines() == errors


def test_a_programs_moments(vtrace: RunVtrace, tmp_path: Path) -> None:
    file = str(tmp_path / "file")
    program = 'tick-100ms { @ = count(); printf("%d\\n", n++); } tick-1s { exit(4); }'
    assert vtrace("-x", "statusrate=100ms", f"--record={file}", "-qn", program).status == 4
    lines = objects(vtrace("replay", file, "--json").stdout)
    output = "".join(line.get("output", "") for line in lines)
    counts = [line["value"] for line in lines if "aggregation" in line]
    assert output.startswith("0\n1\n2\n")
    assert counts == sorted(counts)
    ticks = len(re.findall(r"^\d+$", output.partition("\n\n")[0], re.MULTILINE))
    assert counts[-1] == ticks >= 3
    recording = Recording(Path(file))
    second = next(n for n in range(len(recording)) if recording.snapshot(n).tables["_"].rows.get((), (0,)) >= (2,))
    # Given in ms, and not before it.
    early = vtrace("replay", file, "--at", f"{-(-recording.times[second] // 10**6)}ms").stdout
    assert "0\n1\n" in early
    assert len(early) < len(vtrace("replay", file).stdout)


def test_clear_and_trunc_are_recorded(vtrace: RunVtrace, tmp_path: Path) -> None:
    file = str(tmp_path / "file")
    program = "BEGIN { @a[1] = count(); @b[1] = count(); @c = sum(7); trunc(@a); clear(@b); exit(0); }"
    vtrace("--record", file, "-qn", program)
    last = Recording(file).snapshot(len(Recording(file)) - 1)
    assert {name: dict(table.rows) for name, table in last.tables.items()} == {
        "a": {},
        "b": {(1,): (0,)},
        "c": {(): (1, 7)},
    }


def test_what_was_printed_after_the_last_interval_is_shown(vtrace: RunVtrace, tmp_path: Path) -> None:
    moments = made_up(tmp_path / "other", count=1)
    recorder = Recorder(tmp_path / "file")
    recorder.begin(Origin("program", "a", "", (), {}), replace(moments[0], tables={}))
    recorder.output("late\n", moments[0].time_ns + 5 * 10**9)
    recorder.close()
    assert vtrace("replay", str(tmp_path / "file")) == ("late\n", "", 0)


def test_record_needs_its_file(vtrace: RunVtrace) -> None:
    refused = vtrace("-n", "BEGIN { exit(0); }", "--record")
    assert refused.status == 2
    assert refused.stderr.startswith("vtrace: option requires an argument -- '--record'\n")


# ----------------------------------------------------------------------------------------------------------- bad files


@pytest.mark.parametrize(
    "arguments", [["syscalls", "--once"], ["profile", "--duration", "1"], ["-n", "BEGIN{exit(0)}"]]
)
def test_what_cannot_be_recorded_is_told_before_anything_is_traced(
    vtrace: RunVtrace, tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "there").write_text("precious")
    for path, why in ((tmp_path / "there", "it is there already"), (tmp_path / "no" / "file", "No such file")):
        refused = vtrace(*arguments, "--record", str(path))
        assert (refused.stdout, refused.status) == ("", 1)
        assert f"vtrace: cannot record to {path}: {why}" in refused.stderr
    assert (tmp_path / "there").read_text() == "precious"
    full = vtrace(*arguments, "--record", "/dev/full")
    assert full.status == 1
    assert "cannot write /dev/full: No space left on device" in full.stderr


def test_what_does_not_compile_leaves_no_file(vtrace: RunVtrace, tmp_path: Path) -> None:
    assert vtrace("-n", "BEGIN { nothing(); }", "--record", str(tmp_path / "file")).status == 1
    assert vtrace("syscalls", "-p", "4194304999", "--record", str(tmp_path / "file")).status == 1
    assert os.listdir(tmp_path) == []


def made_up(path: Path, *, count: int = 12, **changes: object) -> list[Snapshot]:
    """A recorded view of a process 7 that reads once a second."""
    made = [snapshot({(7, "reader", "read"): [1000] * n} if n else {}, seconds=n) for n in range(count)]
    moments = [replace(moment, wall_ns=moment.wall_ns + moment.time_ns) for moment in made]
    asked = {"script": CALLS, "extras": [], "by": ["pid", "comm"], "names": {}, "commands": [], "waiting": False}
    keys = tuple(FieldSpec(0, 16, kind) for kind in ("int", "string", "string"))
    specs = tuple(replace(table.spec, keys=keys) for table in moments[0].tables.values())
    recorder = Recorder(path)
    recorder.begin(Origin("view", "calls", "", specs, {}, {**asked, **changes}), moments[0])
    for moment in moments[1:]:
        recorder.take(moment)
    recorder.close()
    return moments


def test_a_damaged_file_shows_what_could_be_read(vtrace: RunVtrace, tmp_path: Path) -> None:
    file = tmp_path / "file"
    made_up(file)
    data = bytearray(file.read_bytes())
    at = [match.start() for match in re.finditer(rb'[0-9a-f]{8} \{"at"', data)][6]
    data[at + 20] ^= 1
    file.write_bytes(data)
    done = vtrace("replay", str(file), env=PLAIN)
    assert done.status == 1
    assert re.search(r"^ +7 reader ", done.stdout, re.MULTILINE)
    assert f"damaged at byte {at}: " in done.stderr
    assert "6.0 s of it (6 intervals) could be read" in done.stderr
    assert len(objects(vtrace("replay", str(file), "--json").stdout)) == 6


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"script": "no header"}, "does not say how to show it"),
        ({"by": "colour"}, "a key is missing"),
        ({"names": 5}, "does not say how"),
    ],
)
def test_a_header_that_makes_no_sense(
    vtrace: RunVtrace, tmp_path: Path, changes: Mapping[str, object], words: str
) -> None:
    made_up(tmp_path / "file", **changes)
    done = vtrace("replay", str(tmp_path / "file"))
    assert done.status == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["/nonexistent"], 1, "cannot read /nonexistent: No such file or directory"),
        (["/etc/passwd"], 1, "/etc/passwd: nothing can be read, damaged at byte 0"),
        (["FILE", "--at", "noon"], 2, "'noon' is no duration"),
        (["FILE", "--at", "25:00"], 2, "25:00 is no time of day"),
        (["FILE", "--at", "10m"], 2, "10m is behind the end"),
        (["FILE", "--svg", "x"], 2, "--svg is for recordings of vtrace profile and offcpu"),
        (["FILE", "--speed", "0"], 2, "0.0 is not in the range"),
        ([], 2, "Missing argument 'FILE'"),
    ],
)
def test_bad_input(vtrace: RunVtrace, tmp_path: Path, arguments: list[str], status: int, words: str) -> None:
    made_up(tmp_path / "file")
    done = vtrace("replay", *[str(tmp_path / "file") if word == "FILE" else word for word in arguments])
    assert (done.stdout, done.status) == ("", status)
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_at_is_a_time_since_the_start_or_of_the_day(vtrace: RunVtrace, tmp_path: Path) -> None:
    moments = made_up(tmp_path / "file")

    def count(at: str) -> list[int]:
        lines = objects(vtrace("replay", str(tmp_path / "file"), "--json", "--at", at).stdout)
        return [line["count"] for line in lines]

    assert count("10s") == [10, 11]
    assert count("9.9") == [9, 10, 11]
    clock = time.strftime("%H:%M:%S", time.localtime(moments[10].wall_ns // 10**9))
    assert count(clock) == [10, 11]


# ------------------------------------------------------------------------------------------------------------- a player


@pytest.fixture
def player(tmp_path: Path) -> Iterator[OnTerminal]:
    """The replay, on a terminal, of a process that calls read once more each second: it stands at the fourth."""
    made_up(tmp_path / "file", count=200)
    view = OnTerminal([VTRACE, "replay", str(tmp_path / "file"), "--at", "4s"], size=(120, 30))
    yield view
    view.close()


def shows(events: int, *words: str) -> Callable[[Screen], bool]:
    """Whether the process is shown with so many events (a column of wide screens), and the words."""

    def shown(screen: Screen) -> bool:
        text = screen.text()
        return bool(re.search(rf" 7 reader +{events} ", text)) and all(word in text for word in words)

    return shown


def test_a_player_goes_anywhere(player: OnTerminal) -> None:
    player.wait_for(". step")
    player.press("p")
    player.wait_for("PAUSED")
    player.press("0")
    player.wait_for("Nothing seen")
    player.press("5")
    player.wait_for(shows(99, " 99s "))
    player.press(",", ",", ",")
    player.wait_for(shows(96, "PAUSED"))
    player.press(".")
    player.wait_for(shows(97))
    player.press("<")
    player.wait_for(shows(37))
    player.press("<", "<", ".")
    player.wait_for(shows(1))
    player.press("9", ">", ">")
    player.wait_for(shows(199, " end"))
    player.press("\r")
    player.wait_for("share")
    player.press("\x1b", "q")
    assert player.ends() == 0
    assert re.search(r" 7 reader +199 ", player.screen.normal)


def test_a_player_plays_and_stops_at_the_end(player: OnTerminal) -> None:
    player.wait_for(". step")
    player.press(*"+" * 9)
    player.wait_for(lambda screen: " end" in screen.text() and "PAUSED" in screen.text())
    player.press("-")
    player.wait_for("x256")
    # So slow that the end is not there again before we have looked.
    player.press(*"-" * 5)
    player.wait_for("x8 ")
    player.press("p")
    player.wait_for(lambda screen: "PAUSED" not in screen.text())
    player.press("q")
    assert player.ends() == 0
