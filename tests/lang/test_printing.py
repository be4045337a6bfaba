"""Formats and what they show."""

from __future__ import annotations

import pytest

from pyvtrace.runtime.program import compile_text
from pyvtrace.source import CompileError, Source
from tests.frozen import FrozenTarget

REFUSED = [
    ("D_PRINTF_DYN_TYPE", 'printf("%*d", "a", 1);'),
    ("D_PRINTF_DYN_PROTO", 'printf("%*d");'),
    ("D_PRINTF_DYN_TYPE", 'printf("%.*s", "a", "b");'),
    ("D_PRINTF_ARG_PROTO", 'printf("%.*s", 1);'),
    ("D_PRINTF_ARG_PROTO", 'printf("%d %d", 1);'),
    ("D_PRINTF_ARG_EXTRA", 'printf("%d", 1, 2);'),
    ("D_PRINTF_ARG_TYPE", 'printf("%d", "a");'),
    ("D_PRINTF_ARG_TYPE", 'printf("%s", 1);'),
    ("D_PRINTF_ARG_TYPE", 'printf("%S", 1);'),
    ("D_PRINTF_ARG_TYPE", 'printf("%Y", "a");'),
    ("D_PRINTF_ARG_TYPE", 'printf("%p", "a");'),
    ("D_PRINTF_ARG_TYPE", 'printf("%d", (char *)0);'),
    ("D_PRINTF_ARG_TYPE", 'printf("%x", (char *)0);'),
    ("D_PRINTF_ARG_TYPE", 'printf("%c", 65L);'),
    ("D_PRINTF_ARG_TYPE", 'printf("%C", "A");'),
    ("D_PRINTF_ARG_TYPE", 'printf("%Y", 1);'),
    ("D_PRINTF_ARG_TYPE", 'printf("%f", 1);'),
    ("D_SYNTAX", 'printf("%z", 1);'),
    ("D_SYNTAX", 'printf("%");'),
    ("D_SYNTAX", 'printf("%5@d", 1);'),
    ("D_PRINTF_ARG_FMT", "printf(1);"),
    ("D_PRINTF_AGG_CONV", 'printf("%@d", 1);'),
    ("D_PRINTF_FMT_EMPTY", 'printf("");'),
    ("D_PRINTF_FMT_EMPTY", '@ = count(); printa("", @);'),
    ("D_PRINTF_ARG_PROTO", '@ = count(); printa("%d", @);'),
    ("D_PRINTF_ARG_PROTO", '@["a"] = count(); printa("%s %s", @);'),
    ("D_PRINTF_ARG_TYPE", '@["a"] = count(); printa("%d", @);'),
    ("D_PRINTF_ARG_TYPE", '@[1] = count(); printa("%s", @);'),
    ("D_PRINTF_DYN_PROTO", '@[1] = count(); printa("%d %@*d", @);'),
    ("D_PRINTF_DYN_TYPE", '@["a"] = count(); printa("%@*d", @);'),
    ("D_PRINTF_ARG_PROTO", '@[1] = count(); printa("%*d", @);'),
    ("D_SYNTAX", '@ = count(); printa("%5@d", @);'),
    ("D_SYNTAX", '@ = count(); printa("%max", @);'),
    ("D_SYNTAX", '@ = quantize(1); printa("%mean", @);'),
    ("D_PRINTF_ARG_PROTO", '@ = sum(1); printa("%p50", @);'),
    ("D_PRINTA_PROTO", 'printa("%d");'),
    ("D_PRINTA_AGGARG", 'printa("%d", 1);'),
    ("D_PRINTA_AGGBAD", 'printa("%d", @none);'),
    ("D_PRINTA_AGGKEY", "@[1] = count(); @b = count(); printa(@, @b);"),
    ("D_PRINTA_AGGPROTO", '@[1] = count(); @b["x"] = count(); printa(@, @b);'),
    ("D_CLEAR_PROTO", "@ = count(); clear(@, 1);"),
    ("D_NORMALIZE_PROTO", "@ = count(); normalize(@);"),
    ("D_NORMALIZE_PROTO", "@ = count(); denormalize(@, 2);"),
    ("D_NORMALIZE_SCALAR", '@ = count(); normalize(@, "x");'),
    ("D_AGG_SCALAR", '@ = sum("x");'),
    ("D_LQUANT_STEPTYPE", "@ = lquantize(1, 0, 10, 0);"),
    ("D_LQUANT_STEPTYPE", '@ = lquantize(1, 0, 10, "x");'),
    ("D_LQUANT_MATCHLIM", "@ = lquantize(1, 0, 10, 1); @ = lquantize(1, 0, 11, 1);"),
    ("D_LQUANT_MATCHSTEP", "@ = lquantize(1, 0, 10, 1); @ = lquantize(1, 0, 10, 2);"),
    ("D_LLQUANT_MATCHLMAG", "@ = llquantize(1, 10, 0, 3, 10); @ = llquantize(1, 10, 1, 3, 10);"),
    ("D_LLQUANT_MATCHHMAG", "@ = llquantize(1, 10, 0, 3, 10); @ = llquantize(1, 10, 0, 4, 10);"),
    ("D_LLQUANT_MATCHSTEPS", "@ = llquantize(1, 10, 0, 3, 10); @ = llquantize(1, 10, 0, 3, 20);"),
]


@pytest.mark.parametrize(("tag", "body"), REFUSED)
def test_refused(tag: str, body: str) -> None:
    with pytest.raises(CompileError) as error:
        compile_text(Source("t.d", f"BEGIN {{ {body} }}"), FrozenTarget(), {})
    assert [d.tag for d in error.value.diagnostics] == [tag]
