"""Where the functions of a C program are attached: their names say it, as bcc reads them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from pyvtrace.bpf import programs
from pyvtrace.spec import (
    AttachSpec,
    FunctionTrace,
    KernelPoint,
    Kprobes,
    PerfTracepoint,
    RawTracepoint,
)

# What bcc takes for the name of a system call's function on any machine, longest first.
_PREFIXES = ("__x32_compat_sys_", "__ia32_compat_sys_", "__x64_sys_", "__arm64_sys_", "__s390x_sys_", "sys_")
_OURS = {"x86_64": "__x64_sys_", "aarch64": "__arm64_sys_", "s390x": "__s390x_sys_", "riscv64": "__riscv_sys_"}
NAMES = "TRACEPOINT_PROBE(group, name), RAW_TRACEPOINT_PROBE(name), kprobe__FUNCTION, kretprobe__FUNCTION, KFUNC_PROBE"


def kernel_function(name: str, machine: str = "") -> str:
    """The function of that name; of a system call's, as it is called on this machine."""
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return _OURS.get(machine or os.uname().machine, prefix) + name.removeprefix(prefix)
    return name


def _kprobe(returns: bool) -> Callable[[str], AttachSpec]:
    return lambda name: Kprobes(returns, (KernelPoint(kernel_function(name), 0),))


def _function(returns: bool) -> Callable[[str], AttachSpec]:
    # KFUNC_PROBE(vmlinux, f) and the older KFUNC_PROBE(f).
    return lambda name: FunctionTrace(name.removeprefix("vmlinux__"), returns)


def _tracepoint(name: str) -> AttachSpec:
    group, _, event = name.partition("__")
    return PerfTracepoint(group, event)


_KINDS: Mapping[str, tuple[int, Callable[[str], AttachSpec]]] = {
    "kprobe__": (programs.KPROBE, _kprobe(False)),
    "kretprobe__": (programs.KPROBE, _kprobe(True)),
    "tracepoint__": (programs.TRACEPOINT, _tracepoint),
    "raw_tracepoint__": (programs.RAW_TRACEPOINT, RawTracepoint),
    "kfunc__": (programs.TRACING, _function(False)),
    "kretfunc__": (programs.TRACING, _function(True)),
}


def point(function: str) -> tuple[int, AttachSpec] | None:
    """The type of a function's program and where it goes; None if its name does not say."""
    for prefix, (type_, make) in _KINDS.items():
        if function.startswith(prefix):
            return type_, make(function.removeprefix(prefix))
    return None
