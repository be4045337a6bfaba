"""Memory of a clause: alloca() and what copies into it.

It lies in the program's scratch area, `scratchsize` bytes behind a word that says how many are in use. A program holds
its addresses as plain numbers, with which D may compute; what writes there finds the place by its distance from the
beginning, so nothing else can be written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, Code, Label, call, jump_if, load, mov, store
from pyvtrace.builtins.machine import Machine
from pyvtrace.builtins.walks import room
from pyvtrace.lang import typed
from pyvtrace.lang.types import VOID, Pointer, Type
from pyvtrace.lang.vocabulary import Function, Parameter

FAULT_ADDRESS, FAULT_SCRATCH, FAULT_SIZE = 1, 5, 11
MEMORY = "memory"


def memory_size(scratchsize: int) -> int:
    """Bytes to set aside: the word, then any length from any place that a masked index can have."""
    return 8 + 2 * room(scratchsize)


def _anywhere(types: Sequence[Type], strsize: int) -> Type:
    return Pointer(VOID, anywhere=True, scratch=True)


def _nothing(types: Sequence[Type], strsize: int) -> Type:
    return VOID


def _take(m: Machine) -> Code:
    """R1 = place of as many bytes as R0 says, which are taken now; R0 stays. More than there are is a fault."""
    used, most = m.states[MEMORY], m.scratch_size
    yield from m.fault_if(R0, ">", most, FAULT_SCRATCH, 0)
    yield load(R1, used.base, used.offset)
    yield mov(R2, R0)
    yield R2 + 7
    yield R2 & -8
    yield R2 + R1
    yield from m.fault_if(R2, ">", room(most), FAULT_SCRATCH, 0)
    yield store(used.base, used.offset, R2)
    yield R1 & (room(most) - 1)


def _address(m: Machine, place: Any) -> Code:
    """R0 = the address of the bytes at place R1, as a number: it goes through memory, where the verifier forgets."""
    yield from m.address(R0, m.states[MEMORY].plus(8))
    yield R0 + R1
    yield store(place.base, place.offset, R0)
    yield load(R0, place.base, place.offset)


def _too_much(args: Sequence[Any], scratchsize: int) -> tuple[str, str] | None:
    size = args[0]
    if isinstance(size, typed.Constant) and not 0 <= size.value <= scratchsize:
        return "D_ALLOCA_SIZE", f"alloca( ) size {size.value} larger than scratch size {scratchsize}"
    return None


def alloca(m: Machine, e: Any) -> Code:
    yield from m.need("scratch")
    number = m.buffer(8)
    yield from m.value(e.args[0])
    yield from _take(m)
    yield from _address(m, number)


def copyin(m: Machine, e: Any) -> Code:
    """Memory of the process, copied to where it can be read."""
    yield from m.need("scratch")
    number, source = m.buffer(8), m.buffer(8)
    yield from m.value(e.args[0])
    yield from m.save(source)
    yield from m.value(e.args[1])
    yield from _take(m)
    with m.frame.temporary() as place:
        yield store(place.base, place.offset, R1)
        yield mov(R2, R0)
        yield from m.address(R0, m.states[MEMORY].plus(8))
        yield R0 + R1
        yield mov(R1, R0)
        yield from m.restore(R3, source)
        yield call(h.PROBE_READ_USER)
        yield from m.restore(R1, source)
        yield from m.fault_if(R0, "!=", 0, FAULT_ADDRESS, R1)
        yield load(R1, place.base, place.offset)
        # Where the stack was full the word was in a map, and the verifier does not know what it is.
        yield R1 & (room(m.scratch_size) - 1)
    yield from _address(m, number)


def copyinto(m: Machine, e: Any) -> Code:
    """From the process to an address that alloca() gave."""
    source, size, to = e.args
    yield from _copy(m, source, to, size, h.PROBE_READ_USER)


def bcopy(m: Machine, e: Any) -> Code:
    """From the kernel, or from what alloca() or copyin() gave, to an address that alloca() gave."""
    source, to, size = e.args
    yield from _copy(m, source, to, size, h.PROBE_READ_KERNEL)


def locate(m: Machine, where: Any, size: int) -> Code:
    """R0 = a pointer to `size` bytes at the address saved at `where`; a fault unless all of them were given by alloca()
    or copyin(), in this clause. Clobbers R1-R3."""
    yield from m.restore(R3, where)
    if MEMORY not in m.states or size > m.scratch_size:
        yield from m.fault_if(R3, ">=", 0, FAULT_ADDRESS, R3)
        return
    yield from m.need("scratch")
    number = m.buffer(8)
    yield mov(R1, 0)
    yield from _address(m, number)
    yield from m.restore(R3, where)
    yield mov(R1, R3)
    yield R1 - R0
    # Below the beginning is above the end, for a distance without a sign.
    yield from m.fault_if(R1, ">", m.scratch_size, FAULT_ADDRESS, R3)
    used = m.states[MEMORY]
    yield load(R2, used.base, used.offset)
    yield mov(R0, R1)
    yield R0 + size
    yield from m.fault_if(R0, ">", R2, FAULT_ADDRESS, R3)
    yield from m.address(R0, m.states[MEMORY].plus(8))
    yield R0 + R1


def touches(clause: typed.Clause) -> bool:
    """Whether a clause takes memory, writes to what is behind a pointer, or reads what alloca() gave."""
    for node in typed.nodes((clause.predicate, clause.body)):
        match node:
            case typed.Call(function=Function(keeps="memory")):
                return True
            case typed.Assign(target=typed.Dereference() | typed.Bits()):
                return True
            case typed.Update(target=typed.Dereference() | typed.Bits()):
                return True
            case typed.Dereference(pointer=pointer) if isinstance(pointer.type, Pointer) and pointer.type.scratch:
                return True
    return False


def _copy(m: Machine, source: Any, to: Any, size: Any, reader: int) -> Code:
    yield from m.need("scratch")
    words = m.buffer(32)
    number, from_, where, length = (words.plus(8 * n) for n in range(4))
    for expr, place in ((source, from_), (to, where), (size, length)):
        yield from m.value(expr)
        yield from m.save(place)
    yield mov(R1, 0)
    yield from _address(m, number)
    yield from m.restore(R3, where)
    yield mov(R1, R3)
    yield R1 - R0
    yield from _bounded(m, length)
    # Below the beginning is above the end, for a distance without a sign.
    yield from m.fault_if(R1, ">", m.scratch_size, FAULT_ADDRESS, R3)
    yield mov(R0, R1)
    yield R0 + R2
    yield from m.fault_if(R0, ">", m.scratch_size, FAULT_ADDRESS, R3)
    yield from m.address(R0, m.states[MEMORY].plus(8))
    yield R1 + R0
    yield from m.restore(R3, from_)
    yield call(reader)
    yield from m.restore(R1, from_)
    yield from m.fault_if(R0, "!=", 0, FAULT_ADDRESS, R1)


def copyout(m: Machine, e: Any) -> Code:
    """Bytes of the kernel's or of the clause's memory to the process, by way of the scratch area: the kernel writes
    only what the verifier knows."""
    source, to, size = e.args
    yield from m.need("scratch")
    words, copy = m.buffer(24), m.buffer(room(m.scratch_size))
    from_, where, length = (words.plus(8 * n) for n in range(3))
    for expr, place in ((source, from_), (to, where), (size, length)):
        yield from m.value(expr)
        yield from m.save(place)
    yield from _bounded(m, length)
    yield from m.restore(R3, from_)
    yield from m.address(R1, copy)
    yield call(h.PROBE_READ_KERNEL)
    yield from m.restore(R1, from_)
    yield from m.fault_if(R0, "!=", 0, FAULT_ADDRESS, R1)
    yield from _bounded(m, length)
    yield mov(R3, R2)
    yield from _write(m, where, copy)


def copyoutstr(m: Machine, e: Any) -> Code:
    """A string with its NUL, of which no more than so many bytes."""
    text, to, most = e.args
    size = (text.type.size + 7) & ~7
    yield from m.need("scratch")
    words, copy = m.buffer(16), m.buffer(size)
    where, length = words, words.plus(8)
    yield from m.copy_string(text, copy, size, padded=True)
    for expr, place in ((to, where), (most, length)):
        yield from m.value(expr)
        yield from m.save(place)
    yield from m.address(R3, copy)
    yield from m.address(R1, m.buffer(size))
    yield mov(R2, size)
    yield call(h.PROBE_READ_KERNEL_STR)
    shorter = Label("shorter")
    yield mov(R3, R0)
    yield from m.restore(R2, length)
    yield jump_if(R2, ">", R3, shorter)
    yield mov(R3, R2)
    yield shorter
    yield from m.fault_if(R3, ">", size, FAULT_SIZE, R3)
    yield from _write(m, where, copy)


def _bounded(m: Machine, length: Any) -> Code:
    """R2 = a length that the scratch area has room for."""
    yield from m.restore(R2, length)
    yield from m.fault_if(R2, ">", m.scratch_size, FAULT_SIZE, R2)


def _write(m: Machine, where: Any, copy: Any) -> Code:
    """R3 bytes of a place to the process's memory at the address saved in `where`."""
    written = Label("written")
    # Older verifiers learn nothing from `!= 0`.
    yield jump_if(R3, "<", 1, written)
    yield from m.restore(R1, where)
    yield from m.address(R2, copy)
    yield call(h.PROBE_WRITE_USER)
    yield from m.restore(R1, where)
    yield from m.fault_if(R0, "!=", 0, FAULT_ADDRESS, R1)
    yield written


_SIZE = Parameter("integer", shown="size_t")
_USER = Parameter("pointer or integer", shown="uintptr_t")
_POINTER = Parameter("pointer", shown="void *")
_STRING = Parameter("string", shown="char *")

MEMORIES = (
    Function("alloca", (_SIZE,), _anywhere, alloca, keeps=MEMORY, refuses=_too_much),
    Function("copyin", (_USER, _SIZE), _anywhere, copyin, keeps=MEMORY),
    Function("copyinto", (_USER, _SIZE, _POINTER), _nothing, copyinto, keeps=MEMORY),
    Function("copyout", (_POINTER, _USER, _SIZE), _nothing, copyout, destructive=True),
    Function("copyoutstr", (_STRING, _USER, _SIZE), _nothing, copyoutstr, destructive=True),
    Function("bcopy", (_POINTER, _POINTER, _SIZE), _nothing, bcopy, keeps=MEMORY),
)
