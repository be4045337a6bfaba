"""Scripts about runtimes: the distribution's Python has static probes."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from tests.scripts.ran import run

MS = 1_000_000
PYTHON = "/usr/bin/python3"
GARBAGE = """
import gc, json, os
gc.disable()
class Ring: pass
def make(n):
    for _ in range(n):
        one = Ring()
        one.itself = one
found = []
for generation, rings in ((0, 10), (1, 20), (2, 30)):
    gc.collect()
    make(rings)
    found.append(gc.collect(generation))
os.write(2, json.dumps({"found": found, "pid": os.getpid()}).encode() + b"\\n")
os._exit(0)
"""
LOOP = """
import asyncio, json, os, sys, time
took = []
async def work():
    for _ in range(4):
        before = time.monotonic_ns()
        time.sleep(0.03)
        took.append(time.monotonic_ns() - before)
        await asyncio.sleep(0.001)
asyncio.run(work())
os.write(2, json.dumps({"took": took, "pid": os.getpid()}).encode() + b"\\n")
"""


def test_gc() -> None:
    ran = run("runtimes/gc", shlex.join([PYTHON, "-S", "-c", GARBAGE]))
    rows = [(row["generation"], row["collected"]) for row in ran.of(pid=ran.truth["pid"])]
    # Collections of all come between: each of the three finds what was made since.
    wanted = list(enumerate(ran.truth["found"]))
    assert [row for row in rows if row in wanted][-3:] == wanted
    assert min(ran.truth["found"]) >= 10
    assert all(row["took"] > 0 for row in ran.rows)


def test_imports(tmp_path: Path) -> None:
    (tmp_path / "outer.py").write_text("import inner\n")
    (tmp_path / "inner.py").write_text("import time; time.sleep(0.02)\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import outer"
    ran = run("runtimes/imports", shlex.join([PYTHON, "-S", "-B", "-c", code]))
    inner, outer = ran.one(module="inner"), ran.one(module="outer")
    assert (inner["found"], outer["found"]) == (1, 1)
    assert 20 * MS <= inner["took"] <= outer["took"]


def test_loops() -> None:
    ran = run("runtimes/loops", shlex.join([sys.executable, "-S", "-c", LOOP]), "--by", "pid")
    row = ran.of(pid=ran.truth["pid"])[-1]
    long = [bucket for bucket in row["buckets"] if bucket["upto"] >= 30 * MS]
    # The last piece of work ends with a look for events, too; before the first there was none.
    assert sum(bucket["count"] for bucket in long) >= 3
    assert row["max"] >= 30 * MS
