"""Control groups for tests, below the test's own."""

from __future__ import annotations

import contextlib
import errno
import os
import time
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
            made.callback(_remove, directory)
        yield directory


def _remove(directory: str) -> None:
    """Takes a cgroup away once it is empty: a process may be in it for longer than its parent has waited for it."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return os.rmdir(directory)
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def inside(directory: str, command: str) -> str:
    """A command that a shell runs in the cgroup, as one word for `-c`."""
    return f"sh -c 'echo $$ > {directory}/cgroup.procs; exec {command}'"
