"""What this kernel can do, for this user, now: found by trying, never from the version.

Distributions backport and leave out; sandboxes and security modules forbid. Each feature is a function that tries the
thing and lets the error out; `since` is documentation, and lets a test say that a "no" on a newer kernel is a failure.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
from collections.abc import Callable, Iterable

from pyvtrace.bpf import helpers, maps, programs
from pyvtrace.bpf.assembler import assemble
from pyvtrace.bpf.isa import (
    ALU64,
    ALU_OPS,
    FROM_REGISTER,
    R0,
    R1,
    R2,
    R3,
    R4,
    R10,
    Insn,
    Item,
    Label,
    atomic_add,
    call,
    jump_if,
    leave,
    load,
    map_fd,
    mov,
    store,
)
from pyvtrace.kernel import bpf, perf
from pyvtrace.kernel.cpus import online
from pyvtrace.spec import Counter, MapSpec
from pyvtrace.value import Value


class Feature(Value):
    """`since` is the mainline version that has it. `purpose` says what a user gets from it, `remedy` what to do where
    it is missing. Syscall one-liners need the `essential` ones."""

    name: str
    since: str
    purpose: str
    remedy: str
    probe: Callable[[], None]
    essential: bool = False


class Answer(Value):
    """`reason` is the kernel's error text and `hint` what may be behind it; both empty for a yes."""

    feature: Feature
    works: bool
    reason: str = ""
    hint: str = ""
    error: int = 0


_BPF_LOOP = 181  # a helper no compiled program calls

FEATURES: dict[str, Feature] = {}
_answers: dict[str, Answer] = {}


