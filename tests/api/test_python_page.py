"""docs/python.md, docs/c-probes.md: every example for Python prints what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.truth.live import Missed, again_if_missed


def text_of(page: str) -> str:
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as file:
        return file.read()


PAGES = {page: text_of(page) for page in ("python.md", "c-probes.md")}
EXAMPLES = [
    (page, *example)
    for page, text in PAGES.items()
    for example in re.findall(r"```python\n(.*?)```\n```text\n(.*?)```", text, re.DOTALL)
]


def test_every_example_has_its_output() -> None:
    for page, text in PAGES.items():
        assert len([one for one in EXAMPLES if one[0] == page]) == text.count("```python") >= 1
        assert "Session(" not in re.sub(r"```python\n.*?```|`[^`]*`", "", text, flags=re.DOTALL), page


@pytest.mark.parametrize(("page", "program", "output"), EXAMPLES, ids=[f"{n}-{e[0]}" for n, e in enumerate(EXAMPLES)])
@again_if_missed
def test_example(page: str, program: str, output: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    if " events missed: " in done.stderr:
        raise Missed
    assert (done.stdout, done.stderr) == (output, "")
