"""perf_event_open(2): what BPF programs attach to that has no raw tracepoint: perf tracepoints and CPU clocks."""

from __future__ import annotations

import ctypes
import fcntl
from ctypes import c_uint32, c_uint64

from pyvtrace.kernel.cpus import online
from pyvtrace.kernel.syscall import PERF_EVENT_OPEN, KernelError, syscall
from pyvtrace.spec import Counter

_TYPE_SOFTWARE, _TYPE_TRACEPOINT = 1, 2
_COUNT_CPU_CLOCK = 0
_FLAG_FD_CLOEXEC = 1 << 3
_DISABLED, _EXCLUDE_USER, _EXCLUDE_KERNEL = 1 << 0, 1 << 4, 1 << 5
_IOC_ENABLE, _IOC_SET_BPF = 0x2400, 0x40042408
EVERY_TASK = -1


class _Attributes(ctypes.Structure):
    """`struct perf_event_attr` up to config2 (PERF_ATTR_SIZE_VER1)."""

    _fields_ = (
        ("type", c_uint32),
        ("size", c_uint32),
        ("config", c_uint64),
        ("sample_period", c_uint64),
        ("sample_type", c_uint64),
        ("read_format", c_uint64),
        ("flags", c_uint64),
        ("wakeup_events", c_uint32),
        ("breakpoint_type", c_uint32),
        ("config1", c_uint64),
        ("config2", c_uint64),
    )


class PerfError(KernelError):
    """perf_event_open(2), or attaching to what it opened, was refused."""


def open_event(task: str, pid: int, cpu: int, *, flags: int = 0, **attributes: int) -> int:
    """fd of a disabled event with those members of `struct perf_event_attr`; `task` words the error."""
    event = _Attributes(size=ctypes.sizeof(_Attributes), flags=_DISABLED | flags, **attributes)
    fd, number = syscall(PERF_EVENT_OPEN, ctypes.addressof(event), pid, cpu, -1, _FLAG_FD_CLOEXEC)
    if number:
        raise PerfError("perf_event_open", number, task)
    return fd


def open_tracepoint(event_id: int) -> int:
    """fd for attaching one program to the tracepoint with this tracefs id, on every CPU.

    One fd only: the kernel runs a tracepoint's programs wherever it is hit, and a second fd for the same program is
    refused with EEXIST.
    """
    return open_event(
        f"open the tracepoint with id {event_id}", EVERY_TASK, online()[0], type=_TYPE_TRACEPOINT, config=event_id
    )


def open_clock(cpu: int, period_ns: int) -> int:
    """fd of a CPU's clock that runs a program every `period_ns`; the kernel takes less than 10,000 ns as 10,000.

    Raises:
        PerfError: ENODEV if the CPU is not online.
    """
    return open_event(
        f"open the clock of CPU {cpu}",
        EVERY_TASK,
        cpu,
        type=_TYPE_SOFTWARE,
        config=_COUNT_CPU_CLOCK,
        sample_period=period_ns,
    )


def open_counter(cpu: int, counter: Counter) -> int:
    """fd of a counter of a CPU that runs a program once in its period.

    Raises:
        PerfError: ENOENT or EOPNOTSUPP where nothing counts this.
    """
    flags = (0 if counter.user else _EXCLUDE_USER) | (0 if counter.kernel else _EXCLUDE_KERNEL)
    return open_event(
        f"count {counter.name} on CPU {cpu}",
        EVERY_TASK,
        cpu,
        flags=flags,
        type=counter.kind,
        config=counter.number,
        sample_period=counter.period,
    )


def open_probe(task: str, source: int, function: bytes, offset: int, pid: int = 0, config: int = 0) -> int:
    """fd of a kprobe or uprobe in process `pid` (0: this one); `source` is the number of the event source of that name,
    `function` a kernel function or a program's path, `offset` bytes into it; `config` says the kind of probe."""
    name = ctypes.create_string_buffer(function)
    cpu = online()[0] if pid == EVERY_TASK else -1
    return open_event(task, pid, cpu, type=source, config=config, config1=ctypes.addressof(name), config2=offset)


def attach(perf_fd: int, program_fd: int) -> None:
    """Let the event run the program, from now until `perf_fd` is closed.

    By ioctl, not by BPF_LINK_CREATE: a link ends no sooner (closing waits for the tracepoint's grace periods either
    way: 76 ms each on a 2-CPU 6.18, against 0.1 ms for a raw tracepoint and 0.01 ms for a clock), is one fd more, and
    needs 5.15.
    """
    try:
        fcntl.ioctl(perf_fd, _IOC_SET_BPF, program_fd)
        fcntl.ioctl(perf_fd, _IOC_ENABLE, 0)
    except OSError as error:
        raise PerfError("PERF_EVENT_IOC_SET_BPF", error.errno or 0, "attach a program to a perf event") from None


def enable(perf_fd: int) -> None:
    """Let an event that has a buffer instead of a program begin."""
    try:
        fcntl.ioctl(perf_fd, _IOC_ENABLE, 0)
    except OSError as error:
        raise PerfError("PERF_EVENT_IOC_ENABLE", error.errno or 0, "enable a perf event") from None
