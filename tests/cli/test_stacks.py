"""How stacks and names of code are printed: as DTrace does, to the column."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import ROOT

Run = Callable[..., Any]
# A frame: module, function, offset; of the kernel's, for those of the test's own BEGIN are known.
FRAME = re.compile(r"vmlinux`\w[\w.]*(\+0x[0-9a-f]+)?")


def frames(text: str, indent: int = 14) -> list[str]:
    """The frames at that indentation."""
    lead = " " * indent
    return [line.strip() for line in text.split("\n") if line.startswith(lead) and line[indent : indent + 1].strip()]


def test_a_stack_begins_on_a_line_of_its_own(vtrace: Run) -> None:
    text = vtrace("-qn", "BEGIN { stack(2); exit(0); }").stdout
    first, *stack, last, over = text.split("\n")
    # The stack ends its last line; the end of a trace is a line of its own.
    assert (first, last, over) == ("", "", "")
    assert len(stack) == len(frames(text)) == 2
    assert all(line.startswith(" " * 14) and FRAME.fullmatch(line.strip()) for line in stack)


def test_a_stack_in_a_record_with_a_heading(vtrace: Run) -> None:
    lines = vtrace("-n", "BEGIN { stack(1); exit(0); }").stdout.split("\n")
    assert lines[0].split() == ["CPU", "ID", "FUNCTION:NAME"]
    assert lines[1].endswith(":BEGIN ")
    assert FRAME.fullmatch(lines[2].strip())
    assert lines[3] == ""


def test_the_kernel_stack_of_begin_is_that_of_the_bpf_call(vtrace: Run) -> None:
    names = [
        frame.partition("`")[2].partition("+")[0] for frame in frames(vtrace("-qn", "BEGIN{stack();exit(0)}").stdout)
    ]
    assert names[0] == "__sys_bpf", "nothing of tracing itself"
    assert "do_syscall_64" in names or "do_el0_svc" in names


def test_stacks_as_keys(vtrace: Run) -> None:
    text = vtrace("-qn", "BEGIN { @[stack(2), 7] = count(); exit(0); }").stdout
    lines = text.split("\n")
    # The end of a trace is a line, then the aggregation: the stack, and behind its last line what follows it.
    assert lines[:2] == ["", ""]
    assert all(FRAME.fullmatch(line.strip()) for line in lines[2:4])
    assert lines[4] == f" {7:8} {1:16}"


@pytest.mark.parametrize("indent", [0, 3, 40])
def test_stackindent(vtrace: Run, indent: int) -> None:
    text = vtrace("-q", "-x", f"stackindent={indent}", "-n", "BEGIN { stack(1); exit(0); }").stdout
    assert text.split("\n")[1].startswith(" " * indent + "vmlinux`")


@pytest.mark.parametrize(
    ("option", "text", "count"),
    [
        ("stackframes=1", "stack()", 1),
        ("ustackframes=1", "ustack()", 1),
        ("jstackframes=1", "jstack()", 1),
        ("maxframes=1", "stack(3)", 1),
        ("stackframes=1", "stack(2)", 2),
    ],
)
def test_depths(vtrace: Run, option: str, text: str, count: int) -> None:
    ran = vtrace("-q", "-x", option, "-n", f"BEGIN {{ {text}; exit(0); }}")
    assert len(frames(ran.stdout)) == count
    assert ("1 stack filled the frames it had and may be cut" in ran.stderr) == (count == 1)


def test_noresolve(vtrace: Run) -> None:
    text = vtrace("-q", "-x", "noresolve", "-n", "BEGIN { stack(2); ustack(1); sym(caller); exit(0); }").stdout
    assert len(frames(text)) == 3
    assert "`" not in text


def test_printf_and_printa(vtrace: Run) -> None:
    program = """
    BEGIN {
        printf("<%k>%a %A", stack(1), caller, ucaller); @[stack(1), sym(caller), ustack(1)] = count();
        printa("[%k|%a|%k|%@d]", @); exit(0);
    }
    """
    text = vtrace("-qn", program).stdout
    assert re.match(
        r"<\n {14}vmlinux`\S+\n>vmlinux`\S+\+0x[0-9a-f]+ \S+\[\n {14}vmlinux`\S+\n\|vmlinux`\w+\|\n {14}\S+\n\|1\]",
        text,
    )


def test_a_variable_that_was_not_assigned_holds_no_frames(vtrace: Run) -> None:
    program = 'BEGIN { printf("<%k>", held[1]); held[1] = stack(1); printf("<%k>", held[1]); exit(0); }'
    refused = vtrace("-qn", program)
    assert "held" in refused.stderr, "it has no type before"
    program = """
    BEGIN { held[1] = stack(1); kept = stack(1); self->own = ustack(1); }
    BEGIN { printf("<%k><%k><%k><%k>", held[2], held[1], kept, self->own); exit(0); }
    """
    text = vtrace("-qn", program).stdout
    assert re.match(r"<\n>(<\n {14}\S+\n>){3}", text)


def test_the_error_probe_can_take_a_stack(vtrace: Run) -> None:
    text = vtrace("-qn", "ERROR { stack(2); exit(0); } BEGIN { trace(*(int *)8); }").stdout
    assert len(frames(text)) == 2


def test_the_help_says_what_there_is(vtrace: Run) -> None:
    for command in ("profile", "offcpu"):
        text = vtrace(command, "--help").stdout
        assert "--folded" in text
        assert "--svg FILE" in text


@pytest.mark.parametrize("script", ["cpu/profile.d", "sched/offcpu.d"])
def test_the_scripts_run_by_themselves(vtrace: Run, script: str) -> None:
    busy = "import time; end = time.thread_time() + 0.3\nwhile time.thread_time() < end: pass\ntime.sleep(0.01)"
    ran = vtrace("-s", f"{ROOT}/probes/{script}", "-c", f"{sys.executable} -c '{busy}'")
    assert ran.status == 0, ran.stderr
    assert re.search(r"\n {14}\S+\n", ran.stdout)
