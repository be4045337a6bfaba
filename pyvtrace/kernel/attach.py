"""How each kind of attach point is loaded and attached. All that is opened belongs to the caller's stack."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pyvtrace.kernel import bpf, perf
from pyvtrace.kernel.features import ask, event_source
from pyvtrace.kernel.syscall import KernelError
from pyvtrace.spec import (
    CodeSpec,
    Counter,
    FunctionTrace,
    KernelPoint,
    Kprobes,
    PerfTracepoint,
    RawTracepoint,
    TaskIterator,
    Timer,
    TypedTracepoint,
    Uprobes,
    UserPoint,
)
from pyvtrace.target import Target

_RETURNS = 1 << 0
# struct perf_event_attr's config of a probe: a return, and from this bit on the place of its counter.
_COUNTER_SHIFT = 32
# Descriptors that are open besides those of probes.
_OTHERS = 256


def load(program: CodeSpec, code: bytes, target: Target) -> int:
    """fd of a program, loaded for the way in which it will be attached.

    Raises:
        VerifierError, BpfError: it is refused.
    """
    expected, function = 0, 0
    match program.attach:
        case Uprobes() if ask("uprobe multi").works:
            expected = bpf.BPF_TRACE_UPROBE_MULTI
        case Kprobes() if ask("kprobe multi").works:
            expected = bpf.BPF_TRACE_KPROBE_MULTI
        case TypedTracepoint(name=name):
            expected, function = bpf.BPF_TRACE_RAW_TP, target.typed_tracepoint(name) or 0
        case TaskIterator():
            from pyvtrace.kernel.types import Types

            expected, function = bpf.BPF_TRACE_ITER, Types().function("bpf_iter_task") or 0
        case FunctionTrace(function=name, returns=returns):
            from pyvtrace.kernel.types import Types

            expected = bpf.BPF_TRACE_FEXIT if returns else bpf.BPF_TRACE_FENTRY
            function = Types().function(name) or 0
    return bpf.program_load(program.type, code, program.name, expected_attach_type=expected, attach_btf_id=function)


def attach(program: CodeSpec, fd: int, target: Target, held: ExitStack, cpus: Sequence[int]) -> None:
    """Let a program run where its spec says, until `held` is closed; timers go off, and counters count, on `cpus`.

    Raises:
        KernelError: the kernel refuses.
    """
    match program.attach:
        case RawTracepoint(name=name):
            _hold(held, bpf.raw_tracepoint_open(name, fd))
        case FunctionTrace() | TypedTracepoint():
            # It was loaded for its place: a name besides is refused.
            _hold(held, bpf.raw_tracepoint_open("", fd))
        case PerfTracepoint(group=group, name=name):
            form = target.tracepoint(group, name)
            if form is not None:
                _run_at(held, perf.open_tracepoint(form.id), fd)
        case Timer(period_ns=period, every_cpu=every):
            for cpu in cpus if every else cpus[:1]:
                _run_at(held, perf.open_clock(cpu, period), fd)
        case Counter() as counter:
            for cpu in cpus:
                _run_at(held, perf.open_counter(cpu, counter), fd)
        case Uprobes() as uprobes:
            _uprobes(held, uprobes, fd)
        case Kprobes() as kprobes:
            _kprobes(held, kprobes, fd)


def _hold(held: ExitStack, fd: int) -> int:
    held.callback(os.close, fd)
    return fd


def _run_at(held: ExitStack, event: int, program: int) -> None:
    perf.attach(_hold(held, event), program)


# ------------------------------------------------------------------------------------------------- many places at once


def _uprobes(held: ExitStack, uprobes: Uprobes, program: int) -> None:
    if not ask("uprobe multi").works:
        _one_by_one(held, program, uprobes.points, lambda point: _open_uprobe(uprobes, point))
        return
    by_file: dict[str, list[UserPoint]] = {}
    for point in uprobes.points:
        by_file.setdefault(point.file, []).append(point)
    for file, points in by_file.items():
        path = ctypes.create_string_buffer(os.fsencode(file))
        offsets, counters, cookies = (
            (ctypes.c_uint64 * len(points))(*words)
            for words in zip(*((p.offset, p.semaphore, p.cookie) for p in points), strict=True)
        )
        addresses = [ctypes.addressof(array) for array in (path, offsets, counters, cookies)]
        if not any(counters):
            addresses[2] = 0
        flags = _RETURNS if uprobes.returns else 0
        rest = struct.pack("=4Q4I", *addresses, len(points), flags, uprobes.pid, 0)
        words = struct.unpack("=6Q", rest)
        with _unless_gone(file):
            _hold(held, bpf.link_create(program, 0, bpf.BPF_TRACE_UPROBE_MULTI, words, f"put probes into {file}"))


@contextmanager
def _unless_gone(file: str) -> Iterator[None]:
    """A file that is reached through the root of a process goes with it, and so does who could run it there."""
    try:
        yield
    except KernelError as error:
        if error.errno != errno.ENOENT or not file.startswith("/proc/"):
            raise


def _open_uprobe(uprobes: Uprobes, point: UserPoint) -> int:
    config = point.semaphore << _COUNTER_SHIFT | (_RETURNS if uprobes.returns else 0)
    task = f"put a probe into {point.file}"
    name = os.fsencode(point.file)
    return perf.open_probe(task, event_source("uprobe"), name, point.offset, uprobes.pid or perf.EVERY_TASK, config)


def _kprobes(held: ExitStack, kprobes: Kprobes, program: int) -> None:
    points = kprobes.points
    if not ask("kprobe multi").works:
        _one_by_one(held, program, points, lambda point: _open_kprobe(kprobes, point))
        return
    names = [ctypes.create_string_buffer(point.function.encode()) for point in points]
    symbols = (ctypes.c_uint64 * len(points))(*map(ctypes.addressof, names))
    cookies = (ctypes.c_uint64 * len(points))(*(point.cookie for point in points))
    flags = _RETURNS if kprobes.returns else 0
    rest = struct.pack("=2I3Q", flags, len(points), ctypes.addressof(symbols), 0, ctypes.addressof(cookies))
    words = struct.unpack("=4Q", rest)
    _hold(held, bpf.link_create(program, 0, bpf.BPF_TRACE_KPROBE_MULTI, words, "put probes into the kernel"))


def _open_kprobe(kprobes: Kprobes, point: KernelPoint) -> int:
    task = f"put a probe into the kernel's {point.function}"
    config = _RETURNS if kprobes.returns else 0
    return perf.open_probe(task, event_source("kprobe"), point.function.encode(), 0, perf.EVERY_TASK, config)


def _one_by_one(
    held: ExitStack, program: int, points: Sequence[UserPoint | KernelPoint], opened: Callable[..., int]
) -> None:
    """A perf event and a link for each place."""
    _room_for(2 * len(points))
    for point in points:
        with _unless_gone(point.file if isinstance(point, UserPoint) else ""):
            event = _hold(held, opened(point))
            words = (point.cookie,)
            _hold(held, bpf.link_create(program, event, bpf.BPF_PERF_EVENT, words, "attach a program to a probe"))


def _room_for(descriptors: int) -> None:
    """Raise the limit of open files as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = len(os.listdir("/proc/self/fd")) + descriptors + _OTHERS
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
