"""System calls Python has no function for, through libc's `syscall`, and the error they raise.

Only what a one-liner needs is here; the text that explains a refusal is in `privilege`, read when something fails.
"""

from __future__ import annotations

import ctypes
import os

# (bpf, perf_event_open) by `uname -m`; architectures with the generic table share a row (asm-generic/unistd.h).
_GENERIC = (280, 241)
_NUMBERS = {
    "x86_64": (321, 298),
    "aarch64": _GENERIC,
    "riscv64": _GENERIC,
    "loongarch64": _GENERIC,
    "ppc64le": (361, 319),
    "s390x": (351, 331),
}
BPF, PERF_EVENT_OPEN = _NUMBERS.get(os.uname().machine, _GENERIC)

# The kernel's own "not supported", which leaks to user space from bpf(2); libc has no name for it.
ENOTSUPP = 524

# All six as long: `syscall` is variadic, and a C int in a variadic call need not be sign-extended to the register.
_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.argtypes = (ctypes.c_long,) * 6
_syscall.restype = ctypes.c_long


def syscall(number: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0) -> tuple[int, int]:
    """(result, 0), or (-1, errno). Addresses are integers: the caller keeps their buffers alive."""
    result: int = _syscall(number, a, b, c, d, e)
    return (result, 0) if result != -1 else (-1, ctypes.get_errno())


def error_text(number: int) -> str:
    """What an errno means."""
    return "not supported by this kernel" if number == ENOTSUPP else os.strerror(number)


class KernelError(OSError):
    """The kernel refused something. `command` is the command as the manual names it, `task` what was being done."""

    def __init__(self, command: str, number: int, task: str) -> None:
        super().__init__(number, error_text(number))
        self.command, self.task = command, task

    def __str__(self) -> str:
        return f"cannot {self.task}: {self.strerror}"

    @property
    def hint(self) -> str:
        """What is missing and what to do about it (a capability, a limit, a policy); empty if nothing is known."""
        from pyvtrace.kernel.privilege import explain

        return explain(self.command, self.errno or 0)
