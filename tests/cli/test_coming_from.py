"""docs/coming-from-dtrace.md and -bpftrace.md: every D program runs as it stands, beside something to see."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pyvtrace.kernel.target import LiveTarget
from tests.conftest import ROOT, RunVtrace

PAGES = ("coming-from-dtrace.md", "coming-from-bpftrace.md")
EXAMPLE = re.compile(r"```d\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)
# Opens and reads files, fails to, starts programs, writes past the page cache, computes for longer than a tick, and
# waits for a thread.
WORK = """
i=0
while [ $i -lt 5 ]; do cat /etc/passwd; cat /nowhere; i=$((i + 1)); done >/dev/null 2>&1
dd if=/dev/zero of="$1" bs=4k count=4 oflag=direct 2>/dev/null
while [ $i -lt 200000 ]; do i=$((i + 1)); done
python3 -c 'import threading, time; t = threading.Thread(target=time.sleep, args=(0.1,)); t.start(); t.join()'
"""

# An interrupt can fire a tracepoint whose program runs on that CPU at the moment: that is missed, and told. Of all
# processes a busy machine can have more to say than there is room for until the reader gets a processor.
TOLD = re.compile(
    r"vtrace: \d+ firings? missed: the probe fired while its own program was running on that CPU\n"
    r"|vtrace: \d+ drops? on CPU \d+\n"
)
# How deep the kernel's stacks are is its own affair, and a stack that was cut is reported: here there is room for any.
DEEP = ("-x", "stackframes=127")


def examples() -> list[tuple[str, str, str]]:
    found = []
    for page in PAGES:
        with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as file:
            found += [(page, program, output) for program, output in EXAMPLE.findall(file.read())]
    return found


EXAMPLES = examples()


def test_both_pages_have_programs() -> None:
    assert {page: sum(of == page for of, _, _ in EXAMPLES) for page in PAGES} == {PAGES[0]: 14, PAGES[1]: 14}


@pytest.mark.parametrize(
    ("program", "output"),
    [(program, output) for _, program, output in EXAMPLES],
    ids=[f"{page.split('.')[0]}-{n}" for n, (page, _, _) in enumerate(EXAMPLES)],
)
def test_it_runs_and_sees_something(program: str, output: str, vtrace: RunVtrace, tmp_path: Path) -> None:
    if output:
        ran = vtrace("-q", "-n", program)
        assert (ran.stdout, ran.stderr, ran.status) == (output, "", 0)
        return
    work = tmp_path / "work.sh"
    work.write_text(WORK)
    # A file on a disk, which the temporary directory need not be.
    target = os.path.join(ROOT, f".coming-from-{os.getpid()}")
    try:
        ran = vtrace("-q", *DEEP, "-n", program, "-c", f"sh {work} {target}")
    finally:
        Path(target).unlink(missing_ok=True)
    if "functions of this kernel cannot be traced" in ran.stderr:
        # Where probes in functions are forbidden, the page says that this is told.
        assert "fbt:" in program
        assert not LiveTarget().feature("fentry")
        assert ran.status == 1
        return
    assert (TOLD.sub("", ran.stderr), ran.status) == ("", 0)
    assert ran.stdout.strip()
