"""Scripts about runtimes: the distribution's Python has static probes, node has the names of V8's functions."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

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


COLLECTIONS = """
import gc, json, os
gc.disable()
for generation, count in ((1, 5), (2, 17)):
    for _ in range(count):
        gc.collect(generation)
os.write(2, json.dumps({"pid": os.getpid()}).encode() + b"\\n")
os._exit(0)
"""


@pytest.mark.parametrize("python", [PYTHON, sys.executable], ids=["distribution", "environment"])
def test_each_collection_is_a_line(python: str) -> None:
    ran = run("runtimes/gc", shlex.join([python, "-S", "-c", COLLECTIONS]))
    rows = ran.of(pid=ran.truth["pid"])
    assert len([row for row in rows if row["generation"] == 2]) == 17
    # Until it is told not to, the interpreter collects by itself: the youngest first.
    assert [row["generation"] for row in rows][-22:] == [1] * 5 + [2] * 17


NODE = """
for (let i = 0; i < 7; i++) gc();
for (let i = 0; i < 5; i++) gc({type: "minor"});
console.error(JSON.stringify({pid: process.pid}));
"""


def test_gc_of_node() -> None:
    # With so much room for young objects, nothing is collected but what the program asks for.
    node = ["node", "--expose-gc", "--min-semi-space-size=64", "-e", NODE]
    ran = run("runtimes/nodegc", shlex.join(node))
    rows = ran.of(pid=ran.truth["pid"], comm="node")
    assert [row["kind"] for row in rows] == ["full"] * 7 + ["young"] * 5
    assert all(row["took"] > 0 for row in rows)


def test_imports(tmp_path: Path) -> None:
    (tmp_path / "outer.py").write_text("import inner\n")
    (tmp_path / "inner.py").write_text("import time; time.sleep(0.02)\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import outer"
    ran = run("runtimes/imports", shlex.join([PYTHON, "-S", "-B", "-c", code]))
    inner, outer = ran.one(module="inner"), ran.one(module="outer")
    assert (inner["found"], outer["found"]) == (1, 1)
    assert 20 * MS <= inner["took"] <= outer["took"]


NODE_LOOP = """
const took = [];
function work() {
    const before = process.hrtime.bigint();
    while (process.hrtime.bigint() - before < 30_000_000n) {}
    took.push(Number(process.hrtime.bigint() - before));
    if (took.length < 4) setTimeout(work, 5);
    else console.error(JSON.stringify({took, pid: process.pid}));
}
setTimeout(work, 5);
"""


def test_loops_of_node() -> None:
    ran = run("runtimes/loops", shlex.join(["node", "-e", NODE_LOOP]), "--by", "pid,tid")
    row = ran.of(pid=ran.truth["pid"], tid=ran.truth["pid"])[-1]
    assert len(ran.truth["took"]) == 4
    long = [bucket for bucket in row["buckets"] if bucket["upto"] >= 30 * MS]
    # After the last piece of work there is no event to look for.
    assert sum(bucket["count"] for bucket in long) >= 3
    assert row["max"] >= 30 * MS


def test_loops() -> None:
    ran = run("runtimes/loops", shlex.join([sys.executable, "-S", "-c", LOOP]), "--by", "pid")
    row = ran.of(pid=ran.truth["pid"])[-1]
    long = [bucket for bucket in row["buckets"] if bucket["upto"] >= 30 * MS]
    # The last piece of work ends with a look for events, too; before the first there was none.
    assert sum(bucket["count"] for bucket in long) >= 3
    assert row["max"] >= 30 * MS
