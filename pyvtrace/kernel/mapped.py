"""What code a process has mapped, and where libraries lie that are called by their name alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from glob import glob

from pyvtrace.target import Mapped, NoAccess

# start-end, permissions, offset, device, inode, path
_LINE = re.compile(r"^(\S+) ..x\S* \S+ (\S+) (\d+) +(/.*)$", re.MULTILINE)
_GONE = " (deleted)"
_LIBRARIES = "/etc/ld.so.conf.d/*.conf"
_ALWAYS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")


def processes() -> list[int]:
    """Ids of all processes, ascending."""
    return sorted(map(int, filter(str.isdigit, os.listdir("/proc"))))


def mapped(pid: int) -> Sequence[Mapped] | NoAccess:
    """The files that a process has mapped executable, the program first."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
        program = os.readlink(f"/proc/{pid}/exe")
    except (FileNotFoundError, ProcessLookupError):
        return NoAccess(_nobody(pid))
    except PermissionError:
        return NoAccess(f"process {pid} may not be looked at: it belongs to {_owner(pid)}", "run it as root, with sudo")
    found: dict[str, Mapped] = {}
    for range_, device, inode, path in _LINE.findall(text):
        if path not in found:
            name = os.path.basename(path.removesuffix(_GONE))
            file_ = _file(pid, range_, device, int(inode), path)
            found[path] = Mapped(name, path, file_, path == program)
    return sorted(found.values(), key=lambda one: not one.main)


def _nobody(pid: int) -> str:
    if os.path.exists(f"/proc/{pid}"):
        return f"process {pid} runs no program: it is a thread of the kernel, or has ended"
    return f"process {pid} does not exist"


def _owner(pid: int) -> str:
    try:
        return f"user {os.stat(f'/proc/{pid}').st_uid}"
    except OSError:
        return "another user"


def _file(pid: int, range_: str, device: str, inode: int, path: str) -> str:
    """The path by which anybody opens the file: the process may live in a file system of its own, and a file may have
    been replaced since by another of its name."""
    for candidate in (path, f"/proc/{pid}/root{path}"):
        try:
            status = os.stat(candidate)
        except OSError:
            continue
        if status.st_ino == inode:
            return candidate
    # Leads to the very file that is mapped, even if it has no name any more.
    return f"/proc/{pid}/map_files/{range_}"


def locate(name: str) -> str:
    """The path of a library, else of a program, as the linker and the shell find them: `libc.so.6`, `libc`, `ls`; ""
    if there is none."""
    for directory in _directories():
        # libc.so may be a text for the linker; libc.so.6 is what programs use.
        for candidate in (f"{directory}/{name}", *sorted(glob(f"{directory}/{name}.so.*")), f"{directory}/{name}.so"):
            if ".so" in candidate and os.path.isfile(candidate):
                return candidate
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if os.access(candidate := os.path.join(directory, name), os.X_OK) and os.path.isfile(candidate):
            return candidate
    return ""


def _directories() -> Iterator[str]:
    for path in sorted(glob(_LIBRARIES)):
        with open(path, encoding="utf-8", errors="replace") as file:
            yield from (line.strip() for line in file if line.startswith("/"))
    yield from _ALWAYS
