"""`vtrace bubbles --waits`: all of a thread's time off the processor has its reason."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.schemas import kinds
from tests.truth.live import MS
from tests.truth.waiters import Work, built

# How long the workload is kept from beginning, in ns.
GATE = 200 * MS
TRIES = 5


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(tmp_path_factory.mktemp("bubbles"))


class Mixed(NamedTuple):
    """Two processes, one that was let go while it was traced: what was told of each thread, what the one says itself,
    and when the trace was to begin, had begun, and the one had ended; whether ends of waits were `unseen`."""

    work: Work
    idle: Work
    accounts: Mapping[int, Any]
    truth: Mapping[str, Any]
    started: int
    before: int
    after: int
    unseen: bool

    @property
    def timer(self) -> int:
        """ns of the thread that sleeps."""
        ((tid, _, _),) = self.truth["mixed"]
        return int(self.accounts[tid]["waits"]["timer"])


def _mixed(program: str, tracer: Callable[..., Any]) -> Mixed:
    work, idle = Work(program, "mixed", "-", 40), Work(program, "mixed", "-", 1)
    try:
        started = time.monotonic_ns()
        one = tracer("bubbles", "--waits", "--json", "-p", str(work.pid), "-p", str(idle.pid))
        one.wait_for("tracing until")
        before = time.monotonic_ns()
        time.sleep(GATE / 1e9)
        truth = work.release()
        after = time.monotonic_ns()
        done = one.stop()
    finally:
        work.end()
        idle.end()
    assert done.status == 0
    assert kinds(done.stdout) <= {"waiting", "bubble"}
    accounts = {
        line["thread"]["tid"]: line for line in map(json.loads, done.stdout.splitlines()) if "off_cpu_ns" in line
    }
    return Mixed(work, idle, accounts, truth, started, before, after, "long waits counted as short" in done.stderr)


def test_the_parts_are_all_of_a_threads_time_off_the_processor(program: str, tracer: Callable[..., Any]) -> None:
    """Of one that comes and goes meanwhile, of one that waits since before the trace, and of one that does so to the
    end. Where the kernel ran no program at the end of a sleep, which is said, all is done again."""
    # It asks for 40 sleeps of 20 ms and 400 of half a millisecond, and gets no less.
    least = 0.99 * 40 * 20 * MS
    for _ in range(TRIES):
        traced = _mixed(program, tracer)
        if traced.timer > least or not traced.unseen:
            break
    work, idle, accounts, truth, started, before, after, _ = traced
    assert all(account["off_cpu_ns"] == sum(account["waits"].values()) for account in accounts.values())

    ((tid, began, ended),) = truth["mixed"]
    mixed = accounts[tid]
    off = ended - began - truth["used"]
    # Time that is stolen is neither on nor off the processor.
    assert 0.95 * off - work.stolen_ns < mixed["off_cpu_ns"] < 1.05 * off
    # Who is woken from a sleep may stand in the run queue before it sees that it is over, and short ones become long.
    timer, short, queue = (mixed["waits"].get(reason, 0) for reason in ("timer", "short waits", "run queue"))
    assert timer + short + queue == mixed["off_cpu_ns"]
    assert timer > least
    assert 0.99 * 40 * 25 * MS < timer + short < 1.01 * (truth["long"] + truth["short"] + truth["lost"])
    assert short > 0.7 * 40 * 5 * MS - queue
    main = accounts[work.pid]["waits"]
    # It was at its gate since before the trace, and cannot have waited in it before that was there.
    assert GATE <= main["pipe"] < began - started
    # It may have stood in the run queue before, and after.
    late = main.get("run queue", 0) + main.get("short waits", 0) + work.stolen_ns
    assert main["futex"] == pytest.approx(ended - began, rel=0.05, abs=0.05 * (ended - began) + late)
    (reason,) = accounts[idle.pid]["waits"].items()
    assert reason[0] == "pipe"
    assert reason[1] > after - before


def test_a_process_that_was_stopped_says_so(program: str, tracer: Callable[..., Any]) -> None:
    work = Work(program, "mixed", "-", 1)
    try:
        one = tracer("bubbles", "--waits", "--json", "-p", str(work.pid))
        one.wait_for("tracing until")
        os.kill(work.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, work.pid, os.WSTOPPED | os.WNOWAIT)
        while "running" in Path(f"/proc/{work.pid}/syscall").read_text():
            pass  # it has said so, and is still on its way
        stopped = time.monotonic_ns()
        time.sleep(GATE / 1e9)
        length = time.monotonic_ns() - stopped
        os.kill(work.pid, signal.SIGCONT)
        work.release()
        done = one.stop()
    finally:
        work.end()
    (main,) = [line for line in map(json.loads, done.stdout.splitlines())
               if "off_cpu_ns" in line and line["thread"]["tid"] == work.pid]  # fmt: skip
    assert main["waits"]["stopped"] >= length
