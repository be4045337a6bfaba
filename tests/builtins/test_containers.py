"""`container`, in control groups named as container runtimes name theirs."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.cgroups import cgroup
from tests.conftest import ROOT, VTRACE

ID = "5e1f0c9a" * 8
OTHER = "b1" * 32


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([ID], "5e1f0c9a5e1f"),
        ([f"docker-{ID}.scope"], "5e1f0c9a5e1f"),
        ([f"cri-containerd-{ID}.scope"], "5e1f0c9a5e1f"),
        ([f"libpod-{ID}.scope", "container"], "5e1f0c9a5e1f"),
        ([f"docker-{ID}.scope", "system.slice", "nginx.service"], "5e1f0c9a5e1f"),
        ([OTHER, ID], "5e1f0c9a5e1f"),
        ([ID[:-1]], ""),
        ([ID[:-1] + "g"], ""),
        ([ID[:32] + "-" + ID[:40]], ""),
        (["user.slice"], ""),
    ],
)
def test_the_id_is_in_the_name_of_a_cgroup(names: list[str], shown: str) -> None:
    text = 'BEGIN { printf("<%s> %d %d", container, strlen(container), container == $$1); exit(0); }'
    unique = f"vtrace-test-{os.getpid()}"
    with cgroup(unique, *names) as directory:
        script = 'echo $$ > "$0/cgroup.procs"; exec "$@"'
        words = ["sh", "-c", script, directory, VTRACE, "-qn", text, shown]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"<{shown}> {len(shown)} 1\n", "")
