"""What is shown instead of tracing: probes, compiled programs, versions, help; and programs that the kernel refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pyvtrace.bpf import maps, programs
from pyvtrace.cli.listing import listing
from pyvtrace.cli.refusals import rejection
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.session import Rejected, Session
from pyvtrace.source import Source, Span
from pyvtrace.spec import CodeSpec, MapSpec, OnDemand, ProbeName, ProgramSpec

HEADER = "   ID   PROVIDER            MODULE                          FUNCTION NAME"

# --------------------------------------------------------------------------------------------------------------- probes


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-n", "BEGIN"], ["1 dtrace BEGIN"]),
        (["-i", "2"], ["2 dtrace END"]),
        (["-P", "dtrace"], ["1 dtrace BEGIN", "2 dtrace END", "3 dtrace ERROR"]),
        (["-m", "syscall:vmlinux", "-n", "nosuch"], None),
        (["-f", "getppid"], ["syscall compat getppid entry", "syscall compat getppid return",
                             "syscall vmlinux getppid entry", "syscall vmlinux getppid return"]),
        (["-n", "END, BEGIN { trace(1); }"], ["2 dtrace END", "1 dtrace BEGIN"]),
    ],
)  # fmt: skip
def test_probes_are_listed_in_columns(vtrace: Any, arguments: list[str], expected: list[str] | None) -> None:
    ran = vtrace("-l", *arguments)
    header, *lines = ran.stdout.splitlines()
    assert header == HEADER
    if expected is None:
        assert ran.status == 1
        assert "vtrace: failed to match :::nosuch: No probe matches description" in ran.stderr
        return
    assert [" ".join(line.split())[-len(want) :] for line, want in zip(lines, expected, strict=True)] == expected
    assert (ran.stderr, ran.status) == ("", 0)


def test_everything_is_listed_with_unique_ids(vtrace: Any) -> None:
    lines = vtrace("-l").stdout.splitlines()[1:]
    ids = [int(line.split()[0]) for line in lines]
    assert len(set(ids)) == len(ids) > 500


def test_an_id_of_the_list_can_be_listed_and_enabled(vtrace: Any) -> None:
    (line,) = vtrace("-l", "-n", "syscall:vmlinux:getppid:entry").stdout.splitlines()[1:]
    identifier = line.split()[0]
    assert vtrace("-l", "-i", identifier).stdout.splitlines()[1:] == [line]
    assert vtrace("-q", "-i", identifier, "-n", "BEGIN { exit(0); }").status == 0


def test_arguments_are_listed_with_types_and_names(vtrace: Any) -> None:
    ran = vtrace("-lv", "-n", "syscall:vmlinux:read:entry")
    types = ran.stdout.partition("Argument Types\n")[2]
    assert re.fullmatch(
        r"\t\targs\[0\]: \w[\w ]* \(fd\)\n\t\targs\[1\]: .*\(buf\)\n\t\targs\[2\]: .*\(count\)\n\n", types
    )


def test_a_list_goes_to_the_file_of_o(vtrace: Any, tmp_path: Any) -> None:
    ran = vtrace("-l", "-n", "BEGIN", "-o", str(tmp_path / "out"))
    assert ran.stdout == ""
    assert (tmp_path / "out").read_text().splitlines()[0] == HEADER


# ---------------------------------------------------------------------------------------------------- compiled programs


def test_s_shows_each_instruction_under_its_d(vtrace: Any) -> None:
    ran = vtrace("-e", "-S", "-n", "BEGIN { x = 6; }\nEND { exit(0); }", "-n", "END { @ = count(); }")
    assert ran.status == 0
    assert re.search(r"^BEGIN: .*1 probe, \d+ instructions$", ran.stdout, re.M)
    assert re.search(r"^ +1 \| 6$\n^ +\d+  r0 = 6$", ran.stdout, re.M)
    assert re.search(r"^ +2 \| exit\(0\)$", ran.stdout, re.M)
    assert re.search(r"^ +1 \| @ = count\(\)$", ran.stdout, re.M)
    assert "; submit record" in ran.stdout


def test_e_enables_nothing(vtrace: Any) -> None:
    ran = vtrace("-e", "-n", 'BEGIN { printf("never"); exit(3); }')
    assert (ran.stdout, ran.stderr, ran.status) == ("", "", 0)


def refused() -> ProgramSpec:
    """A program that returns without a value: r0 is not readable."""
    source = Source("wrong.d", "BEGIN\n{\n\tx = 1;\n}\n")
    code = CodeSpec(
        "BEGIN",
        programs.RAW_TRACEPOINT,
        bytes([0x95, 0, 0, 0, 0, 0, 0, 0]),
        (),
        OnDemand(),
        (Span(9, 14),),
        ("",),
        (1,),
    )
    return ProgramSpec(
        source,
        (
            MapSpec("data", maps.ARRAY, 4, 24, 1, maps.MMAPABLE),
            MapSpec("ring", maps.RINGBUF, 0, 0, 4096),
            MapSpec("counters", maps.PERCPU_ARRAY, 4, 40, 1),
        ),
        (code,),
        (),
        (),
        {1: ProbeName("dtrace", "", "", "BEGIN")},
        1,
        {},
        "ring",
        "data",
        "counters",
    )


def test_a_program_that_the_kernel_refuses_is_shown_and_asks_for_a_report() -> None:
    with pytest.raises(Rejected) as raised, Session(refused(), LiveTarget()):
        pass
    assert rejection(raised.value) == (
        "could not enable tracing: the kernel refused the code of BEGIN: R0 !read_ok\n"
        "    3 | \tx = 1;\n"
        "      | \t^^^^^ from wrong.d\n"
        "      hint: this is a fault of vtrace, not of the program: "
        "please report it, with what -e -S prints for the program"
    )


def test_a_listing_of_any_program() -> None:
    assert "".join(listing(refused())) == (
        "\nBEGIN: OnDemand(), 1 probe, 1 instruction\n    3 | x = 1\n          0  exit\n"
    )


# ---------------------------------------------------------------------------------------------------------- other words


def test_help_is_dtraces_usage_and_the_commands(vtrace: Any) -> None:
    ran = vtrace("--help")
    assert (ran.stderr, ran.status) == ("", 0)
    assert ran.stdout.startswith("Usage: vtrace [-32|-64]")
    assert re.search(r"^\tdoctor +\w", ran.stdout, re.M)
    bare = vtrace()
    assert (bare.stdout, bare.stderr, bare.status) == ("", ran.stdout, 2)


def test_versions(vtrace: Any) -> None:
    assert re.fullmatch(r"vtrace, version \d+\.\d+\.\d+\n", vtrace("--version").stdout)
    assert re.fullmatch(r"vtrace: D 2\.0\nThis is vtrace \d+\.\d+\.\d+\n", vtrace("-V").stdout)


def test_doctor_takes_json_and_nothing_else(vtrace: Any) -> None:
    assert vtrace("doctor", "--json").stdout.startswith("{")
    assert vtrace("doctor", "--help").status == 0
    ran = vtrace("doctor", "--nosuch")
    assert "doctor takes no --nosuch" in ran.stderr
    assert ran.status == 2
