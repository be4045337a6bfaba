"""System calls with chosen 64-bit arguments: `python -m tests.workloads.passed_values SEED COUNT`.

It passes each of `values(SEED, COUNT)` to getppid(2), which takes no argument, so that nothing but a tracer sees it.
Truth: `count`.
"""

from __future__ import annotations

import ctypes
import platform
import random
import sys

from tests.workloads import gate

SYS_GETPPID = {"x86_64": 110, "aarch64": 173}[platform.machine()]


def values(seed: int, count: int) -> list[int]:
    """Signed 64-bit integers of every magnitude, one in four of them negative, and zeros among them."""
    generator = random.Random(seed)
    signs = (1, 1, 1, -1)
    return [generator.getrandbits(generator.randint(0, 63)) * generator.choice(signs) for _ in range(count)]


def main(seed: int, count: int) -> None:
    call = ctypes.CDLL(None).syscall
    chosen = [ctypes.c_int64(value) for value in values(seed, count)]
    number = ctypes.c_long(SYS_GETPPID)
    gate.wait("passed_values")
    for value in chosen:
        call(number, value)
    gate.report(count=count)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
