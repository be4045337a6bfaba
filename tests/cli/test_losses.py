"""What does not fit is counted where it happens and said, while it happens and in exact sums."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest


def dropped(stderr: str, kind: str = "drop") -> int:
    return sum(int(count) for count in re.findall(rf"^vtrace: (\d+) {kind}s? on CPU \d+$", stderr, re.MULTILINE))


@pytest.mark.parametrize("statusrate", ["10ms", "1s"])
def test_records_and_drops_add_up(tracer: Any, workload: Any, statusrate: str) -> None:
    work = workload("flood", 100_000)
    pids = [str(pid) for pid in work.facts["pids"].values()]
    same = " || ".join(f"pid == ${number}" for number in range(1, len(pids) + 1))
    program = f'syscall::getppid:entry /{same}/ {{ printf("%d\\n", cpu); }}'
    running = tracer("-xbufsize=16k", f"-xstatusrate={statusrate}", "-n", program, *pids)
    running.wait_for("matched")
    truth = work.release()
    ran = running.stop()
    lost = dropped(ran.stderr)
    assert lost > 0
    assert len(re.findall(r"getppid:entry", ran.stdout)) + lost == truth["calls"]


def test_drops_are_said_while_the_trace_runs(tracer: Any, workload: Any) -> None:
    work = workload("getppid_loop", 10_000)
    program = "syscall::getppid:entry /pid == $1/ { @[n++] = count(); }"
    running = tracer("-xaggsize=1k", "-xstatusrate=20ms", "-n", f"int n; {program}", str(work.pid))
    running.wait_for("matched")
    work.release()
    running.wait_for("aggregation drop")
    running.stop(signal.SIGINT)


def test_a_full_aggregation_keeps_its_oldest_keys_and_counts_exactly(tracer: Any, workload: Any) -> None:
    """Keys in ascending order, twice over, into room for fewer."""
    keys = 400
    work = workload("getppid_loop", 2 * keys)
    program = f"int n; syscall::getppid:entry /pid == $1/ {{ @[n % {keys}] = count(); n++; }}"
    running = tracer("-xaggsize=4k", "-n", program, str(work.pid))
    running.wait_for("matched")
    work.release()
    ran = running.stop()
    rows = [tuple(map(int, line.split())) for line in ran.stdout.splitlines() if line.strip()]
    kept = len(rows)
    assert 0 < kept < keys
    assert rows == [(key, 2) for key in range(kept)]
    assert dropped(ran.stderr, "aggregation drop") == 2 * (keys - kept)


def test_strings_longer_than_strsize_are_reported(vtrace: Any, tmp_path: Any) -> None:
    (tmp_path / "a-rather-long-name").touch()
    program = "syscall::openat:entry /pid == $target/ { @[copyinstr(arg1)] = count(); }"
    ran = vtrace("-xstrsize=8", "-qn", program, "-c", f"cat {tmp_path}/a-rather-long-name")
    assert re.search(
        r"^vtrace: \d+ strings? filled strsize and may be cut; raise it with -x strsize$", ran.stderr, re.M
    )


def test_a_fault_is_said_with_its_line(vtrace: Any, tmp_path: Any) -> None:
    script = tmp_path / "faults.d"
    script.write_text(
        "BEGIN\n{\n\tx = 0;\n\ty = 1;\n\ttrace(y / x);\n}\n\nBEGIN\n/y / x/\n{\n}\n\nBEGIN\n{\n\tif (y) {\n\t\tx = 0;\n"
        "\t\tz = *(int *)8;\n\t}\n}\n\nBEGIN { exit(0); }\n"
    )
    ran = vtrace("-qs", str(script))
    assert ran.stderr.splitlines() == [
        "vtrace: error on enabled probe ID 1 (ID 1: dtrace:::BEGIN): divide-by-zero in action #3, line 5",
        "vtrace: error on enabled probe ID 2 (ID 1: dtrace:::BEGIN): divide-by-zero in predicate, line 9",
        "vtrace: error on enabled probe ID 3 (ID 1: dtrace:::BEGIN): invalid address (0x8) in action #3, line 17",
    ]
    assert ran.status == 0


def test_lines_are_those_of_each_program(vtrace: Any, tmp_path: Any) -> None:
    script = tmp_path / "second.d"
    script.write_text("\n\nBEGIN { y = 1 / x; }\nBEGIN { exit(0); }\n")
    ran = vtrace("-q", "-n", "BEGIN { x = 0; }\nBEGIN { trace(1 % x); }", "-s", str(script))
    assert re.findall(r"ID (\d) .*action #1, line (\d)", ran.stderr) == [("2", "2"), ("3", "3")]
