"""One or several programs of a command line: what they share, what is said of each, and what options mean to them."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from pyvtrace.builtins.actions import ACTIONS
from pyvtrace.cli import run
from pyvtrace.cli.options import CommandLine, parse
from pyvtrace.runtime import program
from pyvtrace.value import replace
from tests.conftest import PATIENCE, VTRACE


def test_a_million_calls_are_counted_as_a_million(tracer: Any, workload: Any) -> None:
    work = workload("getppid_loop", "1000000")
    program = "syscall::getppid:entry /pid == $1/ { @ = count(); @h = quantize(1); }"
    running = tracer("-n", program, str(work.pid))
    running.wait_for("matched")
    work.release()
    ran = running.stop()
    assert re.findall(r"\b1000000\b", ran.stdout) == ["1000000", "1000000"]


def test_each_program_is_said_to_match_its_probes(vtrace: Any, tmp_path: Any) -> None:
    script = tmp_path / "x.d"
    script.write_text("BEGIN, END { } BEGIN { exit(0); }\n")
    ran = vtrace("-Z", "-n", "BEGIN { x = 1; }", "-s", str(script), "-P", "nosuch", "-f", "getppid { exit(1); }")
    assert ran.stderr.splitlines() == [
        "vtrace: description 'BEGIN ' matched 1 probe",
        f"vtrace: script '{script}' matched 3 probes",
        "vtrace: description 'nosuch' matched 0 probes",
        "vtrace: description 'getppid ' matched 4 probes",
    ]


def test_programs_share_variables_and_aggregations_and_run_in_their_order(vtrace: Any) -> None:
    ran = vtrace("-q", "-n", "BEGIN { x = 40; a[1] = 1; @[1] = count(); }",
                 "-n", "BEGIN { x += 2; a[1]++; @[1] = count(); }",
                 "-n", 'BEGIN { printf("%d %d\\n", x, a[1]); exit(x); }')  # fmt: skip
    assert ran.stdout.split() == ["42", "2", "1", "2"]
    assert ran.status == 42


def test_each_program_has_all_macro_arguments_and_its_own_name(vtrace: Any, tmp_path: Any) -> None:
    for name in "ab":
        (tmp_path / name).write_text('BEGIN { printf("%s %d\\n", $$0, $1); }\n')
    ran = vtrace("-q", "-s", f"{tmp_path}/a", "-s", f"{tmp_path}/b", "-n", "BEGIN { exit($1 - 7); }", "7")
    assert ran.stdout == f"{tmp_path}/a 7\n{tmp_path}/b 7\n\n"


def test_the_process_group_and_the_session_are_those_of_vtrace() -> None:
    """As the leader of a session of its own: one from outside its pid namespace reads as 0 inside."""
    program = 'BEGIN { printf("%d %d\\n", $pgid - $pid, $sid - $pid); exit(0); }'
    ran = subprocess.run(["setsid", "--wait", VTRACE, "-q", "-n", program],
                         capture_output=True, text=True, timeout=PATIENCE)  # fmt: skip
    assert (ran.stdout.split(), ran.stderr) == (["0", "0"], "")


def test_a_description_alone_has_the_default_action(vtrace: Any) -> None:
    ran = vtrace("-n", "BEGIN", "-n", "BEGIN { exit(0); }")
    assert ran.stdout.count(":BEGIN") == 2


@pytest.mark.parametrize("letter", ["-i", "-n", "-P", "-m", "-f"])
def test_every_way_to_name_probes_enables_them(vtrace: Any, letter: str) -> None:
    named = {"-i": "1", "-n": "BEGIN", "-P": "dtrace", "-m": "dtrace:", "-f": "dtrace::"}[letter]
    ran = vtrace("-q", letter, f"{named} {{ exit(9); }}")
    assert ran.status == 9


def test_the_preprocessor_has_its_definitions(vtrace: Any, tmp_path: Any) -> None:
    (tmp_path / "status.h").write_text("#define STATUS (BASE + 1)\n")
    script = tmp_path / "x.d"
    script.write_text("#!/usr/bin/env vtrace\n#include <status.h>\n#ifndef GONE\nBEGIN { exit(STATUS); }\n#endif\n"
                      "BEGIN { trace(nosuch); }\n")  # fmt: skip
    arguments = ["-C", "-D", "BASE=4", "-DGONE", "-U", "GONE", "-I", str(tmp_path), "-s", str(script)]
    ran = vtrace("-q", *arguments)
    assert "failed to resolve nosuch" in ran.stderr
    script.write_text(script.read_text().replace("BEGIN { trace(nosuch); }\n", ""))
    assert vtrace("-q", *arguments).status == 5


# -------------------------------------------------------------------------------------------------------------- options

SORTED = "BEGIN { @[1] = sum(30); @[2] = sum(20); @[3] = sum(10); exit(0); }"


def rows(stdout: str) -> list[list[str]]:
    return [line.split() for line in stdout.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("pragmas", "options", "first"),
    [
        ([], [], ["3", "10"]),
        (["aggsortkey"], [], ["1", "30"]),
        (["aggsortkey=1"], [], ["1", "30"]),
        (["aggsortkey"], ["-xaggsortkey=0"], ["3", "10"]),
        (["aggsortrev"], [], ["1", "30"]),
        (["aggsortkey", "aggsortrev"], [], ["3", "10"]),
        ([], ["-xaggsortrev"], ["1", "30"]),
    ],
)
def test_pragmas_count_and_the_command_line_has_the_last_word(
    vtrace: Any, pragmas: list[str], options: list[str], first: list[str]
) -> None:
    text = "".join(f"#pragma D option {pragma}\n" for pragma in ["quiet", *pragmas]) + SORTED
    ran = vtrace(*options, "-n", text)
    assert (rows(ran.stdout)[0], ran.stderr) == (first, "")


def test_pragmas_have_the_last_word_over_the_environment(vtrace: Any) -> None:
    given = {"DTRACE_OPT_AGGSORTREV": "1", "DTRACE_OPT_QUIET": "1"}
    assert rows(vtrace("-n", SORTED, env=given).stdout)[0] == ["1", "30"]
    assert rows(vtrace("-n", f"#pragma D option aggsortrev=0\n{SORTED}", env=given).stdout)[0] == ["3", "10"]


@pytest.mark.parametrize(
    "option",
    ["bufsize=8k", "bufsize=5000", "aggsize=1m", "dynvarsize=32k", "strsize=100", "switchrate=10hz", "aggrate=1s",
     "statusrate=2s", "cleanrate=50ms", "bufpolicy=switch", "bufresize=manual", "destructive", "zdefs", "defaultargs",
     "stackframes=5", "nspec=4", "specsize=1m", "quietresize", "nolibs", "flowindent=0", "pgmax=3", "maxframes=10"],
)  # fmt: skip
def test_options_of_real_scripts_are_accepted(vtrace: Any, option: str) -> None:
    ran = vtrace("-n", f"#pragma D option quiet\n#pragma D option {option}\nBEGIN {{ exit(0); }}")
    assert (ran.stdout, ran.stderr, ran.status) == ("\n", "", 0)


@pytest.mark.parametrize("where", ["-xstrsize=4", "pragma"])
def test_strsize_is_in_bytes_with_a_suffix_or_none(vtrace: Any, where: str) -> None:
    pragma = "#pragma D option strsize=4\n" if where == "pragma" else ""
    options = [] if pragma else [where]
    ran = vtrace(*options, "-qn", f'{pragma}BEGIN {{ x = strjoin("ab", "cdef"); printf("%s\\n", x); exit(0); }}')
    assert ran.stdout == "abc\n\n"


def test_zdefs_as_a_pragma(vtrace: Any) -> None:
    ran = vtrace("-qn", "#pragma D option zdefs\nnosuch:::x { }\nBEGIN { exit(2); }")
    assert (ran.stderr, ran.status) == ("", 2)


def test_flowindent_shows_the_last_record_though_none_follows(tracer: Any, workload: Any) -> None:
    work = workload("getppid_loop", 1)
    running = tracer("-F", "-n", "syscall::getppid:return /pid == $1/ { trace(7); }", str(work.pid))
    running.wait_for("matched")
    work.release()
    running.wait_for("getppid:return")
    running.stop()


def test_destructive_actions_have_to_be_permitted(monkeypatch: Any, capfd: Any) -> None:
    monkeypatch.setattr(program, "ACTIONS", {**ACTIONS, "trace": replace(ACTIONS["trace"], destructive=True)})
    line = parse(["-n", "BEGIN { trace(1); }"], {})
    assert isinstance(line, CommandLine)
    assert run.trace(line) == 1
    assert capfd.readouterr().err.splitlines() == [
        "vtrace: description 'BEGIN ' matched 1 probe",
        "vtrace: could not enable tracing: Destructive actions not allowed",
        "      hint: permit them with -w",
    ]


def test_a_trace_that_begin_ends_starts_no_command(vtrace: Any) -> None:
    ran = vtrace("-qn", "BEGIN { exit(4); }", "-c", "echo ran")
    assert (ran.stdout, ran.stderr, ran.status) == ("\n", "", 4)
