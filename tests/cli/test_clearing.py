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
    # Room for far fewer keys than come: those that were removed have to make room for others.
    running = tracer("-n", PROGRAM, "-x", "quiet", "-x", "aggsize=16k", str(work.pid))
    running.wait_for("ready")
    work.release()
    ran = running.stop()
    assert ran.stderr == ""
    for letter in "CT":
        assert sum(map(int, re.findall(rf"^{letter} .*?(\d+)$", ran.stdout, re.M))) == CALLS
    assert sum(map(int, re.findall(r"\| *@* *(\d+) *$", ran.stdout, re.M))) == CALLS
