"""How a trace ends: exit(), signals, the end of its processes, the end of its reader, a full disk, SIGKILL."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import PATIENCE, VTRACE, held_by, kernel_objects

TALKING = 'BEGIN { @ = count(); } END { printf("the end\\n"); }'
FOREVER = 'tick-1ms { printf("%d some text to fill a pipe with\\n", timestamp); }'


@contextlib.contextmanager
def started(*arguments: str, **streams: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([VTRACE, *arguments], text=True, **streams)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


# -------------------------------------------------------------------------------------------------------------- signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_runs_end_and_prints_aggregations(tracer: Any, number: signal.Signals) -> None:
    running = tracer("-n", TALKING)
    running.wait_for("matched")
    ran = running.stop(number)
    assert ran.stdout.endswith("the end\n\n\n                1\n")
    assert ran.status == 0


def test_sigquit_is_left_to_the_system(tracer: Any) -> None:
    running = tracer("-n", TALKING)
    running.wait_for("matched")
    ran = running.stop(signal.SIGQUIT)
    assert (ran.stdout, ran.status) == ("", -signal.SIGQUIT)


def test_a_signal_ignored_by_our_parent_stays_ignored(workload: Any) -> None:
    program = 'BEGIN { printf("on\\n"); } syscall::getppid:entry /pid == $1/ { exit(5); }'
    work = workload("getppid_loop", 1)
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    with started("-qn", program, str(work.pid), stdout=subprocess.PIPE, preexec_fn=ignore) as process:
        assert process.stdout and process.stdout.readline() == "on\n"
        process.send_signal(signal.SIGHUP)
        work.release()
        assert process.wait(PATIENCE) == 5


def test_a_second_interrupt_ends_it_at_once() -> None:
    """Here the first cannot end it: nobody reads the pipe it prints to."""
    reader, writer = os.pipe()
    with started("-n", FOREVER, stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        assert process.stderr and "matched" in process.stderr.readline()
        assert eventually(lambda: calling(process.pid)[:1] == [WRITE])
        process.send_signal(signal.SIGINT)
        sent = 1
        while process.poll() is None and sent < 50:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.send_signal(signal.SIGINT)
            sent += 1
        assert (process.returncode, sent > 1) == (-signal.SIGINT, True)
    os.close(reader)


def has_died(pid: int) -> bool:
    """Whether a process is gone, or waits for somebody to ask how it ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] == b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def calling(pid: int) -> list[str]:
    """The system call a process waits in, by number, and its arguments; empty while it runs."""
    with open(f"/proc/{pid}/syscall") as file:
        words = file.read().split()
    return words if len(words) > 1 else []


READ, WRITE = ("0", "1") if os.uname().machine == "x86_64" else ("63", "64")


def reads_script(pid: int) -> bool:
    """Whether it waits for its standard input, opened once more."""
    call = calling(pid)
    with contextlib.suppress(OSError):
        return call[:1] == [READ] and os.path.samefile(f"/proc/{pid}/fd/{int(call[1], 16)}", f"/proc/{pid}/fd/0")
    return False


