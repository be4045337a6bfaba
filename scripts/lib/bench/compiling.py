"""What compiling costs, in CPU time of a warm process: prints one JSON line.

`clause_ms` is for one of 100 clauses such as scripts have. `types_first_ms` and `types_ms` are what naming the kernel's
types adds: the first time, when BTF is read, and after that, from what is kept on disk. `symbol_ms` is what a symbol of
the kernel's adds after the first time.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable

from pyvtrace.kernel.addresses import Addresses
from pyvtrace.kernel.kallsyms import find
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.kernel.types import Types
from pyvtrace.runtime.program import compile_text
from pyvtrace.source import Source

CLAUSES, TRIES = 100, 15
CALLS = ("read", "write", "openat", "close", "futex", "mmap", "munmap", "ioctl", "lseek", "getpid", "socket", "connect")
FOUR = """
int calls{n};
syscall::{call}:entry /pid != $pid && execname != "vtrace"/
{{ self->ts{n} = timestamp; self->size{n} = arg2; self->name{n} = copyinstr(arg1); }}
syscall::{call}:return /self->ts{n}/
{{
    this->elapsed = timestamp - self->ts{n};
    @time{n}[execname, probefunc] = quantize(this->elapsed);
    @total{n}["{call}"] = sum(this->elapsed / 1000);
    self->ts{n} = 0;
}}
syscall::{call}:return /errno != 0 && arg0 < 0/
{{ printf("%Y %5d %-16s %s = %d\\n", walltimestamp, pid, execname, probefunc, errno); errors{n}[execname, errno]++; }}
tick-1s /calls{n} > 10/
{{ printa("%-16s %@d\\n", @total{n}); trunc(@total{n}, 10); calls{n} = 0; }}
"""
SCRIPT = "".join(FOUR.format(n=n, call=CALLS[n % len(CALLS)]) for n in range(CLAUSES // 4))


def cpu_ms(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def questions(directory: str) -> None:
    """What a program asks that goes from `curthread` to the name of its system."""
    types = Types(directory)
    assert types.aggregate("struct", "task_struct")
    assert types.aggregate("struct", "nsproxy")
    assert types.aggregate("struct", "uts_namespace")
    types.save()


def symbol(directory: str) -> None:
    assert find("", "vfs_read", None, remembered=Addresses(directory))


def main() -> None:
    target = LiveTarget()

    def compiled() -> None:
        compile_text(Source("many.d", SCRIPT), target, {})

    compiled()
    figures = {"clause_ms": min(cpu_ms(compiled) for _ in range(TRIES)) / CLAUSES}
    with tempfile.TemporaryDirectory() as directory:
        figures["types_first_ms"] = cpu_ms(lambda: questions(directory))
        figures["types_ms"] = min(cpu_ms(lambda: questions(directory)) for _ in range(TRIES))
        figures["symbol_ms"] = min(cpu_ms(lambda: symbol(directory)) for _ in range(TRIES))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
