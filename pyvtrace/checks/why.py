"""Why a figure moved: a second, detailed run breaks it down by call, file, device, lock or stack."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pyvtrace.analysis.compose import FAMILY_CLAUSES, FAMILY_DECLARATION
from pyvtrace.analysis.histogram import Histogram
from pyvtrace.analysis.names import SPELLERS
from pyvtrace.analysis.units import duration
from pyvtrace.api.snapshot import Aggregation, Snapshot
from pyvtrace.checks.measure import Command, watched
from pyvtrace.checks.metrics import ENDS, WAITS, Metric, filled
from pyvtrace.checks.origin import Narrowed
from pyvtrace.checks.own import OwnProgram
from pyvtrace.runtime.places import device_names
from pyvtrace.value import Value

TOP = 5
FRAMES = 5
# A part that added less than this fraction of the time that the first one did is how one run differs from the next.
_TELLING = 0.01
# Stacks that are cut would be losses. Deeper ones than this are; the innermost FRAMES are told.
_OPTIONS = {"ustackframes": 100, "stackframes": 64, "aggsize": "32m", "strsize": 256}
# Calls whose first argument is a file descriptor, and those with a path as their first or second.
_DESCRIPTOR = """
    accept accept4 bind close connect epoll_ctl epoll_pwait epoll_wait fallocate fchmod fchown fcntl fdatasync flock
    fstat fsync ftruncate getdents getdents64 ioctl listen lseek pread64 preadv preadv2 pwrite64 pwritev pwritev2 read
    readv recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto shutdown sync_file_range write writev
