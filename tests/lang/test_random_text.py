"""Any text at all: it compiles, or there is a diagnostic. Never another exception, never a hang."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.runtime.program import compile_text
from pyvtrace.source import CompileError, Source, render
from tests.frozen import FrozenTarget
from tests.fuzz import thorough

TARGET = FrozenTarget()
PATIENCE = 20.0  # seconds; a program of this size takes a hundredth of one

PROGRAMS = (
    "BEGIN { x = 1; self->y = x + 2 * 3; this->z = (int)x ? \"a\" : execname; trace(this->z); exit(0); }",
    'syscall::read:entry, syscall::write:entry /pid == $target && execname != "vtrace"/ { self->t = timestamp; }\n'
    "syscall::read:return /self->t/ { @lat[execname, probefunc] = quantize(timestamp - self->t); self->t = 0; }",
    '#pragma D option quiet\nint a[int, string]; self string s;\n'
    'tick-1s { printf("%d %-10s %x\\n", a[1, "k"]++, self->s, 3); }',
    "profile-97 { @[arg0] = count(); } END { trunc(@, 10); printa(@); normalize(@, 1000); clear(@); }",
    'sdt:sched::sched_switch { if (args->next_pid) { @c[1] = lquantize(arg1, 0, 100, 10); } else @d = exphist(arg1); }',
    "ERROR { trace(arg4); } BEGIN { y = *(int *)0; z = 07 ^ 0x1f ^^ 'c' || !x--; x <<= 3, --x; }",
    'syscall::openat:entry { printf("%s %Y", copyinstr(arg1), walltimestamp); @ = sum(strlen("a")); }',
)  # fmt: skip
ODD = ["struct", "inline", "typedef", "sizeof", "offsetof", "xlate", "`", "\\", "$1", "$$1", "$x", "0x", "09",
       "99999999999999999999", "'", '"', "/*", "*/", "//", "#", "#pragma D", "é", "日本", "\0", "\ud800", "::", "*",
       "?:", "self", "this", "args", "@@", "NULL", "string", "unsigned long long", "float", "if", "else", "stack",
       "curthread", "-9223372036854775808"]  # fmt: skip
WORDS = [*sorted(set(re.findall(r'"[^"]*"|\w+|\s+|[^\w\s]', " ".join(PROGRAMS)))), *ODD]


def said(text: str, kind: str = "script") -> str:
    """The diagnostics of a text; "" if it compiles."""
    source = Source("text.d", text, kind)
    started = time.monotonic()
    try:
        compile_text(source, TARGET, {}, [], 1)
    except CompileError as error:
        assert error.diagnostics
        assert all(d.tag.startswith("D_") and d.message for d in error.diagnostics), error.diagnostics
        assert all(0 <= d.span.start <= d.span.end <= len(text) for d in error.diagnostics), error.diagnostics
        return render(source, error.diagnostics, tags=True)
    finally:
        assert time.monotonic() - started < PATIENCE, "it hangs"
    return ""


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_mutated_below_is_valid(program: str) -> None:
    assert said(program) == ""


@thorough(programs=400)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join), st.sampled_from(["script", "specifier"]))
def test_words_in_any_order(text: str, kind: str) -> None:
    said(text, kind)


@thorough(programs=300)
@given(st.text(max_size=200))
def test_characters_in_any_order(text: str) -> None:
    said(text)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    pieces = re.findall(r'"[^"]*"|\w+|\s+|[^\w\s]', draw(st.sampled_from(PROGRAMS)))
    for _ in range(draw(st.integers(1, 4))):
        at, other = (draw(st.integers(0, len(pieces) - 1)) for _ in range(2))
        match draw(st.sampled_from(["delete", "swap", "double", "replace", "cut"])):
            case "delete":
                pieces[at] = ""
            case "swap":
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case "double":
                pieces.insert(at, pieces[other])
            case "replace":
                pieces[at] = draw(st.sampled_from(WORDS))
            case "cut":
                pieces = pieces[: at + 1]
    return "".join(pieces)


@thorough(programs=800)
@given(mutations())
def test_programs_with_mistakes(text: str) -> None:
    said(text)
