"""What is kept of a thread that somebody asks about: where it is, and what it has waited for."""

from __future__ import annotations

import struct

import pytest

from pyvtrace.analysis.bubbles.kept import most, nothing, read
from pyvtrace.analysis.bubbles.script import compiled, words
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.source import CompileError
from pyvtrace.target import MemberPlace

TID = 4711


def answer(arrival: int, tid: int = TID, **variables: int) -> bytes:
    """As the kernel's program gives it."""
    return struct.pack(f"<{len(words())}Q", *(variables.get(word, 0) for word in words())) + struct.pack(
        "<QQ", tid, arrival
    )


@pytest.mark.parametrize(
    ("off", "arrival", "gone", "brief"),
    [
        # It left after it had come: it waits.
        (500, 100, 500, 10),
        # It came back, and nobody has told of the wait: that was a short one.
        (500, 530, 0, 40),
        # It came back, and was told of.
        (0, 530, 0, 10),
    ],
)
def test_who_has_come_since_it_left_does_not_wait(off: int, arrival: int, gone: int, brief: int) -> None:
    kept = read(words(), answer(arrival, off=off, brief=10), TID)
    assert kept is not None
    assert (kept.gone, kept["brief"]) == (gone, brief)


@pytest.mark.parametrize(("sleeps", "asked"), [(3, 0), (4, 77), (5, 0)])
def test_a_request_is_what_the_first_sleep_after_it_is_for(sleeps: int, asked: int) -> None:
    kept = read(words(), answer(1, off=2, asked=77, naps=3, sleeps=sleeps), TID)
    assert kept is not None and kept.asked == asked


def test_an_answer_about_somebody_else_is_none() -> None:
    assert read(words(), answer(1, tid=TID + 1), TID) is None
    assert read(words(), b"", TID) is None
    assert len(answer(1)) == most(words())
    assert not any(nothing(words()).values())


def test_a_kernel_that_keeps_no_times_is_refused() -> None:
    class Poor(LiveTarget):
        def member(self, struct: str, path: str) -> MemberPlace | None:
            return None if path == "sched_info.last_arrival" else super().member(struct, path)

    with pytest.raises(CompileError) as refused:
        compiled(Poor(), 5_000_000)
    (problem,) = refused.value.diagnostics
    assert problem.message == "this kernel has no sched_info.last_arrival in struct task_struct"
    assert "CONFIG_SCHED_INFO" in problem.hint