"""
_NUMBERS = frozenset(("number", "address", "cgroup"))
_OFFSET = re.compile(r"\+0x[0-9a-f]+$")
_ENTRIES = frozenset(
    (
        "do_syscall_64",
        "x64_sys_call",
        "entry_SYSCALL_64_after_hwframe",
        "el0_svc",
        "el0t_64_sync_handler",
        "el0t_64_sync",
    )
)
_PATHS = (
    "access chdir chmod chown execve lstat mkdir open readlink rename rmdir stat statfs truncate unlink",
    "execveat faccessat faccessat2 mkdirat newfstatat openat openat2 readlinkat renameat renameat2 statx unlinkat",
)


class Cause(Value):
    """One part of a metric: what it was, how often, and how long it took in ns (0 where nothing is timed)."""

    what: str
    count: int
    time: int


class Moved(Value):
    """A part that became more: how much of it there is now, and how much of that was not there before. Where nothing
    is known of before, nothing is `compared`: then all of it is told."""

    what: str
    count: int
    time: int
    added_count: int
    added_time: int
    compared: bool

    @property
    def sentence(self) -> str:
        parts = []
        if self.count:
            more = f"{self.added_count:+,d} to " if self.compared and self.added_count else ""
            parts.append(f"{more}{self.count:,} time{'s' * (self.count != 1)}")
        if self.time:
            # Time that became less is no part of what became more.
            more = f"+{duration(self.added_time)} to " if self.compared and self.added_time > 0 else ""
            parts.append(f"{more}{duration(self.time)}")
        return f"{self.what}: {', '.join(parts)}"


def causes(command: Command, metrics: Sequence[Metric], own: OwnProgram | None = None) -> Mapping[str, Sequence[Cause]]:
    """The parts of each metric's subject, from a run of its own: watching so closely costs time, which therefore is
    none of the times judged. Those of the check's own program, `own`, are its keys, in another run, for it brings its
    own options.

    Raises:
        CheckError: it could not be run or watched.
    """
    subjects = dict.fromkeys(metric.subject for metric in metrics)
    known = [subject for subject in subjects if not subject.startswith("@")]
    owned = [subject for subject in subjects if subject.startswith("@")]
    found: dict[str, Sequence[Cause]] = {}
    if known:
        declared = _DISK_DECLARATIONS if any(subject.startswith("disk") for subject in known) else ""
        snapshot = _watched(command, [declared, *(_clauses(subject, place) for place, subject in enumerate(known))])
        for place, subject in enumerate(known):
            tables = [snapshot[name] for name in (f"why_{place}", f"why_user_{place}") if name in snapshot]
            found[subject] = [cause for table in tables for cause in _causes(table)]
    if owned and own is not None:
        program = own.narrowed()
        snapshot = _watched(command, [program.text], program)
        for subject in owned:
            name = subject[1:]
            found[subject] = _causes(snapshot[subject], own.kinds(name), timed=name in own.times)
    return found


def _watched(command: Command, parts: Sequence[str], own: Narrowed | None = None) -> Snapshot:
    text = "\n".join(["#pragma D option quiet\n", FAMILY_DECLARATION, *parts, ENDS, FAMILY_CLAUSES])
    return watched(command, text, _OPTIONS, own)[0]


def moved(now: Sequence[Cause], before: Sequence[Cause] | None, *, timed: bool) -> list[Moved]:
    """The parts that grew most, by the time added, then by their number; where nothing is known of before, or nothing
    grew, the largest. What became more expensive is told where the question is about times (`timed`), what became more
    where it is about a count."""
    old = {cause.what: cause for cause in before or ()}
    found = []
    for cause in now:
        was = old.get(cause.what, Cause(cause.what, 0, 0))
        count, time = cause.count - was.count, cause.time - was.time
        found.append(Moved(cause.what, cause.count, cause.time, count, time, before is not None))
    grown = [row for row in found if row.added_count > 0 or (timed and row.added_time > 0)]
    if now and not grown and before is not None:
        # One run in detail was slower than those that were judged: there is still something to be told.
        return moved(now, None, timed=timed)
    grown.sort(key=lambda row: (-row.added_time, -row.added_count, row.what))
    most = grown[0].added_time if grown else 0
    return [row for row in grown[:TOP] if most <= 0 or row.added_time >= most * _TELLING]


def _causes(held: Aggregation, kinds: Sequence[str] = (), *, timed: bool = False) -> list[Cause]:
    """Keys that read alike are one cause: stacks that differ in where within a function they are, say. Of keys whose
    kinds are known, those that are another number in each run are left out. A number is how often, or ns if `timed`."""
    names = {"device": device_names()} if "device" in kinds else {}
    found: dict[str, Cause] = {}
    for key, value in held.items():
        spelled = (
            [
                SPELLERS[kind](part, names.get(kind, {}))
                for part, kind in zip(key, kinds, strict=True)
                if kind not in _NUMBERS
            ]
            if kinds
            else [_part(part) for part in key]
        )
        what = ", ".join(filter(None, spelled)) or "all"
        count, time = (value.count, value.sum or 0) if isinstance(value, Histogram) else (int(value), 0)
        if timed and not isinstance(value, Histogram):
            count, time = 0, count
        was = found.get(what, Cause(what, 0, 0))
        found[what] = Cause(what, was.count + count, was.time + time)
    return list(found.values())


def _part(part: int | str) -> str:
    """A part of a key: of a stack the innermost frames, in one line; of a file that there is none, nothing."""
    text = str(part)
    if "\n" not in text:
        return "" if text == "<none>" else text
    return " < ".join(frames(text)[:FRAMES])


def frames(stack: str) -> list[str]:
    """The functions of a stack, innermost first. Addresses differ from run to run, so of a frame without a name its
    module stands for all of those that follow it, and one without a module is left out, as is what enters the kernel:
    that is the same in every stack."""
    found: list[str] = []
    for line in filter(None, map(str.strip, stack.splitlines())):
        module, quote, name = line.rpartition("`")
        name = _OFFSET.sub("", name)
        if name.startswith("0x"):
            name = ""
        if (not name and not module) or name in _ENTRIES:
            continue
        frame = f"{module}{quote}{name}" if name else module
        if not found or found[-1] != frame:
            found.append(frame)
    return found


def _clauses(subject: str, place: int) -> str:
    text = _OTHERS.get(subject) or (_disk(subject) if subject.startswith("disk") else _call(subject))
    return filled(text, place)


def _call(subject: str) -> str:
    """A system call by its file and by who called it."""
    call = subject.removeprefix("syscall ")
    place = next((number for number, calls in enumerate(_PATHS) if call in calls.split()), None)
    if place is not None:
        # Read at the end: by then the kernel has brought in the page that the path is on.
        noted, what = f"arg{place}", "copyinstr(self->why_file_ID, 256)"
    else:
        noted, what = "fds[arg0].fi_pathname" if call in _DESCRIPTOR.split() else '""', "self->why_file_ID"
    return _CALL.replace("CALL", call).replace("NOTED", noted).replace("WHAT", what)


def _disk(subject: str) -> str:
    kind = {"disk reads": "&& (args[0]->b_flags & B_READ)", "disk writes": "&& (args[0]->b_flags & B_WRITE)"}
    return _DISK.replace("KIND", kind.get(subject, "")).replace("KEY", "args[0]->b_edev, args[0]->b_blkno")


_CALL = """\
syscall::CALL:entry
/ME/
{
	self->why_ID = timestamp;
	self->why_file_ID = NOTED;
}

