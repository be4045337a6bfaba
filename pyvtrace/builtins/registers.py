"""uregs[ ]: the registers of the process, as they were when it last entered the kernel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R8, Code, call, mov
from pyvtrace.builtins.machine import Machine
from pyvtrace.lang import typed
from pyvtrace.lang.types import UINT64
from pyvtrace.lang.vocabulary import Function, Parameter

FAULT_ADDRESS, FAULT_BOUNDS = 1, 10
# Words of `struct pt_regs` (on arm64 of user_pt_regs in it); the library regs.ARCHITECTURE.d has their names.
_COUNTS = {"x86_64": 21, "aarch64": 34}


def register(m: Machine, e: Any) -> Code:
    yield from m.need("scratch")
    saved = m.buffer(8)
    with m.frame.temporary() as index:
        yield from m.value(e.args[0])
        yield from m.save(index)
        yield from m.fault_if(R0, ">=", _COUNTS.get(m.target.architecture, 0), FAULT_BOUNDS, R0)
        yield from m.need("task")
        yield mov(R1, R8)
        yield call(h.TASK_PT_REGS)
        # What went through memory is a number to the verifier, with which one may compute.
        yield from m.save(saved)
        yield from m.restore(R1, index)
        yield from m.restore(R3, saved)
        yield R1 << 3
        yield R3 + R1
        yield from m.address(R1, saved)
        yield mov(R2, 8)
        yield call(h.PROBE_READ_KERNEL)
        yield from m.restore(R1, index)
        yield from m.fault_if(R0, "!=", 0, FAULT_ADDRESS, R1)
        yield from m.restore(R0, saved)


def _out_of_range(args: Sequence[Any], scratchsize: int) -> tuple[str, str] | None:
    (index,) = args
    if isinstance(index, typed.Constant) and not 0 <= index.value < _COUNTS.get(os.uname().machine, 0):
        return "D_REGS_IDX", f"index {index.value} is out of range for array uregs"
    return None


# By the name of the array, which is written with an index.
REGISTERS = Function(
    "uregs", (Parameter("integer"),), lambda types, strsize: UINT64, register, "user registers", refuses=_out_of_range
)
