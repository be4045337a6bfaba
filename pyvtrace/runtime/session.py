"""A compiled program made live: maps, programs, probes, and the reading back of what they saw.

Everything is a file descriptor owned by one ExitStack; nothing is pinned, so when the process goes, however it goes,
the kernel takes every probe and map away.
"""

from __future__ import annotations

import errno
import struct
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from pyvtrace.bpf.maps import PERF_EVENT_ARRAY
from pyvtrace.builtins.speculations import CLOSED, GENERATION, TAKEN
from pyvtrace.compile.layout import SCRATCH, SELF
from pyvtrace.compile.pipeline import too_large
from pyvtrace.kernel import bpf
from pyvtrace.kernel.attach import attach, load
from pyvtrace.kernel.cpus import online
from pyvtrace.runtime import options
from pyvtrace.runtime.live import Live
from pyvtrace.runtime.reader import Reader
from pyvtrace.runtime.ring import RingBuffer, Run
from pyvtrace.runtime.snapshot import Key, Snapshot, Table, Words
from pyvtrace.runtime.traces import Shower, has_addresses, shower, uses
from pyvtrace.runtime.window import FUNCTION, Watcher
from pyvtrace.source import NOWHERE, CompileError, Source, Span
from pyvtrace.spec import (
    COUNTERS,
    OF_PROCESSES,
    SPECULATION_SIZE,
    AggregationSpec,
    CodeSpec,
    MapSpec,
    OnDemand,
    ProgramSpec,
)
from pyvtrace.target import Target

if TYPE_CHECKING:
    from pyvtrace.kernel.symbols import Symbols

BEGIN, END = "BEGIN", "END"
# How long a program may still write its record when all are to be read.
_PATIENCE_S = 1.0
_WALL_OFFSET = 16


class Batches(Protocol):
    """Who takes records: `runtime.printer.Printer`."""

    def refresh(self) -> None:
        """What follows was all written before it is looked at."""

    def records(self, run: Run) -> object:
        """Records of one size, together."""


class Rejected(Exception):
    """The verifier refused a compiled program: a fault of the compiler, shown where in the user's D it comes from."""

    def __init__(self, source: Source, span: Span, program: CodeSpec, error: bpf.VerifierError) -> None:
        self.source, self.span, self.program, self.error = source, span, program, error
        super().__init__(f"the kernel refused the code for {program.name}: {error.telling}")


def relocate(program: CodeSpec, fds: Mapping[str, int]) -> bytes:
    """The program's bytes with each map's descriptor in place."""
    code = bytearray(program.code)
    for relocation in program.relocations:
        struct.pack_into("<i", code, relocation.index * 8 + 4, fds[relocation.map])
    return bytes(code)


