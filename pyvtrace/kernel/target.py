"""The running kernel, asked through `pyvtrace.target.Target`: what the compiler and the providers get to see of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pyvtrace.kernel.cpus import possible
from pyvtrace.kernel.types import Types
from pyvtrace.target import (
    Enumerator,
    Functions,
    KernelParameter,
    KernelSymbol,
    KernelType,
    Mapped,
    MemberPlace,
    NoAccess,
    Note,
    Prototype,
    TracepointFormat,
)

if TYPE_CHECKING:
    from pyvtrace.kernel.addresses import Addresses
    from pyvtrace.kernel.symbols_kernel import KernelSymbols

# Events that are not tracepoints of their own name: the syscalls group is made out of raw_syscalls:sys_enter and
# sys_exit, the others are what somebody defined through tracefs.
_NOT_RAW = frozenset(
    ("syscalls", "kprobes", "uprobes", "fprobes", "eprobes", "tracepoints", "synthetic", "user_events", "probe")
)


class LiveTarget:
    """The kernel this process runs on. Nothing is read before it is asked for, and nothing twice."""

    def __init__(self, types: Types | None = None) -> None:
        self._given_types = types
        self._formats: dict[tuple[str, str], TracepointFormat | None] = {}
        # Of processes that are yet to begin: what lets one go on until it has mapped its libraries.
        self.beginning: dict[int, Callable[[], None]] = {}
        self._mapped: dict[int, Sequence[Mapped] | NoAccess] = {}
        self._functions: dict[str, Functions | NoAccess] = {}
        self._notes: dict[str, tuple[Note, ...]] = {}

    @property
    def architecture(self) -> str:
        return os.uname().machine

    @cached_property
    def cpus(self) -> int:
        """Possible CPUs, online or not: per-CPU maps have a value for each."""
        return 1 + possible()[-1]

    @property
    def word_bits(self) -> int:
        return 64

    @cached_property
    def types(self) -> Types:
        return self._given_types or Types()

    @cached_property
    def tracefs(self) -> str:
        """The directory of tracefs; empty if there is none that can be read."""
        from pyvtrace.kernel.tracefs import TracefsError, find

        try:
            return find()
        except TracefsError:
            return ""

    def tracepoints(self) -> Sequence[tuple[str, str]]:
        return self._tracepoints

    @cached_property
    def _tracepoints(self) -> list[tuple[str, str]]:
        from pyvtrace.kernel.tracefs import events

        return events(self.tracefs) if self.tracefs else []

    def tracepoint(self, group: str, name: str) -> TracepointFormat | None:
        from pyvtrace.kernel.tracefs import event_format

        if (group, name) not in self._formats:
            found = event_format(self.tracefs, group, name) if self.tracefs else None
            self._formats[group, name] = found
        return self._formats[group, name]

    def raw_tracepoints(self) -> Sequence[tuple[str, str]]:
        return self._raw_tracepoints

    @cached_property
    def _raw_tracepoints(self) -> list[tuple[str, str]]:
        """tracefs knows the groups, and modules' tracepoints; BTF knows those that have no event."""
        named = [pair for pair in self._tracepoints if pair[0] not in _NOT_RAW]
        btf = self.types.btf()
        bare = btf.raw_tracepoints() if btf else []
        known = {name for _, name in named}
        return named + [("", name) for name in bare if name not in known]

    def raw_tracepoint(self, name: str) -> Sequence[KernelParameter] | None:
        return self.types.raw_tracepoint(name)

    def typed_tracepoint(self, name: str) -> int | None:
        return self.types.typed_tracepoint(name)

    def member(self, struct: str, path: str) -> MemberPlace | None:
        return self.types.member(struct, path)

    def aggregate(self, keyword: str, tag: str) -> KernelType | None:
        return self.types.aggregate(keyword, tag)

    def named_type(self, name: str) -> KernelType | None:
        return self.types.named(name)

    def enumerator(self, name: str) -> Enumerator | None:
        return self.types.enumerator(name)

    def symbol(self, module: str, name: str) -> KernelSymbol | None:
        from pyvtrace.kernel.kallsyms import find

        return find(module, name, self.types.variable(name), remembered=self._addresses)

    @cached_property
    def _addresses(self) -> Addresses:
        from pyvtrace.kernel.addresses import Addresses

        return Addresses()

    def function(self, name: str) -> tuple[int, int] | None:
        return self._symbols.range_of(name)

    @cached_property
    def _symbols(self) -> KernelSymbols:
        from pyvtrace.kernel.symbols_kernel import KernelSymbols

        return KernelSymbols()

    def feature(self, name: str) -> bool:
        from pyvtrace.kernel.features import ask

        return ask(name).works

    def lacking(self, name: str) -> str:
        from pyvtrace.kernel.features import ask

        answer = ask(name)
        return answer.reason + (f" ({answer.hint})" if answer.hint else "")

    # ------------------------------------------------------------------------------------------- functions, everywhere

    def processes(self) -> Sequence[int]:
        from pyvtrace.kernel.mapped import processes

        return processes()

    def mapped(self, pid: int) -> Sequence[Mapped] | NoAccess:
        from pyvtrace.kernel.mapped import mapped

        if pid not in self._mapped:
            if begin := self.beginning.pop(pid, None):
                begin()
            self._mapped[pid] = mapped(pid)
        return self._mapped[pid]

    def functions(self, file: str) -> Functions | NoAccess:
        from pyvtrace.kernel.elf import functions

        if file not in self._functions:
            self._functions[file] = functions(file)
        return self._functions[file]

    def notes(self, file: str) -> Sequence[Note]:
        from pyvtrace.kernel.elf import notes

        if file not in self._notes:
            self._notes[file] = notes(file)
        return self._notes[file]

    def locate(self, name: str) -> str:
        from pyvtrace.kernel.mapped import locate

        return locate(name)

    def kernel_functions(self) -> Sequence[tuple[str, str]]:
        return self._kernel_functions

    @cached_property
    def _kernel_functions(self) -> list[tuple[str, str]]:
        """As the tracer lists them; of kernels that do not tell, those that BTF describes."""
        from pyvtrace.kernel.tracefs import traced_functions

        listed = traced_functions(self.tracefs) if self.tracefs else []
        btf = None if listed else self.types.btf()
        return listed or [("vmlinux", name) for name in (btf.functions() if btf else ())]

    def prototype(self, function: str) -> Prototype | None:
        return self.types.prototype(function)
