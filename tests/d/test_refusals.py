"""Every `AREA/err.TAG.RULE.d` here is refused, and what is said first is what `AREA/err.TAG.RULE.out` says: the tag,
the line and the words. Compiled in this process, for there are hundreds of them and none comes to run."""

from __future__ import annotations

import os

import pytest

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.source import CompileError, Source
from tests.d.tags import PAGE, page

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = sorted(
    os.path.join(area, name)
    for area in os.listdir(HERE)
    if os.path.isdir(os.path.join(HERE, area))
    for name in os.listdir(os.path.join(HERE, area))
    if name.startswith("err.") and name.endswith(".d")
)
TARGET = LiveTarget()


def read(path: str) -> str:
    with open(os.path.join(HERE, path), encoding="utf-8") as file:
        return file.read()


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 700


@pytest.mark.parametrize("path", PROGRAMS)
def test_is_refused_by_its_tag(path: str) -> None:
    name = os.path.basename(path)
    source = Source(name, read(path), "script")
    with pytest.raises(CompileError) as error:
        compile_text(source, TARGET, {})
    first = error.value.diagnostics[0]
    assert first.tag == name.split(".")[1]
    said = f"vtrace: {first.headline(source, tags=True)}\n"
    assert read(path.removesuffix(".d") + ".out").partition("--- stderr\n")[2] == said


def test_the_page_of_tags_is_made_of_these_programs() -> None:
    with open(PAGE, encoding="utf-8") as file:
        assert file.read() == page(), "run python -m tests.d.tags"
