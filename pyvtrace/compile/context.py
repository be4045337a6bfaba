"""What a probe's program is given: its arguments and which probe it is.

One context a kind of attach point. The registers of a system call lie where the architecture's `struct pt_regs` has
them; the kernel's verifier checks each load against its own BTF, so a wrong offset is refused, never misread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R6, R8, Code, Label, Note, call, extend, jump, jump_if, load, mov, store
from pyvtrace.compile.frame import Place
from pyvtrace.lang.types import Integer, String, Type
from pyvtrace.lang.vocabulary import Probe
from pyvtrace.target import MemberPlace, TracepointField
from pyvtrace.value import Value

if TYPE_CHECKING:
    from pyvtrace.compile.machine import Machine


# thread_info.status bit of a 32-bit call on x86-64 (arch/x86/include/asm/thread_info.h, TS_COMPAT).
TS_COMPAT = 0x0002


class Registers(Value):
    """Offsets in `struct pt_regs`: a call's arguments, its number, the instruction pointer; and the size of what a perf
    event's program is given of it."""

    arguments: tuple[int, ...]
    compat: tuple[int, ...]
    number: int
    pointer: int
    size: int


REGISTERS = {
    "x86_64": Registers((112, 104, 96, 56, 72, 64), (40, 88, 96, 104, 112, 32), 120, 128, 168),
    # orig_x0 (272) keeps the first argument when x0 already has the result.
    "aarch64": Registers((272, 8, 16, 24, 32, 40), (272, 8, 16, 24, 32, 40), 280, 256, 272),
}


class Context:
    """Base: a program whose probe is known at compile time and has no arguments."""

    # Whether the kernel's stack, as the program sees it, begins with the program itself and what calls it; functions
    # that may be in the stack behind those two, and are of tracing as well.
    traced_by_caller = True
    tracing_functions: tuple[str, ...] = ("bpf_prog_test_run_raw_tp",)

    def __init__(self, probes: Sequence[Probe]) -> None:
        self.probes = probes
        # Where the id of the firing probe is kept when the program serves several.
        self.identity: Place | None = None
        # Of a program that serves several probes: their lowest id, and those that are known.
        self.served: tuple[int, Sequence[int]] | None = None
        # The argument that is the thread which the probe fires for; -1 for the current one.
        self.thread = -1
        # Whether stack() is that thread's, who is off its CPU.
        self.own_stack = False

    def identify(self, m: Machine) -> Code:
        """Store the id of the probe that fired at `identity`, and leave it in R1. Where the context does not tell
        probes apart, a program serves one."""
        assert self.identity is not None and len(self.probes) == 1
        yield mov(R1, self.probes[0].id)
        yield store(self.identity.base, self.identity.offset, R1)

    def standing_for(self, probe: Probe) -> Context:
        """The same program's context while it serves a probe that is made of its own."""
        other = object.__new__(type(self))
        thread = probe.origin.thread if probe.origin else -1
        own_stack = probe.origin is not None and probe.origin.own_stack
        other.__dict__.update(self.__dict__, probes=[probe], identity=None, thread=thread, own_stack=own_stack)
        return other

    def task(self, m: Machine) -> Code:
        """R8 = the task that the probe fires for, as a pointer that the verifier follows."""
        if self.thread >= 0:
            yield load(R8, R6, 8 * self.thread)
            return
        yield call(h.GET_CURRENT_TASK_BTF)
        yield mov(R8, R0)

    def task_number(self, m: Machine) -> Code:
        """R0 = its address as a number, with which D may compute."""
        if self.thread >= 0:
            yield from self.argument(m, self.thread)
        else:
            yield call(h.GET_CURRENT_TASK)

    def probe_id(self, m: Machine) -> Code:
        """R0 = id of the probe that fired."""
        if self.identity is not None:
            yield load(R0, self.identity.base, self.identity.offset)
        else:
            yield mov(R0, self.probes[0].id)

    def argument(self, m: Machine, index: int) -> Code:
        """R0 = args[index]."""
        yield mov(R0, 0)

    def number(self, m: Machine, index: int) -> Code:
        """R0 = argN: an argument as an integer, whatever its type."""
        yield from self.argument(m, index)

    def error_number(self, m: Machine) -> Code:
        """R0 = errno."""
        yield mov(R0, 0)

    def probe_text(self, m: Machine, part: str) -> Code:
        """R0 = the text of probeprov, probemod, probefunc or probename."""
        texts = [getattr(p.name, _PARTS[part]) for p in self.probes]
        if len(set(texts)) == 1 or self.identity is None:
            yield from m.text(R0, texts[0])
            return
        yield from m.probe_name(_PARTS[part])