syscall::CALL:return
/self->why_ID/
{
	@why_ID["CALL", WHAT, ustack()] = exphist(timestamp - self->why_ID, 2);
	self->why_ID = 0;
	self->why_file_ID = 0;
}
"""
_DISK = """\
io:::start
/ME KIND/
{
	why_began[KEY] = timestamp;
	why_device[KEY] = args[1]->dev_statname;
	why_file[KEY] = args[2]->fi_pathname;
	why_kind[KEY] = args[0]->b_flags & B_READ ? "read" : "write";
}

io:::done
/why_began[KEY]/
{
	@why_ID[why_kind[KEY], why_device[KEY], why_file[KEY]] = exphist(timestamp - why_began[KEY], 2);
	why_began[KEY] = 0;
	why_device[KEY] = 0;
	why_file[KEY] = 0;
	why_kind[KEY] = 0;
}
"""
_DISK_DECLARATIONS = """\
uint64_t why_began[dev_t, uint64_t];
string why_device[dev_t, uint64_t], why_file[dev_t, uint64_t], why_kind[dev_t, uint64_t];
"""
_LOCKS = """\
rawtp:::contention_begin
/ME/
{
	self->why_ID = timestamp;
}

rawtp:::contention_end
/self->why_ID/
{
	@why_ID["kernel lock", stack()] = exphist(timestamp - self->why_ID, 2);
	self->why_ID = 0;
}

syscall::futex:entry
/ME && WAITS/
{
	self->why_futex_ID = timestamp;
}

syscall::futex:return
/self->why_futex_ID/
{
	@why_user_ID["futex", ustack()] = exphist(timestamp - self->why_futex_ID, 2);
	self->why_futex_ID = 0;
}
"""
_ALL_CALLS = """\
syscall:::entry
/ME/
{
	self->why_ID = timestamp;
}

syscall:::return
/self->why_ID/
{
	@why_ID[probefunc] = exphist(timestamp - self->why_ID, 2);
	self->why_ID = 0;
}
"""
_OTHERS = {
    "syscalls": _ALL_CALLS,
    "lock contention": _LOCKS.replace("WAITS", WAITS),
    "page faults": "rawtp:::page_fault_user\n/ME/\n{\n\t@why_ID[ustack()] = count();\n}\n",
    "context switches": "rawtp:::sched_switch\n/ME/\n{\n\t@why_ID[stack()] = count();\n}\n",
    "processes": "rawtp:::sched_process_fork\n/ME/\n{\n\t@why_ID[execname, ustack()] = count();\n}\n",
}
