"""The syscall provider: entry to and return from every system call, by the names of the architecture's own table.

A call is traced by its number, so nothing here depends on tracefs or on what the kernel was configured with: a call
that this kernel does not have still fires, and returns ENOSYS. Calls that a 32-bit program makes on a 64-bit kernel
have a table of their own; their module is "compat" where that of native ones is "vmlinux". The data files have a line
"number name" for each call up to Linux 6.19.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import LONG
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.c_types import register_type
from pyvtrace.providers.pattern import Glob, Pattern
from pyvtrace.providers.provider import SYSCALL_IDS, Provider
from pyvtrace.spec import AttachSpec, ProbeName, RawTracepoint
from pyvtrace.target import Target
from pyvtrace.value import Value


class SyscallKey(Value):
    """Call `number` of the table of `abi`, "native" or "compat"; `returns` for its return."""

    number: int
    abi: str
    returns: bool


# id = FIRST_ID + 4 * number + (2 if compat) + (1 if return): a program computes the id of the call that fires. Below
# it there is room for negative numbers, with which ptrace and seccomp mark a call that is to be skipped. Numbers are
# kept modulo 2**30, which maps x32 calls (bit 30 set) to the 64-bit calls that they mostly are.
FIRST_ID = 300_000
MODULES = {"native": "vmlinux", "compat": "compat"}
# Architectures whose kernels also serve a 32-bit table, and whose it is.
COMPAT_TABLES = {"x86_64": "i386"}
ARGUMENTS = 6

# Calls whose event in tracefs goes by another name: that of the function that implements them. Descriptions may use
# either, for DTrace on Linux takes its names from tracefs.
_EVENT_NAMES = {
    "stat": "newstat",
    "lstat": "newlstat",
    "fstat": "newfstat",
    "uname": "newuname",
    "sendfile": "sendfile64",
    "umount2": "umount",
}
# The 32-bit `umount` is an older call than the one whose event has its name.
_COMPAT_EVENT_NAMES = {"umount": "oldumount"}
_CALLED = {event: name for name, event in _EVENT_NAMES.items()}


@lru_cache(maxsize=4)
def table(architecture: str) -> dict[str, int]:
    """Name to number, ascending by number; empty for an architecture without a table here."""
    path = os.path.join(os.path.dirname(__file__), f"syscalls_{architecture}.txt")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="ascii") as file:
        words = file.read().split()
    return dict(zip(words[1::2], map(int, words[::2]), strict=True))


def tables(architecture: str) -> dict[str, dict[str, int]]:
    """The table of each ABI that programs on this architecture may use."""
    found = {"native": table(architecture), "compat": table(COMPAT_TABLES.get(architecture, ""))}
    return {abi: calls for abi, calls in found.items() if calls}


def identity(number: int, *, compat: bool, returns: bool) -> int:
    """The id of a call's probe."""
    return FIRST_ID + 4 * number + 2 * compat + returns


def syscall_probe_name(identifier: int, architecture: str = "") -> ProbeName:
    """The name of any id in `SYSCALL_IDS`. Calls that the table does not have, and all calls without a table, are
    "syscall_" and their number."""
    number, rest = divmod(identifier - FIRST_ID, 4)
    abi = "compat" if rest & 2 else "native"
    called = _by_number(architecture, abi).get(number, f"syscall_{number}")
    return ProbeName("syscall", MODULES[abi], called, _KINDS[rest & 1])


@lru_cache(maxsize=4)
def _by_number(architecture: str, abi: str) -> dict[int, str]:
    return {number: name for name, number in tables(architecture).get(abi, {}).items()}


_KINDS = ("entry", "return")


def probes(target: Target, description: ProbeDescription) -> list[Probe]:
    pattern = Pattern(description)
    kinds = [returns for returns in (False, True) if pattern.name(_KINDS[returns])]
    if not kinds:
        return []
    found = [
        _probe(name, number, abi, returns)
        for abi, calls in tables(target.architecture).items()
        if pattern.module(MODULES[abi])
        for name, number in _calls(calls, pattern.function)
        for returns in kinds
    ]
    return sorted(found, key=lambda probe: probe.id)


def _calls(calls: dict[str, int], function: Glob) -> Iterator[tuple[str, int]]:
    """(name, number) of those that a field means; nothing is searched for a name."""
    if function.literal is None:
        yield from ((name, number) for name, number in calls.items() if function(name))
        return
    name = function.literal if function.literal in calls else _CALLED.get(function.literal, "")
    if name in calls:
        yield name, calls[name]


# `syscall:::entry` means 800 probes, and is asked for by the checker and the compiler.
@lru_cache(maxsize=4096)
def _probe(name: str, number: int, abi: str, returns: bool) -> Probe:
    identifier = identity(number, compat=abi == "compat", returns=returns)
    return Probe(
        identifier,
        ProbeName("syscall", MODULES[abi], name, _KINDS[returns]),
        SyscallKey(number, abi, returns),
    )


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    """Of an entry those that the kernel declares, six registers where it tells nothing; of a return the result, twice
    (Dynamic Tracing Guide, "syscall Provider").

    A compat call has the types of the native call of its name, so that one clause can serve both.
    """
    if probe.key.returns:
        return Argument("ret", LONG), Argument("ret", LONG)
    name = probe.name.function
    event = _EVENT_NAMES.get(name, name)
    if probe.key.abi == "compat" and name not in table(target.architecture):
        event = _COMPAT_EVENT_NAMES.get(name, event)
    form = target.tracepoint("syscalls", f"sys_enter_{event}")
    if form is None:
        return tuple(Argument(f"arg{index}", LONG) for index in range(ARGUMENTS))
    # First comes the number. Newer kernels append copies of the strings that pointers point to, which are no arguments.
    registers = [field for field in form.fields[1:] if not field.data_loc]
    return tuple(Argument(field.name, register_type(field.type)) for field in registers[:ARGUMENTS])


def attach(target: Target, probe: Probe) -> AttachSpec:
    return RawTracepoint("sys_exit" if probe.key.returns else "sys_enter")


def hint(target: Target, description: ProbeDescription) -> str:
    if description.provider and not tables(target.architecture):
        return f"the system calls of {target.architecture} are not known"
    return ""


def named(target: Target, identifier: int) -> ProbeName | None:
    return syscall_probe_name(identifier, target.architecture)


SYSCALL = Provider("syscall", SYSCALL_IDS, probes, arguments, attach, hint=hint, named=named)
