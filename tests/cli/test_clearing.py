"""What a script prints and clears while it grows adds up to what there was."""

from __future__ import annotations

import re
from typing import Any

PROGRAM = r"""
BEGIN { printf("ready\n"); }
syscall::getppid:entry /pid == $1/ { @c = count(); @q = quantize(1); @t[timestamp / 100000] = count(); }
tick-10ms {
    printa("C %@d\n", @c); clear(@c);
    printa("Q %@d\n", @q); clear(@q);
    printa("T %d %@d\n", @t); trunc(@t);
}
END { printa("C %@d\n", @c); printa("Q %@d\n", @q); printa("T %d %@d\n", @t); }
"""
CALLS = 400_000


def test_counts_cleared_while_they_grow_add_up(tracer: Any, workload: Any) -> None:
    work = workload("getppid_loop", CALLS)
    # Room for far fewer keys than come: those that were removed make room for others, and what comes meanwhile is lost.
    running = tracer("-n", PROGRAM, "-x", "quiet", "-x", "aggsize=16k", str(work.pid))
    running.wait_for("ready")
    work.release()
    ran = running.stop()
    lost = sum(map(int, re.findall(r"(\d+) aggregation drops? on CPU", ran.stderr)))
    assert total(r"^C (\d+)$", ran.stdout) == CALLS
    assert total(r"\| *@* *(\d+) *$", ran.stdout) == CALLS
    assert total(r"^T \d+ (\d+)$", ran.stdout) + lost == CALLS


def total(pattern: str, text: str) -> int:
    return sum(map(int, re.findall(pattern, text, re.MULTILINE)))
