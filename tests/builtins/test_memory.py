"""Strings and scalars behind pointers, in the memory of the process and of the kernel."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.programs import traced

PATH = "/tmp/vtrace-no-such-directory/with-a-name"
WORK = f"""import os, sys
print(flush=True)
sys.stdin.readline()
os.access({PATH!r}, os.R_OK)
os.execv("/bin/true", ["true"])
"""


def seen(tracer, program: str, *options: str) -> tuple[list[str], str]:  # type: ignore[no-untyped-def]
    """What a program prints of a process that asks for access to PATH, then executes /bin/true; and its complaints."""
    work = subprocess.Popen([sys.executable, "-c", WORK], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert work.stdout and work.stdout.readline() == b"\n"
    trace = tracer(*options, "-q", "-n", 'BEGIN { printf("at it\\n"); } ' + program, str(work.pid))
    trace.wait_for("at it")
    work.communicate(b"\n")
    result = trace.stop()
    return result.stdout.split("\n")[1:-2], result.stderr


@pytest.mark.parametrize(
    "expression", ["copyinstr(arg0)", "stringof(arg0)", "stringof(args[0])", "stringof(args->filename)", "(string)arg0"]
)
def test_a_string_of_the_process(tracer, expression: str) -> None:  # type: ignore[no-untyped-def]
    lines, _ = seen(tracer, f'syscall::access:entry /pid == $1/ {{ printf("%s\\n", {expression}); }}')
    assert PATH in lines


@pytest.mark.parametrize("expression", ["*(char *)arg0", "*(userland char *)arg0", "args[0][0]", "*args->filename"])
def test_a_character_of_the_process(tracer, expression: str) -> None:  # type: ignore[no-untyped-def]
    lines, _ = seen(tracer, f'syscall::access:entry /pid == $1/ {{ printf("%c\\n", {expression}); }}')
    assert lines and set(lines) == {"/"}


def test_what_is_longer_than_strsize_is_cut_and_counted(tracer) -> None:  # type: ignore[no-untyped-def]
    program = 'syscall::access:entry /pid == $1/ { printf("%s\\n", copyinstr(arg0)); }'
    lines, complaints = seen(tracer, program, "-x", "strsize=16")
    assert PATH[:15] in lines
    assert "filled strsize" in complaints


def test_maxlen_of_copyinstr_is_no_loss(tracer) -> None:  # type: ignore[no-untyped-def]
    program = 'syscall::access:entry /pid == $1/ { printf("%s\\n", copyinstr(arg0, 4)); }'
    lines, complaints = seen(tracer, program)
    assert PATH[:4] in lines
    assert "filled" not in complaints


@pytest.mark.parametrize("expression", ["args->filename", "args[0]", "stringof(arg0)", "stringof(args->filename)"])
def test_text_of_a_tracepoint(tracer, expression: str) -> None:  # type: ignore[no-untyped-def]
    lines, _ = seen(tracer, f'sdt:sched::sched_process_exec /pid == $1/ {{ printf("%s\\n", {expression}); }}')
    assert [os.path.realpath(line) for line in lines] == [os.path.realpath("/bin/true")]


def test_memory_of_the_kernel(tracer) -> None:  # type: ignore[no-untyped-def]
    """The first argument of the raw tracepoint is the task; its first words are no user memory, and are readable."""
    program = """rawtp:sched::sched_process_exec /pid == $1/
    {
        x = *(uint64_t *)arg0;
        printf("%d\\n", *(char *)args[0] == (char)x);
    }"""
    lines, complaints = seen(tracer, program)
    assert lines == ["1"], complaints


def test_an_address_that_cannot_be_read_is_a_fault() -> None:
    program = "ERROR { trace(arg4); trace(arg5); } BEGIN { s = stringof(16); trace(s); }"
    assert traced(program) == [1, 16]
    assert traced("ERROR { trace(arg4); trace(arg5); } BEGIN { trace(copyinstr(-16)); }") == [1, -16]


def test_pointers_compute_in_things_they_point_to() -> None:
    program = """BEGIN
    {
        p = (int *)1000; trace((long)(p + 3)); trace((long)(p - 1)); trace((long)++p); p += 2; trace((long)p);
        trace(p - (int *)1000); trace((long)((char *)p + 1)); trace(arg0 & 0xff);
    }"""
    assert traced(program) == [1012, 996, 1004, 1012, 3, 1013, 0]
