"""docs/language.md: every example prints what the page says."""

from __future__ import annotations

import os
import re

import pytest

from tests.conftest import ROOT, RunVtrace

with open(os.path.join(ROOT, "docs", "language.md"), encoding="utf-8") as page:
    EXAMPLES = re.findall(r"```d\n(.*?)```\n```text\n(.*?)```", page.read(), re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 5


@pytest.mark.parametrize(("program", "output"), EXAMPLES, ids=[str(n) for n in range(len(EXAMPLES))])
def test_example(program: str, output: str, vtrace: RunVtrace) -> None:
    result = vtrace("-q", "-n", program)
    assert result.stdout == output
