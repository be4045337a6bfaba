"""The GitHub action: its shell steps are run as a runner runs them, without a virtual machine; and GitLab's job."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from scripts.lib.action import BASH, Action
from tests.conftest import ROOT

INSTALL, CHECK, KEEP = "Install vtrace", "Check", "Keep the report"
SPEC = """\
[[check]]
name = "sync"
command = "dd if=/dev/zero of=out bs=1 count=10 conv=fsync status=none"
runs = 2
assert = ["syscall fsync <= {budget}", "syscall write <= 10"]
"""


class Runner:
    """What a runner gives to the steps of a job."""

    def __init__(self, directory: Path) -> None:
        self.workspace = directory / "workspace"
        self.files = {name: directory / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        self.temporary = directory / "temp"
        for made in (self.workspace, self.temporary):
            made.mkdir()
        for file in self.files.values():
            file.touch()

    def run(self, name: str, place: str = ROOT, **given: str) -> subprocess.CompletedProcess[str]:
        """The step of that name, of the action at that place."""
        (step,) = [step for step in Action(given, place).steps if step["name"] == name]
        assert step["shell"] == "bash"
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= step["env"] | {name: str(path) for name, path in self.files.items()}
        environment |= {"GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(self.temporary)}
        environment |= {"GITHUB_WORKSPACE": str(self.workspace)}
        return subprocess.run(
            [*BASH, "-c", step["run"]],
            cwd=self.workspace / step.get("working-directory", "."),
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_what_the_steps_take_is_declared() -> None:
    whole = Action({}, ROOT).whole
    used = set(re.findall(r"inputs\.([\w-]+)", Path(ROOT, "action.yml").read_text()))
    assert used == set(whole["inputs"])
    assert all(isinstance(declared["default"], str) for declared in whole["inputs"].values())
    # What the user gives never becomes part of a script's text.
    assert not any("${{" in step["run"] for step in whole["runs"]["steps"] if "run" in step)


@pytest.mark.parametrize(
    ("schema", "file", "broken"),
    [
        ("vendor.github-actions", "action.yml", ("using: composite", "using: compsite")),
        ("vendor.gitlab-ci", "docs/examples/gitlab-ci.yml", ("script:\n", "scripts:\n")),
    ],
)
def test_the_published_schemas_hold(tmp_path: Path, schema: str, file: str, broken: tuple[str, str]) -> None:
    """And would not hold for what is wrong: a schema that takes anything tells nothing."""
    text = Path(ROOT, file).read_text()
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    for name, content, status in (("sound.yml", text, 0), ("broken.yml", text.replace(*broken), 1)):
        assert (content == text) == (status == 0)
        (tmp_path / name).write_text(content)
        ran = subprocess.run([*command, str(tmp_path / name)], capture_output=True, text=True)
        assert ran.returncode == status, ran


def test_a_job_that_passes(runner: Runner) -> None:
    (runner.workspace / "vtrace.toml").write_text(SPEC.format(budget=1))
    ran = runner.run(CHECK, vm="false")
    assert ran.returncode == 0, ran
    assert runner.files["GITHUB_OUTPUT"].read_text() == "status=0\n"
    assert "### ✓ sync" in runner.files["GITHUB_STEP_SUMMARY"].read_text()
    assert not [line for line in ran.stdout.splitlines() if line.startswith("::")]


def test_a_job_whose_change_is_worse(runner: Runner) -> None:
    project = runner.workspace / "project"
    project.mkdir()
    (project / "vtrace.toml").write_text(SPEC.format(budget=0) + SPEC.format(budget=1).replace("sync", "other", 1))
    runner.files["GITHUB_STEP_SUMMARY"].write_text("# What another step wrote\n")
    ran = runner.run(CHECK, vm="false", **{"working-directory": "project", "checks": "sync other", "runs": "1"})
    assert ran.returncode == 1, ran
    assert runner.files["GITHUB_OUTPUT"].read_text() == "status=1\n"
    summary = runner.files["GITHUB_STEP_SUMMARY"].read_text()
    assert summary.startswith("# What another step wrote\n### ✗ sync")
    assert f"fsync, {project}/out" in summary and "### ✓ other" in summary
    (annotation,) = [line for line in ran.stdout.splitlines() if line.startswith("::")]
    assert annotation.startswith(
        "::error file=project/vtrace.toml,line=5,title=sync::syscall fsync <= 0: syscall fsync was 1%0A"
    )
    assert len(list(ElementTree.parse(project / "vtrace-junit.xml").iter("failure"))) == 1
    whole = Action({}, ROOT).whole["runs"]["steps"][-1]
    assert whole["if"].startswith("${{ always()") and whole["uses"] == "actions/upload-artifact@v4"
    keep = Action({"working-directory": "project"}, ROOT).steps[-1]
    assert (runner.workspace / keep["with"]["path"]).exists()


@pytest.mark.parametrize("given", [{"artifact": ""}, {"junit": ""}])
def test_no_report_is_kept_that_nobody_wants(given: dict[str, str]) -> None:
    assert [step["name"] for step in Action({}, ROOT).steps] == [INSTALL, CHECK, KEEP]
    assert [step["name"] for step in Action(given, ROOT).steps] == [INSTALL, CHECK]


def test_a_job_whose_spec_is_wrong(runner: Runner) -> None:
    ran = runner.run(CHECK, vm="false")
    assert (ran.returncode, runner.files["GITHUB_OUTPUT"].read_text()) == (2, "status=2\n")
    assert "vtrace check init" in ran.stderr


def test_all_inputs_arrive_as_they_are_given(runner: Runner, tmp_path: Path) -> None:
    """With a `vtrace` that says what it was called with; an input is a word, whatever is in it."""
    scripts = tmp_path / "checkout" / "scripts"
    scripts.mkdir(parents=True)
    for name in ("setup", "vm", "vtrace"):
        (scripts / name).write_text('#!/bin/sh\nprintf "%s|" "${0##*/}" "$@"\n')
        (scripts / name).chmod(0o755)
    place = str(tmp_path / "checkout")
    assert runner.run(INSTALL, place).stdout == "setup|run|vm|fetch|6.1|"
    assert runner.run(INSTALL, place, vm="false").stdout == "setup|run|"
    given = {
        "spec": "a spec.toml", "baseline": "$(id)", "record": "new.json", "runs": "7", "inconclusive": "pass",
        "kernel": "6.12", "junit": "x.xml", "checks": "one two",
    }  # fmt: skip
    called = runner.run(CHECK, place, **given).stdout.split("|")
    at = called.index("--markdown")
    assert called[:at] == [
        *("vtrace", "check", "run", "--vm", "--kernel", "6.12", "--spec", "a spec.toml", "--baseline", "$(id)"),
        *("--record", "new.json", "--runs", "7", "--inconclusive", "pass", "--junit", "x.xml"),
    ]
    assert called[at + 1].startswith(str(runner.temporary)) and called[at + 2 : -1] == ["one", "two"]


def test_gitlabs_job(tmp_path: Path) -> None:
    """Its script is the command line that it says: the same with the host's kernel in place of a guest's."""
    job = yaml.safe_load(Path(ROOT, "docs", "examples", "gitlab-ci.yml").read_text())["vtrace"]
    (line,) = job["script"]
    assert f"--junit {job['artifacts']['reports']['junit']}" in line
    assert job["allow_failure"] == {"exit_codes": 3}
    shutil.copy(Path(ROOT, "docs", "examples", "service", "service.py"), tmp_path)
    (tmp_path / "vtrace.toml").write_text(SPEC.format(budget=1).replace("<= 10", "<= +0"))
    here = line.replace("--vm --kernel 6.1 ", "")
    environment = {**os.environ, "VTRACE": ROOT}
    for command, status in ((f"{here.partition(' --baseline')[0]} record -o base.json", 0), (here, 0)):
        ran = subprocess.run(["sh", "-ec", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert ran.returncode == status, ran
    assert (tmp_path / "vtrace-junit.xml").exists()
