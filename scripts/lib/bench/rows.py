"""What is compared, as data: one record a row of the table, and the commands the rows name.

Absolute figures drift with the machine; what has to hold is the ratio to a peer measured in the same round.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from scripts.lib.bench.compiling import SCRIPT

LOOP = "getppid_loop"
VTRACE = "vtrace"  # replaced by the command of this environment
BENCH = "{bench}"  # in a command, replaced by the path of the program that runs the loop
VIEW = (sys.executable, "-m", "scripts.lib.bench.view")
"""Prints one JSON line: `cpu_ms` of one refresh of a live view with 10,000 keys, and `more_mib` of memory it takes."""
COMPILING = (sys.executable, "-m", "scripts.lib.bench.compiling")
SESSION = (sys.executable, "-m", "scripts.lib.bench.session")
RECORDING = (sys.executable, "-m", "scripts.lib.bench.recording")
FUNCTIONS = (sys.executable, "-m", "scripts.lib.bench.functions")
"""As VIEW; the modules say which figures they print."""


class Command(NamedTuple):
    """A tracer's command line. `programs` of its BPF programs run at every call of the loop once it is attached.

    A command is measured once a round, whatever rows name it; `again` tells two measurements of one command apart.
    """

    argv: tuple[str, ...]
    programs: int = 1
    again: bool = False


class Row(NamedTuple):
    """`figure` of a measurement of kind `kind`: ours against a peer's, their ratio at most `limit`, or at least if
    `more_is_better`. Without a peer the figure itself is held against the limit."""

    name: str
    work: str
    kind: str
    figure: str
    ours: Command
    peer: Command | None
    limit: float
    more_is_better: bool = False

    @property
    def peer_name(self) -> str:
        return self.peer.argv[0] if self.peer else "-"


def own(name: str, work: str, figure: str, command: tuple[str, ...], limit: float) -> Row:
    """A row that a module of ours measures, against a limit of its own."""
    return Row(name, work, "view", figure, Command(command), None, limit)


def vtrace(program: str) -> tuple[str, ...]:
    return (VTRACE, "-qn", program)


def bpftrace(program: str) -> tuple[str, ...]:
    return ("bpftrace", "-e", program)


COUNT = "syscall:::entry { @[execname] = count(); }"
LATENCY = (
    "syscall:::entry { self->t = timestamp; } "
    "syscall:::return /self->t/ { @[execname] = quantize(timestamp - self->t); self->t = 0; }"
)
PEER_COUNT = "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }"
PEER_LATENCY = (
    "tracepoint:raw_syscalls:sys_enter { @t[tid] = nsecs; } "
    "tracepoint:raw_syscalls:sys_exit /@t[tid]/ { @[comm] = hist(nsecs - @t[tid]); delete(@t[tid]); }"
)
AT_ONCE, PEER_AT_ONCE = "BEGIN { exit(0); }", "BEGIN { exit(); }"

# System calls of every architecture, none of which the loop makes.
OTHERS = """
    accept accept4 bind brk capget capset chdir chroot clone close connect copy_file_range dup dup3 epoll_create1
    epoll_ctl epoll_pwait eventfd2 execve exit exit_group faccessat fadvise64 fallocate fchdir fchmod fchmodat
    fchown fchownat fcntl fdatasync fgetxattr flock fsetxattr fstat fstatfs fsync ftruncate futex getcpu getcwd
    getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpid getpriority getrandom getresgid
    getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr
    inotify_add_watch inotify_init1 ioctl kill linkat listen lseek madvise membarrier memfd_create mincore mkdirat
    mlock mmap mount mprotect mremap msync munlock munmap nanosleep openat pidfd_open pipe2 ppoll prctl pread64
    preadv pselect6 pwrite64 read readlinkat readv recvfrom recvmsg renameat2 sendmsg sendto write writev
