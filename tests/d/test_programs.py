"""Every `NAME.d` and `AREA/NAME.d` here through the real command line, compared with what DTrace prints: `NAME.out`,
whose first line is the command line, the second the exit status, then standard output and standard error. Some have no
`NAME.d`. `AREA/err.TAG.RULE.d` are refused, which is another test's matter.

Equal to the byte, but for what may differ: CPU numbers, the order of a listing, how a run-time error says where it
was, and the lines in which we show the place of a problem below DTrace's own words.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


def named(ending: str) -> set[str]:
    """Names, with their area, of files that end so; not those of what is refused."""
    places = ["", *(entry.name for entry in os.scandir(HERE) if entry.is_dir())]
    return {
        os.path.join(place, name.removesuffix(ending))
        for place in places
        for name in os.listdir(os.path.join(HERE, place))
        if name.endswith(ending) and not (place and name.startswith("err."))
    }


NAMES = sorted(named(".out"))


class Expected(NamedTuple):
    arguments: list[str]
    status: int
    stdout: str
    stderr: str


def expected(name: str) -> Expected:
    with open(os.path.join(HERE, f"{name}.out"), encoding="utf-8") as file:
        command, status, rest = file.read().split("\n", 2)
    stdout, _, stderr = rest.removeprefix("--- stdout\n").partition("--- stderr\n")
    return Expected(
        shlex.split(command.removeprefix("# vtrace ")), int(status.removeprefix("# exit status ")), stdout, stderr
    )


_ON_CPU = re.compile(r"(?m) on CPU \d+$")
_CPU = re.compile(r"(?m)^ *\d+(?= (?: *\d+ {2,}\S|\| |-> |<- ))")
_SHOWN = re.compile(r"(?m)^ *(?:\d+ )?\| .*\n| {6}hint: .*\n")
# DTrace names instructions of its own code, we name the action and the line.
_FAULT = re.compile(
    r"(?m)^(vtrace: error )(?:in dt_clause_\d+ for probe ID \d+ \(|on enabled probe ID \d+ \(ID \d+: )"
    r"(\S+)\): (.*)(?: at BPF pc \d+| in (?:action #\d+|predicate), line \d+)$"
)


# Where the kernel keeps a program's memory differs from run to run.
_ADDRESS = re.compile(r"\b0xff[0-9a-f]{14}\b")


def comparable_output(text: str) -> str:
    if text.startswith("   ID   PROVIDER"):
        return "".join(sorted(text.splitlines(keepends=True)))
    return _CPU.sub("CPU", text)


def comparable_errors(text: str) -> str:
    text = _ON_CPU.sub(" on CPU", text)
    return _FAULT.sub(r"\1\2 \3", _ADDRESS.sub("ADDRESS", _SHOWN.sub("", text)))


def test_every_program_has_its_output() -> None:
    assert named(".d") <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_prints_what_dtrace_prints(name: str, vtrace: Callable[..., Any]) -> None:
    truth = expected(name)
    ran = vtrace(*truth.arguments, cwd=os.path.dirname(os.path.join(HERE, name)))
    assert comparable_output(ran.stdout) == comparable_output(truth.stdout)
    assert comparable_errors(ran.stderr) == comparable_errors(truth.stderr)
    assert ran.status == truth.status
