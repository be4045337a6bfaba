"""A process that writes a function's code and calls it, as a JIT does.

`python -m tests.workloads.generated_code N [-c]`: the function sleeps a microsecond by clock_nanosleep, N times. Its
name stands in /tmp/perf-PID.map, which goes with the process. With -c it is as in a container: with process ids and a
/tmp of its own. Truth: `calls`, and the `address` and `size` of the function.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import sys

from tests.workloads import gate

NAME = "LazyCompile:*generated /srv/app.js:7"
# push %rbp; mov %rsp,%rbp; xor %edi,%edi; xor %esi,%esi; mov $time,%rdx; xor %r10d,%r10d; mov $230,%eax; syscall;
# pop %rbp; ret -- the time's address is filled in.
_X86_64 = (b"\x55\x48\x89\xe5\x31\xff\x31\xf6\x48\xba", b"\x45\x31\xd2\xb8\xe6\x00\x00\x00\x0f\x05\x5d\xc3")


CLONE_NEWNS, CLONE_NEWPID = 0x20000, 0x20000000


def enter_container() -> None:
    """Returns in a process whose number is 1, and whose /tmp nobody else sees; the one that called ends with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWPID):
        raise OSError(ctypes.get_errno(), "unshare")
    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    gate.end_with_parent()
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/tmp"], check=True)


def main(times: int, contained: bool) -> None:
    if os.uname().machine != "x86_64":
        raise SystemExit("generated_code knows the machine code of x86-64 only")
    if contained:
        enter_container()
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
        # /proc is the machine's still: there we are known by the number that others see.
        pid = int(os.readlink("/proc/self"))
        gate.wait("generated_code", pid=pid, tids=[pid])
        for _ in range(times):
            function()
        gate.report(calls=times, address=address, size=len(code))
        # Whoever traces us may still want the names: they are there until the gate's other side has closed.
        os.read(0, 1)
    finally:
        os.unlink(path)


if __name__ == "__main__":
    main(int(sys.argv[1]), "-c" in sys.argv)
