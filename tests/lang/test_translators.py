"""Translators that D refuses: the tag of each rule, and a place in the program."""

from __future__ import annotations

import pytest

from tests.lang.test_diagnostics import problems

# Goes before each program.
KNOWN = "struct o { int a, b; }; translator struct o < int i > { a = i; }; struct i { int a; }; struct i z; "
# The tag, and what breaks its rule.
REFUSED = """\
D_XLATE_SOU         translator int < int *i > { x = 1; }; BEGIN { }
D_XLATE_SOU         translator struct nosuch_o < int *i > { x = 1; }; BEGIN { }
D_XLATE_NONE        BEGIN { trace(xlate <int> (pid)); }
D_XLATE_REDECL      translator struct o < int j > { b = j; }; BEGIN { }
D_XLATE_MEMB        translator struct o < long i > { c = i; }; BEGIN { }
D_XLATE_INCOMPAT    translator struct o < long i > { a = "x"; }; BEGIN { }
D_XLATE_NONE        BEGIN { trace(xlate <struct o> ("x").a); }
D_XLATE_NOCONV      BEGIN { trace(xlate <struct o> (1).b); }
D_XLATE_NOCONV      BEGIN { trace(xlate <struct o> (1).c); }
D_OP_PTR            BEGIN { trace(xlate <struct o> (1)->a); }
D_OP_SOU            BEGIN { trace(xlate <struct o *> (1).a); }
D_OP_DYN            BEGIN { x = xlate <struct o *> (1); }
D_TRACE_DYN         BEGIN { trace(xlate <struct o> (1)); }
D_ADDROF_VAR        translator struct o < struct i *p > { b = p->a; }; BEGIN { trace(xlate <struct o> (&z).b); }
D_SYNTAX            translator struct o < long > { a = 1; }; BEGIN { }
"""
CASES = [line.split(None, 1) for line in REFUSED.splitlines()]


@pytest.mark.parametrize(("tag", "program"), CASES, ids=[" ".join(case) for case in CASES])
def test_is_refused_by_its_tag(tag: str, program: str) -> None:
    (found,) = problems(KNOWN + program)
    assert found.tag == tag
    assert len(KNOWN) <= found.span.start <= found.span.end <= len(KNOWN + program)
