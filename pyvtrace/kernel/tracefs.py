"""tracefs: which perf tracepoints there are and how their records are laid out (Documentation/trace/events.rst)."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence

from pyvtrace.target import TracepointField, TracepointFormat

MOUNT_COMMAND = "mount -t tracefs tracefs /sys/kernel/tracing"
# The second is where the kernel mounts it by itself as soon as somebody looks into debugfs.
PLACES = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")

_FIELD = re.compile(r"^\tfield:([^;]+);\s*offset:(\d+);\s*size:(\d+);\s*signed:([01]);", re.MULTILINE)
_DECLARATION = re.compile(r"(?:__(data|rel)_loc\s+)?(.*?)(\w+)\s*(?:\[([^\]]*)\])?$", re.DOTALL)
_ID = re.compile(r"^ID: (\d+)$", re.MULTILINE)


class TracefsError(OSError):
    """No readable tracefs. `hint` says what to do about it."""

    def __init__(self, number: int, message: str, hint: str) -> None:
        super().__init__(number, message)
        self.hint = hint

    def __str__(self) -> str:
        return self.strerror or ""


def find(places: Sequence[str] = PLACES, mounts: str = "/proc/mounts") -> str:
    """The directory of a tracefs that this user can read.

    Raises:
        TracefsError: not mounted, or only root may look into it.
    """
    for place in places:
        if os.access(f"{place}/events", os.R_OK | os.X_OK):
            return place
    mounted = _mounted(mounts)
    for place in mounted:
        if os.access(f"{place}/events", os.R_OK | os.X_OK):
            return place
    if mounted:
        raise TracefsError(errno.EACCES, f"{mounted[0]} is readable by root only", "run as root")
    raise TracefsError(errno.ENOENT, "tracefs is not mounted", f"as root: {MOUNT_COMMAND}")


def _mounted(mounts: str) -> list[str]:
    """Mount points of tracefs; octal escapes stand for blanks in them."""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.split() for line in file]
    except OSError:
        return []
    return [
        re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), row[1])
        for row in rows
        if len(row) > 2 and row[2] == "tracefs"
    ]


def events(root: str) -> list[tuple[str, str]]:
    """(group, name) of every event that perf can open, in the kernel's order.

    `available_events` takes half as long to read as the directories and leaves out the group "ftrace", which perf
    refuses.
    """
    try:
        with open(f"{root}/available_events", encoding="utf-8") as file:
            rows = [line.strip().partition(":") for line in file]
    except OSError as error:
        raise _unreadable(f"{root}/available_events", error) from None
    return [(group, name) for group, _, name in rows if name]


def traced_functions(root: str) -> list[tuple[str, str]]:
    """(module, name) of every function that the kernel's tracer can reach; empty where that is not to be read. The
    kernel's own have the module "vmlinux"."""
    try:
        with open(f"{root}/available_filter_functions", encoding="utf-8") as file:
            rows = [line.split() for line in file]
    except OSError:
        return []
    # "__ftrace_invalid_address___40" stands where a function was.
    real = (row for row in rows if not row[0].startswith("__ftrace_"))
    return [(row[1].strip("[]") if len(row) > 1 else "vmlinux", row[0]) for row in real]


def event_format(root: str, group: str, name: str) -> TracepointFormat | None:
    """Layout of an event's record; None where there is no such event.

    Raises:
        TracefsError: there is, and it cannot be read.
    """
    path = f"{root}/events/{group}/{name}/format"
    try:
        with open(path, encoding="utf-8") as file:
            return parse_format(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> TracefsError:
    return TracefsError(error.errno or 0, f"{path}: {error.strerror}", "run as root")


def parse_format(text: str) -> TracepointFormat:
    """The fields of a `format` file but the common ones, which say nothing that a program cannot ask for itself.

    Raises:
        ValueError: it is not one.
    """
    identifier = _ID.search(text)
    if identifier is None:
        raise ValueError("no ID line in a tracepoint's format")
    # Before "print fmt:", whose text may contain anything.
    head = text.partition("\nprint fmt:")[0]
    found = (_field(*match.groups()) for match in _FIELD.finditer(head))
    return TracepointFormat(int(identifier[1]), tuple(field for field in found if not field.name.startswith("common_")))


def _field(declaration: str, offset: str, size: str, signed: str) -> TracepointField:
    """`[__data_loc] TYPE NAME[LENGTH]`; of a dynamic array the brackets are on the type: `char[] name`."""
    match = _DECLARATION.match(declaration.strip())
    if match is None:
        raise ValueError(f"cannot read the field {declaration!r} of a tracepoint's format")
    location, type_name, name, length = match.groups()
    type_name = " ".join(type_name.split())
    return TracepointField(
        name=name,
        type=type_name,
        offset=int(offset),
        size=int(size),
        signed=signed == "1",
        length=0 if length is None else _length(length, type_name, int(size)),
        data_loc=location is not None,
        relative=location == "rel",
    )


_ELEMENT_SIZES = {"char": 1, "u8": 1, "__u8": 1, "u16": 2, "__u16": 2, "short": 2, "u32": 4, "__u32": 4, "int": 4}


def _length(text: str, type_name: str, size: int) -> int:
    """Elements of an array. The kernel prints what stands between the brackets in its source: often a macro's name."""
    if text.isdigit() and int(text):
        return int(text)
    words = [word for word in type_name.split() if word not in ("const", "signed", "unsigned")]
    element = 8 if type_name.endswith("*") else _ELEMENT_SIZES.get(" ".join(words), 8)
    return size // element if size % element == 0 else size
