"""A command that is stopped at its first instruction goes on to its entry point: the dynamic linker has done its work
by then, so that the libraries are mapped and their constructors have run, and no code of the program has.

This is what DTrace calls `evaltime=postinit`. The way is a breakpoint, put there and taken away again by ptrace(2).
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct

from pyvtrace.runtime.processes import ProcessError

_PEEK, _POKE, _CONTINUE = 1, 4, 7
_GET_REGISTERS, _SET_REGISTERS, _NT_PRSTATUS = 0x4204, 0x4205, 1
_AT_ENTRY = 9


class Breakpoint:
    """An architecture's: the instruction, its length, where user_regs_struct has the instruction pointer, and by how
    much that is behind the breakpoint when it was hit."""

    def __init__(self, code: int, size: int, pointer: int, behind: int) -> None:
        self.code, self.size, self.pointer, self.behind = code, size, pointer, behind


_BREAKPOINTS = {"x86_64": Breakpoint(0xCC, 1, 128, 1), "aarch64": Breakpoint(0xD4200000, 4, 256, 0)}


def run_to_entry(pid: int) -> None:
    """Let a stopped process that this one traces go on to its entry point; it is stopped there again.

    Raises:
        ProcessError: it ended on the way.
    """
    point = _BREAKPOINTS.get(os.uname().machine)
    entry = _entry(pid)
    if point is None or not entry or _instruction_pointer(pid, point) == entry:
        return
    # Words are peeked and poked whole; one that holds the entry point may begin before it.
    word = entry & ~7
    shift = 8 * (entry - word)
    before = _ptrace(_PEEK, pid, word) & 0xFFFFFFFFFFFFFFFF
    mask = ((1 << 8 * point.size) - 1) << shift
    _ptrace(_POKE, pid, word, before & ~mask | point.code << shift)
    _run(pid)
    _ptrace(_POKE, pid, word, before)
    if point.behind:
        _set_instruction_pointer(pid, point, entry)


def _entry(pid: int) -> int:
    """Where the program's own code begins, as the kernel told the dynamic linker; 0 if it did not."""
    with open(f"/proc/{pid}/auxv", "rb") as file:
        words = file.read()
    values: dict[int, int] = dict(struct.iter_unpack("=QQ", words))
    return values.get(_AT_ENTRY, 0)


def _run(pid: int) -> None:
    """Until the breakpoint is hit; signals that come on the way are delivered."""
    number = 0
    while True:
        _ptrace(_CONTINUE, pid, 0, number)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            raise ProcessError(f"pid {pid} ended before its own code began")
        number = os.WSTOPSIG(status)
        if number == signal.SIGTRAP:
            return


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


def _registers(pid: int) -> tuple[_Vector, ctypes.Array[ctypes.c_char]]:
    buffer = ctypes.create_string_buffer(1024)
    vector = _Vector(ctypes.addressof(buffer), len(buffer))
    _ptrace(_GET_REGISTERS, pid, _NT_PRSTATUS, ctypes.addressof(vector))
    return vector, buffer


def _instruction_pointer(pid: int, point: Breakpoint) -> int:
    _, buffer = _registers(pid)
    return int.from_bytes(buffer.raw[point.pointer : point.pointer + 8], "little")


def _set_instruction_pointer(pid: int, point: Breakpoint, address: int) -> None:
    vector, buffer = _registers(pid)
    struct.pack_into("=Q", buffer, point.pointer, address)
    _ptrace(_SET_REGISTERS, pid, _NT_PRSTATUS, ctypes.addressof(vector))


def _ptrace(request: int, pid: int, address: int, data: int = 0) -> int:
    """libc's, whose result of a peek may be any number: errno decides whether it failed."""
    function = ctypes.CDLL(None, use_errno=True).ptrace
    function.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    function.restype = ctypes.c_long
    ctypes.set_errno(0)
    result: int = function(request, pid, address, data)
    if result == -1 and (number := ctypes.get_errno()):
        raise ProcessError(f"failed to control pid {pid}: {os.strerror(number)}")
    return result