class Session(Live):
    """One running D program. Entering loads, `attach` enables, leaving takes everything away."""

    def __init__(self, spec: ProgramSpec, target: Target) -> None:
        super().__init__()
        self.spec, self.target = spec, target
        self.maps: dict[str, int] = {}
        self.programs: dict[str, int] = {}
        self._loaded: list[tuple[CodeSpec, int]] = []
        self._watchers: dict[str, Watcher] | None = None
        self._traces = uses(spec)
        self.names: Symbols | None = None

    def close(self) -> None:
        self._watchers = None
        super().close()

    # ------------------------------------------------------------------------------------------------------ going live

    def _load(self) -> None:
        specs: dict[str, MapSpec] = {spec.name: spec for spec in self.spec.maps}
        for spec in specs.values():
            self.maps[spec.name] = self._own(self._create(spec))
            if spec.type == PERF_EVENT_ARRAY:
                from pyvtrace.kernel import interrupts

                interrupts.give(self.maps[spec.name], self._stack)
        self.ring = RingBuffer(self.maps[self.spec.ring], specs[self.spec.ring].max_entries)
        self._stack.callback(self.ring.close)
        size = specs[self.spec.state].value_size
        self._state = bpf.map_mmap(self.maps[self.spec.state], size, writable=True)
        self._stack.callback(self._state.close)
        self.shower = self._shower()
        self._reader = Reader(self.spec, self.maps, self._state, self.shower)
        self.update_clock()
        for program in self.spec.programs:
            fd = self.programs[program.name] = self._own(self._load_program(program))
            self._loaded.append((program, fd))

    def _shower(self) -> Shower:
        """What makes text of addresses of code. Those of processes are followed from here on."""
        if not self._traces and not has_addresses(self.spec):
            return Shower()
        from pyvtrace.kernel.symbols import Symbols

        self.names = Symbols()
        self._stack.callback(self.names.close)
        if self._traces & OF_PROCESSES and not options.is_set(self.spec.options, "noresolve"):
            self.names.follow()
        return shower(self.spec, self.names)

    def note(self) -> None:
        """Take note of what may be gone when its name is asked for; to be called about once a second."""
        if self.names is not None and self._traces & OF_PROCESSES:
            self.names.observe()
            self._reader.note()

    def _create(self, spec: MapSpec) -> int:
        try:
            return bpf.map_create(spec)
        except bpf.BpfError as error:
            if error.errno != errno.E2BIG or spec.name not in (SCRATCH, SELF):
                raise
            program = self.spec.programs[0]
            raise self._too_large(program, f"variables and strings of {spec.value_size} bytes") from error

    def _too_large(self, program: CodeSpec, why: str) -> CompileError:
        first = next(origin for origin in program.origins if origin is not NOWHERE)
        return CompileError(self.spec.source, [too_large(program.name, first, why)])

    def _load_program(self, program: CodeSpec) -> int:
        try:
            return load(program, relocate(program, self.maps), self.target)
        except bpf.VerifierError as error:
            if error.errno == errno.E2BIG:
                raise self._too_large(program, error.telling) from error
            at = min(error.instruction or 0, len(program.origins) - 1)
            raise Rejected(self.spec.source, program.origins[at], program, error) from error

    def update_clock(self) -> None:
        """Tell the programs how far CLOCK_REALTIME is from CLOCK_MONOTONIC, for walltimestamp."""
        offset = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        struct.pack_into("<q", self._state, _WALL_OFFSET, offset)

    def attach(self) -> None:
        """Enable every probe. BEGIN and END are run by `fire`."""
        for program, fd in self._loaded:
            attach(program, fd, self.target, self._attached, self._timer_cpus())

    def _timer_cpus(self) -> Sequence[int]:
        """The CPUs that timers may go off on."""
        only = self.spec.options.get("cpu")
        return online() if only is None else (int(only),)

    def fire(self, name: str) -> None:
        """Run the clauses of BEGIN or END, in this process."""
        for program, fd in self._loaded:
            if isinstance(program.attach, OnDemand) and self.spec.probes[program.probes[0]].name == name:
                bpf.program_test_run(fd)

    # ----------------------------------------------------------------------------------------------------- what it saw

    @property
    def exited(self) -> bool:
        """Whether some clause called exit()."""
        return bool(struct.unpack_from("<Q", self._state, 0)[0])

    @property
    def status(self) -> int:
        """The status given to exit()."""
        return int(struct.unpack_from("<q", self._state, 8)[0])

    def lost(self) -> dict[str, list[int]]:
        """What was lost or cut, by kind: one count a CPU; "missed" has one count in all."""
        width = 8 * len(COUNTERS)
        raw = bpf.map_lookup(self.maps[self.spec.counters], bytes(4), width * self.target.cpus) or b""
        words = struct.unpack(f"<{len(raw) // 8}Q", raw)
        lost = {name: list(words[i :: len(COUNTERS)]) for i, name in enumerate(COUNTERS)}
        lost["missed"] = [sum(bpf.program_info(fd).recursion_misses for _, fd in self._loaded)]
        return lost

    def rows(self, aggregation: AggregationSpec) -> Mapping[Key, Words]:
        """One aggregation's keys and words, merged over the CPUs."""
        return self._reader.rows(aggregation)

    def mark(self, aggregation: AggregationSpec) -> None:
        """Start one that goes by marks anew: what was written before is from before a clearing."""
        (mark,) = struct.unpack_from("<Q", self._state, aggregation.mark)
        struct.pack_into("<Q", self._state, aggregation.mark, mark + 1)

    def reclaim(self, aggregation: AggregationSpec, keys: Iterable[Key]) -> Mapping[Key, Words]:
        """Let programs use the slots of `keys` for others; returns the last words of each, or nothing if this kernel
        cannot tell when it is safe."""
        return self._reader.reclaim(aggregation, keys)

    def release(self, speculation: int) -> None:
        """Open a speculation, counted from 1, for its next use: free is the last thing it becomes."""
        at = self.spec.speculations + SPECULATION_SIZE * (speculation - 1)
        (generation,) = struct.unpack_from("<Q", self._state, at + GENERATION)
        struct.pack_into("<Q", self._state, at + GENERATION, (generation + 1) & 0xFFFFFFFF)
        struct.pack_into("<Q", self._state, at + CLOSED, 0)
        struct.pack_into("<Q", self._state, at + TAKEN, 0)

    def snapshot(self) -> Snapshot:
        """Everything aggregated so far."""
        return self._taken(self._reader.tables())

    def watch(self) -> Snapshot:
        """As `snapshot`, for who looks every second: keys and heads are of now, all other words of an exphist are read
        when they are asked for, and may have grown by then. Until the session ends; memory is mapped at the first
        call."""
        if self._watchers is None:
            self._watchers = {
                a.name: Watcher(a, self.maps[a.storage.values], self._reader.slots(a))
                for a in self.spec.aggregations
                if a.function == FUNCTION and a.keys
            }
        tables = {}
        for a in self.spec.aggregations:
            watcher = self._watchers.get(a.name)
            tables[a.name] = Table(a, self._reader.rows(a) if watcher is None else watcher.look())
        return self._taken(tables)

    def _taken(self, tables: Mapping[str, Table]) -> Snapshot:
        return Snapshot(
            time.clock_gettime_ns(time.CLOCK_MONOTONIC),
            time.clock_gettime_ns(time.CLOCK_REALTIME),
            tables,
            {name: sum(counts) for name, counts in self.lost().items()},
        )

    def records(self) -> Iterator[memoryview]:
        """The records written since the last call."""
        return self.ring.read()

    def pump(self, printer: Batches, timeout_ms: int) -> bool:
        """Hand over the records there are, waiting for the first; False if none came in time."""
        if not self.ring.wait(timeout_ms):
            return False
        printer.refresh()
        for run in self.ring.read_batches():
            self.shower.observe()
            printer.records(run)
        return True

    def drain(self, printer: Batches) -> None:
        """Hand over every record that has been begun. When the probes are gone, a program may still be at its record on
        another processor, and a virtual processor may stand still meanwhile: what lies behind would be lost."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.pump(printer, 0) or (self.ring.is_behind and time.monotonic() < deadline):
            if self.ring.is_behind:
                time.sleep(0.0001)