def feature(
    name: str, *, since: str, purpose: str, remedy: str = "", essential: bool = False
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Put a probe into the table. It returns where the feature works; an OSError it raises is a "no"."""

    def enter(probe: Callable[[], None]) -> Callable[[], None]:
        FEATURES[name] = Feature(name, since, purpose, remedy or f"use Linux {since} or newer", probe, essential)
        return probe

    return enter


def ask(name: str) -> Answer:
    """Whether the feature works; asked of the kernel once a process.

    Raises:
        KeyError: there is no feature of that name.
    """
    if name not in _answers:
        _answers[name] = _try(FEATURES[name])
    return _answers[name]


def _try(asked: Feature) -> Answer:
    try:
        asked.probe()
    except bpf.VerifierError as error:
        return Answer(asked, False, error.telling, "", error.errno or 0)
    except OSError as error:
        return Answer(asked, False, error.strerror or str(error), getattr(error, "hint", ""), error.errno or 0)
    return Answer(asked, True)


# -------------------------------------------------------------------------------------------------------------- tools


def _map(type: int, key_size: int, value_size: int, max_entries: int, flags: int = 0) -> int:
    return bpf.map_create(MapSpec("vtrace_probe", type, key_size, value_size, max_entries, flags))


def _program(items: Iterable[Item], type: int = programs.RAW_TRACEPOINT, **fds: int) -> int:
    """fd of a program; `fds` are those of the maps it names."""
    assembled = assemble(items)
    code = bytearray(assembled.code)
    for slot, name in assembled.relocations:
        struct.pack_into("=i", code, 8 * slot + 4, fds[name])
    return bpf.program_load(type, bytes(code), "vtrace_probe")


def _idle(type: int = programs.RAW_TRACEPOINT) -> int:
    """fd of a program that does nothing."""
    return _program((mov(R0, 0), leave()), type)


def _loads(*items: Item, type: int = programs.RAW_TRACEPOINT, **fds: int) -> None:
    os.close(_program(items, type, **fds))


def _tracepoint(name: str) -> None:
    """Whether a raw tracepoint exists, without attaching to it: another session may be about to, and attaching again
    soon after detaching waits for a grace period.

    The kernel looks the tracepoint up (ENOENT), then refuses a program that reads more arguments than it has (EINVAL);
    none has twelve.
    """
    fd = _program((load(R0, R1, 8 * 11), leave()))
    try:
        os.close(bpf.raw_tracepoint_open(name, fd))
    except bpf.BpfError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


def event_source(name: str) -> int:
    """Type number of a dynamic perf event source."""
    try:
        with open(f"/sys/bus/event_source/devices/{name}/type", encoding="ascii") as file:
            return int(file.read())
    except OSError as error:
        raise OSError(error.errno, f"this kernel has no event source {name!r}") from None


def _tracepoint_id(group: str, name: str) -> int:
    from pyvtrace.kernel.tracefs import event_format, find

    found = event_format(find(), group, name)
    if found is None:
        raise OSError(errno.ENOENT, f"there is no tracepoint {group}:{name}")
    return found.id


# ---------------------------------------------------------------------------------------------------- what is essential


@feature(
    "raw tracepoints",
    since="4.17",
    purpose="the syscall, sched and proc providers: the cheapest way to run at an event",
    essential=True,
)
def raw_tracepoints() -> None:
    # One that hardly anything else listens to, and that is in every kernel since 2.6.
    fd = _idle()
    try:
        os.close(bpf.raw_tracepoint_open("sched_kthread_stop", fd))
    finally:
        os.close(fd)


@feature("ring buffer", since="5.8", purpose="printf(), trace() and all that shows single events", essential=True)
def ring_buffer() -> None:
    os.close(_map(maps.RINGBUF, 0, 0, 4096))


@feature(
    "mmapable arrays",
    since="5.5",
    purpose="reading aggregations without copying, and D's global variables",
    essential=True,
)
def mmapable_arrays() -> None:
    fd = _map(maps.ARRAY, 4, 8, 1, maps.MMAPABLE)
    try:
        bpf.map_mmap(fd, 8).close()
    finally:
        os.close(fd)


@feature(
    "task storage",
    since="5.11",
    purpose="thread-local variables (self->x), freed by the kernel when the thread ends",
    essential=True,
)
def task_storage() -> None:
    fd = _map(maps.TASK_STORAGE, 4, 8, 0, maps.NO_PREALLOC)
    get = call(helpers.TASK_STORAGE_GET)
    task = (call(helpers.GET_CURRENT_TASK_BTF), mov(R2, R0))
    try:
        _loads(*task, map_fd(R1, "store"), mov(R3, 0), mov(R4, 1), get, mov(R0, 0), leave(), store=fd)
    finally:
        os.close(fd)


@feature(
    "current task",
    since="5.11",
    purpose="execname, pid, ppid and curthread-> read straight from the task",
    essential=True,
)
def current_task() -> None:
    _loads(call(helpers.GET_CURRENT_TASK_BTF), load(R0, R0, 0, 4), leave())


@feature("test run", since="5.10", purpose="BEGIN and END, run when the session says", essential=True)
def test_run() -> None:
    fd = _idle()
    try:
        bpf.program_test_run(fd)
    finally:
        os.close(fd)


@feature(
    "atomic fetch",
    since="5.12",
    purpose="slots of keyed aggregations handed out in the kernel",
    essential=True,
)
def atomic_fetch() -> None:
    _loads(store(R10, -8, 0), mov(R1, 1), atomic_add(R10, -8, R1, fetch=True), mov(R0, 0), leave())


@feature(
    "BTF",
    since="5.2",
    purpose="offsets of kernel structures, typed tracepoint arguments, C probes without kernel headers",
    remedy="use a kernel built with CONFIG_DEBUG_INFO_BTF",
    essential=True,
)
def btf() -> None:
    from pyvtrace.kernel.btf import VMLINUX

    with open(VMLINUX, "rb", buffering=0) as file:
        file.read(1)


# ------------------------------------------------------------------------------------------------------- what is useful


@feature("batch map operations", since="5.6", purpose="reading large aggregations and associative arrays quickly")
def batch_map_operations() -> None:
    fd = _map(maps.HASH, 4, 4, 1)
    try:
        bpf.map_update(fd, bytes(4), bytes(4))
        keys, values, place = (ctypes.create_string_buffer(4) for _ in range(3))
        batch = bpf.Batch(fd=fd, next=place, keys=keys, values=values, count=1)
        _, number = bpf.attempt("BPF_MAP_LOOKUP_BATCH", batch)
        if number not in (0, errno.ENOENT):
            raise bpf.BpfError("BPF_MAP_LOOKUP_BATCH", number, "read a map")
    finally:
        os.close(fd)


@feature(
    "unlocked map memory",
    since="5.11",
    purpose="large maps whatever the limit of locked memory is",
    remedy="raise the limit: ulimit -l unlimited",
)
def unlocked_map_memory() -> None:
    # With a limit of nothing, only a kernel that charges maps to the memory cgroup instead makes one.
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, hard))
    try:
        os.close(_map(maps.ARRAY, 4, 8, 512))
    finally:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (soft, hard))


@feature("bounded loops", since="5.3", purpose="string functions (strstr, basename ...) without unrolling")
def bounded_loops() -> None:
    again = Label("again")
    _loads(mov(R1, 0), again, R1 + 1, jump_if(R1, "<", 8, again), mov(R0, 0), leave())


@feature("bpf_loop", since="5.17", purpose="long loops the verifier need not walk through")
def bpf_loop() -> None:
    # A proper call takes a callback described by BTF. Bad arguments do as well: they are complained about only by a
    # kernel that knows the helper.
    try:
        _loads(mov(R1, 1), mov(R2, 0), mov(R3, 0), mov(R4, 0), call(_BPF_LOOP), leave())
    except bpf.VerifierError as error:
        if "unknown func" in error.log or "invalid func" in error.log:
            raise


@feature("signed division", since="6.6", purpose="D's / and % of signed integers in one instruction")
def signed_division() -> None:
    divide = Insn(ALU_OPS["/"] | ALU64 | FROM_REGISTER, R0.number, R1.number, off=1)
    _loads(mov(R0, -7), mov(R1, 2), divide, leave())


@feature("cgroup id", since="4.18", purpose="the variables cgroup and container")
def cgroup_id() -> None:
    _loads(call(helpers.GET_CURRENT_CGROUP_ID), leave())


@feature(
    "CPU clock",
    since="4.9",
    purpose="the profile provider: profile-n and tick-n",
    remedy="grant CAP_PERFMON, or lower kernel.perf_event_paranoid",
)
def cpu_clock() -> None:
    program = _idle(programs.PERF_EVENT)
    event = -1
    try:
        event = perf.open_clock(online()[0], 10**9)
        perf.attach(event, program)
    finally:
        _close(event, program)


@feature(
    "hardware counters",
    since="2.6.31",
    purpose="hardware events of the cpc provider: cycles, instructions, cache misses",
    remedy="use the machine itself, or a virtual one that is given counters; software events work without",
)
def hardware_counters() -> None:
    cycles = Counter("cpu_cycles", kind=0, number=0, period=10**9, kernel=True, user=True)
    try:
        os.close(perf.open_counter(online()[0], cycles))
    except perf.PerfError as error:
        if error.errno not in (errno.ENOENT, errno.EOPNOTSUPP):
            raise
        raise OSError(error.errno, "the kernel has found none") from None


def _close(*fds: int) -> None:
    for fd in fds:
        if fd >= 0:
            os.close(fd)


@feature(
    "tracefs",
    since="4.1",
    purpose="listing tracepoints, and their arguments by name",
    remedy="as root: mount -t tracefs tracefs /sys/kernel/tracing",
)
def tracefs() -> None:
    _tracepoint_id("sched", "sched_switch")


@feature(
    "perf tracepoints", since="4.7", purpose="the tracepoint provider, for events that raw tracepoints do not reach"
)
def perf_tracepoints() -> None:
    program = _idle(programs.TRACEPOINT)
    event = -1
    try:
        event = perf.open_tracepoint(_tracepoint_id("sched", "sched_kthread_stop"))
        perf.attach(event, program)
    finally:
        _close(event, program)


@feature(
    "syscalls tracepoints",
    since="2.6.31",
    purpose="typed arguments of single system calls",
    remedy="use a kernel built with CONFIG_FTRACE_SYSCALLS",
)
def syscalls_tracepoints() -> None:
    _tracepoint_id("syscalls", "sys_enter_read")


@feature(
    "block tracepoints",
    since="2.6.31",
    purpose="the io provider: disk requests",
    remedy="use a kernel built with CONFIG_BLOCK and CONFIG_BLK_DEV_IO_TRACE or other tracers",
)
def block_tracepoints() -> None:
    _tracepoint("block_rq_issue")


@feature("contention tracepoints", since="5.19", purpose="the lockstat provider: waiting for kernel locks")
def contention_tracepoints() -> None:
    _tracepoint("contention_begin")


# ------------------------------------------------------------------------------------- functions of kernel and programs

# A function every kernel has, not inlined and not on the list of what must not be probed.
_FUNCTION = b"vfs_read"


@feature(
    "kprobe",
    since="4.1",
    purpose="the fbt provider: entry and return of kernel functions",
    remedy="use a kernel built with CONFIG_KPROBES and CONFIG_KPROBE_EVENTS",
)
def kprobe() -> None:
    _loads(mov(R0, 0), leave(), type=programs.KPROBE)
    os.close(perf.open_probe("open a kprobe", event_source("kprobe"), _FUNCTION, 0))


@feature("kprobe multi", since="5.18", purpose="attaching to thousands of the kernel's functions at once")
def kprobe_multi() -> None:
    attach_type = bpf.BPF_TRACE_KPROBE_MULTI
    code = assemble((mov(R0, 0), leave())).code
    fd = bpf.program_load(programs.KPROBE, code, "vtrace_probe", expected_attach_type=attach_type)
    name = ctypes.create_string_buffer(_FUNCTION)
    names = ctypes.c_uint64(ctypes.addressof(name))
    rest = struct.pack("=2I3Q", 0, 1, ctypes.addressof(names), 0, 0)
    try:
        os.close(bpf.link_create(fd, 0, attach_type, struct.unpack("=4Q", rest)))
    finally:
        os.close(fd)


@feature("fentry", since="5.17", purpose="the fbt provider at a tenth of a kprobe's cost, with the arguments' types")
def fentry() -> None:
    # Together with the helper that reads arguments, which is what makes it 5.17 and not 5.5.
    from pyvtrace.kernel.types import Types

    identifier = Types().function("vfs_read")
    if identifier is None:
        raise OSError(errno.ENOENT, "no BTF that describes the kernel's functions")
    argument = (store(R10, -8, 0), mov(R2, 0), mov(R3, R10), R3 + -8, call(helpers.GET_FUNC_ARG))
    code = assemble((*argument, mov(R0, 0), leave())).code
    fd = bpf.program_load(
        programs.TRACING,
        code,
        "vtrace_probe",
        expected_attach_type=bpf.BPF_TRACE_FENTRY,
        attach_btf_id=identifier,
    )
    try:
        os.close(bpf.raw_tracepoint_open("", fd))
    finally:
        os.close(fd)


# Offset 0 of a program holds the ELF header, which is not mapped executable: the probe is accepted and never set.
_OURSELVES = b"/proc/self/exe"


@feature(
    "uprobe",
    since="4.3",
    purpose="the pid and usdt providers: functions and probes of programs",
    remedy="use a kernel built with CONFIG_UPROBE_EVENTS",
)
def uprobe() -> None:
    os.close(perf.open_probe("open a uprobe", event_source("uprobe"), _OURSELVES, 0))


@feature("attach cookie", since="5.15", purpose="one program for many probes: the pid, uprobe, usdt and fbt providers")
def attach_cookie() -> None:
    program = _program((call(helpers.GET_ATTACH_COOKIE), mov(R0, 0), leave()), programs.KPROBE)
    event = link = -1
    try:
        event = perf.open_probe("open a uprobe", event_source("uprobe"), _OURSELVES, 0)
        link = bpf.link_create(program, event, bpf.BPF_PERF_EVENT, (1,))
    finally:
        _close(link, event, program)


@feature("uprobe multi", since="6.6", purpose="attaching to thousands of a program's functions at once")
def uprobe_multi() -> None:
    code = assemble((mov(R0, 0), leave())).code
    attach_type = bpf.BPF_TRACE_UPROBE_MULTI
    fd = bpf.program_load(programs.KPROBE, code, "vtrace_probe", expected_attach_type=attach_type)
    path, offsets = ctypes.create_string_buffer(_OURSELVES), ctypes.c_uint64(0)
    # path, offsets, reference counters, cookies; count, flags, process
    rest = struct.pack("=4Q4I", ctypes.addressof(path), ctypes.addressof(offsets), 0, 0, 1, 0, 0, 0)
    try:
        os.close(bpf.link_create(fd, 0, attach_type, struct.unpack("=6Q", rest)))
    finally:
        os.close(fd)
