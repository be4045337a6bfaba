"""docs/python.md: every example prints what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

with open(os.path.join(ROOT, "docs", "python.md"), encoding="utf-8") as page:
    TEXT = page.read()
EXAMPLES = re.findall(r"```python\n(.*?)```\n```text\n(.*?)```", TEXT, re.DOTALL)


def test_every_example_has_its_output() -> None:
    assert len(EXAMPLES) == TEXT.count("```python") > 3


@pytest.mark.parametrize(("program", "output"), EXAMPLES, ids=[str(n) for n in range(len(EXAMPLES))])
def test_example(program: str, output: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout, done.stderr) == (output, "")
