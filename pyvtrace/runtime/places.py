"""What only this machine can name: its control groups, block devices and processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress

_MINOR_BITS = 20  # of the kernel's own dev_t, which tracepoints show


class NoSuch(Exception):
    """Something that does not exist here; says what there is instead."""


def process(pid: int) -> int:
    """The process id, if there is such a process.

    Raises:
        NoSuch: there is none, or it is a thread's.
    """
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except OSError:
        raise NoSuch(f"no process {pid}: it has ended, or never was (ps -e lists those there are)") from None
    if int(fields["Tgid"]) != pid:
        raise NoSuch(f"{pid} is a thread of the process {fields['Tgid']}: use -p {fields['Tgid']} --by tid,call")
    return pid


def children(pid: int) -> list[int]:
    """The process ids of those that a process has started and that are there now, in their order; none of one that has
    ended, and where the kernel does not tell (CONFIG_PROC_CHILDREN)."""
    found: set[int] = set()
    with suppress(OSError):
        for tid in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError), open(f"/proc/{pid}/task/{tid}/children", encoding="ascii") as file:
                found.update(map(int, file.read().split()))
    return sorted(found)


def alive(pid: int) -> bool:
    """Whether the process is still there; a zombie is not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def hierarchies() -> list[str]:
    """Where cgroup v2 is mounted."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        lines = [line.split(" - ") for line in file]
    return [left.split()[4] for left, right in lines if right.startswith("cgroup2 ")]


def control_groups(path: str) -> list[int]:
    """The ids of the control group at `path`, and of all below it now; absolute, or as /proc/PID/cgroup has it.

    Raises:
        NoSuch: it is not a cgroup of version 2.
    """
    tops = hierarchies()
    if not tops:
        raise NoSuch("cgroup v2 is not mounted here: mount -t cgroup2 none /sys/fs/cgroup/unified")
    for place in (path, *(f"{top}/{path.lstrip('/')}" for top in tops)):
        real = os.path.realpath(place)
        if os.path.isdir(real) and any(f"{real}/".startswith(f"{top}/") for top in tops):
            return [number for number, _ in _groups(real)]
    raise NoSuch(f"{path} is no cgroup of version 2: those are directories below {' and '.join(tops)}")


def _groups(top: str) -> Iterator[tuple[int, str]]:
    """(id, path) of a control group and of all below it: the id is the inode of its directory."""
    for folder, _, _ in os.walk(top):
        try:
            yield os.stat(folder).st_ino, folder
        except OSError:
            continue  # removed meanwhile


def group_names() -> dict[int, str]:
    """Paths of all control groups by id."""
    return {number: path[len(top) :] or "/" for top in hierarchies() for number, path in _groups(top)}


def device_names() -> dict[int, str]:
    """Names of all block devices by the kernel's dev_t."""
    with open("/proc/partitions", encoding="utf-8") as file:
        fields = [line.split() for line in file]
    return {int(f[0]) << _MINOR_BITS | int(f[1]): f[3] for f in fields if len(f) == 4 and f[0].isdigit()}


def names_of(kinds: Collection[str]) -> Mapping[str, Mapping[int, str]]:
    """Names by number of those of the kinds of values that are numbers of something here: devices, control groups."""
    known: Mapping[str, Callable[[], Mapping[int, str]]] = {"device": device_names, "cgroup": group_names}
    return {kind: ask() for kind, ask in known.items() if kind in kinds}
