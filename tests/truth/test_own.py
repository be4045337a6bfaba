"""BEGIN, END and ERROR: the probes of the tracing program itself."""

from __future__ import annotations

import os

import pytest

from tests.truth.live import Trace

NOWHERE = 0xFFFFC00000001000  # in the kernel's half, where nothing is mapped
DTRACEFLT_BADADDR, DTRACEFLT_DIVZERO = 1, 4
PROGRAM = """
BEGIN { @began[pid, tid] = count(); }
END { @ended[pid, tid] = count(); }
ERROR { @[arg1 > 0, arg2, arg4, (uint64_t)arg5, pid] = count(); }
syscall::getppid:entry /pid == $1/ { trace(*(int *)$2); }
syscall::getpgid:entry /pid == $1/ { trace(1 / (int)arg0); }
"""


@pytest.mark.fires("dtrace:::BEGIN", "dtrace:::END", "dtrace:::ERROR")
def test_a_program_begins_and_ends_once_and_errs_as_often_as_it_does() -> None:
    own = os.getpid()
    with Trace(PROGRAM, own, hex(NOWHERE)) as trace:
        trace.session.fire("BEGIN")
        for _ in range(25):
            os.getppid()
        for _ in range(4):
            os.getpgid(0)
        trace.session.fire("END")
    assert trace.values("began") == trace.values("ended") == {(own, own): 1}
    assert trace.values() == {
        (1, 0, DTRACEFLT_BADADDR, NOWHERE, own): 25,
        (1, 0, DTRACEFLT_DIVZERO, 0, own): 4,
    }
