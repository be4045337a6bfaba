"""What a spec's `probes` may be: a view, a shipped script, a file, D; each on commands whose cost is known."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workloads.slowdisk import SlowDisk

PASS, REGRESSION, ERROR = 0, 1, 2
MS = 1_000_000
HELD = """\
import threading, time
lock = threading.Lock()
lock.acquire()
thread = threading.Thread(target=lock.acquire)
thread.start()
time.sleep(0.5)
lock.release()
thread.join()
"""
# The end of a request comes in an interrupt, in whatever process is running: only its start is the command's.
REQUESTS = """\
/*
 * question: how long do the command's requests take?
 * output:   a histogram of ns
 * filter:   io:::start
 */
uint64_t began[dev_t, uint64_t];

io:::start
{
	began[args[0]->b_edev, args[0]->b_blkno] = timestamp;
}

io:::done
/began[args[0]->b_edev, args[0]->b_blkno]/
{
	@took = exphist(timestamp - began[args[0]->b_edev, args[0]->b_blkno], 5);
	began[args[0]->b_edev, args[0]->b_blkno] = 0;
}
"""

Check = Callable[..., tuple[Any, dict[str, Any]]]


@pytest.fixture
def check(vtrace: Callable[..., Any], tmp_path: Path) -> Check:
    """Runs one check of a command with these probes and assertions: the result, and its findings by assertion."""

    def run(command: str, probes: str, *assertions: str) -> tuple[Any, dict[str, Any]]:
        spec, report = tmp_path / "vtrace.toml", tmp_path / "report.json"
        spec.write_text(
            f'[[check]]\nname = "it"\ncommand = {json.dumps(command)}\nruns = 2\nwarm-up = 0\n'
            f"probes = {json.dumps(probes)}\nassert = {json.dumps(assertions)}\n"
        )
        ran = vtrace("check", "--spec", str(spec), "--json", str(report))
        checks = json.loads(report.read_text())["checks"] if report.exists() else []
        return ran, {finding["assertion"]: finding for one in checks for finding in one["findings"]}

    return run


def test_the_view_of_disks(check: Check) -> None:
    with SlowDisk(5 * MS) as disk:
        command = f"dd if={disk.path} of=/dev/null bs=4k count=20 iflag=direct status=none"
        ran, found = check(command, "disk", "@issue == 20", "count(@queue) == 20", "p50(@issue) > 4ms", "@queue > 99")
    assert found["@issue == 20"]["values"] == [20, 20]
    assert [finding["outcome"] for finding in found.values()] == ["pass", "pass", "pass", "regression"]
    # The process id is left out: in the next run it is another one.
    (row,) = found["@queue > 99"]["why"]
    assert (row["what"], row["count"]) == (f"dd, {Path(disk.path).name}, read, <=4K", 20)
    assert ran.status == REGRESSION


def test_the_view_of_locks(check: Check) -> None:
    ran, found = check(f"{sys.executable} -c '{HELD}'", "locks", "max(@locks) > 50ms", "max(@locks) < 20ms")
    assert [finding["outcome"] for finding in found.values()] == ["pass", "regression"], ran
    kinds = {row["what"].partition(", ")[2] for row in found["max(@locks) < 20ms"]["why"]}
    assert kinds <= {"futex, woken", "futex mutex, woken"}


def test_the_view_of_system_calls(check: Check, tmp_path: Path) -> None:
    command = f"dd if=/dev/zero of={tmp_path}/out bs=1 count=1000 status=none"
    ran, found = check(command, "syscalls", "@calls == 0")
    assert ran.status == REGRESSION
    rows = {row["what"]: row["count"] for row in found["@calls == 0"]["why"]}
    # The calls of dd's start read, too.
    assert rows["dd, write"] == 1000 and rows["dd, read"] >= 1000


def test_a_shipped_script_by_its_name(check: Check) -> None:
    for name in ("syscalls/latency", "syscalls/latency.d", "probes/syscalls/latency.d"):
        ran, _ = check("sleep 0.05", name, "max(@took) >= 50ms", "p50(@took) < 30ms")
        assert ran.status == PASS, ran


def test_a_file_whose_header_says_which_clauses_are_the_commands(check: Check, tmp_path: Path) -> None:
    (tmp_path / "requests.d").write_text(REQUESTS)
    with SlowDisk(5 * MS) as disk:
        command = f"dd if={disk.path} of=/dev/null bs=4k count=20 iflag=direct status=none"
        ran, _ = check(command, "requests.d", "@took == 20", "p50(@took) > 5ms")
        assert ran.status == PASS, ran
        inline, _ = check(command, REQUESTS, "@took == 20")
        assert inline.status == PASS, inline
    (tmp_path / "requests.d").write_text(REQUESTS.replace("filter:   io", "filter:   oi"))
    ran, _ = check("true", "requests.d", "@took == 20")
    assert ran.status == ERROR
    assert f"{tmp_path}/requests.d:4: no clause is for oi:::start, which the header's filter names" in ran.stdout
    assert "filter:   oi:::start" in ran.stdout


@pytest.mark.parametrize(
    ("probes", "words"),
    [
        ("syscalls/latencies", "did you mean syscalls/latency?"),
        ("nothing.like.it", "vtrace list shows those there are"),
    ],
)
def test_what_is_none_of_them_is_refused(check: Check, probes: str, words: str) -> None:
    ran, _ = check("true", probes, "@n == 0")
    assert ran.status == ERROR
    assert "vtrace.toml:6: probes is no D, no file and no script" in ran.stderr and words in ran.stderr


def test_a_bound_on_what_no_event_matched_is_an_error(check: Check) -> None:
    program = "syscall::fsync:entry { @n = count(); @bytes = sum(arg0); @lat = exphist(arg0); }"
    for assertion in ("@n <= 3", "@bytes < 100", "@lat != 7", "p99(@lat) < 3"):
        ran, _ = check("true", program, assertion)
        assert (ran.status, "matched no event" in ran.stdout) == (ERROR, True), (assertion, ran)
    # Who says that there shall be none means it.
    ran, _ = check("true", program, "@n == 0", "no @lat", "@bytes < 1")
    assert ran.status == PASS


def test_stacks_that_are_cut_lose_no_event(check: Check) -> None:
    program = "#pragma D option ustackframes=1\nsyscall::write:entry { @[ustack()] = count(); }"
    ran, _ = check("dd if=/dev/zero of=/dev/null bs=1 count=100 status=none", program, "@ == 100")
    assert ran.status == PASS, ran


def test_a_time_that_is_added_up_is_a_time(check: Check) -> None:
    program = (
        "syscall::*nanosleep:entry { self->t = timestamp; }"
        " syscall::*nanosleep:return { @slept[execname] = sum(timestamp - self->t); }"
    )
    ran, found = check("sleep 0.05", program, "@slept >= 50ms", "@slept < 40ms")
    assert [finding["outcome"] for finding in found.values()] == ["pass", "regression"]
    (row,) = found["@slept < 40ms"]["why"]
    assert (row["what"], row["count"], row["time_ns"] >= 50 * MS) == ("sleep", 0, True)
    assert re.search(r"@slept is between \d+\.?\d*ms and .*\n.*\n      sleep: \d+", ran.stdout), ran.stdout


TYPO = "syscall::read:entry\n/pid > 1/\n{\n\t@n[probefunc, exename] = count();\n}\n"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (f'"""\n{TYPO}"""', 10),
        (f"'''{TYPO}'''", 9),
        (json.dumps(TYPO), 6),
        ("'" + " ".join(TYPO.split()) + "'", 6),
        (f'"""\\\n    {TYPO}"""', 10),
    ],
    ids=["a text of lines", "without escapes", "a line with escapes", "a line", "a line that goes on"],
)
def test_what_is_wrong_in_a_program_is_shown_in_the_spec(
    vtrace: Callable[..., Any], tmp_path: Path, written: str, line: int
) -> None:
    """Whatever is composed around it: two subjects that are counted, and conditions in its predicates."""
    spec = tmp_path / "vtrace.toml"
    spec.write_text(
        '[[check]]\nname = "it"\ncommand = "true"\nassert = ["@n == 0", "no fsync", "disk reads == 0"]\n'
        f"\nprobes = {written}\n"
    )
    ran = vtrace("check", "--spec", str(spec))
    assert ran.status == ERROR
    _, head, shown, below = (row[2:] for row in ran.stdout.rstrip("\n").split("\n"))
    assert head == f"{spec}:{line}: [D_IDENT_UNDEF] failed to resolve exename: Unknown variable name"
    assert shown == f"{line:5} | {spec.read_text().splitlines()[line - 1]}"
    start = below.index("^")
    assert shown[start : start + below.count("^")] == "exename"
    assert below.endswith("did you mean 'execname'?")
    annotated = vtrace("check", "--spec", str(spec), env={"GITHUB_ACTIONS": "true"}).stdout.splitlines()[-1]
    assert annotated.startswith(f"::error file={spec},line={line},title=it::{spec}%3A{line}".replace("%3A", ":"))


def test_every_problem_of_a_program_has_its_place(check: Check, tmp_path: Path) -> None:
    (tmp_path / "wrong.d").write_text("syscall::read:entry\n/exename == 1/\n{\n\t@n = cuont();\n}\n")
    ran, _ = check("true", "wrong.d", "no fsync")
    assert ran.status == ERROR
    heads = [row.strip() for row in ran.stdout.splitlines() if "wrong.d:" in row]
    assert [re.sub(r"\[.*", "", head) for head in heads] == [f"{tmp_path}/wrong.d:2: ", f"{tmp_path}/wrong.d:4: "]
    # Text that is no D at all has a place, too.
    (tmp_path / "wrong.d").write_text("syscall::read:entry\n{\n\t@n = count(;\n}\n")
    ran, _ = check("true", "wrong.d", "no fsync")
    assert f"{tmp_path}/wrong.d:3: [D_SYNTAX] " in ran.stdout
