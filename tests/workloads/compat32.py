"""N 32-bit system calls from a 64-bit process: `python -m tests.workloads.compat32 N`.

`int 0x80` enters the kernel by the i386 table, where number 20 is getpid; in the x86-64 table 20 is writev. A tracer
that only looks at the number reports a writev that never was. Truth: `allowed` (the kernel may be built or booted
without IA32 emulation, then nothing is called), `calls`, the `number`, and `pid_returned`, which proves the table.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import sys
from collections.abc import Callable

from tests.workloads import gate

GETPID_I386 = 20
#   b8 14 00 00 00   mov eax, 20
#   cd 80            int 0x80
#   c3               ret
CODE = bytes([0xB8, GETPID_I386, 0, 0, 0, 0xCD, 0x80, 0xC3])


def getpid32() -> Callable[[], int]:
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(CODE)
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    function.page = page  # type: ignore[attr-defined]  # the code lives as long as the function
    return function


def allowed() -> bool:
    """Tried in a child: without emulation `int 0x80` is a fault."""
    if platform.machine() != "x86_64":
        return False
    child = os.fork()
    if not child:
        os._exit(0 if getpid32()() == os.getpid() else 1)
    return os.waitpid(child, 0)[1] == 0


def main(calls: int) -> None:
    may = allowed()
    gate.wait("compat32", allowed=may)
    call = getpid32() if may else None
    returned = {call() for _ in range(calls)} if call else set()
    gate.report(
        allowed=may,
        calls=calls if may else 0,
        number=GETPID_I386,
        syscall="getpid",
        pid_returned=returned == {os.getpid()},
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
