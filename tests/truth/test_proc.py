"""The proc provider against programs that know whom they made, how those ended, and which signals they sent."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from pyvtrace.kernel.target import LiveTarget
from tests.truth.live import Missed, Trace, again_if_missed

LIVES = """
proc:::create /pid == $1/ { @create[args[0]->pr_pid, args[0]->pr_ppid] = count(); }
proc:::lwp-create /ppid == $1 || pid == $1/ { @made[args[1]->pr_pid] = count(); }
proc:::start /ppid == $1/ { @start[pid, tid] = count(); }
proc:::lwp-start /ppid == $1/ { @begun[pid] = count(); }
proc:::lwp-exit /ppid == $1/ { @ended[pid] = count(); }
proc:::exit /ppid == $1/ { @exit[pid, args[0]] = count(); }
proc:::exec /pid == $1/ { @exec[args[0]] = count(); }
proc:::exec-failure /pid == $1/ { @failure[args[0]] = count(); }
proc:::exec-success /pid == $1/ { @success = count(); }
"""


def complete(trace: Trace) -> None:
    if trace.dropped("missed"):
        raise Missed


# The calls that put another program in place, each of which is a place of exec and of exec-failure.
EXECUTES = ("execve", "execveat")


@pytest.mark.fires("proc:::create", "proc:::start", "proc:::exit", "proc:::lwp-create", "proc:::lwp-start")
@pytest.mark.fires("proc:::lwp-exit")
@pytest.mark.parametrize(
    "call", [pytest.param(call, marks=pytest.mark.fires(f"proc::sys_exit_{call}:exec-failure")) for call in EXECUTES]
)
def test_children_are_seen_from_their_beginning_to_their_end(workload: Any, call: str) -> None:
    see_children(workload=workload, call=call)


@pytest.mark.fires("proc:::exit")
def test_kernels_that_do_not_tell_the_last_thread_of_a_process(workload: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told = LiveTarget.raw_tracepoint

    def older(self: LiveTarget, name: str) -> Any:
        parameters = told(self, name)
        return parameters[:1] if parameters and name == "sched_process_exit" else parameters

    monkeypatch.setattr(LiveTarget, "raw_tracepoint", older)
    see_children(workload=workload, call="execve")


@again_if_missed
def see_children(workload: Any, call: str) -> None:
    work = workload("lives", call)
    with Trace(LIVES, work.pid) as trace:
        truth = work.release()
    complete(trace)
    ends = {int(pid): how for pid, how in truth["ends"].items()}
    threads = {(int(pid),): number for pid, number in truth["threads"].items()}
    assert set(ends.values()) >= {1, 2}
    assert trace.values("create") == {(pid, work.pid): 1 for pid in ends}
    assert trace.values("start") == {(pid, pid): 1 for pid in ends}
    assert trace.values("exit") == dict.fromkeys(ends.items(), 1)
    assert trace.values("made") == trace.values("begun") == trace.values("ended") == threads
    assert trace.values("exec") == {(path,): 1 for path in truth["failures"]}
    assert truth["failures"] == {"/nonexistent/program": errno.ENOENT, "/": errno.EACCES}
    assert trace.values("failure") == {(errno.ENOENT,): 1, (errno.EACCES,): 1}
    assert trace.values("success") == {}


@pytest.mark.fires("proc:::exec-success")
@pytest.mark.parametrize(
    "call", [pytest.param(call, marks=pytest.mark.fires(f"proc::sys_enter_{call}:exec")) for call in EXECUTES]
)
@again_if_missed
def test_a_program_put_in_place_is_seen_with_its_path(workload: Any, call: str) -> None:
    program = """
    proc:::exec /ppid == $1/ { @asked[pid, args[0], execname] = count(); }
    proc:::exec-success /ppid == $1/ { @done[pid, args[0], execname] = count(); }
    """
    work = workload("forker", 10, call)
    with Trace(program, work.pid) as trace:
        truth = work.release()
    complete(trace)
    path = truth["program"]
    assert trace.values("asked") == {(child, path, "forker"): 1 for child in truth["children"]}
    assert trace.values("done") == {(child, path, "sh"): 1 for child in truth["children"]}


SIGNALS = """
proc:::signal-send
/pid == $1 && args[1]->pr_pid == $2/
{
	@send[args[0]->pr_lwpid, args[1]->pr_pid, args[2]] = count();
}

proc:::signal-discard
/pid == $1 && args[1]->pr_pid == $2/
{
	@discard[args[0]->pr_lwpid, args[1]->pr_pid, args[2]] = count();
}

proc:::signal-handle /pid == $2/
{
	@handle[args[0], args[1]->si_signo, args[1]->si_code, args[1]->si_pid, args[2] > 1] = count();
}
proc:::signal-clear /pid == $2/ { @clear[args[0]] = count(); }
"""
SIGUSR1, SIGUSR2, SIGALRM, SI_USER = 10, 12, 14, 0


@pytest.mark.fires("proc:::signal-send", "proc:::signal-discard", "proc:::signal-handle", "proc:::signal-clear")
@again_if_missed
def test_signals_are_sent_and_handled_or_thrown_away_or_taken(workload: Any) -> None:
    work = workload("signalled_child", 25)
    child = work.facts["child"]
    with Trace(SIGNALS, work.pid, child) as trace:
        truth = work.release()
    complete(trace)
    count = truth["signals"]
    assert trace.values("send") == {(child, child, number): count for number in (SIGUSR1, SIGUSR2, SIGALRM)}
    assert trace.values("discard") == {(child, child, SIGUSR2): count}
    assert trace.values("handle") == {(SIGUSR1, SIGUSR1, SI_USER, work.pid, 1): count}
    assert trace.values("clear") == {(SIGALRM,): count}
