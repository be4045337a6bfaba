"""A compiled C program made live: its tables, its functions where their names say, and what they saw as a Snapshot.

bcc is not needed for any of that. As with D programs, everything is a file descriptor and nothing is pinned.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator, Sequence

from pyvtrace.bpf import maps
from pyvtrace.cprobes import tables
from pyvtrace.cprobes.mounts import there
from pyvtrace.cprobes.outputs import Output, Outputs
from pyvtrace.cprobes.points import NAMES, point
from pyvtrace.cprobes.program import CFunction, CProgram, CProgramError, CTable
from pyvtrace.kernel import bpf, perf, tracefs
from pyvtrace.kernel.attach import attach, load
from pyvtrace.kernel.cpus import online, possible
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.kernel.types import Types
from pyvtrace.runtime.live import Live
from pyvtrace.runtime.snapshot import Snapshot, Table
from pyvtrace.spec import COUNTERS, AggregationSpec, CodeSpec, FunctionTrace, MapSpec, PerfTracepoint
from pyvtrace.value import Value

_PAGE = os.sysconf("SC_PAGE_SIZE")


class _Loaded(Value):
    code: CodeSpec
    fd: int


class CSession(Live):
    """One running C program. Entering loads, `attach` enables, leaving takes everything away.

    `only` names the tables to show; see `tables.shown`.

    Raises, on entering:
        CProgramError: a table or function is of a kind that does not work here.
        KernelError: the kernel refuses.
    """

    def __init__(self, program: CProgram, only: Sequence[str] = ()) -> None:
        super().__init__()
        known = [table.name for table in program.tables]
        if unknown := [name for name in only if name not in known]:
            raise CProgramError(f"{program.name} has no table {unknown[0]}; it has {', '.join(known) or 'none'}")
        self.program = program
        self.shown = tables.shown(program, only)
        self.notes = list(self.shown.notes)
        if "bpf_trace_printk" in program.text:
            self.notes.append(
                "what bpf_trace_printk() prints goes to the kernel's trace_pipe, which is not read here; "
                "BPF_PERF_OUTPUT and BPF_RINGBUF_OUTPUT are"
            )
        self._fds: dict[str, int] = {}
        self._loaded: list[_Loaded] = []

    # ------------------------------------------------------------------------------------------------------ going live

    def _load(self) -> None:
        self._target = LiveTarget()
        self._cpus = 1 + possible()[-1]
        for table in self.program.tables:
            self._fds[table.name] = self._own(bpf.map_create(_map(table, self._cpus)))
        self.outputs = Outputs(self._outputs(), self._fds, self._stack)
        for function in self.program.functions:
            self._loaded.append(self._program(function))
        if not self._loaded:
            raise CProgramError(f"{self.program.name} has no function to attach", f"name one by {NAMES}")

    def _outputs(self) -> list[CTable]:
        return [table for table in self.program.tables if table.type in tables.OUTPUTS and table.event]

    def _program(self, function: CFunction) -> _Loaded:
        found = point(function.name)
        if found is None:
            raise CProgramError(
                f"nothing says where {function.name}() is to be attached: bcc's Python scripts do that themselves",
                f"run such a script with vtrace bcc, or name the function by {NAMES}",
            )
        code = bytearray(function.code)
        for index, table in function.relocations:
            struct.pack_into("<i", code, index * 8 + 4, self._fds[table])
        spec = CodeSpec(function.name, found[0], bytes(code), (), found[1], (), ())
        if isinstance(spec.attach, FunctionTrace) and not Types().function(spec.attach.function):
            raise CProgramError(f"this kernel has no function {spec.attach.function}")
        try:
            return _Loaded(spec, self._own(load(spec, spec.code, self._target)))
        except bpf.VerifierError as error:
            last = "\n".join(f"    {line}" for line in error.log.strip().splitlines()[-8:])
            raise CProgramError(f"the kernel's verifier refused {function.name}(): {error.telling}\n{last}") from None

    def attach(self) -> None:
        """Enable every probe."""
        for loaded in self._loaded:
            where = loaded.code.attach
            if isinstance(where, PerfTracepoint):
                event = perf.open_tracepoint(_event_id(where.group, where.name))
                self._attached.callback(os.close, event)
                perf.attach(event, loaded.fd)
            else:
                attach(loaded.code, loaded.fd, self._target, self._attached, online())

    # ----------------------------------------------------------------------------------------------------- what it saw

    @property
    def aggregations(self) -> tuple[AggregationSpec, ...]:
        """What the program's tables are shown as."""
        return tuple(view.spec for view in self.shown.views)

    def snapshot(self) -> Snapshot:
        """Everything counted so far."""
        found = {
            view.spec.name: Table(view.spec, tables.rows(view, self._fds[view.table.name], self._cpus))
            for view in self.shown.views
        }
        return Snapshot(
            time.clock_gettime_ns(time.CLOCK_MONOTONIC),
            time.clock_gettime_ns(time.CLOCK_REALTIME),
            found,
            self.lost(),
        )

    def lost(self) -> dict[str, int]:
        """As `Snapshot.lost`: "principal" are events that found no room."""
        missed = sum(bpf.program_info(loaded.fd).recursion_misses for loaded in self._loaded)
        return {**dict.fromkeys(COUNTERS, 0), "principal": self.outputs.lost, "missed": missed}

    def complaints(self) -> Iterator[str]:
        """What was lost so far, a line each."""
        lost = self.lost()
        if lost["principal"]:
            yield f"{lost['principal']} events dropped: there was no room in the output buffer"
        if lost["missed"]:
            yield f"{lost['missed']} events missed: a program of this one's was already running on that CPU"
        for name, table in {view.table.name: view.table for view in self.shown.views}.items():
            if tables.full(table, self._fds[name], self._cpus):
                yield f"table {name} is full: of keys that came when it was, nothing is known"

    def events(self) -> list[Output]:
        """What the program put out since the last call, in the order of each CPU."""
        return self.outputs.read()


def _map(table: CTable, cpus: int) -> MapSpec:
    """
    Raises:
        CProgramError: it is of a kind that a program's text does not say enough about.
    """
    if table.type in tables.REFUSED:
        raise CProgramError(
            f"table {table.name} is {tables.REFUSED[table.type]}, which vtrace does not make",
            "a bcc script in Python can: vtrace bcc SCRIPT",
        )
    entries = table.entries
    if table.type == maps.PERF_EVENT_ARRAY:
        entries = max(entries, cpus)
    elif table.type == maps.RINGBUF and entries % _PAGE:
        entries *= _PAGE
    return MapSpec(table.name, table.type, table.key_size, table.value_size, entries, table.flags)


def _event_id(group: str, name: str) -> int:
    """
    Raises:
        CProgramError: there is no such tracepoint, or no tracefs.
    """

    def ask() -> int | str:
        try:
            form = tracefs.event_format(tracefs.find(), group, name)
        except tracefs.TracefsError as error:
            return f"{error}: {error.hint}"
        return form.id if form else ""

    found = there(ask)
    if isinstance(found, int):
        return found
    raise CProgramError(found or f"this kernel has no tracepoint {group}:{name}")
