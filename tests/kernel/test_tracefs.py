"""Tracepoints' formats: the odd ones as text, and all of this kernel's."""

from __future__ import annotations

import errno
import itertools
from pathlib import Path

import pytest

from pyvtrace.kernel import tracefs
from pyvtrace.target import TracepointField, TracepointFormat

HEAD = """\
name: made
ID: 77
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

"""
TAIL = '\nprint fmt: "field:%d;\toffset:1;\tsize:1;\tsigned:1;", REC->x\n'

FIELDS = {
    "pid_t pid;\toffset:8;\tsize:4;\tsigned:1;": TracepointField("pid", "pid_t", 8, 4, True),
    "unsigned long long n;\toffset:8;\tsize:8;\tsigned:0;": TracepointField("n", "unsigned long long", 8, 8, False),
    "char comm[16];\toffset:8;\tsize:16;\tsigned:0;": TracepointField("comm", "char", 8, 16, False, 16),
    "unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;": TracepointField(
        "args", "unsigned long", 16, 48, False, 6
    ),
    # What the kernel's source has between the brackets, not its value.
    "char comm[TASK_COMM_LEN];\toffset:8;\tsize:16;\tsigned:0;": TracepointField("comm", "char", 8, 16, False, 16),
    "__u8 a[sizeof(x)];\toffset:8;\tsize:28;\tsigned:0;": TracepointField("a", "__u8", 8, 28, False, 28),
    "const char * filename;\toffset:24;\tsize:8;\tsigned:0;": TracepointField("filename", "const char *", 24, 8, False),
    "const char *const * argv;\toffset:24;\tsize:8;\tsigned:0;": TracepointField(
        "argv", "const char *const *", 24, 8, False
    ),
    "void *p;\toffset:8;\tsize:8;\tsigned:0;": TracepointField("p", "void *", 8, 8, False),
    "__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:1;": TracepointField(
        "name", "char[]", 8, 4, True, data_loc=True
    ),
    "__rel_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;": TracepointField(
        "name", "char[]", 8, 4, False, data_loc=True, relative=True
    ),
    "__data_loc cpumask_t mask;\toffset:8;\tsize:4;\tsigned:0;": TracepointField(
        "mask", "cpumask_t", 8, 4, False, data_loc=True
    ),
}


@pytest.mark.parametrize("text", FIELDS)
def test_a_field(text: str) -> None:
    assert tracefs.parse_format(f"{HEAD}\tfield:{text}\n{TAIL}") == TracepointFormat(77, (FIELDS[text],))


def test_what_is_not_a_format() -> None:
    with pytest.raises(ValueError, match="no ID line"):
        tracefs.parse_format("hello")


def test_every_event_of_this_kernel() -> None:
    root = tracefs.find()
    events = tracefs.events(root)
    assert ("sched", "sched_switch") in events
    assert ("syscalls", "sys_enter_read") in events
    for group, name in events:
        event = tracefs.event_format(root, group, name)
        assert event
        text = Path(root, "events", group, name, "format").read_text().partition("\nprint fmt")[0]
        assert len(event.fields) == text.count("\tfield:") - text.count(" common_")
        assert event.id == int(Path(root, "events", group, name, "id").read_text())
        assert all(a.offset + a.size <= b.offset for a, b in itertools.pairwise(event.fields)), f"{group}:{name}"
        assert all(f.type and f.name.isidentifier() for f in event.fields)
        assert all(f.size % f.length == 0 for f in event.fields if f.length)


def test_no_such_event() -> None:
    root = tracefs.find()
    assert tracefs.event_format(root, "sched", "never") is None
    assert tracefs.event_format(root, "sched", "enable") is None


def test_not_mounted_says_how_to_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("proc /proc proc rw 0 0\n")
    with pytest.raises(tracefs.TracefsError, match="tracefs is not mounted") as missing:
        tracefs.find((f"{tmp_path}/tracing",), str(mounts))
    assert missing.value.hint == "as root: mount -t tracefs tracefs /sys/kernel/tracing"
    assert missing.value.errno == errno.ENOENT


def test_mounted_elsewhere(tmp_path: Path) -> None:
    place = tmp_path / "a b"
    (place / "events").mkdir(parents=True)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"nodev {tmp_path}/a\\040b tracefs rw 0 0\n")
    assert tracefs.find((), str(mounts)) == str(place)


def test_mounted_and_not_readable(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"nodev {tmp_path}/tracing tracefs rw 0 0\n")
    with pytest.raises(tracefs.TracefsError, match="readable by root only") as missing:
        tracefs.find((), str(mounts))
    assert missing.value.errno == errno.EACCES
    with pytest.raises(tracefs.TracefsError):
        tracefs.events(str(tmp_path))
