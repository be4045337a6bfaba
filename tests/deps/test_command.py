"""`vtrace deps` as people meet it: on paper, on a terminal, and when there is nothing to see or no way to see it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import OnTerminal
from tests.conftest import PATIENCE, VTRACE, RunVtrace, Tracer, Workload

StartWorkload = Callable[..., Workload]
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process that talks to nobody, and is asleep."""
    with subprocess.Popen(["sleep", "600"]) as process:
        deadline = time.monotonic() + PATIENCE
        while "nanosleep" not in Path(f"/proc/{process.pid}/wchan").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        yield process.pid
        process.kill()


def lines_of(paper: str) -> list[str]:
    """A report but for what interrupts lost it, whose probes may meet their own programs whatever a process does."""
    return [line for line in paper.splitlines() if not re.match(r"! [\d,]+ events missed: ", line)]


def test_no_such_process(vtrace: RunVtrace) -> None:
    result = vtrace("deps", "-p", "4194304")
    assert (result.status, result.stdout) == (1, "")
    assert "no process 4194304" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("-p", "1", "-c", "true")])
def test_one_process_or_one_command(vtrace: RunVtrace, arguments: tuple[str, ...]) -> None:
    result = vtrace("deps", *arguments)
    assert result.status == 2
    assert "-p PID, or run a command with -c CMD" in result.stderr


def test_no_such_command(vtrace: RunVtrace) -> None:
    result = vtrace("deps", "-c", "/nowhere/command")
    assert result.status == 1
    assert "failed to execute /nowhere/command: No such file or directory" in result.stderr


def test_no_privilege(sleeper: int) -> None:
    done = subprocess.run([*POWERLESS, VTRACE, "deps", "-p", str(sleeper)], text=True, capture_output=True)
    assert done.returncode == 1
    assert "CAP_BPF" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_traffic_is_said(vtrace: RunVtrace, sleeper: int) -> None:
    result = vtrace("deps", "-p", str(sleeper), "--duration", "0.5", env={"COLUMNS": "80"})
    title, nothing, _, timers = lines_of(result.stdout)
    assert "0 endpoints" in title
    assert nothing == "No traffic with any endpoint so far."
    assert timers.startswith("~timers")
    assert timers.endswith("100.0%")


def test_an_io_uring_is_said_to_be_unseen(vtrace: RunVtrace) -> None:
    # io_uring_setup is call 425 on every architecture; struct io_uring_params has 120 bytes.
    ring = "import ctypes; fd = ctypes.CDLL(None).syscall(425, 1, bytes(120)); print(fd, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", ring], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert int(process.stdout.readline()) >= 0
        result = vtrace("deps", "-p", str(process.pid), "--duration", "0.2", env={"COLUMNS": "100"})
        process.kill()
    assert "! the process has an io_uring: what it asks for through that is not seen" in result.stdout.splitlines()


def test_a_report_on_paper(tracer: Callable[..., Tracer], workload: StartWorkload) -> None:
    work = workload("troubled", "reset", 3)
    trace = tracer("deps", "-p", str(work.pid))
    trace.wait_for("tracing until")
    work.release()
    lines = lines_of(trace.wait().stdout)
    server = work.facts["server"]
    assert lines[0].startswith(f"vtrace deps  process {work.pid}")
    assert lines[2].split()[:3] == [server, "tcp", "0"]
    at = lines.index(server)
    assert lines[at : at + 3] == [server, "  3 broken: reset", "  3 of 3 questions without an answer"]
    assert not any("\x1b" in line or len(line) > 80 for line in lines)


def test_a_report_each_interval(tracer: Callable[..., Tracer], sleeper: int) -> None:
    trace = tracer("deps", "-p", str(sleeper), "-i", "0.2", "--json")
    trace.wait_for("}\n{")
    assert trace.stop().status == 0


def test_the_view_on_a_terminal(workload: StartWorkload) -> None:
    work = workload("troubled", "old-wait", 2)
    view = OnTerminal([VTRACE, "deps", "-p", str(work.pid)])
    try:
        server = work.facts["server"]
        view.wait_for(server)
        view.wait_for("~pipes")
        view.press("\r")
        view.wait_for("1 open before")
        view.press("m")
        view.wait_for("from asking for a connection to having it")
        view.press("\x1b")
        view.wait_for("ENDPOINT")
        view.press("q")
        assert view.ends() == 0
        assert server in view.screen.normal
    finally:
        view.close()
