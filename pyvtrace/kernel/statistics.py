"""Whether the kernel times every run of every BPF program."""

from __future__ import annotations

import os

from pyvtrace.bpf.assembler import assemble
from pyvtrace.bpf.isa import R0, leave, mov
from pyvtrace.bpf.programs import RAW_TRACEPOINT
from pyvtrace.kernel import bpf


def runs_are_timed() -> bool:
    """Whether it does: somebody has set kernel.bpf_stats_enabled, or holds what BPF_ENABLE_STATS gave, as bpftop does.
    Found out by a program of our own, for only the first of the two can be read anywhere. False where we may not load
    one.

    It reads the clock twice a run (`__bpf_prog_run`, include/linux/filter.h): longer than most programs take.
    """
    try:
        program = bpf.program_load(RAW_TRACEPOINT, assemble((mov(R0, 0), leave())).code, "vtrace_timed")
    except bpf.BpfError:
        return False
    try:
        bpf.program_test_run(program)
        return bpf.program_info(program).run_count > 0
    except bpf.BpfError:
        return False
    finally:
        os.close(program)
