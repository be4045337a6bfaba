"""What a clause writes to the ring buffer, and what its actions mean to the consumer."""

from __future__ import annotations

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.assembler import TooFar
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R10,
    Code,
    Label,
    Note,
    call,
    jump_if,
    load,
    map_fd,
    map_value,
    mov,
    store,
)
from pyvtrace.compile.fields import field_of
from pyvtrace.compile.frame import Place
from pyvtrace.compile.keys import put_field
from pyvtrace.compile.layout import ACTIVITY, DATA, RING, STATUS
from pyvtrace.compile.machine import Machine
from pyvtrace.lang import typed
from pyvtrace.spec import (
    RECORD_HEADER_SIZE,
    ActionSpec,
    DefaultAction,
    ExitAction,
    FieldSpec,
    RecordSpec,
    mark_offset,
    mark_words,
)

# What a helper may read at once: BPF_MAX_VAR_SIZ of include/linux/bpf_verifier.h.
MOST_READ = 1 << 29


class Recorder:
    """The record of one clause: its layout, and the code that fills it."""

    def __init__(self, clause: typed.Clause) -> None:
        self.acts = [s for s in typed.flattened(clause.body) if isinstance(s, typed.Act)]
        self.conditional = any(isinstance(s, typed.If) for s in clause.body)
        # Where everything that is recorded stands under a condition, room is taken when the first of it runs: a clause
        # that decides against recording costs no room.
        self.lazy = self.conditional and not any(isinstance(s, typed.Act) for s in clause.body)
        self._marks = mark_words(len(self.acts)) if self.conditional else 0
        self._end = max(RECORD_HEADER_SIZE, mark_offset(self._marks))
        self._fields: dict[int, list[tuple[typed.Expr, FieldSpec]]] = {}
        self._actions: list[ActionSpec] = []
        for bit, act in enumerate(self.acts):
            taken: list[tuple[typed.Expr, FieldSpec]] = []
            self._fields[bit] = taken
            self._actions.append(act.action.code(act, lambda e, taken=taken: self._field(e, taken)))
        if clause.default:
            self._actions.append(DefaultAction())
        size = (self._end + 7) & ~7
        self.spec = RecordSpec(clause.index, clause.index, size, tuple(self._actions), self._marks)

    def _field(self, expr: typed.Expr, taken: list[tuple[typed.Expr, FieldSpec]]) -> FieldSpec:
        field = field_of(expr, self._end)
        self._end = field.offset + field.size
        taken.append((expr, field))
        return field

    @property
    def needed(self) -> bool:
        return bool(self._actions)

    @property
    def kept(self) -> int:
        """Bytes of stack for the pointer to the record, and behind it for whether there is one. That is a word of its
        own: verifiers before Linux 6.2 take a pointer to a record for one that may be zero."""
        return 16 if self.lazy else 8

    def begin(self, m: Machine, pointer: Place) -> Code:
        """The beginning of a clause: room for its record, or a note that there is none yet."""
        if self.lazy:
            yield store(pointer.base, pointer.offset + 8, 0)
        else:
            yield from self.reserve(m, pointer)

    def ensure(self, m: Machine, pointer: Place) -> Code:
        """Before an action whose clause may not have room yet."""
        reserved = Label("has its record")
        yield load(R0, pointer.base, pointer.offset + 8)
        yield jump_if(R0, "!=", 0, reserved)
        yield from self.reserve(m, pointer)
        yield store(pointer.base, pointer.offset + 8, 1)
        yield reserved

    def reserve(self, m: Machine, pointer: Place) -> Code:
        """Take room in the ring buffer; no room is a principal drop and ends the clause."""
        if self.spec.size >= MOST_READ:
            raise TooFar(f"a record of {self.spec.size} bytes")
        yield Note("reserve record")
        yield map_fd(R1, RING)
        yield mov(R2, self.spec.size)
        yield mov(R3, 0)
        yield call(h.RINGBUF_RESERVE)
        yield from m.lose_unless(R0, "principal")
        yield store(pointer.base, pointer.offset, R0)
        for word in range(self._marks):
            yield store(R0, mark_offset(word), 0, 4)

    def write(self, m: Machine, act: typed.Act, pointer: Place) -> Code:
        """One action's fields."""
        bit = next(i for i, a in enumerate(self.acts) if a is act)
        for expr, field in self._fields[bit]:
            with m.frame.statement():
                yield from put_field(m, field, Place(R10, field.offset, pointer), expr, padded=False)
        if isinstance(self._actions[bit], ExitAction):
            yield from self._exit(bit, pointer)
        if self.conditional:
            yield from self._mark(bit, pointer)

    def _mark(self, bit: int, pointer: Place) -> Code:
        """Note in the record that an action ran."""
        word, place = divmod(bit, 32)
        yield load(R1, pointer.base, pointer.offset)
        yield load(R2, R1, mark_offset(word), 4)
        # Four bytes are stored: that the highest bit's immediate is negative does not matter.
        yield R2 | (1 << place if place < 31 else -1 << 31)
        yield store(R1, mark_offset(word), R2, 4)

    def _exit(self, bit: int, pointer: Place) -> Code:
        """exit() takes effect at once: other clauses stop firing even when the consumer is busy."""
        field = self._fields[bit][0][1]
        yield load(R2, pointer.base, pointer.offset)
        yield load(R2, R2, field.offset, 4)
        yield map_value(R1, DATA, 0)
        yield store(R1, STATUS, R2)
        yield store(R1, ACTIVITY, 1)

    def submit(self, m: Machine, pointer: Place) -> Code:
        nothing = Label("nothing recorded")
        if self.lazy:
            yield load(R0, pointer.base, pointer.offset + 8)
            yield jump_if(R0, "==", 0, nothing)
        yield Note("submit record")
        with m.frame.temporary() as identity:
            yield from m.context.probe_id(m)
            yield store(identity.base, identity.offset, R0)
            yield call(h.GET_SMP_PROCESSOR_ID)
            yield load(R1, pointer.base, pointer.offset)
            yield load(R2, identity.base, identity.offset)
        yield store(R1, 0, self.spec.id, 4)
        yield store(R1, 4, R2, 4)
        yield store(R1, 8, R0, 4)
        yield mov(R2, 0)
        yield call(h.RINGBUF_SUBMIT)
        yield nothing

    def discard(self, pointer: Place) -> Code:
        nothing = Label("nothing recorded")
        if self.lazy:
            yield load(R1, pointer.base, pointer.offset + 8)
            yield jump_if(R1, "==", 0, nothing)
        yield load(R1, pointer.base, pointer.offset)
        yield mov(R2, 0)
        yield call(h.RINGBUF_DISCARD)
        yield nothing
