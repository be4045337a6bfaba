"""What may follow what in a clause that speculates."""

from __future__ import annotations

import pytest

from pyvtrace.runtime.program import compile_text
from pyvtrace.source import CompileError, Source
from tests.frozen import FrozenTarget

TARGET = FrozenTarget()


@pytest.mark.parametrize(
    ("tag", "body"),
    [
        ("D_SPEC_SPEC", "speculate(1); speculate(1);"),
        ("D_SPEC_COMM", "commit(1); speculate(1);"),
        ("D_SPEC_DREC", "trace(1); speculate(1);"),
        ("D_SPEC_DREC", "@ = count(); speculate(1);"),
        ("D_COMM_COMM", "commit(1); commit(1);"),
        ("D_COMM_DREC", 'printf("x"); commit(1);'),
        ("D_COMM_DREC", "@ = count(); commit(1);"),
        ("D_DREC_COMM", "commit(1); trace(1);"),
        ("D_DREC_COMM", "commit(1); exit(0);"),
        ("D_AGG_COMM", "commit(1); @ = count();"),
        ("D_AGG_SPEC", "speculate(1); @ = count();"),
        ("D_EXIT_SPEC", "speculate(1); exit(0);"),
        ("D_PROTO_LEN", "speculate();"),
        ("D_PROTO_LEN", "commit(1, 2);"),
        ("D_PROTO_ARG", 'discard("x");'),
        ("D_PROTO_LEN", "x = speculation(1);"),
    ],
)
def test_refused(tag: str, body: str) -> None:
    with pytest.raises(CompileError) as error:
        compile_text(Source("t.d", f"BEGIN {{ {body} }}"), TARGET, {})
    assert [d.tag for d in error.value.diagnostics] == [tag]


@pytest.mark.parametrize(
    "body",
    ['speculate(1); trace(1); printf("x");', "discard(1); trace(1);", "trace(1); discard(1);", "commit(1); x = 1;"],
)
def test_allowed(body: str) -> None:
    compile_text(Source("t.d", f"BEGIN {{ {body} }}"), TARGET, {})
