"""typed.Program -> ProgramSpec: which BPF programs there are, what each runs, and which maps they need."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from pyvtrace.bpf import programs as types
from pyvtrace.bpf.assembler import TooFar, assemble
from pyvtrace.compile import cputime
from pyvtrace.compile import expressions as expressions  # registers the code of every node
from pyvtrace.compile.code import code_spec
from pyvtrace.compile.context import Context
from pyvtrace.compile.contexts import context_for
from pyvtrace.compile.dispatch import Dispatch
from pyvtrace.compile.layout import COUNTS, DATA, RING, Layout
from pyvtrace.compile.program import Lowering
from pyvtrace.compile.records import Recorder
from pyvtrace.lang import typed
from pyvtrace.lang.types import INT
from pyvtrace.lang.vocabulary import Probe
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.providers.syscall import syscall_probe_name
from pyvtrace.source import CompileError, Diagnostic, Span
from pyvtrace.spec import (
    AttachSpec,
    CodeSpec,
    Counter,
    ExitAction,
    FunctionTrace,
    Kprobes,
    OnDemand,
    PerfTracepoint,
    ProbeNames,
    ProgramSpec,
    RawTracepoint,
    Timer,
    TypedTracepoint,
    Uprobes,
)
from pyvtrace.target import Target
from pyvtrace.value import replace

ERROR_PROBE = "ERROR"
# Of one program: MAX_USED_MAPS in include/linux/bpf_verifier.h.
MOST_MAPS = 64


class Unit:
    """The clauses that one attach point runs: those of its own probes in source order, then those of each probe that is
    made of `probe`, between the steps that such probes need before and after."""

    def __init__(self, probe: Probe, attach: AttachSpec) -> None:
        self.probe, self.attach = probe, attach
        self._sections: dict[tuple[int, int], list[typed.Clause]] = {}

    def add(self, clause: typed.Clause, rank: int, made: int = 0) -> None:
        """A clause, of `rank` 0 for a first step to 2 for a last one; `made` is the id of the probe it is for, if that
        is made of another."""
        self._sections.setdefault((rank, made), []).append(clause)

    @property
    def sections(self) -> list[list[typed.Clause]]:
        """The clauses of each firing, in their order."""
        return [self._sections[place] for place in sorted(self._sections)]

    @property
    def clauses(self) -> list[typed.Clause]:
        return [clause for section in self.sections for clause in section]

    @property
    def probes(self) -> list[Probe]:
        """Every probe that some clause of the unit is enabled at, by id; steps are at none."""
        found = {p.id: p for clause in self.clauses for p in clause.probes if p.id}
        return sorted(found.values(), key=lambda p: p.id)


def _place(probe: Probe, attach: AttachSpec) -> AttachSpec:
    """Where the program of a probe goes: one that is for another thread than the current one must know its type."""
    is_typed = probe.origin is not None and probe.origin.thread >= 0 and isinstance(attach, RawTracepoint)
    return TypedTracepoint(attach.name) if is_typed and isinstance(attach, RawTracepoint) else attach


def _guarded(clause: typed.Clause, probes: Sequence[Probe]) -> typed.Clause:
    """A clause as it is for some of its probes."""
    predicate, guard = clause.predicate, clause.guards.get(probes[0].id)
    if guard is not None:
        predicate = typed.Logical(INT, "&&", guard, predicate, guard.span) if predicate else guard
    return replace(clause, probes=tuple(probes), predicate=predicate)


def units(program: typed.Program, table: ProbeTable) -> tuple[list[Unit], list[typed.Clause]]:
    """One unit an attach point, and the clauses of ERROR, which have none."""
    found: dict[tuple[object, ...], Unit] = {}
    errors: list[typed.Clause] = []
    before, after = program.steps
    ranked = [(clause, rank) for rank, part in enumerate((before, program.clauses, after)) for clause in part]
    for clause, rank in ranked:
        parts: dict[tuple[tuple[object, ...], int], list[Probe]] = {}
        for probe in clause.probes:
            if probe.name.provider == "dtrace" and probe.name.name == ERROR_PROBE:
                errors.append(clause)
                continue
            base = probe.origin.probe if probe.origin else probe
            attach = _place(probe, table.attach(base))
            # BEGIN and END share a way to run, not a program.
            place: tuple[object, ...] = (base.name.provider, attach, base.id if isinstance(attach, OnDemand) else 0)
            parts.setdefault((place, probe.id if probe.origin else 0), []).append(probe)
            if place not in found:
                found[place] = Unit(base, attach)
        for (where, made), probes in parts.items():
            found[where].add(_guarded(clause, probes), rank, made)
    # Attached later, run later: who comes to a processor does so after the other one has left it.
    return sorted(found.values(), key=lambda unit: isinstance(unit.attach, TypedTracepoint)), errors


def _writers(parts: Sequence[Unit], errors: Sequence[typed.Clause]) -> dict[int, int]:
    """How many programs update each aggregation."""
    count: dict[int, int] = {}
    for unit in parts:
        clauses = [*unit.clauses, *errors]
        for number in {
            s.aggregation for c in clauses for s in typed.flattened(c.body) if isinstance(s, typed.Aggregate)
        }:
            count[number] = count.get(number, 0) + 1
    return count


def program_type(attach: AttachSpec) -> int:
    match attach:
        case TypedTracepoint():
            return types.TRACING
        case PerfTracepoint():
            return types.TRACEPOINT
        case Timer() | Counter():
            return types.PERF_EVENT
        case Uprobes() | Kprobes():
            return types.KPROBE
        case FunctionTrace():
            return types.TRACING
    return types.RAW_TRACEPOINT


def compile_program(
    program: typed.Program, target: Target, table: ProbeTable, sizes: Mapping[str, int], options: Mapping[str, str]
) -> ProgramSpec:
    """The whole program as data. `sizes` are options: aggsize, bufsize, dynvarsize, nspec, scratchsize, and cpu where
    probes are to fire on one only.

    Raises:
        CompileError: a program does not fit into BPF.
    """
    parts, errors = units(program, table)
    recorders = [Recorder(clause) for clause in program.clauses]
    stops = any(isinstance(a, ExitAction) for r in recorders for a in r.spec.actions)
    storage = target.feature("task storage")
    layout = Layout(program, sizes, target.cpus, _writers(parts, errors), storage, run_time=cputime.is_used(program))
    codes: list[CodeSpec] = []
    scratch = 0
    for number, unit in enumerate(parts):
        lowering, code = _lower(program, layout, target, unit, number, errors, stops=stops, table=table)
        codes.append(code)
        scratch = max(scratch, lowering.machine.frame.scratch_size)
    names = ProbeNames(
        # A step, which has no id, may fault as well.
        {p.id: p.name for part in (*program.steps, program.clauses) for clause in part for p in clause.probes},
        partial(syscall_probe_name, architecture=target.architecture),
    )
    maps = list(layout.maps(len(codes), scratch))
    if layout.run_time >= 0:
        # Loaded and attached first: what the others read of it must not be from before a switch that nobody saw.
        codes.insert(0, cputime.switch_program(layout.run_time))
        maps.append(cputime.switched_map())
    return ProgramSpec(
        source=program.source,
        maps=tuple(maps),
        programs=tuple(codes),
        records=tuple(r.spec for r in recorders),
        aggregations=tuple(place.spec for place in layout.aggregations.values()),
        probes=names,
        matched=sum(len(clause.probes) for clause in program.clauses),
        options=options,
        ring=RING,
        state=DATA,
        counters=COUNTS,
        lines=dict(_lines(program)),
        speculations=layout.speculations,
    )


def _lines(program: typed.Program) -> Iterator[tuple[tuple[int, int], int]]:
    """((clause, action), line) of everything that can fault. Searched for, for a program may have 60,000 statements."""
    newlines = [at for at, character in enumerate(program.source.text) if character == "\n"]

    def line_of(at: int) -> int:
        return bisect_left(newlines, at) - bisect_left(newlines, program.source.of(at).start) + 1

    for clause in program.clauses:
        number = clause.index + 1
        if clause.predicate is not None:
            yield (number, 0), line_of(clause.predicate.span.start)
        for statement in typed.flattened(clause.body):
            yield (number, statement.number), line_of(statement.span.start)


def _lower(
    program: typed.Program,
    layout: Layout,
    target: Target,
    unit: Unit,
    number: int,
    errors: Sequence[typed.Clause],
    *,
    stops: bool,
    table: ProbeTable,
) -> tuple[Lowering, CodeSpec]:
    bases = [probe for probe in unit.probes if probe.origin is None] or [unit.probe]
    context = context_for(bases, target, table)
    # BEGIN and END fire wherever the tracer runs, and END after exit() as well.
    own = isinstance(unit.attach, OnDemand)
    is_end = own and unit.probe.name.name == "END"
    lowering = Lowering(program, layout, target, context, number, stops=stops and not is_end, errors=errors)
    lowering.only_cpu = -1 if own else layout.only_cpu
    dispatch = None
    if context.served is not None:
        dispatch = Dispatch(unit.clauses, *context.served)
        if needs_identity(unit, dispatch, errors):
            context.identity = lowering.machine.frame.word()
    try:
        made = assemble(lowering.code([(_standing(context, s), s) for s in unit.sections], dispatch))
    except TooFar as problem:
        raise _beyond(program, unit, str(problem)) from problem
    used = len({map_ for _, map_ in made.relocations})
    if used > MOST_MAPS:
        raise _beyond(program, unit, f"its arrays and aggregations need {used} maps of {MOST_MAPS}")
    name = unit.probe.name.name if len(unit.probes) > 1 else unit.probe.name.function or unit.probe.name.name
    attach, probes = table.placed(unit.attach, unit.probes), tuple(p.id for p in unit.probes)
    return lowering, code_spec(made, name, program_type(unit.attach), attach, probes)


def _standing(context: Context, clauses: Sequence[typed.Clause]) -> Context:
    """The context that clauses of one section see."""
    probe = clauses[0].probes[0]
    return context.standing_for(probe) if probe.origin else context


def _beyond(program: typed.Program, unit: Unit, why: str) -> CompileError:
    return CompileError(program.source, [too_large(str(unit.probe.name), unit.clauses[0].span, why)])


def too_large(probe: str, span: Span, why: str) -> Diagnostic:
    """What is said of a program for which BPF has no room, or the verifier no patience."""
    hints = {
        "memory": "lower strsize",
        "variable": "make variables smaller, or global",
        "record": "record less at once",
    }
    fewer = "enable fewer clauses at this probe, split the script, or lower strsize"
    hint = next((hint for what, hint in hints.items() if what in why), fewer)
    return Diagnostic("D_CG_EXPR", span, f"program for {probe} is too large for BPF: {why}", hint)


def needs_identity(unit: Unit, dispatch: Dispatch, errors: Sequence[typed.Clause]) -> bool:
    """Whether the code must know which call fired: to choose clauses, to write records or keys, or to name it."""
    if not dispatch.trivial:
        return True
    return any(_names_probe(clause) for clause in unit.clauses)


def _names_probe(clause: typed.Clause) -> bool:
    """A clause that writes a record, may fault, or uses what differs from probe to probe."""
    innocent = ("pid", "tid", "ppid", "uid", "gid", "execname", "comm", "timestamp", "vtimestamp", "walltimestamp",
                "cpu", "errno", "cgroup")  # fmt: skip
    if clause.default or any(isinstance(s, typed.Act) for s in typed.flattened(clause.body)):
        return True
    for node in typed.nodes((clause.predicate, clause.body)):
        if isinstance(node, typed.Builtin) and node.variable.name not in innocent:
            return True
        if isinstance(node, typed.Dereference | typed.Call | typed.TypedArgument):
            return True
        if isinstance(node, typed.Binary | typed.Update) and node.op in "/%":
            return True
    return False
