"""A process that writes a function's code and calls it, as a JIT does: `python -m tests.workloads.generated_code N`.

The function sleeps a microsecond by clock_nanosleep, N times. Its name stands in /tmp/perf-PID.map, which goes with the
process. Truth: `calls`, and the `address` and `size` of the function.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys

from tests.workloads import gate

NAME = "LazyCompile:*generated /srv/app.js:7"
# push %rbp; mov %rsp,%rbp; xor %edi,%edi; xor %esi,%esi; mov $time,%rdx; xor %r10d,%r10d; mov $230,%eax; syscall;
# pop %rbp; ret -- the time's address is filled in.
_X86_64 = (b"\x55\x48\x89\xe5\x31\xff\x31\xf6\x48\xba", b"\x45\x31\xd2\xb8\xe6\x00\x00\x00\x0f\x05\x5d\xc3")


def main(times: int) -> None:
    if os.uname().machine != "x86_64":
        raise SystemExit("generated_code knows the machine code of x86-64 only")
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    time = (ctypes.c_long * 2)(0, 1000)
    code = ctypes.addressof(time).to_bytes(8, "little").join(_X86_64)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    function = ctypes.CFUNCTYPE(ctypes.c_long)(address)
    path = f"/tmp/perf-{os.getpid()}.map"
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{address:x} {len(code):x} {NAME}\n")
    try:
        gate.wait("generated_code")
        for _ in range(times):
            function()
        gate.report(calls=times, address=address, size=len(code))
        # Whoever traces us may still want the names: they are there until the gate's other side has closed.
        os.read(0, 1)
    finally:
        os.unlink(path)


if __name__ == "__main__":
    main(int(sys.argv[1]))
