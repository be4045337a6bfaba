"""One BPF program: for each of its sections, dispatch on the probe, then the matching clauses in source order.

A program serves every clause of one attach point. Clauses that match the same probes form a class; the probe's id
is looked up by binary search, so clauses that do not match cost nothing. A clause shared by several classes is emitted
once and followed by a jump to whatever comes next in the class that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.assembler import TooFar
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R10,
    Code,
    From,
    Label,
    Note,
    call,
    call_local,
    jump,
    jump_if,
    leave,
    load,
    map_fd,
    map_value,
    mov,
    store,
)
from pyvtrace.builtins.memory import MEMORY, memory_size, touches
from pyvtrace.compile.aggregate import aggregate
from pyvtrace.compile.context import Context, ErrorContext
from pyvtrace.compile.dispatch import Dispatch
from pyvtrace.compile.frame import ERROR_STACK_LIMIT, FAR, Frame, Place
from pyvtrace.compile.layout import ACTIVITY, DATA, RING, Layout
from pyvtrace.compile.machine import BASES, Machine
from pyvtrace.compile.records import Recorder
from pyvtrace.lang import typed
from pyvtrace.lang.types import String
from pyvtrace.spec import ERROR_RECORD, ERROR_RECORD_SIZE
from pyvtrace.target import Target

# Clauses that see one probe, or several of one kind; each section of a program is a firing of its own.
Section = tuple[Context, Sequence[typed.Clause]]


class Lowering:
    """Code of all clauses that one attach point runs."""

    def __init__(
        self,
        program: typed.Program,
        layout: Layout,
        target: Target,
        context: Context,
        number: int,
        *,
        stops: bool,
        errors: Sequence[typed.Clause] = (),
        frame: Frame | None = None,
    ) -> None:
        self.program, self.layout, self.target = program, layout, target
        self.machine = Machine(layout, target, context, number, frame or Frame())
        self.stops, self.errors = stops, errors
        self.only_cpu = -1
        self._cleared: list[tuple[Place, int]] = []
        # Whether, where the code stands, the clause has its record for sure.
        self._recording = False
        self.error_function = Label("report fault")
        self.faults = False

    def code(self, sections: Sequence[Section], dispatch: Dispatch | None) -> Code:
        """The whole program; `dispatch` chooses the clauses of its only section, None runs them all."""
        m = self.machine
        end = Label("end")
        yield mov(R6, R1)
        m.on_loss = end
        yield from self._with_scratch(self._body(sections, dispatch, end))
        yield end
        yield mov(R0, 0)
        yield leave()
        yield from m.finish()
        if self.faults:
            yield from self._report()

    def _with_scratch(self, body: Code) -> Code:
        """The code, after the scratch area was fetched if words of it lie there."""
        m = self.machine
        made = list(body)
        if m.frame.spilled:
            m.have.discard("scratch")
            yield from m.need("scratch")
        yield from made

    def _body(self, sections: Sequence[Section], dispatch: Dispatch | None, end: Label) -> Code:
        m = self.machine
        if self.stops:
            yield Note("after exit() nothing fires")
            yield map_value(R1, DATA, 0)
            yield load(R1, R1, ACTIVITY)
            yield jump_if(R1, "!=", 0, end)
        if self.only_cpu >= 0:
            yield Note("option cpu")
            yield call(h.GET_SMP_PROCESSOR_ID)
            yield jump_if(R0, "!=", self.only_cpu, end)
        everything = [clause for _, clauses in sections for clause in clauses]
        self._place_locals(everything)
        yield from m.share_clock(_clock_uses(everything))
        for context, clauses in sections:
            if context.thread != m.context.thread:
                m.have -= {"task", "self"}
            m.context = context
            yield from self._clear_locals()
            yield from self._section(clauses, dispatch, end)

    def _section(self, clauses: Sequence[typed.Clause], dispatch: Dispatch | None, end: Label) -> Code:
        m = self.machine
        starts = {clause.index: Label(f"clause {clause.index}") for clause in clauses}
        if dispatch is not None:
            yield from dispatch.select(m, starts, end)
        for position, clause in enumerate(clauses):
            yield starts[clause.index]
            if dispatch is not None and position:
                m.have &= dispatch.have
            yield from self._clause(clause)
            if dispatch is not None:
                yield from dispatch.after(m, clause.index, starts, end)

    def _place_locals(self, clauses: Sequence[typed.Clause]) -> None:
        """Room for what lasts for one firing of a probe."""
        m, cleared = self.machine, self._cleared
        for symbol in self.program.symbols:
            if symbol.scope != "this":
                continue
            if symbol.type.is_scalar:
                place = m.frame.word()
                cleared.append((place, 8))
            else:
                size = (symbol.type.size + 7) & ~7
                if size > FAR:
                    raise TooFar(f"variable this->{symbol.name} of {size} bytes, where {FAR} can be reached")
                place = m.frame.keep(size)
                cleared.append((place, 8 if isinstance(symbol.type, String) else size))
            m.clause_locals[symbol.name] = place
        for call_ in _keeping_calls(clauses):
            keeps = call_.function.keeps
            if keeps not in m.states:
                size = memory_size(m.scratch_size) if keeps == MEMORY else 16 + 2 * call_.type.size
                m.states[keeps] = place = m.frame.keep(size)
                cleared.append((place, 16))

    def _clear_locals(self) -> Code:
        """`this->` variables start as zero in every probe and last through its clauses."""
        m = self.machine
        for place, size in self._cleared:
            if place.base is not R10:
                yield from m.need("scratch")
            yield from m.clear(place, size)

    def _clause(self, clause: typed.Clause) -> Code:
        m = self.machine
        done = Label(f"end of clause {clause.index}")
        recorder = Recorder(clause)
        yield From(clause.span)
        m.clause, m.action = clause.index + 1, 0
        yield from self._free_memory(clause)
        before, m.survives = set(m.have), set(BASES)
        m.on_fault, m.on_loss = Label("fault"), done
        early_fault = m.on_fault
        if clause.predicate is not None:
            yield From(clause.predicate.span)
            with m.frame.statement():
                yield from m.unless(clause.predicate, done)
        faults_before = len(m.late)
        with m.branch_scope(), m.frame.temporary(recorder.kept) as pointer:
            if recorder.needed:
                yield from recorder.begin(m, pointer)
                m.on_fault, m.on_loss = Label("fault"), Label("loss")
            self._recording = not recorder.lazy
            for statement in clause.body:
                yield from self._statement(statement, recorder, pointer)
            if recorder.needed:
                yield from recorder.submit(m, pointer)
            yield jump(done)
            if recorder.needed:
                yield m.on_loss
                yield from recorder.discard(pointer)
                yield jump(done)
                yield m.on_fault
                yield from recorder.discard(pointer)
        yield early_fault
        if faults_before or m.late:
            yield from self._fault(clause)
        yield done
        m.have &= before | m.survives

    def _free_memory(self, clause: typed.Clause) -> Code:
        """What alloca() gave to the clause before is free again."""
        m = self.machine
        if MEMORY in m.states and touches(clause):
            yield from m.need("scratch")
            yield store(m.states[MEMORY].base, m.states[MEMORY].offset, 0)

    def _fault(self, clause: typed.Clause) -> Code:
        """Tell the ERROR probe and the consumer; the other clauses go on."""
        m = self.machine
        self.faults = True
        yield From(clause.span)
        yield Note("report the fault")
        yield from m.context.probe_id(m)
        yield mov(R4, R0)
        yield mov(R1, R6)
        yield load(R2, m.fault_kind.base, m.fault_kind.offset)
        yield load(R3, m.fault_value.base, m.fault_value.offset)
        yield mov(R5, m.clause)
        yield call_local(self.error_function)

    def _statement(self, statement: typed.Statement, recorder: Recorder, pointer: Place) -> Code:
        m = self.machine
        yield From(statement.span)
        with m.frame.statement():
            match statement:
                case typed.Evaluate(expr=expr):
                    m.action = statement.number
                    yield from m.value(expr)
                case typed.Aggregate():
                    m.action = statement.number
                    yield from aggregate(m, statement, self.program.aggregations[statement.aggregation])
                case typed.Act():
                    m.action = statement.number
                    if not self._recording:
                        yield from recorder.ensure(m, pointer)
                        self._recording = True
                    yield from recorder.write(m, statement, pointer)
                case typed.If(test=test, then=then, otherwise=otherwise):
                    m.action = statement.number
                    alternative, done = Label("else"), Label("end if")
                    yield from m.unless(test, alternative)
                    yield from self._branch(then, recorder, pointer)
                    yield jump(done)
                    yield alternative
                    yield from self._branch(otherwise, recorder, pointer)
                    yield done

    def _branch(self, body: Sequence[typed.Statement], recorder: Recorder, pointer: Place) -> Code:
        """Statements that may be jumped over."""
        recording = self._recording
        with self.machine.branch_scope():
            for inner in body:
                yield from self._statement(inner, recorder, pointer)
        self._recording = recording

    def _report(self) -> Code:
        """A function (ctx, kind << 16 | action, value, probe, clause): the error record, then the ERROR clauses."""
        context = ErrorContext([p for clause in self.errors for p in clause.probes][:1])
        # Above what the clause that failed may still need.
        frame = Frame(self.machine.frame.scratch_size, ERROR_STACK_LIMIT)
        inner = Lowering(self.program, self.layout, self.target, context, self.machine.number, stops=False, frame=frame)
        m = inner.machine
        words = [m.frame.word() for _ in range(6)]
        context.arguments = tuple(words)
        room, dropped = Label("room"), Label("no room")
        yield self.error_function
        yield mov(R6, R1)
        for place, reg in zip((words[1], words[2], words[4], words[5]), (R5, R2, R2, R3), strict=True):
            yield store(place.base, place.offset, reg)
        yield store(words[0].base, words[0].offset, R4)
        yield store(words[3].base, words[3].offset, 0)
        for place, operation in ((words[2], "&"), (words[4], ">>")):
            yield load(R1, place.base, place.offset)
            yield R1.alu(operation, 0xFFFF if operation == "&" else 16)
            yield store(place.base, place.offset, R1)
        yield call(h.GET_SMP_PROCESSOR_ID)
        cpu = m.frame.word()
        yield store(cpu.base, cpu.offset, R0)
        yield map_fd(R1, RING)
        yield mov(R2, ERROR_RECORD_SIZE)
        yield mov(R3, 0)
        yield call(h.RINGBUF_RESERVE)
        yield jump_if(R0, "!=", 0, room)
        yield from m.count("principal")
        yield jump(dropped)
        yield room
        yield mov(R1, R0)
        yield store(R1, 0, ERROR_RECORD - (1 << 32), 4)
        for offset, place in ((4, words[0]), (8, cpu), (16, words[1]), (20, words[2]), (24, words[4])):
            yield load(R2, place.base, place.offset)
            yield store(R1, offset, R2, 4)
        yield store(R1, 12, -1, 4)
        yield store(R1, 28, 0, 4)
        yield load(R2, words[5].base, words[5].offset)
        yield store(R1, 32, R2)
        yield mov(R2, 0)
        yield call(h.RINGBUF_SUBMIT)
        yield dropped
        # To ERROR's clauses actions count from 0, as DTrace shows them; a predicate has none.
        predicate = Label("predicate")
        yield load(R1, words[2].base, words[2].offset)
        yield jump_if(R1, "==", 0, predicate)
        yield R1 - 1
        yield store(words[2].base, words[2].offset, R1)
        yield predicate
        end = Label("end")
        m.on_loss = end
        yield from inner._with_scratch(inner._error_clauses(self.errors))
        yield end
        yield mov(R0, 0)
        yield leave()
        yield from m.finish()
        self.machine.frame.scratch_size = max(self.machine.frame.scratch_size, m.frame.scratch_size)

    def _error_clauses(self, clauses: Sequence[typed.Clause]) -> Code:
        """ERROR's clauses. Their own faults must not call back: their losses are counted, no more."""
        self._place_locals(clauses)
        yield from self._clear_locals()
        yield from self.machine.share_clock(_clock_uses(clauses))
        for clause in clauses:
            yield from self._error_clause(clause)

    def _error_clause(self, clause: typed.Clause) -> Code:
        """A clause of ERROR: a fault inside one is a double error, counted and not reported again."""
        m = self.machine
        again = Label("double error")
        skip = Label("next")
        code = self._clause_with(clause, again)
        yield from code
        yield jump(skip)
        yield again
        yield from m.count("double-error")
        yield skip

    def _clause_with(self, clause: typed.Clause, on_fault: Label) -> Code:
        m = self.machine
        done = Label("end")
        recorder = Recorder(clause)
        m.clause = clause.index + 1
        yield from self._free_memory(clause)
        before, m.survives = set(m.have), set(BASES)
        m.on_fault, m.on_loss = on_fault, done
        if clause.predicate is not None:
            yield from m.unless(clause.predicate, done)
        with m.branch_scope(), m.frame.temporary(recorder.kept) as pointer:
            if recorder.needed:
                yield from recorder.begin(m, pointer)
                m.on_fault, m.on_loss = Label("fault"), Label("loss")
            self._recording = not recorder.lazy
            for statement in clause.body:
                yield from self._statement(statement, recorder, pointer)
            if recorder.needed:
                yield from recorder.submit(m, pointer)
                yield jump(done)
                for label, target in ((m.on_fault, on_fault), (m.on_loss, done)):
                    yield label
                    yield from recorder.discard(pointer)
                    yield jump(target)
        yield done
        m.have &= before | m.survives


def _keeping_calls(clauses: Sequence[typed.Clause]) -> Iterator[typed.Call]:
    for clause in clauses:
        for node in typed.nodes((clause.predicate, clause.body)):
            if isinstance(node, typed.Call) and node.function.keeps:
                yield node


def _clock_uses(clauses: Sequence[typed.Clause]) -> int:
    return sum(
        isinstance(node, typed.Builtin) and node.variable.clock
        for clause in clauses
        for node in typed.nodes((clause.predicate, clause.body))
    )
