"""`vtrace loop` on paper, on a terminal, and where there is nothing to see."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.terminal import OnTerminal
from tests.conftest import VTRACE
from tests.loop.remarks import remarks

Run = Callable[..., Any]

# Five turns between six waits, the third of them a sleep of 60 ms, which asyncio itself has no part in.
PROGRAM = (
    "import select, time\n"
    "poll = select.epoll()\n"
    "for turn in range(6):\n"
    "    poll.poll(0)\n"
    "    if turn == 2: time.sleep(0.06)\n"
)


@pytest.fixture
def script(tmp_path: Any) -> str:
    path = tmp_path / "turns.py"
    path.write_text(PROGRAM)
    return f"{sys.executable} {path}"


def test_a_command_on_paper(vtrace: Run, script: str) -> None:
    ran = vtrace("loop", "--min", "50ms", "-c", script, env={"COLUMNS": "100"})
    assert ran.status == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert "1 loop, 5 turns" in lines[0]
    assert "of 50.0ms or more" in lines[0]
    heads = next(line for line in lines if "WAITS ON" in line).split()
    assert heads[:4] == ["PID", "TID", "COMM", "WAITS"]
    assert "What filled the long turns:" in lines
    assert any("clock_nanosleep" in line or "pselect6" in line or "select" in line for line in lines)
    assert all(len(line) <= 100 for line in lines)


def test_json_keeps_standard_output_to_itself(vtrace: Run, tmp_path: Any) -> None:
    path = tmp_path / "talks.py"
    path.write_text(PROGRAM + "print('hello')\n")
    ran = vtrace("loop", "--json", "-c", f"{sys.executable} {path}")
    objects = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [o["count"] for o in objects if o["measure"] == "turns"] == [5]
    assert "hello" in ran.stderr


def test_short_turns_are_counted_and_never_recorded(vtrace: Run, tmp_path: Any) -> None:
    """More of them, and faster, than any buffer of records takes."""
    path = tmp_path / "many.py"
    path.write_text("import select\npoll = select.epoll()\nfor _ in range(300_000): poll.poll(0)\n")
    ran = vtrace("loop", "--json", "--min", "10s", "-c", f"{sys.executable} {path}")
    (loop,) = (json.loads(line) for line in ran.stdout.splitlines())
    assert (loop["count"], remarks(loop)) == (299_999, [])


def test_another_program_is_no_part_of_a_turn(vtrace: Run, tmp_path: Any) -> None:
    (tmp_path / "then.py").write_text(PROGRAM)
    first = tmp_path / "first.py"
    first.write_text(
        f"import os, select, sys\nselect.epoll().poll(0)\nos.execv(sys.executable, ['python', '{tmp_path}/then.py'])\n"
    )
    ran = vtrace("loop", "--json", "-c", f"{sys.executable} {first}")
    objects = [json.loads(line) for line in ran.stdout.splitlines()]
    loops = [o for o in objects if o["measure"] == "turns"]
    assert sum(loop["ready"]["count"] for loop in loops) == 7
    assert sum(loop["count"] for loop in loops) == 5


def test_no_loop_is_said(vtrace: Run) -> None:
    ran = vtrace("loop", "-c", "sleep 0.1")
    assert (ran.status, "No loop seen" in ran.stdout) == (0, True)
    ran = vtrace("loop", "--json", "-c", "sleep 0.1")
    assert (ran.stdout, "No loop seen" in ran.stderr) == ("", True)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("-p", "4194305"), 1, "no process 4194305"),
        (("-p", "nobody"), 2, "'nobody' is not a valid integer"),
        (("--min", "10"), 2, "'10' is no duration"),
        (("--min", "0ms"), 2, "0ms is no time at all"),
        (("-c", "/nonexistent"), 1, "failed to execute /nonexistent"),
    ],
)
def test_what_is_refused(vtrace: Run, arguments: tuple[str, ...], status: int, words: str) -> None:
    ran = vtrace("loop", *arguments)
    assert (ran.status, ran.stdout) == (status, "")
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_privilege(vtrace: Run) -> None:
    import subprocess

    ran = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", VTRACE, "loop", "--duration", "1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "CAP_BPF" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.fixture
def endless(tmp_path: Any) -> Iterator[str]:
    path = tmp_path / "endless.py"
    path.write_text("import select\npoll = select.epoll()\nwhile True: poll.poll(0.01)\n")
    yield f"{sys.executable} {path}"


def test_the_live_view(endless: str) -> None:
    view = OnTerminal([VTRACE, "loop", "-c", endless], size=(100, 20))
    try:
        view.wait_for(lambda screen: screen.alternate and "epoll 3" in screen.text())
        assert "q quit" in view.screen.text()
        assert all(len(line) <= 100 for line in view.screen.text().split("\n"))
        view.press("p")
        view.wait_for("PAUSED")
        view.resize(30, 5)
        view.kill(signal.SIGWINCH)
        view.wait_for("too small")
        view.press("q")
        assert view.ends() == 0
        assert view.echoes()
        assert "epoll 3" in view.screen.normal
    finally:
        view.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order(tracer: Run, how: signal.Signals) -> None:
    trace = tracer("loop")
    trace.wait_for("tracing until Ctrl-C")
    ran = trace.stop(how)
    assert ran.status == 0, ran.stderr
    assert "vtrace loop" in ran.stdout


def test_names_that_are_told_and_not_seen(vtrace: Run, tmp_path: Any) -> None:
    """A Python that writes names, of which no stack has any, is not told to write some."""
    path = tmp_path / "computes.py"
    path.write_text(
        "import select, time\n"
        f"names = open({str(tmp_path / 'perf-1.map')!r}, 'w')\n"
        "poll = select.epoll()\n"
        "for _ in range(3):\n"
        "    poll.poll(0)\n"
        "    end = time.thread_time() + 0.1\n"
        "    while time.thread_time() < end: sum(range(20000))\n"
    )
    ran = vtrace("loop", "--min", "50ms", "--json", "-c", f"{sys.executable} {path}")
    assert ran.status == 0, ran.stderr
    assert "tells Python's names, but python" in ran.stderr
    assert "-X perf" not in ran.stderr
