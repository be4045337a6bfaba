"""Stability attributes: what a description, a statement and a program promise (Dynamic Tracing Guide, "Stability")."""

from __future__ import annotations

import pytest

from pyvtrace.lang.lexer import Macros
from pyvtrace.lang.parser import parse
from pyvtrace.lang.stability import Attributes, attributes_of, least, of_program
from pyvtrace.runtime.program import compile_text
from pyvtrace.source import CompileError, Source
from tests.frozen import FrozenTarget


def of(text: str) -> tuple[Attributes | None, Attributes | None]:
    return of_program(parse(Source("t.d", text), Macros((), {}, False, False)).items)


def words(text: str) -> Attributes:
    found = attributes_of(text)
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "descriptions", "statements"),
    [
        ("BEGIN { }", "Unstable/Unstable/Common", "Stable/Stable/Common"),
        ("dtrace:::BEGIN { }", "Stable/Stable/Common", "Stable/Stable/Common"),
        ("syscall:::entry { }", "Evolving/Evolving/Common", "Stable/Stable/Common"),
        ("syscall::read:entry { }", "Unstable/Unstable/ISA", "Stable/Stable/Common"),
        ("syscall::r*:entry { }", "Evolving/Evolving/Common", "Stable/Stable/Common"),
        ("syscall:vmlinux:read:entry { }", "Private/Private/Unknown", "Stable/Stable/Common"),
        ("profile:::tick-1s { trace(pid); }", "Evolving/Evolving/Common", "Stable/Stable/Common"),
        ("dtrace:::BEGIN, profile:::tick-1s { }", "Evolving/Evolving/Common", "Stable/Stable/Common"),
        ("pid123:libc:malloc:entry { }", "Private/Private/Unknown", "Stable/Stable/Common"),
        ("dtrace:::BEGIN { x = curthread; }", "Stable/Stable/Common", "Stable/Private/Common"),
        ("dtrace:::BEGIN /curthread/ { }", "Stable/Stable/Common", "Stable/Private/Common"),
        ("dtrace:::BEGIN { trace(`jiffies); }", "Stable/Stable/Common", "Private/Private/Unknown"),
        ("syscall:::entry { trace(args[0]); }", "Evolving/Evolving/Common", "Unstable/Unstable/ISA"),
        (
            "dtrace:::BEGIN { x = 1; }\n#pragma D attributes Evolving/Private/ISA x",
            "Stable/Stable/Common",
            "Evolving/Private/ISA",
        ),
    ],
)  # fmt: skip
def test_a_program_has_the_least_of_all_that_it_names(text: str, descriptions: str, statements: str) -> None:
    assert of(text) == (words(descriptions), words(statements))


def test_the_least_is_taken_word_by_word() -> None:
    assert least([words("Evolving/Private/Common"), words("Private/Evolving/ISA")]) == words("Private/Private/ISA")


@pytest.mark.parametrize("text", ["", "Stable", "Stable/Stable", "Stable/Stable/Stable", "Stable/Stable/Common/x"])
def test_what_is_no_attribute(text: str) -> None:
    assert attributes_of(text) is None


def test_names_below_the_minimum_are_refused() -> None:
    with pytest.raises(CompileError) as error:
        compile_text(
            Source("t.d", "BEGIN { trace(pid); trace(curthread); }"), FrozenTarget(), {"amin": "Evolving/Evolving/ISA"}
        )
    (problem,) = error.value.diagnostics
    assert (problem.tag, problem.span.start) == ("D_ATTR_MIN", 26)
    assert problem.message.startswith("attributes for variable curthread (Stable/Private/Common) are less than")
    compile_text(Source("t.d", "BEGIN { trace(pid); }"), FrozenTarget(), {"amin": "stable/stable/common"})
