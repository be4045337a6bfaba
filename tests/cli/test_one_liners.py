"""Whole programs through the command line, against workloads whose truth is known."""

from __future__ import annotations

import re
from typing import Any


def test_begin_prints_and_exit_sets_the_status(vtrace: Any) -> None:
    ran = vtrace("-q", "-n", 'dtrace:::BEGIN { printf("%d %s\\n", 6 * 7, "x"); exit(3); }')
    assert (ran.stdout, ran.stderr, ran.status) == ("42 x\n\n", "", 3)


def test_a_problem_is_shown_in_its_place(vtrace: Any) -> None:
    ran = vtrace("-xerrtags", "-n", "dtrace:::BEGIN { trace(exename); }")
    assert ran.status == 1
    assert "[D_IDENT_UNDEF] in action list: failed to resolve exename: Unknown variable name" in ran.stderr
    assert "^^^^^^^ did you mean 'execname'?" in ran.stderr


def test_a_million_calls_are_counted_as_a_million(tracer: Any, workload: Any) -> None:
    work = workload("getppid_loop", "1000000")
    program = "syscall::getppid:entry /pid == $1/ { @ = count(); @h = quantize(1); }"
    running = tracer("-n", program, str(work.pid))
    running.wait_for("matched")
    work.release()
    ran = running.stop()
    assert re.findall(r"\b1000000\b", ran.stdout) == ["1000000", "1000000"]
