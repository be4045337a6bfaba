"""Interrupts that a program gives to the CPU that it runs on: what it may not do where it is, it can do a moment later.

A perf event of each CPU has a buffer that is written round and round. To write to it wakes up who reads it, and that is
done in an interrupt of the CPU's own (irq_work) as soon as it takes any. Nobody reads it.
"""

from __future__ import annotations

import mmap
import os
from contextlib import ExitStack

from pyvtrace.kernel import bpf, perf
from pyvtrace.kernel.cpus import online

_SOFTWARE, _BPF_OUTPUT = 1, 10  # PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT (include/uapi/linux/perf_event.h)
_SAMPLE_RAW = 1 << 10


def give(map_fd: int, held: ExitStack) -> None:
    """Let programs write to the events in that map, a perf event array, until `held` is closed.

    Raises:
        PerfError, BpfError: the kernel refuses.
    """
    for cpu in online():
        task = f"interrupt CPU {cpu} from a program"
        fd = perf.open_event(
            task,
            perf.EVERY_TASK,
            cpu,
            type=_SOFTWARE,
            config=_BPF_OUTPUT,
            sample_period=1,
            sample_type=_SAMPLE_RAW,
            wakeup_events=1,
        )
        held.callback(os.close, fd)
        try:
            # What may not be written is written over.
            memory = mmap.mmap(fd, 2 * mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ)
        except OSError as error:
            raise perf.PerfError("mmap", error.errno or 0, task) from None
        held.callback(memory.close)
        perf.enable(fd)
        bpf.map_update(map_fd, cpu.to_bytes(4, "little"), fd.to_bytes(4, "little"))
