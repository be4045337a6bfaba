"""Boots each kernel again and again: `python -m scripts.lib.soak BOOTS KERNEL...`. Prints a table of how many boots
went well, and how long it took from the launch of `vtrace vm run` to the command's first output. A boot that failed is
told in full on standard error. The exit status is 1 if any did.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VTRACE = os.path.join(ROOT, "scripts/vtrace")
WORDS = "the guest is up"
COLUMNS = ("kernel", "boots", "well", "panics, started again", "first output after, median", "fastest", "slowest")


class Boot(NamedTuple):
    """One run: `seconds` to the first output, None if there was none or it was another; how often the kernel panicked
    and was `restarted`; what the runner said."""

    seconds: float | None
    restarted: int
    said: str


def boot(kernel: str) -> Boot:
    command = [VTRACE, "vm", "run", "-v", "--kernel", kernel, "--timeout", "60", "--", "echo", WORDS]
    began = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        first, took = run.stdout.readline(), time.monotonic() - began
        rest, said = run.communicate()
    well = (first, rest, run.returncode) == (f"{WORDS}\n", "", 0)
    return Boot(took if well else None, said.count("starting it again"), f"exit status {run.returncode}\n{said}")


def boots_of(kernel: str, number: int) -> Iterator[Boot]:
    for count in range(1, number + 1):
        one = boot(kernel)
        print(f"boot {count} of {kernel}:", one.seconds or one.said, file=sys.stderr, flush=True)
        yield one


def row(kernel: str, boots: list[Boot]) -> tuple[object, ...]:
    times = [one.seconds for one in boots if one.seconds is not None]
    figures = (statistics.median(times), min(times), max(times)) if times else ()
    shown = [f"{seconds:.1f} s" for seconds in figures] or ["-"] * 3
    return kernel, len(boots), len(times), sum(one.restarted for one in boots), *shown


def line(cells: tuple[object, ...]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main(number: int, kernels: list[str]) -> int:
    failed = False
    rows = [line(COLUMNS), line(("---",) * len(COLUMNS))]
    for kernel in kernels:
        release = subprocess.check_output([VTRACE, "vm", "fetch", kernel], text=True).strip()
        boots = list(boots_of(release, number))
        failed |= any(one.seconds is None for one in boots)
        rows.append(line(row(release, boots)))
    print(*rows, sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
