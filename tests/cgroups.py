"""Control groups for tests, below the test's own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def cgroup(*names: str) -> Iterator[str]:
    """The directory of a new cgroup (v2): one below the other by `names`. All of them are gone afterwards."""
    with (
        open("/proc/self/mountinfo", encoding="utf-8") as mounts,
        open("/proc/self/cgroup", encoding="utf-8") as groups,
    ):
        top = next(line.split()[4] for line in mounts if " - cgroup2 " in line)
        mine = next(line.strip().partition("::")[2] for line in groups if line.startswith("0::"))
    with contextlib.ExitStack() as made:
        directory = f"{top}{mine.rstrip('/')}"
        for name in names:
            directory = os.path.join(directory, name)
            os.mkdir(directory)
            made.callback(os.rmdir, directory)
        yield directory


def inside(directory: str, command: str) -> str:
    """A command that a shell runs in the cgroup, as one word for `-c`."""
    return f"sh -c 'echo $$ > {directory}/cgroup.procs; exec {command}'"
