"""Waiting until every BPF program that was running has ended."""

from __future__ import annotations

import os

from pyvtrace.kernel.syscall import KernelError, syscall

# membarrier(2) by `uname -m`, else the number of the generic table.
_MEMBARRIER = {"x86_64": 324, "ppc64le": 365, "s390x": 356}.get(os.uname().machine, 283)
_QUERY, _GLOBAL = 0, 1


def can_wait() -> bool:
    """Whether `wait_for_programs` works here: kernels booted with nohz_full refuse it."""
    commands, _ = syscall(_MEMBARRIER, _QUERY)
    return commands > 0 and bool(commands & _GLOBAL)


def wait_for_programs() -> None:
    """Return when no program that started before the call still runs.

    MEMBARRIER_CMD_GLOBAL is synchronize_rcu() (kernel/sched/membarrier.c), and programs of tracepoints and perf events
    run inside one RCU read section from start to end. It takes some ten milliseconds.

    Raises:
        KernelError: the kernel refuses; see `can_wait`.
    """
    _, number = syscall(_MEMBARRIER, _GLOBAL)
    if number:
        raise KernelError("membarrier", number, "wait for running programs")
