"""`vtrace bubbles` as a command: what it refuses, and what it draws and writes. What it finds is tested elsewhere."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.cli.terminal import OnTerminal
from tests.conftest import VTRACE, RunVtrace, Workload


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--min", "soon"], "'soon' is no duration"),
        (["--min", "0ms"], "0ms is no time at all"),
        (["-p", "4194305"], "no process 4194305"),
        (["--svg", "/nowhere/x.svg"], "cannot write /nowhere/x.svg"),
        (["--bogus"], "--bogus"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(vtrace: RunVtrace, arguments: list[str], words: str) -> None:
    result = vtrace("bubbles", *arguments)
    assert result.status in (1, 2)
    assert result.stdout == ""
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_it_ends_after_its_time(vtrace: RunVtrace) -> None:
    assert vtrace("bubbles", "--duration", "0.3", "--min", "10s").status == 0


def test_a_bubble_is_drawn_as_a_time_line(
    tracer: Callable[..., Any], workload: Callable[..., Workload], tmp_path: Path
) -> None:
    work = workload("mutex_pair", 3, 200)
    picture = tmp_path / "bubble.svg"
    one = tracer("bubbles", "-p", str(work.pid), "--svg", str(picture))
    one.wait_for("tracing until")
    work.release()
    result = one.stop()
    assert "mutex_pair" in result.stdout
    assert "mutex_pair" in ElementTree.fromstring(picture.read_text())[4].text or picture.stat().st_size > 1000


def test_a_recording_is_shown_as_it_was_live(
    tracer: Callable[..., Any], workload: Callable[..., Workload], vtrace: RunVtrace, tmp_path: Path
) -> None:
    work = workload("mutex_pair", 3, 200)
    file, live, later = (tmp_path / name for name in ("recording", "live.svg", "later.svg"))
    one = tracer("bubbles", "--json", "-p", str(work.pid), "--svg", str(live), "--record", str(file))
    one.wait_for("tracing until")
    work.release()
    result = one.stop()
    assert "mutex_pair" in result.stdout
    again = vtrace("replay", "--json", "--svg", str(later), str(file))
    assert (again.status, again.stdout) == (0, result.stdout)
    assert later.read_text() == live.read_text()
    text = vtrace("replay", str(file))
    assert (text.status, text.stdout.count("of waiting")) == (0, len(result.stdout.splitlines()))
    assert vtrace("replay", "--folded", str(file)).status == 2


DEADLOCK = """
import ctypes, sys, threading
libc = ctypes.CDLL(None)
a, b = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)
meet = threading.Barrier(2)
def cross(one, other):
    libc.pthread_mutex_lock(one)
    meet.wait()
    libc.pthread_mutex_lock(other)
for locks in ((a, b), (b, a)):
    threading.Thread(target=cross, args=locks, daemon=True).start()
sys.stdin.read()
"""


@pytest.fixture
def deadlocked() -> Iterator[int]:
    """The process id of a program whose two threads wait for each other's mutex, or will."""
    command = ["python3", "-c", DEADLOCK]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def test_what_grows_is_drawn_while_it_does(deadlocked: int) -> None:
    terminal = OnTerminal([VTRACE, "bubbles", "-p", str(deadlocked)], size=(150, 40))
    try:
        terminal.wait_for("deadlock")
        terminal.kill(signal.SIGINT)
        assert terminal.ends() == 0
        assert "Traceback" not in terminal.raw
    finally:
        terminal.close()
