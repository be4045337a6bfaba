"""Random well-typed programs: whatever the checker accepts, the compiler compiles and the verifier takes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Rejected, Session
from pyvtrace.source import CompileError, Source, render
from tests.fuzz import thorough

TARGET = LiveTarget()
PROBES = [
    "BEGIN",
    "END",
    "ERROR",
    "tick-1s",
    "profile-97",
    "syscall::read:entry",
    "syscall::openat:return",
    "syscall:::entry",
    "syscall::read:entry, syscall::write:entry",
    "syscall::getp*:",
    "sdt:sched::sched_switch",
    "rawtp:sched::sched_switch",
    "sdt:signal::signal_generate",
    "sdt:sched::sched_process_exec",
]
INTEGERS = [
    "pid",
    "tid",
    "ppid",
    "uid",
    "gid",
    "timestamp",
    "vtimestamp",
    "walltimestamp",
    "cpu",
    "cpu",
    "cgroup",
    "arg0",
    "arg1",
    "arg2",
    "arg5",
    "errno",
    "id",
    "epid",
    "ipl",
    "0",
    "1",
    "-1",
    "4294967296",
    "g1",
    "g2",
    "self->n",
    "this->n",
    "ga[1]",
    'gs["k", 2]',
    "self->a[pid]",
    "*(int *)arg1",
    "*(int *)copyin(arg1, g1)",
    "speculation()",
    "*(userland char *)arg1",
    "((short *)arg0)[3]",
    "this->q[g1]",
    "this->b->high",
    "(this->b + g1)->low",
    "curthread->pid",
    "PIDTYPE_PGID",
    "(u8)arg1",
    "caller",
    "ucaller",
    "stackdepth",
    "ustackdepth",
]
STRINGS = [
    "execname",
    "comm",
    "container",
    "probefunc",
    "probename",
    "probemod",
    "probeprov",
    '""',
    "substr(gt, 1, g1)",
    "strtok(self->t, this->t)",
    "cleanpath(execname)",
    "lltostr(g1)",
    "strstr(gt, execname)",
    '""',
    '"x"',
    '"a longer text, it is"',
    "gt",
    "self->t",
    "this->t",
    "gm[1]",
    'self->m["k"]',
    "copyinstr(arg1)",
    "stringof(arg0)",
    '"/usr/lib/x"',
]
STACKS = ["stack()", "stack(3)", "held"]
USER_STACKS = ["ustack()", "jstack(2)", "held_of[g1]", "self->held"]
BINARY = ["+", "-", "*", "&", "|", "^", "<<", ">>", "<", "<=", ">", ">=", "==", "!=", "&&", "||", "^^"]
HELD = "BEGIN { @seen = count(); held = stack(4); held_of[g1] = ustack(4); self->held = ustack(4); }"
DECLARED = """
int g1; uint64_t g2; string gt; int ga[int]; long gs[string, int]; string gm[int];
self long n; self string t; self int a[pid_t]; self string m[string]; this int n; this string t;
struct bits { char c; int low : 5; unsigned long high : 40; }; this int *q; this struct bits *b;
"""


@st.composite
def integers(draw: st.DrawFn, depth: int) -> str:
    kinds = ["leaf", "leaf"] + (
        ["binary"] * 5 + ["divide", "unary", "cast", "choice", "compare", "strlen", "assign", "step"]
    ) * bool(depth)
    inner, text = integers(max(0, depth - 1)), strings(max(0, depth - 1))
    match draw(st.sampled_from(kinds)):
        case "binary":
            return f"({draw(inner)} {draw(st.sampled_from(BINARY))} {draw(inner)})"
        case "divide":
            divisor = draw(st.sampled_from(["arg0", "g1", "self->n", "ga[1]", "strlen(gt)", "7", "-1"]))
            return f"({draw(inner)} {draw(st.sampled_from('/%'))} {divisor})"
        case "unary":
            return f"({draw(st.sampled_from(['-', '~', '!', '+']))} {draw(inner)})"
        case "cast":
            return f"(({draw(st.sampled_from(['char', 'uint16_t', 'int', 'unsigned long']))}){draw(inner)})"
        case "choice":
            return f"({draw(inner)} ? {draw(inner)} : {draw(inner)})"
        case "compare":
            return f"({draw(text)} {draw(st.sampled_from(BINARY[8:14]))} {draw(text)})"
        case "strlen":
            return f"strlen({draw(text)})"
        case "assign":
            op = draw(st.sampled_from(["=", "+=", "-=", "*=", "<<=", ">>=", "|="]))
            return f"({draw(places)} {op} {draw(inner)})"
        case "step":
            return f"{draw(places)}{draw(st.sampled_from(['++', '--']))}"
    return draw(st.sampled_from(INTEGERS))


@st.composite
def strings(draw: st.DrawFn, depth: int) -> str:
    inner = strings(max(0, depth - 1))
    match draw(st.sampled_from(["leaf", "leaf"] + ["strjoin", "basename", "choice", "assign"] * bool(depth))):
        case "strjoin":
            return f"strjoin({draw(inner)}, {draw(inner)})"
        case "basename":
            return f"basename({draw(inner)})"
        case "choice":
            return f"({draw(integers(depth - 1))} ? {draw(inner)} : {draw(inner)})"
        case "assign":
            return f"({draw(st.sampled_from(['gt', 'self->t', 'this->t', 'gm[2]']))} = {draw(inner)})"
    return draw(st.sampled_from(STRINGS))


_PLACES = """g1; g2; self->n; this->n; ga[1]; gs["k", 2]; self->a[pid]; ga[ga[1]]; this->q[g1]; (*this->q);
this->b->low; this->b[g1].high; this->b->c"""
places = st.sampled_from(re.split(r";\s", _PLACES))


def keys(depth: int) -> st.SearchStrategy[str]:
    return st.one_of(integers(depth), strings(depth))


@st.composite
def statements(draw: st.DrawFn, depth: int) -> str:
    number, text = integers(depth + 1), strings(depth + 1)
    kinds = [
        "assign",
        "assign string",
        "element",
        "count",
        "aggregate",
        "quantize",
        "printf",
        "stacks",
        "names",
        "hold",
        "trace",
        "printa",
        "clear",
        "print",
        "memory",
    ]
    match draw(st.sampled_from(kinds + ["if", "if", "ifelse"] * (depth > 0))):
        case "assign":
            return f"{draw(places)} {draw(st.sampled_from(['=', '+=', '-=', '&=', '>>=']))} {draw(number)};"
        case "assign string":
            place = draw(st.sampled_from(["gt", "self->t", "this->t", "gm[2]", "gm[g1]", "self->m[gt]"]))
            return f"{place} = {draw(text)};"
        case "memory":
            size = draw(st.sampled_from(["8", "g1", "sizeof (struct bits)"]))
            return draw(
                st.sampled_from([f"this->q = (int *)alloca({size});", f"this->b = (struct bits *)alloca({size});"])
            )
        case "element":
            return f"free[{draw(number)}, {draw(text)}] = {draw(number)};"
        case "count":
            return f"@c[{draw(text)}, {draw(number)}] = count();"
        case "aggregate":
            function = draw(st.sampled_from(["sum", "min", "max", "avg", "stddev"]))
            return f"@{function}[{draw(number)}] = {function}({draw(number)});"
        case "quantize":
            call = draw(
                st.sampled_from(
                    ["quantize({})", "lquantize({}, 0, 100, 10)", "llquantize({}, 10, 0, 6, 20)", "exphist({}, 3)"]
                )
            )
            return f"@{call[:4]}[execname] = {call.format(draw(number))};"
        case "printf":
            numbers = [draw(number) for _ in range(3)]
            return f'printf("%d %s %x %s %d\\n", {numbers[0]}, {draw(text)}, {numbers[1]}, {draw(text)}, {numbers[2]});'
        case "stacks":
            kernel, user = draw(st.sampled_from(STACKS)), draw(st.sampled_from(USER_STACKS))
            return draw(st.sampled_from([
                f"@k[{kernel}, {draw(number)}] = count();", f"@u[{user}] = count();",
                f'printf("%k%k", {kernel}, {user});', "stack();", "ustack(2);",
            ]))  # fmt: skip
        case "names":
            function = draw(st.sampled_from(["sym", "func", "mod", "usym", "ufunc", "umod", "uaddr"]))
            call = f"{function}({draw(number)})"
            letter = "A" if function.startswith("u") else "a"
            return draw(st.sampled_from([f"@{function}[{call}] = count();", f'printf("%{letter}", {call});']))
        case "hold":
            return draw(st.sampled_from(["held = stack(4);", "held_of[g1] = ustack(4);", "self->held = ustack(4);"]))
        case "trace":
            return f"trace({draw(keys(depth + 1))});"
        case "print":
            return f"print({draw(number)});"
        case "printa":
            return "printa(@seen);"
        case "clear":
            return draw(
                st.sampled_from(["clear(@seen);", "trunc(@seen, 3);", "normalize(@seen, 1000);", "denormalize(@seen);"])
            )
        case "if":
            return f"if ({draw(number)}) {{ {draw(block(depth - 1))} }}"
    return f"if ({draw(number)}) {{ {draw(block(depth - 1))} }} else {{ {draw(block(depth - 1))} }}"


def block(depth: int) -> st.SearchStrategy[str]:
    return st.lists(statements(depth), min_size=0, max_size=4).map(" ".join)


@st.composite
def clauses(draw: st.DrawFn) -> str:
    predicate = f" / {draw(integers(2))}/" if draw(st.booleans()) else ""
    return f"{draw(st.sampled_from(PROBES))}{predicate}\n{{\n{draw(block(2))}\n}}"


programs = st.lists(clauses(), min_size=1, max_size=5).map(lambda parts: "\n".join([DECLARED, HELD, *parts]))


def loads(text: str, **options: str) -> None:
    """Compiles and loads, without attaching anything."""
    try:
        spec = compile_text(Source("random.d", text), TARGET, options)
    except CompileError as error:
        pytest.fail(f"{render(error.source, error.diagnostics)}\n{text}")
    try:
        with Session(spec, TARGET):
            pass
    except Rejected as problem:
        start, end = problem.span.start, problem.span.end
        pytest.fail(f"{problem}\nat: {text[start:end]}\n{text}\n{problem.error.log[-3000:]}")


@thorough(programs=60, shrink=False)
@given(programs)
def test_the_verifier_takes_every_program(program: str) -> None:
    loads(program)


@thorough(programs=20, shrink=False)
@given(integers(7), strings(5), st.sampled_from(["BEGIN", "syscall:::entry", "tick-1s"]))
def test_expressions_may_be_deep(number: str, text: str, probe: str) -> None:
    loads(f"{DECLARED}{probe} / {number}/ {{ trace({text}); @[{number}, {text}] = sum({number}); }}", strsize="64")
