"""The checks of a project: `vtrace.toml`, or `[tool.vtrace]` of pyproject.toml.

[[check]]
name = "save"
command = "python3 save.py"
runs = 5
assert = ["syscall fsync <= 1", "disk reads == 0", "p99(read) < 5ms"]
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pyvtrace.checks.assertions import Assertion, BadAssertion, parse
from pyvtrace.checks.measure import Command
from pyvtrace.checks.metrics import Metric
from pyvtrace.checks.origin import Origin
from pyvtrace.checks.own import Library, OwnProgram, own_program
from pyvtrace.checks.problems import CheckError, did_you_mean
from pyvtrace.checks.toml_places import TomlPlaces
from pyvtrace.source import Source
from pyvtrace.value import Value, replace

FILES = ("vtrace.toml", "pyproject.toml")
# Keys of a check, with the type of each and what it is for.
KEYS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "name": (str, "text"),
    "command": (str, "text"),
    "assert": (list, "a list of texts"),
    "runs": (int, "a number"),
    "warm-up": (int, "a number"),
    "timeout": ((int, float), "seconds"),
    "directory": (str, "text"),
    "status": (int, "a number"),
    "probes": (str, "D text, a view, a script or a file"),
}
REQUIRED = ("name", "command", "assert")


class Check(Value):
    """One check. `warm_up` runs come first and are not looked at. `probes` is its own program."""

    name: str
    command: Command
    assertions: Sequence[Assertion]
    runs: int = 5
    warm_up: int = 1
    probes: OwnProgram | None = None

    @property
    def metrics(self) -> list[Metric]:
        """What has to be measured, each once."""
        return list({assertion.metric.name: assertion.metric for assertion in self.assertions}.values())

    @property
    def relative(self) -> bool:
        return any(assertion.relative for assertion in self.assertions)


def find(given: str | None) -> str:
    """The spec file: what the user names, else the first that there is.

    Raises:
        CheckError: none is there.
    """
    if given is not None:
        return given
    for name in FILES:
        if os.path.exists(name) and (name != "pyproject.toml" or "tool.vtrace" in _text(name)):
            return name
    raise CheckError(
        "there is no vtrace.toml here, and no [tool.vtrace] in a pyproject.toml",
        hint="make one: vtrace check init -- COMMAND",
    )


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise CheckError(f"cannot be read: {error.strerror}", path) from None
    except UnicodeDecodeError:
        raise CheckError("is not UTF-8", path) from None


def load(path: str, calls: Collection[str], library: Library) -> list[Check]:
    """The checks of a file; `calls` are the system calls of this machine, `library` reads scripts by their names.

    Raises:
        CheckError: something in it says nothing, with its line.
    """
    return parse_spec(_text(path), path, calls, library)


def parse_spec(text: str, path: str, calls: Collection[str], library: Library) -> list[Check]:
    """As `load`, of a text."""
    place = TomlPlaces(path, text)
    try:
        whole: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, there = str(error).partition(" (at line ")
        numbers = re.fullmatch(r"(\d+), column (\d+)\)", there)
        where = path if numbers is None else place.at(int(numbers[1]), int(numbers[2]))
        raise CheckError(f"is no TOML: {what}", where) from None
    part = whole.get("tool", {}).get("vtrace", {}) if os.path.basename(path) == "pyproject.toml" else whole
    if unknown := [key for key in part if key != "check"]:
        raise CheckError(f"unknown key {unknown[0]!r}", place.of(None, unknown[0]), "checks are tables: [[check]]")
    tables = part.get("check")
    if isinstance(tables, dict):
        raise CheckError("there can be several checks", place.of(None, "check"), "write two brackets: [[check]]")
    if not isinstance(tables, list) or not tables:
        raise CheckError(
            "there is no check in it", path, "write one under [[check]]: vtrace check init -- COMMAND makes a first one"
        )
    checks = [_check(table, number, place, calls, library) for number, table in enumerate(tables)]
    names = [check.name for check in checks]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise CheckError(f"there are two checks called {name!r}", place.of(number, "name"))
    return checks


def _check(table: object, number: int, place: TomlPlaces, calls: Collection[str], library: Library) -> Check:
    if not isinstance(table, dict):
        raise CheckError("a check is a table", place.of(number, "check"), "write [[check]] above its keys")
    for key, value in table.items():
        if key not in KEYS:
            hint = did_you_mean(key, list(KEYS)) or f"a check has {', '.join(KEYS)}"
            raise CheckError(f"unknown key {key!r}", place.of(number, key), hint)
        kind, meaning = KEYS[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise CheckError(f"{key} has to be {meaning}, not {value!r}", place.of(number, key))
    for key in REQUIRED:
        if not table.get(key):
            raise CheckError(f"the check has no {key}", place.of(number, key if key in table else "name"))
    if table.get("timeout", 1) <= 0:
        raise CheckError("timeout has to be more than 0 seconds", place.of(number, "timeout"))
    for key, least in (("runs", 1), ("warm-up", 0)):
        if table.get(key, least) < least:
            raise CheckError(f"{key} has to be at least {least}", place.of(number, key))
    given, where = table.get("probes", ""), place.of(number, "probes")
    written = place.characters(number, "probes", given)
    inline = Origin(place.source, written) if written else Origin(Source(f"{place.source.name}: probes", given))
    probes = own_program(given, os.path.dirname(place.source.name), library, where, inline) if given else None
    own, times = (probes.aggregations, probes.times) if probes is not None else ((), {})
    return Check(
        table["name"],
        Command(table["command"], table.get("directory", "."), table.get("timeout", 600), table.get("status", 0)),
        [_assertion(text, number, place, calls, own, times) for text in table["assert"]],
        table.get("runs", 5),
        table.get("warm-up", 1),
        probes,
    )


def _assertion(
    text: object, number: int, place: TomlPlaces, calls: Collection[str], own: Collection[str], times: Mapping[str, str]
) -> Assertion:
    if not isinstance(text, str):
        raise CheckError(f"an assertion is a text, not {text!r}", place.of(number, "assert"))
    try:
        return replace(parse(text, calls, own, times), line=place.of(number, "assert", text).line)
    except BadAssertion as problem:
        where = place.of(number, "assert", text, problem.part)
        raise CheckError(str(problem), where, problem.hint) from None