_PARTS = {"probeprov": "provider", "probemod": "module", "probefunc": "function", "probename": "name"}


class ErrorContext(Context):
    """The ERROR probe: arg1 the clause's id, arg2 the action (from 0), arg3 0, arg4 the fault, arg5 its value."""

    def __init__(self, probes: Sequence[Probe]) -> None:
        super().__init__(probes)
        self.arguments: tuple[Place, ...] = ()

    def argument(self, m: Machine, index: int) -> Code:
        if index < len(self.arguments):
            yield load(R0, self.arguments[index].base, self.arguments[index].offset)
        else:
            yield mov(R0, 0)


class SyscallContext(Context):
    """Entry to or return from system calls, on the raw tracepoints sys_enter and sys_exit."""

    def __init__(
        self,
        probes: Sequence[Probe],
        registers: Registers,
        *,
        returns: bool,
        compat: bool,
        first: int,
        known: Sequence[int],
        sigreturn: Sequence[int],
    ) -> None:
        super().__init__(probes)
        self.registers, self.returns, self.compat = registers, returns, compat
        # Id of call number 0, and the number of rt_sigreturn by ABI.
        self.first, self.sigreturn = first, sigreturn
        self.served = first, known

    def identify(self, m: Machine) -> Code:
        assert self.identity is not None
        yield Note("number of the call")
        status = m.target.member("task_struct", "thread_info.status") if self.compat else None
        if self.returns:
            yield from self.saved_registers(m)
            yield load(R1, R0, self.registers.number)
            yield from self._sigreturn(m, status)
        else:
            yield load(R1, R6, 8)
        yield R1 << 32
        yield R1 >> 30
        if status is not None:
            yield from self._kept_task(m)
            yield load(R2, R8, status.offset, status.size)
            yield R2 & TS_COMPAT
            yield R1 + R2
        yield R1 + self.first
        yield store(self.identity.base, self.identity.offset, R1)

    def _sigreturn(self, m: Machine, status: MemberPlace | None) -> Code:
        """A return whose number is -1 is that of rt_sigreturn: the kernel overwrites the saved number, so that the call
        is not restarted (arch/x86/kernel/signal_64.c, arch/arm64/kernel/signal.c). Only a call that a ptrace tracer had
        skipped looks the same."""
        known = Label("number is known")
        yield jump_if(R1, "!=", -1, known)
        yield mov(R1, self.sigreturn[0])
        if status is not None:
            yield load(R2, R8, status.offset, status.size)
            yield R2 & TS_COMPAT
            yield jump_if(R2, "==", 0, known)
            yield mov(R1, self.sigreturn[-1])
        yield known

    @staticmethod
    def _kept_task(m: Machine) -> Code:
        if "task" in m.have:
            return
        with m.frame.temporary() as number:
            yield store(number.base, number.offset, R1)
            yield from m.need("task")
            yield load(R1, number.base, number.offset)

    def argument(self, m: Machine, index: int) -> Code:
        if self.returns:
            # arg0 and arg1 are both the result (Dynamic Tracing Guide, "syscall Provider").
            yield load(R0, R6, 8) if index < 2 else mov(R0, 0)
            return
        if index >= len(self.registers.arguments):
            yield mov(R0, 0)
            return
        yield from self.saved_registers(m)
        native, compat = self.registers.arguments[index], self.registers.compat[index]
        if not self.compat or native == compat or self.identity is None:
            yield load(R0, R0, native)
            return
        is_compat, done = Label("compat"), Label("done")
        yield load(R1, self.identity.base, self.identity.offset)
        yield jump_if(R1, "&", 2, is_compat)
        yield load(R0, R0, native)
        yield jump(done)
        yield is_compat
        yield load(R0, R0, compat)
        yield from extend(R0, 4, signed=False)
        yield done

    def saved_registers(self, m: Machine) -> Code:
        """R0 = the user registers of the current task."""
        yield from m.need("task")
        yield mov(R1, R8)
        yield call(h.TASK_PT_REGS)

    def error_number(self, m: Machine) -> Code:
        if not self.returns:
            yield mov(R0, 0)
            return
        done, failed = Label("done"), Label("failed")
        yield load(R1, R6, 8)
        yield mov(R0, 0)
        yield jump_if(R1, "s>=", 0, done)
        # Results from -4095 to -1 are error numbers (include/linux/err.h, MAX_ERRNO).
        yield jump_if(R1, "s>=", -4095, failed)
        yield jump(done)
        yield failed
        yield R0 - R1
        yield done


