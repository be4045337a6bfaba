"""Every probe of a provider that has a list of them fires in a test whose workload says how often, and with what."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.providers.registry import ProbeTable, all_providers
from pyvtrace.target import Target
from tests.conftest import ROOT
from tests.providers.descriptions import describe, names
from tests.truth.fired import MARK

# Probes of these are what a kernel or a program has. All others have a list, a provider that is new among them.
FOUND = {"sdt", "rawtp", "syscall", "pid", "uprobe", "usdt", "fbt"}
PLACES = ("tests/truth", "tests/vm/test_stable.py")


def listed(target: Target) -> set[str]:
    """Every probe that has to have a test: what is there on this kernel, and what would be on others."""
    found: set[str] = set()
    for provider in all_providers():
        if provider.name not in FOUND:
            found |= set(names(provider.probes(target, describe(f"{provider.name}:::"))))
            if provider.named:
                ids = (provider.named(target, number) for number in provider.ids)
                found |= {str(name) for name in ids if name}
    return found


@pytest.fixture(scope="module")
def marks() -> dict[str, list[str]]:
    """Descriptions that tests say they fire, with the tests: of those that pytest would run."""
    command = [sys.executable, "-m", "tests.project.marks", MARK, *PLACES]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def fits(description: str, name: str) -> bool:
    """Whether they are the same, a field that is left out of the description being any."""
    wanted, has = description.split(":"), name.split(":")
    return len(wanted) == 4 and all(one in ("", other) for one, other in zip(wanted, has, strict=True))


def test_every_probe_is_fired_by_a_test(marks: dict[str, list[str]]) -> None:
    probes = listed(LiveTarget())
    untested = sorted(name for name in probes if not any(fits(description, name) for description in marks))
    assert not untested, f"no test is marked {MARK}({untested[0]!r}, ...): {untested}"


def test_what_tests_say_they_fire_is_there(marks: dict[str, list[str]]) -> None:
    probes = listed(LiveTarget())
    unknown = {one: tests for one, tests in marks.items() if not any(fits(one, name) for name in probes)}
    assert not unknown


def test_every_provider_but_these_lists_its_probes() -> None:
    providers = {name.partition(":")[0] for name in listed(LiveTarget())}
    assert providers == ProbeTable(LiveTarget()).providers - FOUND
