"""The views against workloads whose truth is known: on paper, as JSON lines, and on a terminal with keys."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cgroups import cgroup, inside
from tests.cli.terminal import OnTerminal, Screen
from tests.conftest import VTRACE, RunVtrace, Tracer, Workload, open_files

StartTracer = Callable[..., Tracer]
StartWorkload = Callable[..., Workload]
Open = Callable[..., OnTerminal]

CALLS = 20_000
SLEEPS, SLEEP_MS = 5, 20


@pytest.fixture
def terminal() -> Iterator[Open]:
    """Starts `vtrace ARGUMENTS` on a terminal of its own; what the test does not end is killed."""
    started = []

    def start(*arguments: str, **options: Any) -> OnTerminal:
        started.append(OnTerminal([VTRACE, *arguments], **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def counted(lines: list[dict[str, Any]], *keys: str) -> Counter[tuple[Any, ...]]:
    """Events by keys, added up over the intervals."""
    found: Counter[tuple[Any, ...]] = Counter()
    for line in lines:
        found[tuple(line["key"][key] for key in keys)] += line["new"]["count"]
    return found


def trace_json(tracer: StartTracer, work: Workload, *options: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What a view says about a workload, and the workload's truth."""
    trace = tracer("syscalls", "--json", "-i", "0.2", "-p", str(work.pid), *options)
    wait_until_attached(trace.pid)
    truth = work.release()
    # The view ends by itself when the process it follows has ended.
    return objects(trace.wait().stdout), truth


def wait_until_attached(pid: int) -> None:
    """Returns when the tracer holds its probes. Links of raw tracepoints show in its descriptors."""
    for _ in range(3000):
        if sum("raw-tracepoint" in name or "bpf_link" in name for name in open_files(pid).values()) >= 2:
            return
        time.sleep(0.01)
    pytest.fail("the tracer did not attach")


# ---------------------------------------------------------------------------------------------------------------- JSON


def test_a_million_calls_are_a_million(tracer: StartTracer, workload: StartWorkload) -> None:
    work = workload("getppid_loop", 1_000_000)
    lines, truth = trace_json(tracer, work, "--by", "pid,call")
    assert truth["calls"] == 1_000_000
    assert counted(lines, "pid", "call")[work.pid, "getppid"] == 1_000_000
    last = [line for line in lines if line["key"]["call"] == "getppid"][-1]
    assert last["count"] == sum(bucket["count"] for bucket in last["buckets"]) == 1_000_000
    assert not any(last["lost"].values())


def test_every_object_says_what_it_is(tracer: StartTracer, workload: StartWorkload) -> None:
    work = workload("sleeper", SLEEPS, SLEEP_MS)
    lines, truth = trace_json(tracer, work, "--by", "pid,comm,call,tid")
    (sleeps,) = [line for line in lines if line["key"]["call"] == "clock_nanosleep"][-1:]
    assert sleeps["view"] == "syscalls"
    assert sleeps["measure"] == "calls"
    assert sleeps["unit"] == "ns"
    assert sleeps["waiting"] is True
    assert sleeps["key"]["pid"] == sleeps["key"]["tid"] == work.pid
    assert sleeps["count"] == SLEEPS == sum(bucket["count"] for bucket in sleeps["buckets"])
    assert SLEEPS * SLEEP_MS * 10**6 <= sleeps["total"] <= truth["sum_ns"]
    assert all(bucket["above"] < bucket["upto"] for bucket in sleeps["buckets"])
    assert sleeps["p50"] <= sleeps["p99"] <= sleeps["max"] <= sleeps["buckets"][-1]["upto"]
    assert all(line["waiting"] is False for line in lines if line["key"]["call"] == "read")


def test_intervals_add_up_to_the_totals(tracer: StartTracer, workload: StartWorkload) -> None:
    work = workload("sleeper", 40, 20)
    # Many of them: a machine that stalls is late for some.
    lines, _ = trace_json(tracer, work, "--by", "call", "-i", "0.05")
    sleeps = [line for line in lines if line["key"]["call"] == "clock_nanosleep"]
    assert len(sleeps) > 2
    assert sum(line["new"]["count"] for line in sleeps) == sleeps[-1]["count"] == 40
    assert sum(line["new"]["total"] for line in sleeps) == sleeps[-1]["total"]


