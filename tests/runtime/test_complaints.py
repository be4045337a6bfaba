"""Losses and faults in DTrace's words."""

from __future__ import annotations

import struct

import pytest

from pyvtrace.runtime.complaints import drop_lines, error_line
from pyvtrace.spec import ERROR_RECORD, ProbeName

PROBES = {7: ProbeName("syscall", "vmlinux", "read", "entry")}


@pytest.mark.parametrize(
    ("fault", "value", "action", "said"),
    [
        (1, 0x10, 1, "invalid address (0x10) in action #1, line 30"),
        (2, 3, 2, "invalid alignment (0x3) in action #2, line 31"),
        (4, 0, 0, "divide-by-zero in predicate, line 29"),
        (10, (1 << 64) - 1, 1, "index out of bounds (-1) in action #1, line 30"),
        (11, 5, 9, "invalid size (5) in action #9"),
        (99, 0, 1, "unknown fault 99 in action #1, line 30"),
    ],
)
def test_a_fault(fault: int, value: int, action: int, said: str) -> None:
    record = struct.pack("<4I4IQ", ERROR_RECORD, 7, 1, 0, 3, action, fault, 0, value)
    lines = {(3, 0): 29, (3, 1): 30, (3, 2): 31, (2, 1): 1}
    expected = f"error on enabled probe ID 3 (ID 7: syscall:vmlinux:read:entry): {said}"
    assert error_line(record, PROBES, lines) == expected


def test_losses_since_the_last_time() -> None:
    before = {"principal": [1, 0], "aggregation": [0, 0], "missed": [1]}
    now = {"principal": [2, 5], "aggregation": [0, 1], "dynamic": [1, 1], "truncated": [0, 0], "missed": [1]}
    assert list(drop_lines(now, before)) == [
        "1 drop on CPU 0",
        "5 drops on CPU 1",
        "1 aggregation drop on CPU 1",
        "2 dynamic variable drops",
    ]


def test_losses_have_tags_when_asked_for() -> None:
    lost = {"principal": [0, 1], "speculation-busy": [2], "truncated": [1], "double-error": [1]}
    assert list(drop_lines(lost, tags=True)) == [
        "[DTRACEDROP_PRINCIPAL] 1 drop on CPU 1",
        "1 string filled strsize and may be cut; raise it with -x strsize",
        "[DTRACEDROP_DBLERROR] 1 error in ERROR probe enabling",
        "[DTRACEDROP_SPECBUSY] 2 failed speculations (available buffer(s) still busy); raise nspec",
    ]


def test_nothing_lost_is_nothing_said() -> None:
    assert list(drop_lines({"principal": [0, 0], "missed": [0]})) == []
