"""`vtrace check` on commands whose cost is known, by counts that are exact."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tests.conftest import ROOT

PASS, REGRESSION, ERROR, INCONCLUSIVE = 0, 1, 2, 3
# 1000 reads and writes of a byte by dd, besides the few of its start; then one fsync.
DD = "dd if=/dev/zero of={out} bs=1 count=1000 conv=fsync status=none"

Vtrace = Callable[..., Any]


def spec(place: Path, *assertions: str, command: str = "", more: str = "", name: str = "dd") -> str:
    """The path of a spec with one check."""
    path = place / "vtrace.toml"
    command = command or DD.format(out=place / "out")
    path.write_text(
        f'[[check]]\nname = "{name}"\ncommand = {json.dumps(command)}\nruns = 2\nwarm-up = 0\n{more}\n'
        f"assert = {json.dumps(assertions)}\n"
    )
    return str(path)


SCHEMA = Draft202012Validator(json.loads(Path(ROOT, "docs", "schema", "check.json").read_text()))


def findings(report: Path) -> dict[str, Any]:
    whole = json.loads(report.read_text())
    SCHEMA.validate(whole)
    (check,) = whole["checks"]
    return {finding["assertion"]: finding for finding in check["findings"]}


def test_counts_are_exact(vtrace: Vtrace, tmp_path: Path) -> None:
    path = spec(
        tmp_path,
        *("syscall write == 1000", "syscall fsync <= 1", "no execve", "processes == 0", "@bytes == 1000"),
        *("@sizes <= 1000", "p50(@sizes) <= 1", "sum(@sizes) == 1000", "p99(fsync) < 60s", "syscall mount == 0"),
        more='probes = "syscall::write:entry { @bytes = sum(arg2); @sizes = exphist(arg2); }"',
    )
    report = tmp_path / "report.json"
    ran = vtrace("check", "--spec", path, "--json", str(report))
    assert ran.status == PASS, ran
    found = findings(report)
    assert found["syscall write == 1000"]["values"] == [1000, 1000]
    assert found["@bytes == 1000"]["values"] == [1000, 1000]
    assert found["p99(fsync) < 60s"]["unit"] == "ns"
    assert "✓ syscall fsync <= 1: syscall fsync was 1" in ran.stdout


@pytest.mark.parametrize(("options", "status"), [((), INCONCLUSIVE), (("pass",), PASS), (("fail",), REGRESSION)])
def test_what_cannot_be_told_has_a_status_of_its_own(
    vtrace: Vtrace, tmp_path: Path, options: tuple[str, ...], status: int
) -> None:
    """A value of 1000 is in the bucket from 981 to 1002, so that nobody knows whether it is above 990."""
    program = "syscall::write:entry { @sizes = exphist(1000, 5); }"
    path, report = spec(tmp_path, "p50(@sizes) <= 990", more=f'probes = "{program}"'), tmp_path / "report.json"
    words = [f"--inconclusive={option}" for option in options]
    ran = vtrace("check", "--spec", path, "--json", str(report), *words)
    assert ran.status == status, ran
    assert "? p50(@sizes) <= 990: p50(@sizes) is between" in ran.stdout
    assert findings(report)["p50(@sizes) <= 990"]["outcome"] == "inconclusive"


def test_reports_of_every_outcome_are_what_their_schema_says(vtrace: Vtrace, tmp_path: Path) -> None:
    path, base, report = spec(tmp_path, "syscall write <= +0"), str(tmp_path / "base.json"), tmp_path / "report.json"
    vtrace("check", "record", "--spec", path, "-o", base)
    more = 'assert = ["syscall write <= +0", "p50(write) <= +300 %", "no fsync"]'
    Path(path).write_text(Path(path).read_text().replace("assert = ", "# ") + more)
    vtrace("check", "record", "--spec", path, "-o", base)
    vtrace("check", "--spec", path, "--baseline", base, "--json", str(report))
    assert set(findings(report)) == {"syscall write <= +0", "p50(write) <= +300 %", "no fsync"}
    assert len(findings(report)["no fsync"]["why"]) == 1
    vtrace("check", "--spec", spec(tmp_path, "no fsync", command="false"), "--json", str(report))
    assert findings(report) == {}
    whole = json.loads(report.read_text())
    whole["checks"][0]["outcome"] = "pass"
    with pytest.raises(ValidationError):
        SCHEMA.validate(whole)


def test_children_count_and_the_start_of_the_command_does_not(vtrace: Vtrace, tmp_path: Path) -> None:
    inner = "sh -c 'true; /bin/true; /bin/true; :'"
    ran = vtrace("check", "--spec", spec(tmp_path, "syscall execve == 2", "processes == 2", command=inner))
    assert ran.status == PASS, ran


def test_a_regression_says_which_call_on_which_file(vtrace: Vtrace, tmp_path: Path) -> None:
    path = spec(tmp_path, "no fsync", "syscall write <= 2000")
    junit, summary = tmp_path / "junit.xml", tmp_path / "summary.md"
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    ran = vtrace("check", "--spec", path, "--junit", str(junit), env=environment)
    assert ran.status == REGRESSION, ran
    assert "✗ no fsync: syscall fsync was 1" in ran.stdout
    where = f"fsync, {tmp_path}/out"
    assert where in ran.stdout
    (failure,) = ElementTree.parse(junit).iter("failure")
    assert failure.text is not None and where in failure.text
    suite = ElementTree.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "1", "0")
    assert "| ✗ | `no fsync` | syscall fsync was 1 |" in summary.read_text()
    (annotation,) = [line for line in ran.stdout.splitlines() if line.startswith("::")]
    assert annotation.startswith(f"::error file={path},line=7,title=dd::no fsync: syscall fsync was 1%0A")


def test_a_baseline_is_compared_with(vtrace: Vtrace, tmp_path: Path) -> None:
    base, more = str(tmp_path / "base.json"), str(tmp_path / "more.json")
    path = spec(tmp_path, "syscall write <= +0", "syscall fsync <= +0")
    assert vtrace("check", "record", "--spec", path, "-o", base).status == PASS
    assert vtrace("check", "--spec", path, "--baseline", base).status == PASS
    spec(
        tmp_path,
        "syscall write <= +0",
        "syscall fsync <= +0",
        command=DD.format(out=tmp_path / "out").replace("1000", "1003"),
    )
    ran = vtrace("check", "--spec", path, "--baseline", base, "--record", more)
    assert ran.status == REGRESSION, ran
    assert "✗ syscall write <= +0: syscall write was 1,000, is 1,003" in ran.stdout
    assert f"write, {tmp_path}/out" in ran.stdout and "+3 to 1,003 times" in ran.stdout
    assert "✓ syscall fsync <= +0: syscall fsync was 1, is 1" in ran.stdout
    again = vtrace("check", "compare", base, more, "--spec", path)
    assert again.status == REGRESSION
    assert "was 1,000, is 1,003" in again.stdout


def test_two_commands_are_compared_in_turns(vtrace: Vtrace, tmp_path: Path) -> None:
    path = spec(tmp_path, "syscall write <= +0", "syscall read <= +0")
    one = DD.format(out=tmp_path / "out")
    ran = vtrace("check", "ab", "--spec", path, "--base", one, "--new", one.replace("1000", "1001"))
    assert ran.status == REGRESSION, ran
    assert "✗ syscall write <= +0: syscall write was 1,000, is 1,001" in ran.stdout
    assert vtrace("check", "ab", "--spec", path, "--base", one, "--new", one).status == PASS


def test_fifty_pairs_of_what_did_not_change_raise_no_alarm(vtrace: Vtrace, tmp_path: Path) -> None:
    """Counts, and times of calls that are quick, on a machine that does other things besides."""
    path = spec(tmp_path, "syscall write <= +0", "page faults <= +10 %", "p50(write) <= +10 %", "p99(read) <= +10 %")
    one = DD.format(out=tmp_path / "out")
    ran = vtrace("check", "ab", "--spec", path, "--runs", "50", "--base", one, "--new", one, timeout=300)
    assert ran.status in (PASS, INCONCLUSIVE), ran
    assert "✗" not in ran.stdout
    assert "✓ syscall write <= +0" in ran.stdout


def test_rows_for_change_points_are_appended(vtrace: Vtrace, tmp_path: Path) -> None:
    path, rows = spec(tmp_path, "syscall write <= 2000", "no fsync"), tmp_path / "rows.csv"
    for _ in range(2):
        vtrace("check", "--spec", path, "--csv", str(rows), "--no-why")
    head, *lines = rows.read_text().splitlines()
    assert head == "time,kernel,dd.syscall write,dd.syscall fsync"
    assert [line.split(",")[2:] for line in lines] == [["1000", "1"], ["1000", "1"]]
    spec(tmp_path, "no fsync")
    ran = vtrace("check", "--spec", path, "--csv", str(rows), "--no-why")
    assert (ran.status, "has other columns" in ran.stderr) == (ERROR, True)


def test_a_first_spec_holds_for_what_it_was_made_of(vtrace: Vtrace, tmp_path: Path) -> None:
    command = DD.format(out=tmp_path / "out").split()
    assert vtrace("check", "init", "--", *command, cwd=str(tmp_path)).status == 0
    text = (tmp_path / "vtrace.toml").read_text()
    assert '"syscall write <= 1000"' in text
    assert '"syscall fsync <= 1"' in text
    assert '"no execve"' in text
    path = tmp_path / "vtrace.toml"
    # What is relative has no baseline yet.
    path.write_text("".join(line for line in text.splitlines(keepends=True) if "+25 %" not in line))
    ran = vtrace("check", cwd=str(tmp_path))
    assert ran.status == PASS, ran
    again = vtrace("check", "init", "--", *command, cwd=str(tmp_path))
    assert (again.status, "is there already" in again.stderr) == (ERROR, True)


@pytest.mark.parametrize(
    ("command", "more", "words"),
    [
        ("false", "", "'false' exited with status 1"),
        ("sh -c 'echo why >&2; kill -9 $$'", "", "was ended by signal 9"),
        ("no-such-command", "", "No such file or directory"),
        ("sleep 60", "timeout = 0.2", "did not end within 0.2 s"),
        ("true", 'directory = "nowhere"', "the directory 'nowhere' cannot be entered"),
        ("sh -c 'true", "", "No closing quotation"),
        ("true", 'probes = "syscall::raed:entry { @n = count(); }"', "does not match any probes"),
        ("true", 'probes = "syscall::read:entry { @n = "', "syntax error"),
    ],
)
def test_what_cannot_be_run_is_an_error(vtrace: Vtrace, tmp_path: Path, command: str, more: str, words: str) -> None:
    ran = vtrace("check", "--spec", spec(tmp_path, "syscall read >= 0", command=command, more=more))
    assert ran.status == ERROR, ran
    assert words in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


def test_a_report_that_cannot_be_written_is_an_error_and_no_regression(vtrace: Vtrace, tmp_path: Path) -> None:
    ran = vtrace("check", "--spec", spec(tmp_path, "no fsync", command="true"), "--junit", "/no/such/place/junit.xml")
    assert (ran.status, ran.stderr.splitlines()[-1]) == (
        ERROR, "vtrace: /no/such/place/junit.xml: cannot be written: No such file or directory",
    )  # fmt: skip


def test_what_needs_a_baseline_is_not_run_without_one(vtrace: Vtrace, tmp_path: Path) -> None:
    ran = vtrace("check", "--spec", spec(tmp_path, "syscall write <= +0"))
    assert (ran.status, "run 1 of 2" in ran.stderr, (tmp_path / "out").exists()) == (ERROR, False, False)
    assert "vtrace check record -o FILE; then: vtrace check --baseline FILE" in ran.stdout


def test_what_a_failing_command_wrote_is_shown(vtrace: Vtrace, tmp_path: Path) -> None:
    ran = vtrace("check", "--spec", spec(tmp_path, "no fsync", command="ls /no/such/place"))
    assert ran.status == ERROR
    assert "    | ls: cannot access '/no/such/place'" in ran.stdout


def test_a_latency_of_no_event_is_an_error(vtrace: Vtrace, tmp_path: Path) -> None:
    ran = vtrace("check", "--spec", spec(tmp_path, "p99(fsync) < 5ms", command="true"))
    assert (ran.status, "matched no event" in ran.stdout) == (ERROR, True)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text.replace('"format": 1', '"format": 7'), "is a baseline of format 7, this vtrace reads 1"),
        (lambda text: text[: len(text) // 2], "is no baseline"),
        (lambda text: "[]", "is no baseline"),
        (lambda text: text.replace('"checks"', '"cheques"'), "is damaged"),
    ],
)
def test_a_baseline_that_is_none_is_refused(
    vtrace: Vtrace, tmp_path: Path, damage: Callable[[str], str], words: str
) -> None:
    path, base = spec(tmp_path, "syscall read <= +0", command="true"), tmp_path / "base.json"
    assert vtrace("check", "record", "--spec", path, "-o", str(base)).status == PASS
    base.write_text(damage(base.read_text()))
    ran = vtrace("check", "--spec", path, "--baseline", str(base))
    assert (ran.status, words in ran.stderr) == (ERROR, True), ran


def test_a_baseline_of_another_kernel_is_warned_of(vtrace: Vtrace, tmp_path: Path) -> None:
    path, base = spec(tmp_path, "syscall read <= +0", command="true"), tmp_path / "base.json"
    vtrace("check", "record", "--spec", path, "-o", str(base))
    base.write_text(base.read_text().replace(os.uname().release, "4.19.0-elsewhere"))
    ran = vtrace("check", "--spec", path, "--baseline", str(base))
    assert ran.status == PASS
    assert "made elsewhere: Linux 4.19.0-elsewhere then" in ran.stderr


def test_a_check_that_is_not_there_and_a_spec_that_is_not(vtrace: Vtrace, tmp_path: Path) -> None:
    path = spec(tmp_path, "no fsync")
    ran = vtrace("check", "--spec", path, "ddd")
    assert (ran.status, "there is no check called 'ddd'" in ran.stderr, "did you mean 'dd'?" in ran.stderr) == (
        ERROR, True, True,
    )  # fmt: skip
    (tmp_path / "vtrace.toml").unlink()
    ran = vtrace("check", cwd=str(tmp_path))
    assert (ran.status, "vtrace check init" in ran.stderr) == (ERROR, True)


# Sleeps so long, in hundredths of a second, as the line of its list says; each run takes a line.
LINES = "sh -c 'read n <list; sed -i 1d list; sleep 0.$n'"


@pytest.mark.parametrize(
    ("times", "status", "words"),
    [
        (["10"] * 5 + ["60"] * 5 + ["10"] * 5, INCONCLUSIVE, "? p50(clock_nanosleep)"),
        (["10"] * 5 + ["60"] * 10 + ["60"], REGRESSION, "✗ p50(clock_nanosleep)"),
        (["10"] * 10, PASS, "✓ p50(clock_nanosleep)"),
    ],
    ids=["for a while", "for good", "never"],
)
def test_a_time_that_became_worse_has_to_be_so_again(
    vtrace: Vtrace, tmp_path: Path, times: list[str], status: int, words: str
) -> None:
    path = spec(tmp_path, "p50(clock_nanosleep) <= +100 %", "no fsync", command=LINES, more=f'directory = "{tmp_path}"')
    Path(path).write_text(Path(path).read_text().replace("runs = 2", "runs = 5"))
    lines, base, report = tmp_path / "list", str(tmp_path / "base.json"), tmp_path / "report.json"
    # The last run of a recording is the one in detail.
    lines.write_text("\n".join([*times[:5], "10", *times[5:]]) + "\n")
    assert vtrace("check", "record", "--spec", path, "-o", base).status == PASS
    ran = vtrace("check", "--spec", path, "--baseline", base, "--json", str(report))
    assert ran.status == status, ran
    assert ("all of it again" in ran.stderr) == (status != PASS)
    assert words in ran.stdout
    assert ("% when run again" in ran.stdout) == (status != PASS)
    assert not lines.read_text()
    found = findings(report)["p50(clock_nanosleep) <= +100 %"]
    assert found["ratio"] > 2 or status == PASS


@pytest.mark.parametrize(("times", "status", "attempts"), [("1 2 3 4", ERROR, 3), ("1", PASS, 3), ("", PASS, 2)])
def test_a_run_of_which_something_was_lost_is_made_again(
    vtrace: Vtrace, tmp_path: Path, times: str, status: int, attempts: int
) -> None:
    """The table has no room for 5000 keys; `times` are the runs that make as many."""
    (tmp_path / "work.sh").write_text(
        'echo >>runs; n=$(wc -l <runs); for t in $TIMES; do [ "$t" = "$n" ] && count=5000; done\n'
        "dd if=/dev/zero of=/dev/null bs=1 count=${count-5} status=none\n"
    )
    path = spec(
        tmp_path,
        "@keys >= 5",
        command="sh work.sh",
        more=f"directory = \"{tmp_path}\"\nprobes = '''\n#pragma D option aggsize=64k\n"
        "syscall::write:entry { @keys[timestamp] = count(); }\n'''",
    )
    ran = vtrace("check", "--spec", path, env={"TIMES": times})
    assert ran.status == status, ran
    assert (tmp_path / "runs").read_text().count("\n") == attempts
    assert ("not everything was seen: " in ran.stdout) == (status == ERROR)
