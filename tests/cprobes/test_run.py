"""`vtrace run FILE.c`: what it prints, how it ends, and what it leaves."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PATIENCE, Result, RunVtrace, Workload, held_by, kernel_objects
from tests.cprobes.programs import CALLS
from tests.truth.live import Missed, again_if_missed

LOOP = "python3 -S -c 'import os\nfor _ in range(500): os.getppid()'"


@pytest.fixture
def calls(tmp_path: Path) -> str:
    path = tmp_path / "calls.c"
    path.write_text(CALLS)
    return str(path)


@pytest.fixture
def own_cache(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def complete(done: Result) -> Result:
    """Of a run that saw everything. The kernel runs no program at a tracepoint while the processor's thread, which need
    not be ours, was interrupted as it changed a map: that is missed, and told."""
    if " missed: " in done.stderr:
        raise Missed
    return done


@again_if_missed
def test_a_command_is_counted_exactly(vtrace: RunVtrace, calls: str) -> None:
    # In a guest, clang alone takes more than a minute.
    done = complete(vtrace("run", calls, "-c", LOOP, "--json", timeout=4 * PATIENCE))
    assert (done.status, done.stderr) == (0, "")
    (count,) = [row for row in rows(done.stdout) if row["key"][1] == "python3"]
    assert (count["aggregation"], count["function"], count["value"]) == ("counts", "count", 500)


@again_if_missed
def test_tables_are_printed_as_d_prints_aggregations(vtrace: RunVtrace, calls: str) -> None:
    done = complete(vtrace("run", calls, "-c", LOOP))
    assert done.status == 0
    assert done.stdout.startswith("\n@counts\n")
    (line,) = [line for line in done.stdout.splitlines() if "python3" in line]
    assert line.split()[1:] == ["python3", "500"]


@again_if_missed
def test_a_damaged_entry_is_compiled_anew(
    vtrace: RunVtrace, calls: str, own_cache: dict[str, str], tmp_path: Path
) -> None:
    vtrace("run", calls, "--duration", "0.1", env=own_cache)
    (entry,) = (tmp_path / "cache").rglob("*.json")
    entry.write_bytes(entry.read_bytes()[:-9])
    done = complete(vtrace("run", calls, "-c", LOOP, "--json", env=own_cache))
    assert (done.status, done.stderr) == (0, "")
    assert [row["value"] for row in rows(done.stdout) if row["key"][1] == "python3"] == [500]


@again_if_missed
def test_ctrl_c_ends_it_in_order(tracer: Any, calls: str, workload: Callable[..., Workload]) -> None:
    work = workload("getppid_loop", 321)
    trace = tracer("run", calls, "-i", "0.2", "--json")
    _attached(trace)
    work.release()
    trace.wait_for(f'"key":[{work.pid},')
    done = complete(trace.stop())
    assert (done.status, done.stderr) == (0, "")
    assert '"value":321' in done.stdout


def _attached(trace: Any) -> None:
    """Waits for it. By the first getppid() of ours that it prints."""
    deadline = time.monotonic() + 60
    while f'"key":[{os.getpid()},' not in trace.stdout and time.monotonic() < deadline:
        os.getppid()
        time.sleep(0.01)


def test_kill_leaves_nothing(tracer: Any, calls: str, own_cache: dict[str, str]) -> None:
    trace = tracer("run", calls, "-i", "0.1", "--json")
    _attached(trace)
    held = held_by(trace.pid)
    assert {kind for kind, _ in held} >= {"prog", "map"}
    trace.stop(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while held & kernel_objects() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not held & kernel_objects()


def test_clang_says_what_is_wrong_and_where(vtrace: RunVtrace, tmp_path: Path) -> None:
    path = tmp_path / "wrong.c"
    path.write_text(
        "BPF_HASH(counts, u32);\nTRACEPOINT_PROBE(sched, sched_switch)\n{\n    counts.increment(nothing);\n}\n"
    )
    done = vtrace("run", str(path))
    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.startswith(f"vtrace: failed to compile {path}:\nwrong.c:4:")
    assert "error: use of undeclared identifier 'nothing'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("run", "missing.c"), 1, "vtrace: cannot read missing.c: No such file or directory\n"),
        (("run", "{calls}", "--table", "nobody"), 1, "vtrace: calls.c has no table nobody; it has begun, counts\n"),
        (("run", "{calls}", "-c", "/no/such/command"), 1, "vtrace: failed to execute /no/such/command"),
        (("run", "{calls}", "--duration", "0"), 2, "vtrace: Invalid value for '--duration'"),
        (("bcc", "opensnopp"), 1, "vtrace: there is no bcc tool opensnopp\n      hint: did you mean opensnoop?\n"),
        (("bcc", "./nothing.py"), 1, "vtrace: there is no file ./nothing.py\n"),
    ],
)  # fmt: skip
def test_bad_input_is_one_message(
    vtrace: RunVtrace, calls: str, arguments: tuple[str, ...], status: int, message: str
) -> None:
    done = vtrace(*(word.format(calls=calls) for word in arguments))
    assert done.status == status
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr


@again_if_missed
def test_a_program_that_is_shipped_goes_by_its_name(vtrace: RunVtrace) -> None:
    failing = 'import os\nfor _ in range(7):\n try: os.rmdir("/dev/null")\n except NotADirectoryError: pass'
    done = complete(vtrace("run", "syscalls/errors.c", "-c", f"python3 -S -c '{failing}'", "--json"))
    assert (done.status, done.stderr) == (0, "")
    assert [row["value"] for row in rows(done.stdout) if (row["key"][1], row["key"][3]) == ("python3", 20)] == [7]