def test_min_leaves_out_what_took_less(tracer: StartTracer, workload: StartWorkload) -> None:
    work = workload("sleeper", SLEEPS, SLEEP_MS)
    lines, _ = trace_json(tracer, work, "--by", "call", "--min", f"{SLEEP_MS}ms")
    assert counted(lines, "call")["clock_nanosleep",] == SLEEPS
    # On a machine that stalls any call may take that long, and none is here that did not.
    assert all(bucket["upto"] >= SLEEP_MS * 10**6 for line in lines for bucket in line["buckets"] if bucket["count"])


def test_errno_is_a_key(tracer: StartTracer, workload: StartWorkload) -> None:
    work = workload("failing_calls", 50)
    lines, _ = trace_json(tracer, work, "--by", "call,errno")
    found = counted(lines, "call", "errno")
    assert found["openat", "ENOENT"] + found["open", "ENOENT"] >= 50


# ------------------------------------------------------------------------------------------------------------- commands


def test_a_command_is_traced_with_all_that_it_starts_and_ends_the_view(vtrace: RunVtrace) -> None:
    deep = "import os, sys; pid = os.fork(); [os.getppid() for _ in range(300)]; pid and os.waitpid(pid, 0)"
    run = f"sh -c '{sys.executable} -c \"{deep}\"; true'"
    done = vtrace("syscalls", "--json", "--by", "pid,call", "-c", run)
    assert done.status == 0
    found = counted(objects(done.stdout), "pid", "call")
    assert [count for (_, call), count in found.items() if call == "getppid" and count >= 300] == [300, 300]


def test_more_processes_than_there_is_room_for(vtrace: RunVtrace) -> None:
    # Some 20 keys each: more than an aggregation holds, unless those of processes that have ended make room. The pauses
    # give a busy machine time to read.
    run = "bash -c 'for i in {1..400}; do /bin/true; sleep 0.01; done'"
    done = vtrace("syscalls", "--json", "--by", "comm,call", "-i", "0.2", "-c", run)
    lines = objects(done.stdout)
    assert not any(lines[-1]["lost"].values())
    found = counted([line for line in lines if "key" in line], "comm", "call")
    assert found["true", "execve"] == found["sleep", "execve"] == 400


def test_nothing_but_the_command_is_traced(vtrace: RunVtrace) -> None:
    done = vtrace("syscalls", "--json", "--by", "comm", "-c", "true")
    assert set(counted(objects(done.stdout), "comm")) <= {("true",), ("vtrace",)}
    assert counted(objects(done.stdout), "comm")["true",] > 5


def test_what_a_command_prints_does_not_get_into_the_objects(vtrace: RunVtrace) -> None:
    done = vtrace("syscalls", "--json", "-c", "echo spoken")
    assert "spoken" not in done.stdout
    assert done.stderr == "spoken\n"
    assert objects(done.stdout)


def test_a_table_through_a_pipe_is_plain_text(vtrace: RunVtrace) -> None:
    done = vtrace("syscalls", "-c", "true", env={"COLUMNS": "100", "LANG": "C", "LC_ALL": "C"})
    assert done.status == 0
    assert "\x1b" not in done.stdout
    assert done.stdout.isascii()
    head, row = done.stdout.splitlines()[1:3]
    assert head.split()[:3] == ["PID", "COMM", "EV/S"]
    assert row.split()[1] == "true"


def test_once_is_one_table(vtrace: RunVtrace) -> None:
    done = vtrace("syscalls", "--once", "-i", "0.3", "--waiting")
    assert done.status == 0
    assert done.stdout.count("vtrace syscalls") == 1


def test_duration_ends_it_after_as_many_intervals(vtrace: RunVtrace) -> None:
    # Far from each other: where a machine stalls until the end, what was due is shown once, with the end.
    done = vtrace("syscalls", "-i", "0.8", "--duration", "1.5")
    assert done.stdout.count("vtrace syscalls") == 2


@pytest.mark.parametrize(("pattern", "seen"), [("tru?", True), ("true", True), ("fals*", False)])
def test_comm_chooses_by_name_or_glob(vtrace: RunVtrace, pattern: str, seen: bool) -> None:
    done = vtrace("syscalls", "--json", "--by", "comm", "--comm", pattern, "-c", "true")
    assert bool(counted(objects(done.stdout), "comm")["true",]) is seen


def test_a_control_group(vtrace: RunVtrace) -> None:
    with cgroup(f"vtrace-test-{os.getpid()}") as other:
        done = vtrace("syscalls", "--json", "--by", "comm,cgroup", "--cgroup", other, "-c", inside(other, "true"))
    found = counted(objects(done.stdout), "comm")
    assert found["true",] > 5
    assert set(found) <= {("true",), ("sh",)}


