"""vtimestamp: how long a thread has run, to the nanosecond.

The scheduler's own count moves at ticks and switches only, in steps of up to 10 ms, and its clock cannot be read from
BPF. So a program that uses vtimestamp brings one of its own along, on sched_switch: it notes when the CPU last took up
a thread, and adds to the thread that goes what it has run since. What a thread has run is then that sum and the time
since its CPU last switched. All of it is one clock, that of timestamp; differences are exact, and never negative.

A thread gets its sum when it first asks; threads that never ask cost the switch one look-up.
"""

from __future__ import annotations

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf import maps
from pyvtrace.bpf.assembler import assemble
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R7,
    R8,
    R10,
    Code,
    Label,
    call,
    jump_if,
    leave,
    load,
    map_fd,
    mov,
    store,
)
from pyvtrace.bpf.programs import RAW_TRACEPOINT
from pyvtrace.compile.code import code_spec
from pyvtrace.compile.layout import SELF
from pyvtrace.compile.machine import Machine
from pyvtrace.lang import typed
from pyvtrace.spec import CodeSpec, MapSpec, RawTracepoint

SWITCHED = "switched"
NAME = "vtimestamp"


def is_used(program: typed.Program) -> bool:
    """Whether any clause asks for vtimestamp."""
    return any(
        isinstance(node, typed.Builtin) and node.variable.name == NAME
        for clause in program.clauses
        for node in typed.nodes((clause.predicate, clause.body))
    )


def switched_map() -> MapSpec:
    """When each CPU last took up a thread, in ns of CLOCK_MONOTONIC; 0 if it has not since tracing began."""
    return MapSpec(SWITCHED, maps.PERCPU_ARRAY, 4, 8, 1)


def read(m: Machine, offset: int) -> Code:
    """R0 = ns the current thread has run; `offset` is where its sum lies in its storage."""
    fresh, known = Label("first time"), Label("known")
    yield from m.need("self")
    with m.frame.temporary() as now:
        yield call(h.KTIME_GET_NS)
        yield from m.save(now)
        yield from _switched(m.zero_key())
        yield from m.lose_unless(R0, "dynamic")
        yield load(R1, now.base, now.offset)
        yield load(R2, R0, 0)
        yield jump_if(R2, "!=", 0, known)
        yield mov(R2, R1)
        yield store(R0, 0, R1)
        yield known
        # R1 now, R2 when the CPU took this thread up.
        yield R1 - R2
        yield load(R0, R7, offset)
        yield jump_if(R0, "!=", 0, fresh)
        yield from scheduler_count(m)
        yield store(R7, offset, R0)
        yield fresh
        yield R0 + R1


def scheduler_count(m: Machine) -> Code:
    """R0 = what the scheduler has counted, to begin with; never 0, which means that there is no sum yet."""
    place = m.target.member("task_struct", "se.sum_exec_runtime")
    yield mov(R0, 1)
    if place is not None:
        yield load(R0, R8, place.offset)
        yield R0.alu("|", 1)


def _switched(key: int) -> Code:
    """R0 = this CPU's word, or null."""
    yield store(R10, key, 0, 4)
    yield mov(R2, R10)
    yield R2 + key
    yield map_fd(R1, SWITCHED)
    yield call(h.MAP_LOOKUP)


def switch_program(offset: int) -> CodeSpec:
    """The program on sched_switch. The current thread is still the one that goes."""
    return code_spec(assemble(_switch(offset)), NAME, RAW_TRACEPOINT, RawTracepoint("sched_switch"))


def _switch(offset: int) -> Code:
    end = Label("end")
    yield call(h.KTIME_GET_NS)
    yield mov(R8, R0)
    yield from _switched(-8)
    yield jump_if(R0, "==", 0, end)
    yield load(R7, R0, 0)
    yield store(R0, 0, R8)
    # Before its first switch, nobody knows since when the CPU has run this thread.
    yield jump_if(R7, "==", 0, end)
    yield call(h.GET_CURRENT_TASK_BTF)
    yield map_fd(R1, SELF)
    yield mov(R2, R0)
    yield mov(R3, 0)
    yield mov(R4, 0)
    yield call(h.TASK_STORAGE_GET)
    yield jump_if(R0, "==", 0, end)
    yield load(R1, R0, offset)
    yield jump_if(R1, "==", 0, end)
    yield R8 - R7
    yield R1 + R8
    yield store(R0, offset, R1)
    yield end
    yield mov(R0, 0)
    yield leave()
