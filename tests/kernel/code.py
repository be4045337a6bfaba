"""What tests of the kernel layer share: programs and maps for as long as a test needs them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from contextlib import ExitStack

from pyvtrace.bpf import helpers, programs
from pyvtrace.bpf.assembler import assemble
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R6,
    R7,
    Code,
    Item,
    Label,
    call,
    jump_if,
    leave,
    load,
    map_fd,
    map_value,
    mov,
    store,
)
from pyvtrace.kernel import bpf
from pyvtrace.spec import MapSpec

NOTHING = (mov(R0, 0), leave())


class Kernel:
    """Owns what a test makes."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def own(self, fd: int) -> int:
        self._stack.callback(os.close, fd)
        return fd

    def map(self, type: int, key_size: int, value_size: int, max_entries: int, flags: int = 0) -> int:
        return self.own(bpf.map_create(MapSpec("test", type, key_size, value_size, max_entries, flags)))

    def program(
        self, items: Iterable[Item], type: int = programs.RAW_TRACEPOINT, place: tuple[int, int] = (0, 0), **fds: int
    ) -> int:
        """Loads a program for a `place`, (attach type, number of the type); `fds` are those of the maps it names."""
        assembled = assemble(items)
        code = bytearray(assembled.code)
        for slot, name in assembled.relocations:
            struct.pack_into("=i", code, 8 * slot + 4, fds[name])
        attach_type, number = place
        return self.own(
            bpf.program_load(type, bytes(code), "test", expected_attach_type=attach_type, attach_btf_id=number)
        )


def write_records(size: int, count: int, *, finish: int = helpers.RINGBUF_SUBMIT) -> Code:
    """Writes up to `count` records of `size` bytes to the map "ring", each full of one u64: argument 0, then one more
    each. The result is how many there was room for."""
    again, end = Label("again"), Label("end")
    yield mov(R6, 0)
    yield load(R7, R1, 0)
    yield again
    yield map_fd(R1, "ring")
    yield mov(R2, size)
    yield mov(R3, 0)
    yield call(helpers.RINGBUF_RESERVE)
    yield jump_if(R0, "==", 0, end)
    for offset in range(0, size - 7, 8):
        yield store(R0, offset, R7)
    yield mov(R1, R0)
    yield mov(R2, 0)
    yield call(finish)
    yield R7 + 1
    yield R6 + 1
    yield jump_if(R6, "<", count, again)
    yield end
    yield mov(R0, R6)
    yield leave()


def count_calls_of(tgid: int) -> Code:
    """Adds one to the first u64 of the map "count" when the process `tgid` is running."""
    other = Label("other")
    yield call(helpers.GET_CURRENT_PID_TGID)
    yield R0 >> 32
    yield jump_if(R0, "!=", tgid, other)
    yield map_value(R6, "count")
    yield load(R1, R6, 0)
    yield R1 + 1
    yield store(R6, 0, R1)
    yield other
    yield mov(R0, 0)
    yield leave()
