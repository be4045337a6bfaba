"""What a large program costs, of 100 MB and 150,000 functions: `python -m scripts.lib.bench.functions`.

The program is assembled first, and waits. Prints one JSON line:

* `resolve_s`: CPU time of naming 10,000 different stacks of it, of 30 frames with 40,000 different addresses in all
* `symbols_mib`: memory that this takes at its peak, symbols and names
* `attach_s`: from the text of a D program to 10,000 `pid` probes in place: CPU time of finding and compiling, and the
  time that the kernel takes
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import statistics
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator

from pyvtrace.kernel.symbols import Symbols
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.runtime.traces import Shower
from pyvtrace.source import Source
from pyvtrace.spec import FieldSpec
from scripts.lib.bench.view import cpu_of

PROBES, OTHERS = 10_000, 140_000
BYTES = 672  # a function: 100 MB in all
STACKS, FRAMES, ADDRESSES = 10_000, 30, 40_000
READINGS = 3
PROGRAM = "pid$1:a.out:probed_*:entry { @ = count(); }"


def main() -> None:
    with large_program() as (pid, size):
        assert size > 100_000_000
        seconds, more = resolve(pid)
        attached = statistics.median(attach(pid) for _ in range(READINGS))
    print(json.dumps({"resolve_s": seconds, "symbols_mib": more, "attach_s": attached}))


@contextlib.contextmanager
def large_program() -> Iterator[tuple[int, int]]:
    """Its process, and the size of its file in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = os.path.join(folder, "large.s"), os.path.join(folder, "large")
        with open(source, "w", encoding="ascii") as file:
            file.write(".text\n.globl main\nmain: sub $8, %rsp\n1: call pause\njmp 1b\n")
            file.writelines(functions())
            file.write('.section .note.GNU-stack,"",@progbits\n')
        subprocess.run(["gcc", "-no-pie", "-o", binary, source], check=True)
        with subprocess.Popen([binary]) as process:
            try:
                yield process.pid, os.path.getsize(binary)
            finally:
                process.kill()


def functions() -> Iterator[str]:
    for kind, count in (("probed", PROBES), ("of_the_rest", OTHERS)):
        for number in range(count):
            name = f"{kind}_{number}"
            yield f".globl {name}\n.type {name},@function\n{name}: ret\n.skip {BYTES - 1}\n.size {name},{BYTES}\n"


def resolve(pid: int) -> tuple[float, float]:
    """(seconds, MiB) of naming the stacks."""
    chooser = random.Random(1)
    first, last = code_of(pid)
    addresses = [chooser.randrange(first, last) for _ in range(ADDRESSES)]
    pack = struct.Struct(f"<{FRAMES + 1}Q").pack
    stacks = [pack(pid, *chooser.choices(addresses, k=FRAMES)) for _ in range(STACKS)]
    texts: list[str] = []
    before = forget_peak()
    symbols = Symbols()
    show = Shower(symbols).of(FieldSpec(0, 8 * (FRAMES + 1), "ustack"))
    assert show is not None
    seconds = cpu_of(lambda: texts.extend(map(show, stacks)))
    more = memory_mib("VmHWM") - before
    assert len(set(texts)) == STACKS
    assert all(text.count("large`") == FRAMES for text in texts)
    assert not [*symbols.lacking()], "every address has a name"
    return seconds, more


def code_of(pid: int) -> tuple[int, int]:
    """The addresses of the functions; between them and the ends of the mapping is code of the C library's."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        words = next(line.split() for line in maps if " r-xp " in line)
    start, end = (int(word, 16) for word in words[0].split("-"))
    return start + 0x1000, end - 0x1000


def forget_peak() -> float:
    """The resident memory of this process now, from where its peak is counted on."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    return memory_mib("VmRSS")


def memory_mib(line: str) -> float:
    """VmRSS is the resident memory of this process, with the pages of files that it has mapped, VmHWM its peak."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(words.split()[1]) for words in status if words.startswith(line)) / 1024


def attach(pid: int) -> float:
    target = LiveTarget()
    started = time.process_time()
    spec = compile_text(Source("large", PROGRAM), target, {}, [str(pid)])
    compiled = time.process_time() - started
    started = time.monotonic()
    with Session(spec, target) as session:
        session.attach()
        attached = time.monotonic() - started
        session.detach()
    assert len(spec.probes) == PROBES
    return compiled + attached


if __name__ == "__main__":
    main()
