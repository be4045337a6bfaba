"""What the syscall provider says of calls: results, names, arguments, and calls that do not return as they began."""

from __future__ import annotations

import errno
import os
import platform
from typing import Any

from pyvtrace.providers.syscall import tables
from tests.truth.live import Trace, shipped


def test_errno_is_the_one_of_the_call_that_returns(workload: Any) -> None:
    work = workload("failing_calls", 1000)
    program = "syscall::openat:return /pid == $1/ { @[probefunc, errno, arg0, arg1] = count(); }"
    with Trace(program, work.pid) as trace:
        truth = work.release()
    failed = {key: n for key, n in trace.values().items() if key[1]}
    assert failed == {("openat", errno.ENOENT, -errno.ENOENT, -errno.ENOENT): truth["calls"]}


def test_errno_is_zero_for_calls_that_succeed(workload: Any) -> None:
    work = workload("getppid_loop", 1000)
    with Trace("syscall::getppid:return /pid == $1/ { @[errno, arg0, args[1]] = count(); }", work.pid) as trace:
        work.release()
    assert trace.values() == {(0, os.getpid(), os.getpid()): 1000}


def test_arguments_have_the_kernels_names_and_types(workload: Any) -> None:
    work = workload("failing_calls", 10)
    program = """
    syscall::openat:entry /pid == $1 && copyinstr(args->filename) == $$2/ { @[args->dfd, args->flags & 3] = count(); }
    syscall::openat:entry /pid == $1/ { @path[copyinstr(arg1)] = count(); }
    """
    with Trace(program, work.pid, work.facts["path"]) as trace:
        work.release()
    at_fdcwd = -100
    assert trace.values() == {(at_fdcwd, os.O_RDONLY): 10}
    assert trace.values("path")[work.facts["path"],] == 10


def test_32_bit_calls_have_the_names_of_their_own_table(workload: Any) -> None:
    work = workload("compat32", 100)
    program = "syscall:::entry /pid == $1/ { @[probemod, probefunc] = count(); }"
    returns = "syscall:::return /pid == $1/ { @back[probemod, probefunc] = count(); }"
    with Trace(program + returns, work.pid) as trace:
        truth = work.release()
    made = {key: n for key, n in trace.values().items() if key[0] == "compat"}
    assert made == ({("compat", truth["syscall"]): truth["calls"]} if truth["allowed"] else {})
    assert made == {key: n for key, n in trace.values("back").items() if key[0] == "compat"}
    assert ("vmlinux", "writev") not in trace.values()
    assert truth["allowed"] or platform.machine() != "x86_64", "this kernel refuses 32-bit calls: the test says nothing"


BALANCE = """
syscall:::entry
/pid == $1/
{
	@entered[probefunc] = count();
	self->entered = timestamp;
}

syscall:::return
/pid == $1/
{
	@returned[probefunc] = count();
}

syscall:::return
/self->entered/
{
	@timed[pid, probefunc] = count();
	self->entered = 0;
}
"""


def test_what_is_entered_returns_under_the_same_name(workload: Any) -> None:
    """All but the calls under way when the trace begins and ends; leaving a signal handler included."""
    work = workload("signalled", 100)
    with Trace(BALANCE, work.pid) as trace:
        truth = work.release()
    entered, returned = ({k: v for (k,), v in trace.values(name).items()} for name in ("entered", "returned"))
    assert entered["rt_sigreturn"] == entered["tgkill"] == truth["signals"] == 100
    assert returned.pop("read") - entered.get("read", 0) == 1, "the one at the gate"
    entered.pop("read", None)
    assert entered.pop("exit_group") == 1, "which never returns"
    # The kernel takes the number of a call away when it leaves a signal handler, so that it is not made again.
    assert returned == entered


FORKS = """
syscall:::entry
/pid == $1 || ppid == $1/
{
	self->entered = timestamp;
}

syscall:::return
/self->entered/
{
	@[pid == $1 ? "parent" : "child", probefunc, errno] = count();
	@took[probefunc] = max(timestamp - self->entered);
	self->entered = 0;
}
"""


def test_a_child_does_not_return_from_a_call_it_never_made(workload: Any) -> None:
    """clone(2) returns twice, once in the child; execve(2) returns in another program; exit_group(2) never does."""
    work = workload("forker", 20)
    with Trace(FORKS, work.pid) as trace:
        truth = work.release()
    children = len(truth["children"])
    calls = trace.values()
    clones = {key: n for key, n in calls.items() if key[1] in ("clone", "clone3", "fork", "vfork")}
    assert clones == {("parent", "clone", 0): children}
    assert calls["child", "execve", 0] == children
    assert calls["parent", "wait4", 0] == children
    assert not any(key[1].startswith("exit") for key in calls)


def test_calls_under_way_when_tracing_starts_have_no_latency(workload: Any) -> None:
    work = workload("getppid_loop", 10)
    with Trace(BALANCE, work.pid) as trace:
        work.release()
    assert trace.values("returned")["read",] == 1
    assert (work.pid, "read") not in trace.values("timed")


def test_calls_that_wait_by_design_are_calls() -> None:
    """The names by which the view of calls sets waiting apart are in the tables of the architectures, each of them."""
    listed = shipped("syscalls/processes.d").partition(" * apart:")[2].partition("*/")[0]
    waiting = set(listed.replace("*", " ").split("\n", 1)[1].split())
    known = {name for machine in ("x86_64", "aarch64") for abi in tables(machine).values() for name in abi}
    assert len(waiting) > 30
    assert waiting <= known
    # Variants of one call: whoever waits with 64-bit times, or by a mask, waits no less.
    for name in known:
        stem = name.removesuffix("_time64").lstrip("_")
        assert (name in waiting) >= (stem in waiting and name.endswith("_time64")), name