# ------------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--by", "colour"], 2, "--by colour: no such key; vtrace syscalls has pid, comm, call"),
        (["--by", ","], 2, "--by needs a key"),
        (["-i", "soon"], 2, "'soon' is no duration: write a number and ns, us, ms"),
        (["-i", "0"], 2, "0 is no time at all"),
        (["--min", "5"], 2, "'5' is no duration"),
        (["-p", "0"], 2, "0 is not in the range x>=1"),
        (["-p", "4194304999"], 1, "no process 4194304999"),
        (["--frob"], 2, "No such option"),
        (["surplus"], 2, "unexpected extra argument (surplus)"),
        (["-c", "/nonexistent/program"], 1, "failed to execute /nonexistent/program: No such file or directory"),
        (["-c", "echo 'open"], 1, "No closing quotation"),
        (["-c", ""], 1, "failed to execute the command of -c: it is empty"),
        (["--cgroup", "/proc"], 1, "/proc is no cgroup of version 2"),
    ],
)
def test_bad_input_is_one_clear_message(vtrace: RunVtrace, arguments: list[str], status: int, words: str) -> None:
    done = vtrace("syscalls", "--once", *arguments)
    assert (done.status, done.stdout) == (status, "")
    assert done.stderr.startswith("vtrace: ")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_thread_is_no_process(vtrace: RunVtrace, workload: StartWorkload) -> None:
    work = workload("mutex_pair", 1, 1)
    thread = next(tid for tid in map(int, os.listdir(f"/proc/{work.pid}/task")) if tid != work.pid)
    done = vtrace("syscalls", "--once", "-p", str(thread))
    assert done.status == 1
    assert f"{thread} is a thread of the process {work.pid}: use -p {work.pid}" in done.stderr


