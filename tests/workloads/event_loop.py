"""Event loops in C that know what they did: `python -m tests.workloads.event_loop DIRECTORY KIND FILE REQUESTS SLOW
BURST [OTHERS [SHARED]]`.

KIND is epoll_wait, epoll_pwait2, poll, ppoll, select, pselect or io_uring. A client in a thread of its own makes
REQUESTS requests that are nothing, then SLOW pairs of one that makes the loop read a block of FILE past the page cache
and one that makes it compute for 50 ms of processor time; then, with BURST, one more computation, during which so many
requests arrive at other sockets; last, for each letter of OTHERS, one that takes the loop 30 ms or a read of the disk:
`f` touches a page of FILE that is mapped, `l` takes a mutex that the client holds, `p` polls nothing, `k` asks for the
position in the file SHARED while the client reads it, which holds a lock of the kernel's. The program is compiled in
DIRECTORY and becomes the process of the workload.

Fact: `fd` of the epoll instance or ring, -1 without. Truth: `waits`, the `most_ready` events that one returned, and how
long each thing took: `read_ns`, `compute_ns`, by the thread's own clock `compute_cpu_ns`, and `other_ns`; with
`read_queued_ns` and `other_queued_ns`, how long the thread stood in a run queue meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys

SOURCE = os.path.join(os.path.dirname(__file__), "event_loop.c")


def build(directory: str) -> str:
    """Compiles the program; its path."""
    path = os.path.join(directory, "event_loop")
    options = ["-O1", "-g", "-fno-omit-frame-pointer", "-pthread", "-Wall", "-Werror", "-o"]
    subprocess.run(["g++", "-x", "c", *options, path, SOURCE], check=True)
    return path


if __name__ == "__main__":
    program = build(sys.argv[1])
    os.execv(program, [program, *sys.argv[2:7], *(sys.argv[7:] or [""])])
