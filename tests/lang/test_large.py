"""Very large programs: they work, or are told that they are too large."""

from __future__ import annotations

import pytest

from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.source import CompileError, Source
from tests.programs import TARGET, traced

WORK = {
    "500 clauses of BEGIN": "\n".join(f'BEGIN {{ x{n} = {n}; @c{n % 7}["k", {n}] = count(); }}' for n in range(500)),
    "500 clauses of system calls": "\n".join(
        f'syscall::{name}:entry /pid == {n}/ {{ @["k", {n}] = count(); }}'
        for n in range(250)
        for name in ("read", "write")
    ),
    "300 operators inside one another": "BEGIN { x = 1; trace(" + "(x + " * 300 + "1" + ")" * 300 + "); }",
    "300 ifs inside one another": "BEGIN { x = 1; " + "if (x) { " * 300 + "trace(x); " + "}" * 300 + " }",
    "300 else ifs": "BEGIN { x = 1; " + " else ".join(f"if (x == {n}) {{ y = {n}; }}" for n in range(300)) + " }",
    "350 comparisons": "BEGIN /" + " && ".join(['execname != "x"'] * 350) + "/ { trace(1); }",
    "strings of 5,000 characters": 'BEGIN { s = "Y"; trace(s == "Y"); @["Y"] = sum(1); }'.replace("Y", "y" * 5000),
    "tuples of 32 integers": f"BEGIN {{ @[{', '.join(['pid'] * 32)}] = count(); a[{', '.join(['pid'] * 32)}] = 1; }}",
    "tuples of 32 strings": f"BEGIN {{ @[{', '.join(['execname'] * 32)}] = count(); }}",
    "100 this-> variables": "BEGIN { " + "".join(f"this->v{n} = {n}; " for n in range(100)) + " trace(this->v99); }",
    "100 self-> strings": "BEGIN { " + "".join(f'self->s{n} = "x"; ' for n in range(100)) + " }",
    "1,000 traces": "BEGIN { " + "trace(pid); " * 1000 + " }",
    "a comment of 1 MB": "BEGIN { x = 1; } /* " + "x" * 1_000_000 + " */",
}
TOO_LARGE = {
    "parentheses": ("BEGIN { trace(" + "(" * 100_000 + "1" + ")" * 100_000 + "); }", "D_SYNTAX"),
    "operators": ("BEGIN { x = 1; trace(" + "+".join(["x"] * 1000) + "); }", "D_SYNTAX"),
    "statements": ("BEGIN /pid/ { " + "\n".join(f"x{n % 50} = {n};" for n in range(12_000)) + " }", "D_CG_EXPR"),
    "a this-> array": ("this int a[16909060]; BEGIN { this->a[2] = 4; }", "D_CG_EXPR"),
    "a record": ("BEGIN { tracemem(curthread, 0x80424344); }", "D_CG_EXPR"),
    "garbage": ("x y z ( { ;" * 5_000, "D_SYNTAX"),
}


@pytest.mark.parametrize("name", WORK)
def test_it_loads(name: str) -> None:
    with Session(compile_text(Source("large.d", WORK[name]), TARGET, {}), TARGET):
        pass


@pytest.mark.parametrize("name", TOO_LARGE)
def test_it_is_told_that_it_is_too_large(name: str) -> None:
    text, tag = TOO_LARGE[name]
    with pytest.raises(CompileError) as error:
        compile_text(Source("large.d", text), TARGET, {})
    assert error.value.diagnostics[0].tag == tag


def test_what_the_verifier_gives_up_on_is_told() -> None:
    """Some 30,000 instructions, most of them in loops over the bytes of strings."""
    text = "string s; string t; long i; BEGIN { x = 1; " + "trace(index(s, strjoin(t, lltostr(i))));" * 38 + " }"
    spec = compile_text(Source("large.d", text), TARGET, {})
    with (
        pytest.raises(CompileError, match="too large for BPF: BPF program is too large") as error,
        Session(spec, TARGET),
    ):
        pass
    (problem,) = error.value.diagnostics
    assert (problem.tag, text[problem.span.start :][:5]) == ("D_CG_EXPR", "BEGIN")


@pytest.mark.parametrize("scope", ["self", "this"])
def test_variables_for_which_there_is_no_map_are_told(scope: str) -> None:
    text = f"{scope} int a[8000]; {scope} int b[9000]; BEGIN {{ {scope}->a[2] = {scope}->b[3] = 4; }}"
    with (
        pytest.raises(CompileError, match="too large for BPF") as error,
        Session(compile_text(Source("large.d", text), TARGET, {}), TARGET),
    ):
        pass
    (problem,) = error.value.diagnostics
    assert problem.tag == "D_CG_EXPR"
    assert text.index("BEGIN") <= problem.span.start < problem.span.end <= len(text)


def test_a_strsize_that_is_too_large_is_told() -> None:
    text = 'BEGIN { x = "a"; y = strjoin(x, x); trace(basename(y)); }'
    with pytest.raises(CompileError, match="too large for BPF") as error:
        compile_text(Source("large.d", text), TARGET, {"strsize": "65536"})
    assert error.value.diagnostics[0].hint == "lower strsize"
    assert traced(text, strsize="4096") == ["aa"]


def test_values_survive_a_full_stack() -> None:
    locals_ = "".join(f"this->v{n} = {n}; " for n in range(100))
    deep = "(x + 1) * 2 - " * 120 + "x"
    assert traced(f"BEGIN {{ x = 3; {locals_} trace(this->v7 + this->v99); trace({deep}); }}")[0] == 106