def test_without_privileges_it_says_what_is_missing() -> None:
    drop = ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all"]
    done = subprocess.run([*drop, VTRACE, "syscalls", "--once"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("vtrace: cannot ")
    assert "CAP_BPF" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("view", ["syscalls", "disk", "locks"])
def test_every_view_works(vtrace: RunVtrace, view: str) -> None:
    done = vtrace(view, "--once", "-i", "0.2", "--waiting")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith(f"vtrace {view}  ")
    done = vtrace(view, "--json", "--duration", "0.2")
    assert (done.status, done.stderr) == (0, "")
    assert {thing["view"] for thing in objects(done.stdout)} <= {view}


def test_help_lists_the_keys(vtrace: RunVtrace) -> None:
    done = vtrace("syscalls", "-h")
    assert done.status == 0
    assert "pid, comm, call, tid, uid, cgroup, errno" in " ".join(done.stdout.split())


def test_whoever_stops_reading_ends_it() -> None:
    run = f"{VTRACE} syscalls -i 0.1 --waiting | head -n 1"
    done = subprocess.run(["bash", "-c", f"{run}; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "1"
    assert done.stderr == ""


# ------------------------------------------------------------------------------------------------------------- terminal


def rows_there(screen: Screen) -> bool:
    return "EV/S" in screen.text()


def on_terminal(open_: Open, *arguments: str, **options: Any) -> OnTerminal:
    """`vtrace syscalls` that has drawn its first rows: there is always something to see, for it sees this test."""
    view = open_("syscalls", "-i", "0.2", *arguments, **options)
    view.wait_for(rows_there)
    return view


def test_q_ends_it_and_the_last_table_stays(terminal: Open) -> None:
    view = on_terminal(terminal)
    assert view.screen.alternate
    assert not view.screen.cursor
    assert not view.echoes()
    view.press("q")
    assert view.ends() == 0
    given_back(view)
    assert "EV/S" in view.screen.normal


def given_back(view: OnTerminal) -> None:
    assert not view.screen.alternate
    assert view.screen.cursor
    assert view.echoes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_the_terminal_is_given_back(terminal: Open, number: signal.Signals) -> None:
    view = on_terminal(terminal)
    view.kill(number)
    assert view.ends() == 0
    given_back(view)


def test_control_c_ends_it(terminal: Open) -> None:
    view = on_terminal(terminal)
    view.press("\x03")
    assert view.ends() == 0
    given_back(view)


def test_control_z_gives_the_terminal_back_until_it_goes_on() -> None:
    # Under a shell that controls jobs: a session's first process cannot be stopped from its terminal.
    script = f"set -m; {VTRACE} syscalls -i 0.2; echo stopped with $?; read -r; fg"
    with contextlib.closing(OnTerminal(["bash", "-c", script])) as view:
        view.wait_for(rows_there)
        view.press("\x1a")
        view.wait_for(f"stopped with {128 + signal.SIGTSTP}")
        given_back(view)
        view.press("\n")
        view.wait_for(lambda screen: screen.alternate and rows_there(screen))
        assert not view.echoes()
        stop_at_q(view)


def stop_at_q(view: OnTerminal) -> None:
    view.press("q")
    assert view.ends() == 0
    given_back(view)


def test_pause_freezes_the_picture(terminal: Open) -> None:
    view = on_terminal(terminal)
    view.press("p")
    # The footer is drawn last: the picture is whole then.
    view.wait_for(lambda screen: "PAUSED" in screen.text() and "p go on" in screen.text())
    before = view.screen.text()
    view.press("x", "y")
    with pytest.raises(AssertionError, match="not there"):
        view.wait_for(lambda screen: screen.text() != before, timeout=1)
    view.press("p")
    view.wait_for(lambda screen: "PAUSED" not in screen.text())


def test_sorting_shows_which(terminal: Open) -> None:
    view = on_terminal(terminal)
    assert "by total" in view.screen.text()
    view.press("s")
    view.wait_for("by ev/s")


def test_arrows_and_enter_open_the_histogram_and_escape_goes_back(terminal: Open, workload: StartWorkload) -> None:
    work = workload("getppid_loop", CALLS)
    view = terminal("syscalls", "-i", "0.2", "-p", str(work.pid), "--waiting")
    view.wait_for("Nothing seen")
    work.open()
    view.wait_for(str(work.pid))
    # The process has ended, and so has the view: its last table has all of it.
    assert view.ends() == 0
    assert str(work.pid) in view.screen.normal


def test_a_row_opens_and_closes(terminal: Open) -> None:
    view = on_terminal(terminal)
    view.press("\x1b[B", "\r")
    view.wait_for(lambda screen: "CALL" in screen.text() and "share" in screen.text())
    view.press("\x1b[B")
    view.wait_for(lambda screen: " \N{MIDDLE DOT} " in screen.text().partition("\n\n")[2])
    view.press("\x1b")
    view.wait_for(lambda screen: "COMM" in screen.text())
    view.press("q")
    assert view.ends() == 0


def test_resizing_draws_anew_and_a_terminal_too_small_says_so(terminal: Open) -> None:
    view = on_terminal(terminal)
    view.resize(30, 5)
    view.wait_for(lambda screen: screen.text().strip() == "30x5 is too small: at least 40")
    view.resize(140, 40)
    view.wait_for(lambda screen: "EVENTS" in screen.text())
    view.press("q")
    assert view.ends() == 0


def test_no_colour_and_ascii(terminal: Open) -> None:
    view = on_terminal(terminal, env={"NO_COLOR": "1", "LANG": "C", "LC_ALL": "C"})
    view.press("q")
    assert view.ends() == 0
    assert "38;5;" not in view.raw
    assert view.raw.isascii()


def test_a_dumb_terminal_gets_tables_without_escape_codes(terminal: Open) -> None:
    view = terminal("syscalls", "-i", "0.2", env={"TERM": "dumb"})
    view.wait_for("EV/S")
    view.kill(signal.SIGINT)
    assert view.ends() == 0
    assert "\x1b" not in view.raw


def test_a_command_on_a_terminal_that_is_drawn_on_speaks_when_it_is_free(terminal: Open) -> None:
    view = terminal("syscalls", "-i", "0.2", "-c", "sh -c 'echo first; sleep 0.5; echo second; cat'")
    assert view.ends() == 0
    assert "first\nsecond" in view.screen.normal
    assert "first" not in view.screen.text()
    assert view.screen.normal.index("second") < view.screen.normal.index("EV/S")


def test_leaving_a_command_ends_it(terminal: Open) -> None:
    view = on_terminal(terminal, "-c", "sh -c 'echo $$; exec sleep 1000'")
    # What is asleep has spoken.
    view.wait_for(lambda screen: bool(re.search(r"^\W*\d+ +sleep ", screen.text(), re.MULTILINE)))
    view.press("q")
    assert view.ends() == 0
    pid = int(view.screen.normal.split()[0])
    assert not os.path.exists(f"/proc/{pid}")