def test_an_interrupt_before_the_trace_ends_it_silently() -> None:
    """The program comes from a pipe that stays empty."""
    with started("-s", "/dev/stdin", stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert eventually(lambda: reads_script(process.pid))
        process.send_signal(signal.SIGINT)
        assert process.stderr and process.stderr.read() == ""
        assert process.wait(PATIENCE) == -signal.SIGINT
        assert process.stdin
        process.stdin.close()


# ------------------------------------------------------------------------------------------------ exit, a closed pipe


def test_exit_ends_it_at_once_however_much_is_being_written(vtrace: Any) -> None:
    ran = vtrace("-qn", "profile-5000hz { trace(1); } tick-50ms { exit(3); }")
    assert ran.status == 3


def test_begin_is_before_every_other_probe_and_end_after(vtrace: Any) -> None:
    ran = vtrace("-qn", 'int ready; int over; profile-5000hz { @["early"] = sum(!ready); @["late"] = sum(over); } '
                 'BEGIN { ready = 1; } END { over = 1; } tick-50ms { exit(0); }')  # fmt: skip
    assert ran.stdout.split() == ["early", "0", "late", "0"]


@pytest.mark.parametrize("program", [FOREVER, 'BEGIN { printf("one\\n"); } tick-1000s { printf("late"); }'])
def test_it_ends_with_its_reader(program: str) -> None:
    with started("-qn", program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 128 + signal.SIGPIPE
        assert process.stderr.read() == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed(tmp_path: Any, closed: str) -> None:
    program = 'BEGIN { printf("out"); x = 0; y = 1 / x; } BEGIN { exit(3); }'
    done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", VTRACE, "-n", program], timeout=PATIENCE)
    assert done.returncode == 3


def test_a_list_ends_with_its_reader() -> None:
    with started("-l", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 128 + signal.SIGPIPE
        assert process.stderr.read() == ""


def test_output_is_prompt_on_a_terminal() -> None:
    """What a probe prints is there before the probe after it fires: each of these waits for the other side."""
    ours, theirs = pty.openpty()
    with started("-qn", "syscall::getppid:entry /pid == $target/ { printf(\"%d\\n\", ++n); }", "-p", str(os.getpid()),
                 stdout=theirs, stderr=subprocess.PIPE) as process:  # fmt: skip
        os.close(theirs)
        assert eventually(lambda: "link" in {kind for kind, _ in held_by(process.pid)})
        for number in range(1, 20):
            os.getppid()
            assert line_of(ours) == b"%d\r\n" % number
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    os.close(ours)


def line_of(terminal: int) -> bytes:
    """The next line that was written to it, which may come in parts."""
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(terminal, 1)
    return line


def test_sigkill_leaves_nothing_in_the_kernel(tracer: Any) -> None:
    running = tracer("-n", "syscall:::entry { @[execname] = count(); } profile-97 { @p = count(); } tick-1s { }")
    running.wait_for("matched")
    held = held_by(running.pid)
    assert {kind for kind, _ in held} >= {"prog", "map", "link"}
    assert running.stop(signal.SIGKILL).status == -signal.SIGKILL
    assert eventually(lambda: not held & kernel_objects())


# ------------------------------------------------------------------------------------------------------------- -o FILE


def test_o_appends(vtrace: Any, tmp_path: Any) -> None:
    out = tmp_path / "out"
    out.write_text("before\n")
    for word in ("one", "two"):
        ran = vtrace("-o", str(out), "-qn", f'BEGIN {{ printf("{word}\\n"); exit(0); }}')
        assert (ran.stdout, ran.stderr, ran.status) == ("", "", 0)
    assert out.read_text() == "before\none\n\ntwo\n\n"


@pytest.mark.parametrize("program", ["BEGIN { exit(0); }", FOREVER])
def test_a_full_disk_is_said(vtrace: Any, program: str) -> None:
    ran = vtrace("-o", "/dev/full", "-qn", program)
    assert (ran.stderr, ran.status) == ("vtrace: failed to write to /dev/full: No space left on device\n", 1)


def test_a_file_that_cannot_be_opened_is_said(vtrace: Any) -> None:
    ran = vtrace("-o", "/nosuch/out", "-qn", "BEGIN { exit(0); }")
    assert (ran.stderr, ran.status) == (
        "vtrace: failed to open output file '/nosuch/out': No such file or directory\n", 1,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ -c and -p


def test_a_command_runs_when_the_probes_are_in_place_and_the_trace_ends_with_it(vtrace: Any) -> None:
    """Every call of the command is seen, its first and its last: true(1) opens files as soon as it runs."""
    program = """
        int first;
        syscall:::entry /pid == $target && !first/ { first = 1; printf("%s\\n", execname); }
        syscall::exit_group:entry /pid == $target/ { printf("%s\\n", probefunc); }
    """
    ran = vtrace("-qn", program, "-c", "true")
    assert (ran.stdout, ran.stderr, ran.status) == ("true\nexit_group\n\n", "", 0)


def test_a_command_has_our_input_and_output_and_usual_signals(vtrace: Any) -> None:
    ran = vtrace("-qn", "BEGIN { }", "-c", "sh -c 'cat; trap'", stdin="passed on\n")
    assert ran.stdout.split("\n")[0] == "passed on"
    ran = vtrace("-n", "BEGIN { trace($target); }", "-c", "sh -c 'kill -PIPE $$'")
    assert "terminated by SIGPIPE" in ran.stderr


@pytest.mark.parametrize(
    ("command", "verdict"),
    [
        ("true", "has exited"),
        ("sh -c 'exit 3'", "exited with status 3"),
        ("sh -c 'kill -9 $$'", "terminated by SIGKILL"),
    ],
)
def test_how_a_command_ended_is_said(vtrace: Any, command: str, verdict: str) -> None:
    ran = vtrace("-n", "END { trace($target); }", "-c", command)
    pid = ran.stdout.split()[-1]
    assert f"vtrace: pid {pid} {verdict}\n" in ran.stderr
    assert ran.status == 0


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("/nosuch/command -x", "failed to execute /nosuch/command: No such file or directory"),
        ("/etc/passwd", "failed to execute /etc/passwd: Permission denied"),
        ("/tmp", "failed to execute /tmp: Permission denied"),
        ("", "failed to execute the command of -c: it is empty"),
        ("sh -c 'open", "failed to execute sh -c 'open: No closing quotation"),
    ],
)
def test_a_command_that_cannot_start(vtrace: Any, command: str, why: str) -> None:
    ran = vtrace("-n", 'BEGIN { printf("never"); }', "-c", command)
    assert (ran.stdout, ran.stderr, ran.status) == ("", f"vtrace: {why}\n", 1)


def test_a_command_does_not_run_when_the_program_is_wrong(vtrace: Any, tmp_path: Any) -> None:
    ran = vtrace("-n", "BEGIN { nosuch }", "-c", f"touch {tmp_path}/ran")
    assert ran.status == 1
    assert not os.path.exists(f"{tmp_path}/ran")


@pytest.mark.parametrize("how", ["exit", "interrupt"])
def test_a_command_never_outlives_the_trace(tracer: Any, how: str) -> None:
    program = "tick-50ms { exit(0); }" if how == "exit" else "BEGIN { }"
    running = tracer("-qn", f'BEGIN {{ printf("%d\\n", $target); }} {program}', "-c", "sleep 1000")
    running.wait_for("\n")
    pid = int(running.stdout.split()[0])
    ran = running.wait() if how == "exit" else running.stop()
    assert ran.status == 0
    assert not os.path.exists(f"/proc/{pid}")


def test_a_command_dies_with_a_killed_vtrace(tracer: Any) -> None:
    running = tracer("-qn", 'BEGIN { printf("%d\\n", $target); }', "-c", "sleep 1000")
    running.wait_for("\n")
    pid = int(running.stdout.split()[0])
    running.stop(signal.SIGKILL)
    assert eventually(lambda: has_died(pid))


def test_the_trace_ends_with_the_last_process_it_was_given(tracer: Any) -> None:
    first, second = (subprocess.Popen(["sleep", "1000"]) for _ in range(2))
    running = tracer("-n", "END { trace($target); }", "-p", str(first.pid), "-p", str(second.pid))
    running.wait_for("matched")
    first.kill()
    running.wait_for(f"pid {first.pid} has exited")
    second.kill()
    ran = running.wait()
    assert f"pid {second.pid} has exited" in ran.stderr
    assert str(first.pid) in ran.stdout
    assert ran.status == 0
    first.wait(), second.wait()


@pytest.mark.parametrize("pid", ["4194305", "99999999999999999999"])
def test_a_pid_that_is_not_there(vtrace: Any, pid: str) -> None:
    ran = vtrace("-n", "BEGIN { }", "-p", pid)
    assert (ran.stderr, ran.status) == (f"vtrace: failed to grab pid {pid}: No such process\n", 1)


INTERRUPTED = """
import os, signal
from pyvtrace.cli.main import prepare_streams
prepare_streams()
signal.signal(signal.SIGALRM, lambda number, frame: os.write(2, b"!"))
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
print("x" * 1_000_000, flush=True)
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_line_that_signals_interrupt_is_written_to_its_end(unbuffered: str) -> None:
    """The pipe is full long before the line's end, and nobody reads before signals have come."""
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        assert process.stderr.read(5) == b"!!!!!"
        assert process.stdout.read() == b"x" * 1_000_000 + b"\n"
