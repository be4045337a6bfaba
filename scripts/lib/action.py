"""What a runner of GitHub's does with our action: its steps with their expressions evaluated, and as one shell script.

`python -m scripts.lib.action [INPUT=VALUE]...` prints a job that uses the action of this checkout on the example
service, as a shell script for root on a system where nothing is installed: `scripts/fresh --action` runs it. Actions of
others (upload-artifact) are named, and what they would be given is listed.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
# As the documentation of runners says of `shell: bash`.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


class UnknownInput(ValueError):
    """The action has no such input."""


class Action:
    """A composite action at a place, with the inputs given."""

    def __init__(self, given: Mapping[str, str], place: str) -> None:
        self.whole: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
        if unknown := set(given) - set(self.whole["inputs"]):
            raise UnknownInput(", ".join(sorted(unknown)))
        self._inputs = {name: declared["default"] for name, declared in self.whole["inputs"].items()} | dict(given)
        self._place = place

    @property
    def steps(self) -> Sequence[Mapping[str, Any]]:
        """Its steps, expressions in them evaluated; those whose condition does not hold are left out."""
        wanted = [step for step in self.whole["runs"]["steps"] if self._holds(step.get("if", "always()"))]
        return [self._filled({key: part for key, part in step.items() if key != "if"}) for step in wanted]

    def _holds(self, condition: str) -> bool:
        """A condition of terms between &&: always(), and comparisons of an input with a text."""
        match = _EXPRESSION.fullmatch(condition)
        for term in (match[1] if match else condition).split("&&"):
            if term.strip() == "always()":
                continue
            compared = re.fullmatch(r"inputs\.([\w-]+) (==|!=) '([^']*)'", term.strip())
            assert compared is not None, condition
            if (self._inputs[compared[1]] == compared[3]) != (compared[2] == "=="):
                return False
        return True

    def _filled(self, part: Any) -> Any:
        if isinstance(part, Mapping):
            return {key: self._filled(value) for key, value in part.items()}
        return _EXPRESSION.sub(self._value, part) if isinstance(part, str) else part

    def _value(self, match: re.Match[str]) -> str:
        if match[1] == "github.action_path":
            return self._place
        return str(self._inputs[match[1].removeprefix("inputs.")])


# What a runner's image has, a user of its own that may become root, and a checkout to be checked: our example.
_JOB = """\
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --no-install-recommends sudo git python3 python3-venv >/dev/null
useradd -m runner
echo 'runner ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/runner
cp -r @PLACE@/docs/examples/service @WORK@
head -c 131072 /dev/urandom >@WORK@/orders.data
# No baseline is there yet.
sed -i '/[+]/d' @WORK@/vtrace.toml
job=$(mktemp -d)
mkdir $job/temp
touch $job/summary $job/output
chown -R runner: $job @WORK@ @PLACE@
chmod go+rx ~
status=0
"""
_RUNNER = (
    "GITHUB_ACTIONS=true CI=true GITHUB_STEP_SUMMARY=$job/summary GITHUB_OUTPUT=$job/output RUNNER_TEMP=$job/temp"
    ' GITHUB_WORKSPACE=@WORK@ HOME=/home/runner PATH="$PATH" PIP_CERT="${PIP_CERT-}" FAULTS="${FAULTS-}"'
)


def script(action: Action, workspace: str, place: str) -> Iterator[str]:
    """A shell script for root: what a runner's image has, then each step as a user of its own, then what the job has to
    show. It exits as the job would: with the status of its first step that failed. FAULTS is what a job may set for its
    command."""

    def put(text: str) -> str:
        return text.replace("@WORK@", workspace).replace("@PLACE@", place)

    yield put(_JOB)
    for step in action.steps:
        yield f"echo '## {step['name']}'"
        if "uses" in step:
            yield f"echo 'uses {step['uses']}'; cd {workspace}; ls -l {shlex.quote(step['with']['path'])}"
            continue
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in step["env"].items())
        where = shlex.quote(f"{workspace}/{step.get('working-directory', '.')}")
        run = f"cd {where} && sudo -u runner env -i {put(_RUNNER)} {given} {shlex.join((*BASH, '-c', step['run']))}"
        # After one that failed, steps of an action are left out but for those that run always.
        yield f"if [ $status = 0 ]; then ({run}) || status=$?; fi"
    yield "echo '## output'; cat $job/output; echo '## summary'; cat $job/summary; exit $status"


def main() -> int:
    try:
        action = Action(dict(word.split("=", 1) for word in sys.argv[1:]), str(ROOT))
    except UnknownInput as problem:
        print(f"action: no such input: {problem}", file=sys.stderr)
        return 2
    print("\n".join(script(action, "/home/runner/work", str(ROOT))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
