"""Speculations: what is committed is printed, in its order, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyvtrace.runtime.speculations import Speculations

SEVERAL = """
#pragma D option nspec=2
BEGIN { self->a = speculation(); self->b = speculation(); printf("%d %d\\n", self->a, self->b); }
BEGIN { speculate(self->a); printf("a1\\n"); }
BEGIN { speculate(self->b); printf("b1\\n"); trace(7); }
BEGIN { printf("between\\n"); }
BEGIN { speculate(self->a); printf("a2\\n"); }
BEGIN { speculate(3); printf("nowhere\\n"); }
BEGIN { speculate(0); printf("nowhere\\n"); }
BEGIN { commit(self->a); }
BEGIN { speculate(self->a); printf("too late\\n"); }
BEGIN { discard(self->b); }
BEGIN { commit(self->b); }
BEGIN { exit(0); }
"""


def test_what_is_committed_is_printed_at_the_commit(vtrace: Callable[..., Any]) -> None:
    ran = vtrace("-q", "-n", SEVERAL)
    assert (ran.stdout, ran.stderr, ran.status) == ("1 2\nbetween\na1\na2\n\n", "", 0)


def test_what_is_not_committed_is_not_printed(vtrace: Callable[..., Any]) -> None:
    ran = vtrace("-q", "-n", 'BEGIN { s = speculation(); } BEGIN { speculate(s); printf("x"); } BEGIN { exit(0); }')
    assert (ran.stdout, ran.stderr) == ("\n", "")


def test_a_clause_that_commits_prints_no_line_of_its_own(vtrace: Callable[..., Any]) -> None:
    text = "BEGIN { s = speculation(); } BEGIN { speculate(s); trace(1); } BEGIN { commit(s); } BEGIN { exit(0); }"
    ran = vtrace("-n", text)
    assert [line.split() for line in ran.stdout.splitlines()] == [
        ["CPU", "ID", "FUNCTION:NAME"],
        [*ran.stdout.split()[3:6], "1"],
        [*ran.stdout.split()[3:6]],
        [],
    ]


def test_speculations_that_fail_are_counted(vtrace: Callable[..., Any]) -> None:
    text = "BEGIN { a = speculation(); b = speculation(); } BEGIN { commit(a); } BEGIN { c = speculation(); }"
    ran = vtrace("-q", "-n", text + "BEGIN { exit(b + c); }")
    assert ran.status == 0
    assert ran.stderr.splitlines() == [
        "vtrace: 1 failed speculation (available buffer(s) still busy); raise nspec",
        "vtrace: 1 failed speculation (no speculative buffer available); raise nspec",
    ]


def test_specsize_bounds_what_is_kept(vtrace: Callable[..., Any]) -> None:
    some = "BEGIN { speculate(s); trace(1); }" * 5
    text = f"BEGIN {{ s = speculation(); }} {some} BEGIN {{ commit(s); }} BEGIN {{ exit(0); }}"
    ran = vtrace("-q", "-x", "specsize=64", "-n", text)
    assert ran.stdout.strip() == "11"
    assert ran.stderr.startswith("vtrace: 3 speculative drops on CPU ")


def test_a_speculation_is_free_again_once_it_was_read(tracer: Callable[..., Any], workload: Callable[..., Any]) -> None:
    work = workload("getppid_loop", 2000)
    text = """
    BEGIN { printf("ready\\n"); }
    syscall::getppid:entry /pid == $1/ { self->s = speculation(); done += self->s != 0; }
    syscall::getppid:entry /self->s/ { speculate(self->s); printf("%d\\n", self->s); }
    syscall::getppid:return /self->s/ { commit(self->s); self->s = 0; }
    END { printf("of %d\\n", done); }
    """
    trace = tracer("-q", "-x", "nspec=8", "-n", text, str(work.pid))
    trace.wait_for("ready")
    work.release()
    lines = trace.stop().stdout.split()
    numbers, (count,) = lines[1 : lines.index("of")], lines[lines.index("of") + 1 :]
    # Every one that was made was committed, and printed; eight at least, for so many were free at first.
    assert len(numbers) == int(count) >= 8
    assert set(numbers) == {str(n) for n in range(1, 9)}


def test_a_record_that_comes_after_the_commit_is_printed() -> None:
    released: list[int] = []
    kept = Speculations(released.append, 100)
    first = 5 | 1 << 32
    assert not kept.keep(first, 0, b"a")
    assert kept.close(first, commit=True) == [b"a"]
    assert released == [5]
    assert kept.keep(first, 1, b"late")
    second = 5 | 2 << 32
    assert not kept.keep(second, 0, b"b")
    assert kept.close(second, commit=False) == []
    assert not kept.keep(second, 1, b"late")
    assert kept.close(second | 1 << 40, commit=True) == []
