"""Code for expressions: a fixed discipline instead of a register allocator.

A value is computed into R0, widened to 64 bits by its type's sign; a string is a pointer to NUL-terminated bytes. R6
holds the context, R7 the thread's own storage, R8 the current task, R9 the scratch area; the last three are fetched
when first needed and `have` says which are valid where the code stands. Everything else lives in stack words.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R7,
    R8,
    R9,
    R10,
    Code,
    From,
    Item,
    Label,
    Note,
    Reg,
    atomic_add,
    call,
    extend,
    fits,
    jump,
    jump_if,
    load,
    map_fd,
    map_value,
    mov,
    store,
)
from pyvtrace.compile.context import Context
from pyvtrace.compile.frame import Frame, Place
from pyvtrace.compile.layout import COUNTS, DATA, NAME_SIZE, NAME_SPACING, SCRATCH, SELF, TEXT, WALL_OFFSET, Layout
from pyvtrace.lang import typed
from pyvtrace.lang.types import Integer, Pointer, String, Type, is_signed
from pyvtrace.spec import COUNTERS
from pyvtrace.target import Target

FAULT_ADDRESS, FAULT_DIVIDE, FAULT_BOUNDS = 1, 4, 10
BASES = frozenset(("task", "self", "scratch"))
INVERSE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
COMMUTATIVE = frozenset("+*&|^")
# Code that also tells the compiler where something is.
Located = Generator[Item, None, tuple[Reg, int]]


class Machine:
    """Generates one BPF program; `number` is its element of the scratch map."""

    def __init__(self, layout: Layout, target: Target, context: Context, number: int, frame: Frame) -> None:
        self.layout, self.target, self.context, self.number = layout, target, context, number
        self.frame = frame
        self.have: set[str] = set()
        # What was valid wherever the clause may have ended early; reset clause by clause.
        self.survives: set[str] = set()
        self.clause_locals: dict[str, Place] = {}
        # What functions keep from call to call of one firing, by their names.
        self.states: dict[str, Place] = {}
        self.scratch_size = layout.scratch_size
        # The clause that the code belongs to, counted from 1, and the action in it.
        self.clause = 0
        self.action = 0
        # Where a fault, and a loss that makes the rest of the clause meaningless, lead; set clause by clause.
        self.on_fault = Label("fault")
        self.on_loss = Label("loss")
        self.fault_value = self.frame.word()
        self.fault_kind = self.frame.word()
        self.clock_word: Place | None = None
        # The key of a look-up has to be on the stack, however full that is.
        self._key = self.frame.word()
        self.late: list[Callable[[], Code]] = []

    # ---------------------------------------------------------------------------------------------------------- clock

    def share_clock(self, uses: int) -> Code:
        """Prepare for `uses` readings of the clock: if there are several, the first that happens serves them all, as
        every clause of a firing sees one time in D."""
        if uses > 1:
            self.clock_word = self.frame.word()
            yield store(self.clock_word.base, self.clock_word.offset, 0)

    def clock(self) -> Code:
        """R0 = ns of CLOCK_MONOTONIC at this firing."""
        word = self.clock_word
        if word is None:
            yield call(h.KTIME_GET_NS)
            return
        known = Label("clock was read")
        yield load(R0, word.base, word.offset)
        if "clock" in self.have:
            return
        yield jump_if(R0, "!=", 0, known)
        yield call(h.KTIME_GET_NS)
        yield store(word.base, word.offset, R0)
        yield known
        self.have.add("clock")

    # ------------------------------------------------------------------------------------------------- base registers

    def need(self, what: str) -> Code:
        """Make the register of "task", "self" or "scratch" valid. Clobbers R0-R5."""
        if what in self.have:
            return
        if what == "task":
            yield Note("current task")
            yield from self.context.task(self)
        elif what == "self":
            yield from self.need("task")
            yield Note("thread-local storage")
            yield map_fd(R1, SELF)
            yield mov(R2, R8)
            yield mov(R3, 0)
            yield mov(R4, 1)
            yield call(h.TASK_STORAGE_GET)
            yield from self.lose_unless(R0, "dynamic")
            yield mov(R7, R0)
        else:
            yield Note("scratch")
            yield store(R10, self._key.offset, self.number, 4)
            yield mov(R2, R10)
            yield R2 + self._key.offset
            yield map_fd(R1, SCRATCH)
            yield call(h.MAP_LOOKUP)
            self.survives &= self.have
            yield jump_if(R0, "==", 0, self.on_loss)
            yield mov(R9, R0)
        self.have.add(what)

    @contextmanager
    def branch_scope(self) -> Iterator[None]:
        """Code that may be jumped over: what it fetches is not valid after it."""
        before = set(self.have)
        yield
        self.have &= before

    def lose_unless(self, reg: Reg, what: str) -> Code:
        """Count a loss of kind `what` and give up the clause if `reg` is zero. Clobbers nothing otherwise."""
        lost = Label(f"lost {what}")
        self.survives &= self.have
        yield jump_if(reg, "==", 0, lost)
        after = self.on_loss

        def out_of_line() -> Code:
            yield lost
            yield from self.count(what)
            yield jump(after)

        self.late.append(out_of_line)

    def give_up(self) -> Code:
        """End the clause here, and drop what it recorded; that is no loss."""
        self.survives &= self.have
        yield jump(self.on_loss)

    def speculations(self) -> tuple[str, int, int]:
        """Map and offset of the words of speculations, and how many there are."""
        return DATA, self.layout.place_speculations(), self.layout.most_speculations

    def claims(self, count: int) -> tuple[str, int]:
        """Map and offset of the words of claims."""
        return DATA, self.layout.place_claims(count)

    def count(self, what: str) -> Code:
        """Add one to a counter of losses. Clobbers R0-R5."""
        done = Label("counted")
        word = self.fault_kind
        yield store(word.base, word.offset, 0, 4)
        yield mov(R2, R10)
        yield R2 + word.offset
        yield map_fd(R1, COUNTS)
        yield call(h.MAP_LOOKUP)
        yield jump_if(R0, "==", 0, done)
        yield mov(R1, 1)
        yield atomic_add(R0, 8 * COUNTERS.index(what), R1)
        yield done

    def count_if(self, reg: Reg, op: str, operand: int, what: str) -> Code:
        """Add one to a counter of losses where `reg op operand`, and go on. Clobbers R0-R5."""
        counting, counted = Label(f"count {what}"), Label("go on")
        yield jump_if(reg, op, operand, counting)
        yield counted

        def out_of_line() -> Code:
            yield counting
            yield from self.count(what)
            yield jump(counted)

        self.late.append(out_of_line)

    def fault_if(self, reg: Reg, op: str, operand: Reg | int, kind: int, value: Reg | int) -> Code:
        """Raise a D fault when `reg op operand`; `value` is what the ERROR probe's arg5 shows."""
        raised = Label(f"fault {kind}")
        self.survives &= self.have
        yield jump_if(reg, op, operand, raised)
        number, on_fault = self.action, self.on_fault

        def out_of_line() -> Code:
            yield raised
            yield store(self.fault_value.base, self.fault_value.offset, value)
            yield store(self.fault_kind.base, self.fault_kind.offset, kind << 16 | number)
            yield jump(on_fault)

        self.late.append(out_of_line)

    def finish(self) -> Code:
        """The code that was put out of line."""
        while self.late:
            yield from self.late.pop(0)()

    # ---------------------------------------------------------------------------------------------------- places

    def at(self, place: Place) -> Located:
        """Base register and offset of a place; R5 where its pointer has to be fetched."""
        if place.pointer is None:
            return place.base, place.offset
        yield load(R5, place.pointer.base, place.pointer.offset)
        return R5, place.offset

    def address(self, reg: Reg, place: Place) -> Code:
        base, offset = yield from self.at(place)
        yield mov(reg, base)
        if offset:
            yield reg + offset

    def save(self, place: Place, value: Reg = R0, size: int = 8) -> Code:
        yield store(place.base, place.offset, value, size)

    def restore(self, reg: Reg, place: Place) -> Code:
        yield load(reg, place.base, place.offset)

    def buffer(self, size: int) -> Place:
        """Scratch bytes until the end of the statement; the caller must `need("scratch")` first."""
        return self.frame.buffer(size)

    def statement(self) -> AbstractContextManager[None]:
        """Buffers taken inside are free again after it."""
        return self.frame.statement()

    def wall_offset(self, reg: Reg) -> Code:
        """`reg` = CLOCK_REALTIME - CLOCK_MONOTONIC in ns, as the session last wrote it."""
        yield map_value(reg, DATA, 0)
        yield load(reg, reg, WALL_OFFSET)

    def run_time(self) -> Code:
        """R0 = ns the current thread has run; what the scheduler last counted where threads have no storage."""
        from pyvtrace.compile import cputime

        if self.layout.run_time >= 0 and self.context.thread < 0:
            yield from cputime.read(self, self.layout.run_time)
        else:
            yield from self.need("task")
            yield from cputime.scheduler_count(self)

    def zero_key(self) -> int:
        """Offset from R10 of a stack word for the key of a look-up."""
        return self._key.offset

    def probe_name(self, part: str) -> Code:
        """R0 = a part of the firing probe's name, from the table of the program's probes."""
        probes = self.context.probes
        texts = self.layout.names([p.id for p in probes], [getattr(p.name, part) for p in probes])
        yield from self.context.probe_id(self)
        unknown, done = Label("unknown probe"), Label("done")
        first, step = probes[0].id, NAME_SPACING
        yield R0 - first
        yield R0 >> step.bit_length() - 1
        yield jump_if(R0, ">=", (probes[-1].id - first) // step + 1, unknown)
        yield R0 << NAME_SIZE.bit_length() - 1
        yield map_value(R1, TEXT, texts)
        yield R1 + R0
        yield mov(R0, R1)
        yield jump(done)
        yield unknown
        yield from self.text(R0, "unknown")
        yield done

    def read_memory(self, address: Type, into: Place, size: int, pointer: Place, *, text: bool) -> Code:
        """Read `size` bytes (or a string in at most as many) from the address saved at `pointer`, whose type says in
        which address space it lies. R0 is what the helper returns; clobbers R1-R5."""
        kernel, user = _READERS[text]
        yield from self.restore(R3, pointer)
        yield from self.address(R1, into)
        yield mov(R2, size)
        if isinstance(address, Pointer) and not address.anywhere:
            yield call(user if address.user else kernel)
            return
        # The kernel has the upper half of the address space, on x86-64 and on arm64.
        in_kernel, done = Label("kernel address"), Label("read")
        yield jump_if(R3, "s<", 0, in_kernel)
        yield call(user)
        yield jump(done)
        yield in_kernel
        yield call(kernel)
        yield done

    # ---------------------------------------------------------------------------------------------------- values

    def value(self, expr: typed.Expr) -> Code:
        """Compute an expression into R0. Clobbers R0-R5."""
        yield From(expr.span)
        yield from _VALUES[type(expr)](self, expr)

    def is_simple(self, expr: typed.Expr) -> bool:
        """Whether `simple` can load it into any one register and touch no other."""
        match expr:
            case typed.Constant():
                return True
            case typed.Load(symbol=symbol, keys=()) if symbol.type.is_scalar:
                if symbol.scope == "this":
                    return self.clause_locals[symbol.name].base is R10 or "scratch" in self.have
                return symbol.scope != "self" or "self" in self.have
        return False

    def simple(self, expr: typed.Expr, into: Reg) -> Code:
        match expr:
            case typed.Constant(value=value):
                yield mov(into, value)
            case typed.Load(symbol=symbol):
                base, offset = yield from self.locate(symbol, into)
                yield Note(_shown(symbol))
                yield load(into, base, offset)

    def locate(self, symbol: typed.Symbol, scratch: Reg) -> Located:
        """Where a scalar or string variable lives; `scratch` may be used for the base."""
        match symbol.scope:
            case "global":
                yield map_value(scratch, DATA, self.layout.globals[symbol.name])
                return scratch, 0
            case "self":
                yield from self.need("self")
                return R7, self.layout.locals[symbol.name]
        place = self.clause_locals[symbol.name]
        if place.base is R9:
            yield from self.need("scratch")
        return place.base, place.offset

    def operand(self, expr: typed.Expr, other: typed.Expr) -> Code:
        """`other` into R0 and `expr` into R1; the two are evaluated left (`other`) to right."""
        if self.is_simple(expr):
            yield from self.value(other)
            yield from self.simple(expr, R1)
            return
        with self.frame.temporary() as left:
            yield from self.value(other)
            yield from self.save(left)
            yield from self.value(expr)
            yield mov(R1, R0)
            yield from self.restore(R0, left)

    # ----------------------------------------------------------------------------------------------------- conditions

    def unless(self, expr: typed.Expr, target: Label) -> Code:
        """Jump to `target` if the condition is false."""
        match expr:
            case typed.Compare(op=op, left=left, right=right):
                yield From(expr.span)
                yield from self._compare(INVERSE[op], left, right, target)
            case typed.Not(operand=operand):
                yield from self.when(operand, target)
            case typed.Logical(op="&&", left=left, right=right):
                yield from self.unless(left, target)
                with self.branch_scope():
                    yield from self.unless(right, target)
            case typed.Logical(op="||", left=left, right=right):
                true = Label("true")
                yield from self.when(left, true)
                with self.branch_scope():
                    yield from self.unless(right, target)
                yield true
            case _:
                yield from self._truth(expr)
                yield jump_if(R0, "==", 0, target)

    def when(self, expr: typed.Expr, target: Label) -> Code:
        """Jump to `target` if the condition is true."""
        match expr:
            case typed.Compare(op=op, left=left, right=right):
                yield From(expr.span)
                yield from self._compare(op, left, right, target)
            case typed.Not(operand=operand):
                yield from self.unless(operand, target)
            case _:
                false = Label("false")
                yield from self.unless(expr, false)
                yield jump(target)
                yield false

    def _truth(self, expr: typed.Expr) -> Code:
        yield from self.value(expr)
        if isinstance(expr.type, String):
            yield load(R0, R0, 0, 1)

    def _compare(self, op: str, left: typed.Expr, right: typed.Expr, target: Label) -> Code:
        prefix = "s" if is_signed(left.type) and op not in ("==", "!=") else ""
        if isinstance(right, typed.Constant) and fits(right.value):
            yield from self.value(left)
            yield jump_if(R0, prefix + op, right.value, target)
            return
        yield from self.operand(right, left)
        yield jump_if(R0, prefix + op, R1, target)

    def boolean(self, expr: typed.Expr) -> Code:
        """0 or 1 in R0 for a condition."""
        false, done = Label("false"), Label("done")
        yield from self.unless(expr, false)
        yield mov(R0, 1)
        yield jump(done)
        yield false
        yield mov(R0, 0)
        yield done

    # -------------------------------------------------------------------------------------------------------- strings

    def text(self, reg: Reg, text: str) -> Code:
        """The address of a string constant."""
        yield map_value(reg, TEXT, self.layout.text(text))

    def copy_string(self, expr: typed.Expr, place: Place, size: int, *, padded: bool) -> Code:
        """The string into `size` bytes (a multiple of 8) at a place; `padded` clears what follows its NUL."""
        if isinstance(expr, typed.Text):
            raw = expr.text.encode("utf-8", "surrogateescape")[: size - 1]
            used = size if padded else (len(raw) + 8) & ~7
            raw = raw.ljust(used, b"\0")
            base, offset = yield from self.at(place)
            for at in range(0, used, 4):
                yield store(base, offset + at, int.from_bytes(raw[at : at + 4], "little", signed=True), 4)
            return
        if isinstance(expr, typed.Builtin) and expr.variable.name in ("execname", "comm") and size >= 16:
            yield from self.comm_into(place)
            if padded and size > 16:
                yield from self.clear(place.plus(16), size - 16)
            return
        yield from self.value(expr)
        if padded:
            yield from self.clear(place, size)
        yield mov(R3, R0)
        yield from self.address(R1, place)
        yield mov(R2, size)
        yield call(h.PROBE_READ_KERNEL_STR)

    def comm_into(self, place: Place) -> Code:
        """The command name's 16 bytes at a place; the kernel keeps it padded with zeros (strscpy_pad)."""
        yield from self.need("task")
        comm = self.target.member("task_struct", "comm")
        if comm is None:
            yield from self.address(R1, place)
            yield mov(R2, 16)
            yield call(h.GET_CURRENT_COMM)
            return
        base, offset = yield from self.at(place)
        for at in (0, 8):
            yield load(R1, R8, comm.offset + at)
            yield store(base, offset + at, R1)

    def clear(self, place: Place, size: int) -> Code:
        """Zero `size` bytes, a multiple of 8. Keeps R0."""
        base, offset = yield from self.at(place)
        for at in range(0, size, 8):
            yield store(base, offset + at, 0)

    # ------------------------------------------------------------------------------------------------------- conversion

    def settle(self, type_: Type) -> Code:
        """Bring R0 into the range of an integer type."""
        if isinstance(type_, Integer):
            yield from extend(R0, type_.bytes, signed=type_.signed)


def _shown(symbol: typed.Symbol) -> str:
    return symbol.name if symbol.scope == "global" else f"{symbol.scope}->{symbol.name}"


# By whether text is read: the helpers for kernel and for user memory.
_READERS = ((h.PROBE_READ_KERNEL, h.PROBE_READ_USER), (h.PROBE_READ_KERNEL_STR, h.PROBE_READ_USER_STR))

# Filled by `compile.expressions`: how each kind of node is computed.
_VALUES: dict[type[typed.Expr], Callable[[Machine, typed.Expr], Code]] = {}


def computes(kind: type[typed.Expr]) -> Callable[[Callable[[Machine, typed.Expr], Code]], Callable[..., Code]]:
    """Register a function as the code of a node type."""

    def register(code: Callable[[Machine, typed.Expr], Code]) -> Callable[[Machine, typed.Expr], Code]:
        _VALUES[kind] = code
        return code

    return register