"""
ONE_CLAUSE = "syscall::getppid:entry { @[execname] = count(); }"
MANY_CLAUSES = " ".join(
    [ONE_CLAUSE, *(f"syscall::{name}:entry {{ @{name} = count(); }}" for name in OTHERS.split()[:100])]
)

# A probe of a stable provider that sees every call, against what one would write on its tracepoint (x86-64's numbers).
# Counting the loop's calls is what tells that none was missed.
STABLE = f"{ONE_CLAUSE} sysinfo:::sysread {{ @reads = count(); }}"
BY_HAND = (
    f"{ONE_CLAUSE} rawtp:raw_syscalls::sys_enter "
    "/args[1] == 0 || args[1] == 17 || args[1] == 19 || args[1] == 295 || args[1] == 327/ { @reads = count(); }"
)

OURS_COUNT = Command(vtrace(COUNT))
OURS_LATENCY = Command(vtrace(LATENCY), programs=2)
OURS_EMPTY, PEER_EMPTY = Command(vtrace(AT_ONCE)), Command(bpftrace(PEER_AT_ONCE))
OURS_SCRIPT = Command(vtrace(f"{SCRIPT} {AT_ONCE}"))
OURS_START = Command(vtrace(f"{LATENCY} {AT_ONCE}"))
PEER_START = Command(bpftrace(f"{PEER_LATENCY} {PEER_AT_ONCE}"))
OURS_PRINT = Command(vtrace('syscall::getppid:entry { printf("%d %s\\n", pid, execname); }'))
PEER_PRINT = Command(bpftrace('tracepoint:syscalls:sys_enter_getppid { printf("%d %s\\n", pid, comm); }'))

# A function of the loop's own, at its entry.
OURS_UPROBE = Command(vtrace(f"uprobe:{BENCH}:called:entry {{ @[execname] = count(); }}"))
PEER_UPROBE = Command(bpftrace(f"uprobe:{BENCH}:called {{ @[comm] = count(); }}"))
OURS_BUBBLES = Command((VTRACE, "bubbles"), programs=2)
# Of another process than those that wait: what everybody pays.
OTHERS_LOOP = Command((VTRACE, "loop", "-p", "1"), programs=3)
OTHERS_DEPS = Command((VTRACE, "deps", "-p", "1", "--json"), programs=3)

# Probes with documented arguments, and the same written for their tracepoints; 23 is SIGURG.
SIGNALS = "proc:::signal-send /args[2] == 23 && args[1]->pr_pid == pid/ { @[execname] = count(); }"
OWN_SIGNALS = "rawtp:signal::signal_generate /args[0] == 23 && args[2]->tgid == pid/ { @[execname] = count(); }"
SDT_SIGNALS = "sdt:signal::signal_generate /args->sig == 23 && args->pid == pid/ { @[execname] = count(); }"
WAKEUPS = "sched:::wakeup /args[0]->pr_lwpid != tid/ { @[execname] = count(); }"
OWN_WAKEUPS = "rawtp:sched::sched_waking /args[0]->pid != tid/ { @[execname] = count(); }"

ROWS = (
    Row("begin", "BEGIN, start to exit", "run", "wall_ms", OURS_EMPTY, PEER_EMPTY, 0.35),
    Row("start", "latency one-liner, start to exit", "run", "wall_ms", OURS_START, PEER_START, 0.35),
    Row("begin-memory", "BEGIN, peak memory", "run", "peak_mib", OURS_EMPTY, PEER_EMPTY, 0.40),
    Row("start-memory", "latency one-liner, peak memory", "run", "peak_mib", OURS_START, PEER_START, 0.40),
    Row("count", "count by execname, added to a call", "added", "ns", OURS_COUNT, Command(bpftrace(PEER_COUNT)), 0.60),
    Row("count-c", "count by execname, added to a call", "added", "ns", OURS_COUNT, Command(("syscount",)), 0.90),
    Row(
        "latency",
        "latency histogram by execname, added to a call",
        "added",
        "ns",
        OURS_LATENCY,
        Command(bpftrace(PEER_LATENCY), programs=2),
        0.45,
    ),
    Row(
        "latency-c",
        "latency histogram by execname, added to a call",
        "added",
        "ns",
        OURS_LATENCY,
        Command(("syscount", "-L"), programs=2),
        0.65,
    ),
    Row(
        "clauses",
        "100 clauses on other calls against none, added to a call",
        "added",
        "ns",
        Command(vtrace(MANY_CLAUSES)),
        Command(vtrace(ONE_CLAUSE)),
        1.15,
    ),
    Row(
        "signal-send",
        "proc:::signal-send against its tracepoint, each run",
        "signal",
        "ns",
        Command(vtrace(SIGNALS)),
        Command(vtrace(OWN_SIGNALS)),
        1.15,
    ),
    Row(
        "signal-sdt",
        "proc:::signal-send against its perf tracepoint, each run",
        "signal",
        "ns",
        Command(vtrace(SIGNALS)),
        Command(vtrace(SDT_SIGNALS)),
        1.15,
    ),
    Row(
        "wakeup",
        "sched:::wakeup against its tracepoint, each run",
        "wake",
        "ns",
        Command(vtrace(WAKEUPS)),
        Command(vtrace(OWN_WAKEUPS)),
        1.15,
    ),
    Row(
        "stable",
        "sysinfo:::sysread against its tracepoint by hand, added to a call",
        "added",
        "ns",
        Command(vtrace(STABLE), programs=2),
        Command(vtrace(BY_HAND), programs=2),
        1.15,
    ),
    Row("uprobe", "a function of a program counted, added to a call", "called", "ns", OURS_UPROBE, PEER_UPROBE, 1.05),
    Row(
        "bubbles",
        "programs of bubbles, a wake-up and back",
        "waits",
        "ns",
        OURS_BUBBLES,
        Command(("offcputime",)),
        0.25,
    ),
    Row("bubbles-slow", "bubbles, slow-down of a wake-up and back, %", "waits", "percent", OURS_BUBBLES, None, 15),
    Row(
        "bubbles-peer",
        "bubbles, the same slow-down",
        "waits",
        "percent",
        OURS_BUBBLES,
        Command(("offcputime",)),
        0.25,
    ),
    Row("crowd", "bubbles, taken from 160 busy processes, %", "crowd", "percent", OURS_BUBBLES, None, 3),
    Row("crowd-peer", "bubbles, the same", "crowd", "percent", OURS_BUBBLES, Command(("offcputime",)), 0.5),
    Row(
        "loop", "programs of loop, others' wake-up and back", "waits", "ns", OTHERS_LOOP, Command(("offcputime",)), 0.5
    ),
    Row(
        "deps", "programs of deps, others' wake-up and back", "waits", "ns", OTHERS_DEPS, Command(("offcputime",)), 0.5
    ),
    Row("script", "script of 100 clauses, start to exit", "run", "wall_ms", OURS_SCRIPT, None, 300),
    own("clause", "compiling, a clause", "clause_ms", COMPILING, 1.0),
    own("types-first", "naming types of the kernel's, first time", "types_first_ms", COMPILING, 60),
    own("types", "naming types of the kernel's, after that", "types_ms", COMPILING, 5),
    own("symbol", "naming a symbol of the kernel's, after the first time", "symbol_ms", COMPILING, 5),
    own("view", "refresh of a live view of 10,000 keys", "cpu_ms", VIEW, 60),
    own("view-memory", "the same, memory added", "more_mib", VIEW, 64),
    own("snapshot", "snapshot of 10,000 keys in Python", "snapshot_cpu_ms", SESSION, 60),
    own("session", "1,000 keys read 10 times a second, % of a core", "session_percent", SESSION, 5),
    own("recorded", "the same recorded, 24 buckets of each changed", "recording_percent", SESSION, 60),
    own("import", "import pyvtrace", "import_ms", SESSION, 40),
    own("replay", "opening a recording of an hour, s", "open_s", RECORDING, 2),
    own("replay-events", "the same of 100 events a second, s", "events_s", RECORDING, 2),
    own("pid-probes", "10,000 pid probes in a program of 150,000 functions, s", "attach_s", FUNCTIONS, 3),
    own("stacks", "naming 10,000 stacks, 40,000 addresses, s of CPU", "resolve_s", FUNCTIONS, 2),
    own("symbols", "the same, memory added, of a program of 100 MB", "symbols_mib", FUNCTIONS, 150),
    own("record-size", "bytes of a recording for each bucket", "bucket_bytes", RECORDING, 40),
    Row(
        "print",
        "printf flood without a drop, events a second",
        "flood",
        "per_s",
        OURS_PRINT,
        PEER_PRINT,
        1.0,
        more_is_better=True,
    ),
)
