"""What a one-liner must not pay for: modules that cost milliseconds are imported in the function that needs them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

# Each costs 2 ms to 50 ms of a start that has 80.
COSTLY = {
    "asyncio",
    "bcc",
    "click",
    "dataclasses",
    "importlib.resources",
    "inspect",
    "json",
    "pathlib",
    "rich",
    "subprocess",
    "tempfile",
}
ON_THE_WAY = ["lang", "builtins", "providers", "bpf", "compile", "kernel", "runtime"]

IMPORT_ALL = """
import importlib, os, sys
package = importlib.import_module("pyvtrace." + sys.argv[1])
for name in sorted(os.listdir(package.__path__[0])):
    if name.endswith(".py") and name != "__init__.py":
        importlib.import_module(package.__name__ + "." + name[:-3])
print(*sys.modules)
"""


@pytest.mark.parametrize("layer", ON_THE_WAY)
def test_no_module_of_the_layer_imports_what_is_costly(layer: str) -> None:
    run = [sys.executable, "-c", IMPORT_ALL, layer]
    loaded = set(subprocess.run(run, check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & COSTLY


def test_a_one_liner_imports_nothing_that_is_costly(vtrace: Callable[..., Any]) -> None:
    trace = vtrace("-qn", "BEGIN { exit(0); }", env={"PYTHONPROFILEIMPORTTIME": "1"})
    loaded = {line.rpartition("|")[2].strip() for line in trace.stderr.splitlines() if line.startswith("import time:")}
    assert "pyvtrace.source" in loaded
    assert not loaded & COSTLY


WATCH = """
import sys
def note(event, arguments):
    path = str(arguments[0]) if event == "open" else ""
    if "/pyvtrace/library/" in path or "/btf/" in path:
        print("opened", path, file=sys.stderr)
sys.addaudithook(note)
from pyvtrace.cli.main import run
run()
"""


@pytest.mark.parametrize(
    ("program", "reads_libraries"),
    [
        ("BEGIN { exit(0); }", False),
        ("BEGIN { @[execname, pid] = count(); x = (uint64_t)1; self->y = timestamp; exit(0); }", False),
        ("BEGIN { x = SIGKILL; exit(0); }", True),
        ("BEGIN { x = (psinfo_t *)0; exit(0); }", True),
    ],
)
def test_libraries_and_btf_are_read_by_programs_that_name_something_of_theirs(
    program: str, reads_libraries: bool
) -> None:
    """The first start on a kernel may read BTF for what it then keeps in the cache: the second one is watched."""
    for _ in range(2):
        ran = subprocess.run([sys.executable, "-c", WATCH, "-qn", program], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
    opened = [line for line in ran.stderr.splitlines() if line.startswith("opened ")]
    assert any("/pyvtrace/library/" in line for line in opened) is reads_libraries
    assert not any("/btf/" in line for line in opened)


RUN_AND_TELL = "import sys; from pyvtrace.cli.main import main; main(sys.argv[1:]); print(*sys.modules)"
TABLES = {f"pyvtrace.providers.{name}" for name in ("stable", "io", "sched", "proc", "lockstat", "cpc")}


@pytest.mark.parametrize(
    ("program", "imported"),
    [
        ("BEGIN { exit(0); }", set()),
        ("syscall::read:entry { } BEGIN { exit(0); }", set()),
        ("cpc:::cpu_clock-all-1000000 { } BEGIN { exit(0); }", {"pyvtrace.providers.cpc"}),
    ],
)
def test_tables_of_providers_are_imported_by_programs_that_may_mean_them(program: str, imported: set[str]) -> None:
    """Asked of sys.modules: the interpreter's list of imports leaves out those that are made by name."""
    run = [sys.executable, "-c", RUN_AND_TELL, "-qn", program]
    loaded = set(subprocess.run(run, check=True, capture_output=True, text=True).stdout.split())
    assert loaded & TABLES == imported
