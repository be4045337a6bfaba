"""Entry to and return from every system call; calls through the 32-bit table are module "compat"."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import LONG
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.ctypes_text import c_type
from pyvtrace.providers.pattern import field
from pyvtrace.providers.provider import SYSCALL_IDS, Provider
from pyvtrace.spec import AttachSpec, ProbeName, RawTracepoint
from pyvtrace.target import Target
from pyvtrace.value import Value

NATIVE, COMPAT = "vmlinux", "compat"
COMPAT_BIT, RETURN_BIT, NUMBER_SHIFT = 2, 1, 2
COMPAT_TABLES = {"x86_64": "i386"}


class SyscallKey(Value):
    number: int
    compat: bool
    returns: bool


@lru_cache(maxsize=4)
def table(architecture: str) -> dict[str, int]:
    """Numbers of the calls by name; empty for an architecture we have no table of."""
    path = os.path.join(os.path.dirname(__file__), f"syscalls_{architecture}.txt")
    try:
        with open(path, encoding="ascii") as file:
            return {name: int(number) for number, name in (line.split() for line in file)}
    except FileNotFoundError:
        return {}


def identity(number: int, *, compat: bool, returns: bool) -> int:
    """The probe's id: arithmetic, so that BPF code can compute it from the call's number."""
    return SYSCALL_IDS + (number << NUMBER_SHIFT) + COMPAT_BIT * compat + RETURN_BIT * returns


def make(name: str, number: int, *, compat: bool, returns: bool) -> Probe:
    names = ProbeName("syscall", COMPAT if compat else NATIVE, name, "return" if returns else "entry")
    return Probe(identity(number, compat=compat, returns=returns), names, SyscallKey(number, compat, returns))


def probes(target: Target, description: ProbeDescription) -> Iterator[Probe]:
    if not field(description.provider)("syscall"):
        return
    function = field(description.function)
    tables = [(False, NATIVE, target.architecture)]
    if target.architecture in COMPAT_TABLES:
        tables.append((True, COMPAT, COMPAT_TABLES[target.architecture]))
    for compat, module, architecture in tables:
        if not field(description.module)(module):
            continue
        for returns, name in ((False, "entry"), (True, "return")):
            if field(description.name)(name):
                for call, number in table(architecture).items():
                    if function(call):
                        yield make(call, number, compat=compat, returns=returns)


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    if probe.key.returns:
        return Argument("ret", LONG), Argument("ret", LONG)
    form = None
    for name in (probe.name.function, f"new{probe.name.function}"):
        form = form or target.tracepoint("syscalls", f"sys_enter_{name}")
    if form is None or probe.key.compat:
        return tuple(Argument(f"arg{n}", LONG) for n in range(6))
    return tuple(
        Argument(f.name, c_type(f.type, f.size, signed=f.signed, user=True))
        for f in form.fields
        if f.name != "__syscall_nr"
    )


def attach(target: Target, probe: Probe) -> AttachSpec:
    return RawTracepoint("sys_exit" if probe.key.returns else "sys_enter")


SYSCALL = Provider("syscall", probes, arguments, attach)
