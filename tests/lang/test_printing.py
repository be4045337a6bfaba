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
    ("D_PRINTF_ARG_FMT", 'printf("%z", 1);'),
    ("D_PRINTF_ARG_FMT", 'printf("%");'),
    ("D_PRINTF_ARG_FMT", 'printf("%5@d", 1);'),
    ("D_PRINTF_ARG_FMT", "printf(1);"),
    ("D_PRINTF_AGG_CONV", 'printf("%@d", 1);'),
    ("D_PRINTF_FMT_EMPTY", 'printf("");'),
    ("D_PRINTF_FMT_EMPTY", '@ = count(); printa("", @);'),
    ("D_PRINTF_ARG_PROTO", '@ = count(); printa("%d", @);'),
    ("D_PRINTF_ARG_PROTO", '@["a"] = count(); printa("%s %s", @);'),
    ("D_PRINTF_ARG_TYPE", '@["a"] = count(); printa("%d", @);'),
    ("D_PRINTF_ARG_TYPE", '@[1] = count(); printa("%s", @);'),
    ("D_PRINTF_DYN_PROTO", '@[1] = count(); printa("%*d", @);'),
    ("D_PRINTF_ARG_FMT", '@ = count(); printa("%5@d", @);'),
    ("D_PRINTF_ARG_FMT", '@ = count(); printa("%max", @);'),
    ("D_PRINTF_ARG_FMT", '@ = quantize(1); printa("%mean", @);'),
    ("D_PRINTF_ARG_PROTO", '@ = sum(1); printa("%p50", @);'),
    ("D_PRINTA_PROTO", 'printa("%d");'),
    ("D_PRINTA_AGGARG", 'printa("%d", 1);'),
    ("D_PRINTA_AGGBAD", 'printa("%d", @none);'),
    ("D_PRINTA_AGGKEY", "@[1] = count(); @b = count(); printa(@, @b);"),
]


@pytest.mark.parametrize(("tag", "body"), REFUSED)
def test_refused(tag: str, body: str) -> None:
    with pytest.raises(CompileError) as error:
        compile_text(Source("t.d", f"BEGIN {{ {body} }}"), FrozenTarget(), {})
    assert [d.tag for d in error.value.diagnostics] == [tag]
