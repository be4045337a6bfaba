"""Programs compiled from text: options by name, sources in a row."""

from __future__ import annotations

import pytest

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import Request, compile_request, compile_text
from pyvtrace.source import CompileError, Source

TARGET = LiveTarget()
BEGIN = Source("specifier", "BEGIN { x = 1; }", "specifier")


def test_options_are_taken_as_x_takes_them() -> None:
    spec = compile_text(BEGIN, TARGET, {"bufsize": "64k", "quiet": "", "statusrate": "10hz"})
    assert spec.options == {"bufsize": "65536", "quiet": "1", "statusrate": "100000000"}
    assert {m.max_entries for m in spec.maps if m.name == spec.ring} == {65536}


@pytest.mark.parametrize("options", [{"nosuch": "1"}, {"bufsize": "big"}, {"ctfpath": "/x"}])
def test_a_bad_option_is_an_error_of_the_caller(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f"failed to set {next(iter(options))}: "):
        compile_text(BEGIN, TARGET, options)


def test_each_text_keeps_its_probes_and_lines() -> None:
    script = Source("two.d", "BEGIN, END\n{\n\ty = x;\n\tif (y) {\n\t\tx = 2;\n\t}\n}\nEND\n/x/\n{ }\n")
    compiled = compile_request(Request((BEGIN, script, BEGIN)), TARGET)
    assert compiled.matched == (1, 3, 1)
    assert compiled.spec.lines == {
        (1, 1): 1,
        (2, 1): 3, (2, 2): 4, (2, 3): 5,
        (3, 0): 9,
        (4, 1): 1,
    }  # fmt: skip
    assert not compiled.spec.destructive


def test_problems_of_all_texts_know_where_they_are() -> None:
    wrong = Source("wrong.d", "BEGIN\n{\n\ttrace(nosuch); }")
    with pytest.raises(CompileError) as raised:
        compile_request(Request((wrong, BEGIN, wrong)), TARGET)
    source = raised.value.source
    places = [(source.of(d.span.start).name, source.line_of(d.span.start), source.column_of(d.span.start))
              for d in raised.value.diagnostics]  # fmt: skip
    assert places == [("wrong.d", 3, 7)] * 2
