"""A script of the library, run as its user runs it, around a workload whose truth is known."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pyvtrace.analysis.library import find
from pyvtrace.export.schemas import schema_of
from tests.conftest import PATIENCE, ROOT, VTRACE
from tests.machine import Stolen
from tests.schemas import validator

Row = Mapping[str, Any]
# An interrupt's probe that meets a program on its CPU, ours or another tracer's, is skipped by the kernel, and told.
MISSED = re.compile(r"vtrace: (\d+) firings? missed: the probe fired while its own program was running on that CPU\n?")
ATTEMPTS = 5


class Ran(NamedTuple):
    """The script's JSON objects, what the workload said of itself, what `vtrace` complained of, and the most that a
    hypervisor took meanwhile, in ns."""

    rows: Sequence[Row]
    truth: Mapping[str, Any]
    complaints: Sequence[str]
    stolen_ns: int

    @property
    def missed(self) -> int:
        """Firings that the kernel skipped, as `vtrace` says."""
        return sum(int(said[1]) for said in map(MISSED.fullmatch, self.complaints) if said)

    def of(self, **wanted: object) -> list[Row]:
        """The events whose columns have these values, or the rows whose keys have."""
        return [row for row in self.rows if all(row.get("key", row).get(k) == v for k, v in wanted.items())]

    def one(self, **wanted: object) -> Row:
        """The only one of them."""
        found = self.of(**wanted)
        assert len(found) == 1, (wanted, found or self.rows)
        return found[0]


def act(what: str, *arguments: object) -> str:
    """A command line for a function of `tests.workloads.acts_*`: `act("files.opens", directory, 3, 2)`."""
    module, name = what.split(".")
    return shlex.join([sys.executable, "-S", "-m", f"tests.workloads.acts_{module}", name, *map(str, arguments)])


def gated(name: str, *arguments: object) -> str:
    """A command line for a workload with a gate, which is open: its standard input is empty."""
    return shlex.join([sys.executable, "-S", "-m", f"tests.workloads.{name}", *map(str, arguments)])


def run(name: str, command: str, *options: str, complaints: bool = False) -> Ran:
    """`vtrace run NAME --json -c COMMAND`; it must have nothing to complain of, unless `complaints`, and its lines are
    what the script's schema says. What is exact holds only when no firing was missed: then all is done again."""
    for _ in range(ATTEMPTS - 1):
        ran = _once(name, command, *options)
        if complaints or not ran.missed:
            break
    else:
        ran = _once(name, command, *options)
    assert complaints or not ran.complaints, ran.complaints
    return ran


def _once(name: str, command: str, *options: str) -> Ran:
    stolen = Stolen()
    done = subprocess.run(
        [VTRACE, "run", name, "--json", "-c", command, *options],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    taken = stolen.most_ns()
    said = done.stderr.splitlines()
    truth = [json.loads(line) for line in said if line.startswith("{")]
    ours = [line for line in said if line.startswith("vtrace: ")]
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    lines = validator(schema_of(find(name).read()))
    for row in rows:
        lines.validate(row)
    told = {name: value for line in truth for name, value in line.items()}
    return Ran(rows, told, ours, taken)
