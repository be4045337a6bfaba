"""The command line as data: programs in their order, options in canonical form, and what is refused in which words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pyvtrace.cli.options import CommandLine, Complaint, parse, reported_name

SCRIPTS = {"a.d": "BEGIN { }\n", "binary": "\x7fELF\0", "c.d": "#!/bin/vtrace -Cs\n#define N 7\nBEGIN { exit(N); }\n"}


def read(path: str) -> str:
    if path not in SCRIPTS:
        raise FileNotFoundError(2, "No such file or directory", path)
    return SCRIPTS[path]


def probe_name(identifier: int) -> str:
    return "dtrace:::BEGIN" if identifier == 1 else ""


def parsed(*arguments: str, environment: Mapping[str, str] | None = None) -> CommandLine:
    line = parse(arguments, environment or {}, read, probe_name)
    assert isinstance(line, CommandLine), line
    return line


def refused(*arguments: str, environment: Mapping[str, str] | None = None) -> Complaint:
    complaint = parse(arguments, environment or {}, read, probe_name)
    assert isinstance(complaint, Complaint), complaint
    return complaint


# ------------------------------------------------------------------------------------------------------------- programs


@pytest.mark.parametrize(
    ("option", "given", "text"),
    [
        ("-n", "BEGIN", "BEGIN"),
        ("-n", "a:b:c:d /x/ { y }", "a:b:c:d /x/ { y }"),
        ("-f", "read", "read:"),
        ("-f", "syscall::read, b:c {x}", "syscall::read:, b:c: {x}"),
        ("-m", "vmlinux { x ? 1 : 2 }", "vmlinux:: { x ? 1 : 2 }"),
        ("-m", "sdt:sched /p/", "sdt:sched:: /p/"),
        ("-P", "syscall", "syscall:::"),
        ("-P", "syscall{}", "syscall:::{}"),
        ("-i", "1", "dtrace:::BEGIN"),
        ("-i", " 1 { trace(1); }", "dtrace:::BEGIN { trace(1); }"),
    ],
)
def test_each_option_names_the_right_fields(option: str, given: str, text: str) -> None:
    (program,) = parsed(option, given).programs
    assert (program.name, program.text, program.kind) == (given, text, "specifier")


def test_programs_keep_their_order() -> None:
    programs = parsed("-n", "BEGIN", "-s", "a.d", "-P", "x", "-n", "END").programs
    assert [(p.name, p.kind) for p in programs] == [
        ("BEGIN", "specifier"), ("a.d", "script"), ("x", "specifier"), ("END", "specifier"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "shown"),
    [("BEGIN", "BEGIN"), ("BEGIN { x }", "BEGIN "), ("a,b/c/{}", "a,b"), ("a;", "a")],
)
def test_a_specifier_is_reported_up_to_its_body(given: str, shown: str) -> None:
    assert reported_name(parsed("-n", given).programs[0]) == shown


def test_a_script_goes_through_the_preprocessor_and_keeps_its_lines() -> None:
    (program,) = parsed("-Cs", "c.d", "-D", "M=3").programs
    assert program.text.splitlines()[2] == "BEGIN { exit(7); }"


# -------------------------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["-q"], {"quiet": "1"}),
        (["-xquiet=0"], {"quiet": "0"}),
        (["-wZF"], {"destructive": "1", "zdefs": "1", "flowindent": "1"}),
        (["-b", "64k"], {"bufsize": "65536"}),
        (["-b4M", "-xstrsize=1k"], {"bufsize": "4194304", "strsize": "1024"}),
        (["-x", "aggrate=10hz", "-xswitchrate=5s"], {"aggrate": "100000000", "switchrate": "5000000000"}),
        (["-x", "bufsize=1m", "-x", "bufsize=2m"], {"bufsize": "2097152"}),
        (["-xaggsortkeypos=0x2"], {"aggsortkeypos": "2"}),
    ],
)
def test_options_have_one_canonical_form(arguments: list[str], options: Mapping[str, str]) -> None:
    assert parsed(*arguments, "-n", "BEGIN").options == options


def test_the_environment_is_kept_apart() -> None:
    line = parsed("-n", "BEGIN", environment={"DTRACE_OPT_BUFSIZE": "1m", "DTRACE_OPT_QUIET": "", "HOME": "/"})
    assert (line.environment, line.options) == ({"bufsize": "1048576", "quiet": "1"}, {})


def test_letters_cluster_and_values_join_as_in_interpreter_lines() -> None:
    line = parsed("-qs", "a.d", "one", "--", "-3")
    assert (line.programs[0].name, line.arguments) == ("a.d", ("one", "-3"))


def test_processes_and_output() -> None:
    line = parsed("-c", "ls -l", "-p", "1", "-p2", "-o", "out", "-n", "BEGIN")
    assert (line.commands, line.pids, line.output) == (("ls -l",), (1, 2), "out")


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["-@"], 2, "invalid option -- '@'"),
        (["-q@"], 2, "invalid option -- '@'"),
        (["--nosuch"], 2, "invalid option -- '-'"),
        (["-n"], 2, "option requires an argument -- 'n'"),
        (["-qs"], 2, "option requires an argument -- 's'"),
        (["-q"], 1, "no probes specified"),
        (["-q", "slow.d"], 1, "vtrace -s slow.d"),
        (["-lV"], 2, "only one of the [-GhlV] options can be specified at a time"),
        (["-A", "-n", "x"], 2, "option -A is refused: there is no anonymous tracing on Linux"),
        (["-32", "-n", "x"], 2, "option -32 is refused"),
        (["-G", "-n", "x"], 2, "option -G is refused"),
        (["-xnosuch", "-n", "x"], 1, "failed to set -x nosuch: Invalid option name"),
        (["-x", "bufsize=big", "-n", "x"], 1, "failed to set -x bufsize: Invalid value for specified option"),
        (["-x", "bufsize", "-n", "x"], 1, "failed to set -x bufsize: Invalid value for specified option"),
        (["-x", "bufsize=3g", "-n", "x"], 1, "0 to 2147483648 can be had"),
        (["-x", "strsize=0", "-n", "x"], 1, "1 to 1048576 can be had"),
        (["-b", "x", "-n", "x"], 1, "failed to set -b x: Invalid value for specified option"),
        (["-x", "quiet=maybe", "-n", "x"], 1, "failed to set -x quiet: Invalid value"),
        (["-x", "bufpolicy=ring", "-n", "x"], 1, "records are printed as they come"),
        (["-x", "ctypes", "-n", "x"], 1, "types come from the kernel's BTF"),
        (["-p", "x", "-n", "x"], 1, "invalid pid: x"),
        (["-p", "0", "-n", "x"], 1, "invalid pid: 0"),
        (["-s", "nosuch.d"], 1, "failed to open nosuch.d: No such file or directory"),
        (["-s", "binary"], 1, "binary file, not a D program"),
        (["-i", "9"], 1, "invalid probe specifier 9: there is no probe with the ID 9"),
        (["-i", "BEGIN"], 1, "invalid probe specifier BEGIN: a probe's ID is a number"),
        (["-Cs", "a.d", "-xcpppath=/nosuch/cpp"], 1, "failed to compile script a.d: Preprocessor not found"),
    ],
)
def test_each_refusal_says_why(arguments: list[str], status: int, message: str) -> None:
    complaint = refused(*arguments)
    assert message in complaint.text
    assert complaint.status == status
    assert complaint.text.startswith("vtrace: ")
    assert ("Usage: vtrace" in complaint.text) == complaint.usage


def test_a_bad_variable_of_the_environment_is_named() -> None:
    complaint = refused("-n", "BEGIN", environment={"DTRACE_OPT_NOSUCH": "1"})
    assert complaint.text == "vtrace: failed to set DTRACE_OPT_NOSUCH: Invalid option name\n"
