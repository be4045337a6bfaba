"""Memory of a group that is taken back: `python -m tests.workloads.reclaimed KIND PAGES`.

A child in a memory cgroup of its own writes a `file` of that many pages, or memory of its own (`anonymous`) for which
there is swap. When the gate opens, this process has the kernel take the group's pages back. Truth: `scanned`, `freed`,
and of those `freed_file`, `freed_anon`, as /proc/vmstat says of the whole system.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.workloads import gate, memory_user

PAGE = os.sysconf("SC_PAGE_SIZE")
# Where the controller is, and the file that takes pages back, with what to write to it: versions 1 and 2.
V1, V2 = ("/sys/fs/cgroup/memory", "memory.force_empty", "0"), ("/sys/fs/cgroup", "memory.reclaim", "1G")

COUNTERS = "pgscan_anon", "pgscan_file", "pgsteal_anon", "pgsteal_file"


@contextmanager
def group() -> Iterator[tuple[str, str, str]]:
    top, file, words = V1 if os.path.isdir(V1[0]) else V2
    if top == V2[0]:
        write(f"{top}/cgroup.subtree_control", "+memory")
    directory = f"{top}/reclaimed-{os.getpid()}"
    os.mkdir(directory)
    try:
        yield directory, f"{directory}/{file}", words
    finally:
        os.rmdir(directory)


def write(path: str, words: str) -> None:
    with open(path, "w") as file:
        file.write(words)


@contextmanager
def charged(directory: str, kind: str, pages: int) -> Iterator[None]:
    """The group has the pages; they are written to the disk, or a child's."""
    fd = os.open("/var/tmp", os.O_TMPFILE | os.O_RDWR)
    ready, making = os.pipe()
    alive, living = os.pipe()
    child = os.fork()
    if not child:
        os.close(living)
        write(f"{directory}/cgroup.procs", "0")
        if kind == "file":
            os.write(fd, bytes(pages * PAGE))
            os.fsync(fd)
        else:
            memory_user.write(memory_user.memory(pages), pages)
        os.write(making, b"1")
        os.read(alive, 1)
        os._exit(0)
    for end in (making, alive):
        os.close(end)
    assert os.read(ready, 1), "the child has failed"
    yield
    os.close(living)
    os.waitpid(child, 0)
    os.close(fd)


def counters() -> dict[str, int]:
    with open("/proc/vmstat") as file:
        return {name: int(value) for name, value in map(str.split, file)}


def main(kind: str, pages: int) -> None:
    with ExitStack() as held:
        if kind == "anonymous":
            memory_user.swap_on(held)
        cgroup, file, words = held.enter_context(group())
        held.enter_context(charged(cgroup, kind, pages))
        gate.wait("reclaimed")
        before = counters()
        # Less than what was asked for is no failure here.
        with suppress(OSError):
            write(file, words)
        after = counters()
    grown = {name: after[name] - before[name] for name in COUNTERS}
    gate.report(
        scanned=grown["pgscan_anon"] + grown["pgscan_file"],
        freed=grown["pgsteal_anon"] + grown["pgsteal_file"],
        freed_file=grown["pgsteal_file"],
        freed_anon=grown["pgsteal_anon"],
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
