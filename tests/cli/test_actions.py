"""Actions that do something to the output, the options or the process, through the real command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyvtrace.runtime.program import compile_text
from pyvtrace.source import CompileError, Source
from tests.frozen import FrozenTarget


def test_system_runs_a_command_between_what_is_printed(vtrace: Callable[..., Any]) -> None:
    text = r'BEGIN { printf("one\n"); system("echo two %d %s", 2, "x"); printf("three\n"); exit(0); }'
    assert vtrace("-w", "-q", "-n", text).stdout == "one\ntwo 2 x\nthree\n\n"


def test_freopen_sends_the_output_elsewhere_and_back(vtrace: Callable[..., Any], tmp_path: Path) -> None:
    text = r'BEGIN { printf("a"); freopen("%s.%d", $$1, 1); printf("b"); freopen(""); printf("c"); exit(0); }'
    ran = vtrace("-w", "-q", "-n", text, f"{tmp_path}/file")
    assert (ran.stdout, (tmp_path / "file.1").read_text()) == ("ac\n", "b")


def test_freopen_says_what_it_cannot_open(vtrace: Callable[..., Any], tmp_path: Path) -> None:
    ran = vtrace("-w", "-q", "-n", r'BEGIN { freopen("%s", $$1); printf("here"); exit(0); }', f"{tmp_path}/no/file")
    assert (ran.stdout, ran.status) == ("here\n", 0)
    assert ran.stderr == f"vtrace: failed to freopen '{tmp_path}/no/file': No such file or directory\n"


def test_ftruncate_begins_a_file_anew(vtrace: Callable[..., Any], tmp_path: Path) -> None:
    text = r'BEGIN { printf("gone"); ftruncate(); printf("kept"); exit(0); }'
    vtrace("-q", "-o", str(tmp_path / "out"), "-n", text)
    assert (tmp_path / "out").read_text() == "kept\n"
    assert vtrace("-q", "-n", text).stdout == "gonekept\n"


def test_raise_sends_a_signal_to_the_process_that_fired(vtrace: Callable[..., Any]) -> None:
    text = "syscall::getpid:entry, syscall::write:entry /pid == $target/ { raise(10); }"
    ran = vtrace("-w", "-n", text, "-c", "/bin/echo hello")
    assert "terminated by SIGUSR1" in ran.stderr


@pytest.mark.parametrize("action", ["raise(9)", 'system("true")', 'freopen("x")'])
def test_destructive_actions_need_permission(action: str, vtrace: Callable[..., Any]) -> None:
    ran = vtrace("-q", "-n", f"BEGIN {{ {action}; }}")
    assert (ran.stdout, ran.status) == ("", 1)
    assert ran.stderr.startswith("vtrace: could not enable tracing: Destructive actions not allowed\n")


def test_setopt_changes_what_can_change(vtrace: Callable[..., Any]) -> None:
    sums = '@["a"] = sum(1); @["b"] = sum(2);'
    text = f'BEGIN {{ setopt("aggsortrev"); setopt("quiet", "1"); {sums} }} BEGIN {{ trace(7); exit(0); }}'
    output = vtrace("-n", text).stdout
    assert output.split()[-5:] == ["7", "b", "2", "a", "1"]
    assert output.count(":BEGIN") == 1


def test_setopt_says_what_cannot_change(vtrace: Callable[..., Any]) -> None:
    ran = vtrace("-q", "-n", 'BEGIN { setopt("nosuch"); setopt("bufsize", "1m"); setopt("quiet", "x"); exit(0); }')
    assert ran.stderr.splitlines() == [
        'vtrace: could not set option "nosuch": Invalid option name',
        'vtrace: could not set option "bufsize" to "1m": Operation illegal when tracing is active',
        'vtrace: could not set option "quiet" to "x": Invalid value for specified option',
    ]


def test_tracemem_dumps_memory(vtrace: Callable[..., Any]) -> None:
    text = "syscall::write:entry /pid == $target/ { tracemem(arg1, 20); tracemem(arg1, 20, 3); exit(0); }"
    ran = vtrace("-q", "-n", text, "-c", "/bin/echo hello")
    rows = [line for line in ran.stdout.splitlines() if ": " in line]
    assert rows[0].startswith("         0: 68 65 6c 6c 6f 0a ")
    assert rows[1].startswith("        10: ")
    assert rows[2].split() == ["0:", "68", "65", "6c", "hel"]
    assert len(rows) == 3


def test_tracemem_of_a_bad_address_is_a_fault(vtrace: Callable[..., Any]) -> None:
    ran = vtrace("-q", "-n", 'BEGIN { tracemem(8, 4); } ERROR { printf("fault %d", arg4); exit(0); }')
    assert ran.stdout == "fault 1\n"


@pytest.mark.parametrize(
    ("tag", "action"),
    [
        ("D_TRACEMEM_ADDR", 'tracemem("a", 1)'),
        ("D_TRACEMEM_SIZE", "tracemem(arg0, 0)"),
        ("D_TRACEMEM_SIZE", "tracemem(arg0, -1)"),
        ("D_TRACEMEM_SIZE", "tracemem(arg0, pid)"),
        ("D_PROTO_LEN", "tracemem(arg0)"),
        ("D_FREOPEN_INVALID", 'freopen(".")'),
        ("D_PRINTF_ARG_FMT", "system(1)"),
        ("D_PRINTF_FMT_EMPTY", 'system("")'),
        ("D_PRINTF_ARG_PROTO", 'freopen("%d")'),
        ("D_PRINTF_ARG_TYPE", 'system("%s", 1)'),
        ("D_PROTO_ARG", 'raise("x")'),
        ("D_PROTO_LEN", "raise()"),
        ("D_PROTO_LEN", "ftruncate(1)"),
        ("D_PROTO_ARG", "setopt(1)"),
        *(("D_UNKNOWN", f"{name}()") for name in ("panic", "breakpoint", "stop")),
        ("D_UNKNOWN", "chill(1000)"),
    ],
)
def test_actions_are_checked(tag: str, action: str) -> None:
    with pytest.raises(CompileError) as error:
        compile_text(Source("t.d", f"BEGIN {{ {action}; }}"), FrozenTarget(), {})
    assert [d.tag for d in error.value.diagnostics] == [tag]


def test_argref_lets_arguments_be_unused(vtrace: Callable[..., Any]) -> None:
    assert vtrace("-q", "-n", "BEGIN { exit(0); }", "1").status == 1
    assert vtrace("-q", "-x", "argref", "-n", "BEGIN { exit(0); }", "1").status == 0


def test_droptags_name_what_was_dropped(vtrace: Callable[..., Any]) -> None:
    ran = vtrace("-q", "-x", "droptags", "-n", "BEGIN { a = speculation(); b = speculation(); exit(b); }")
    assert ran.stderr.startswith("vtrace: [DTRACEDROP_SPECUNAVAIL] 1 failed speculation ")