class RecordContext(Context):
    """A perf tracepoint: arguments are the fields of its record."""

    traced_by_caller = False

    def __init__(self, probes: Sequence[Probe], fields: Sequence[TracepointField], types: Sequence[Type]) -> None:
        super().__init__(probes)
        self.fields, self.types = fields, types

    def argument(self, m: Machine, index: int) -> Code:
        if index >= len(self.fields):
            yield mov(R0, 0)
            return
        field = self.fields[index]
        if isinstance(self.types[index], String):
            yield from self._string(m, field, self.types[index].size)
        else:
            yield load(R0, R6, field.offset, field.size)
            yield from extend(R0, field.size, signed=field.signed)

    def number(self, m: Machine, index: int) -> Code:
        """Of an array, text or not, the address: it is good while the clause runs."""
        if index >= len(self.fields) or not (self.fields[index].length or self.fields[index].data_loc):
            yield from self.argument(m, index)
            return
        yield from m.need("scratch")
        word = m.buffer(8)
        yield from self._address(self.fields[index])
        # What went through memory is a number to the verifier, with which a program may compute.
        yield from m.save(word, R3)
        yield from m.restore(R0, word)

    def _string(self, m: Machine, field: TracepointField, capacity: int) -> Code:
        yield from m.need("scratch")
        size = (capacity + 7) & ~7
        text = m.buffer(size)
        yield from self._address(field)
        yield from m.address(R1, text)
        yield mov(R2, size)
        yield call(h.PROBE_READ_KERNEL_STR)
        yield from m.address(R0, text)

    def _address(self, field: TracepointField) -> Code:
        """R3 = where the bytes of an array lie."""
        yield mov(R3, R6)
        if not field.data_loc:
            yield R3 + field.offset
            return
        yield load(R1, R6, field.offset, 4)
        yield R1 & 0xFFFF
        yield R3 + R1
        if field.relative:
            yield R3 + (field.offset + 4)


class WordsContext(Context):
    """A raw tracepoint: arguments are words."""

    def __init__(self, probes: Sequence[Probe], types: Sequence[Type]) -> None:
        super().__init__(probes)
        self.types = types

    def argument(self, m: Machine, index: int) -> Code:
        if index >= len(self.types):
            yield mov(R0, 0)
            return
        if self.thread >= 0:
            # Read as memory: what the verifier follows it does not let D compute with.
            with m.frame.temporary() as word:
                yield from m.address(R1, word)
                yield mov(R2, 8)
                yield mov(R3, R6)
                yield R3 + 8 * index
                yield call(h.PROBE_READ_KERNEL)
                yield from m.restore(R0, word)
        else:
            yield load(R0, R6, 8 * index)
        type_ = self.types[index]
        if isinstance(type_, Integer):
            yield from extend(R0, type_.bytes, signed=type_.signed)


class SampleContext(Context):
    """profile, tick and counters: arg0 is the interrupted kernel address, arg1 the user one; one of them is 0. arg2 is
    the address that a page fault was about (struct bpf_perf_event_data)."""

    traced_by_caller = False

    def __init__(self, probes: Sequence[Probe], registers: Registers) -> None:
        super().__init__(probes)
        self.registers = registers

    def argument(self, m: Machine, index: int) -> Code:
        if index > 2:
            yield mov(R0, 0)
            return
        if index == 2:
            yield load(R0, R6, self.registers.size + 8)
            return
        done = Label("done")
        yield load(R0, R6, self.registers.pointer)
        # Kernel addresses are the upper half of the address space on both architectures.
        yield jump_if(R0, "s<" if index == 0 else "s>=", 0, done)
        yield mov(R0, 0)
        yield done
