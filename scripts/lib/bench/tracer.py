"""The programs under measurement, outside: the loop that makes system calls, and a tracer attached to it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator

from scripts.lib.bench.rows import LOOP, VTRACE, Command
from scripts.lib.bpf import ids, run_count, statistics

PATIENCE = 60.0  # seconds
ENVIRONMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[os.pardir] * 3, ".venv", "bin")
SYSTEM = ["/usr/local/sbin", "/usr/sbin", "/sbin", *os.environ.get("PATH", os.defpath).split(os.pathsep)]


class Failed(Exception):
    """A command under measurement did not do what it is measured for; the message says what instead."""


def find(command: Command) -> list[str]:
    """The command line with its program found: ours in this environment, a peer's on the system."""
    name, *arguments = command.argv
    path = shutil.which(name, path=ENVIRONMENT if name == VTRACE else os.pathsep.join(SYSTEM))
    if path is None:
        raise Failed(f"there is no {name}")
    return [path, *arguments]


class Loop:
    """getppid calls on one CPU, or what `work` says instead; `calls` made so far."""

    def __init__(self, binary: str, cpu: int, work: str = "") -> None:
        self._work = work
        self._process = subprocess.Popen(
            [binary, "loop", str(cpu)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.pid = self._process.pid
        self.calls = 0

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def run(self, calls: int) -> int:
        """Nanoseconds that `calls` calls took, made as quickly as possible."""
        took, _ = self._do(f"{self._work} {calls}".strip())
        return took

    def run_at(self, rate: float, seconds: float) -> tuple[int, float]:
        """(calls, calls a second) made in that time at `rate` a second, or less where they cannot be that quick."""
        took, made = self._do(f"{rate} {seconds}")
        return made, made / took * 1e9

    def _do(self, line: str) -> tuple[int, int]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(line + "\n")
        took, made = map(int, self._process.stdout.readline().split())
        self.calls += made
        return took, made


class Attached:
    """A tracer that sees every call of the loop. `output` is complete when the context is left."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.output = ""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


@contextlib.contextmanager
def attached(command: Command, loop: Loop, cpus: set[int]) -> Iterator[Attached]:
    """Starts the tracer on `cpus`, waits until it sees the loop; interrupts it afterwards and takes its output.

    Raises Failed when it ends early, never attaches or does not end.
    """
    before = ids("prog")
    # To a file: a pipe would have to be read meanwhile, on a CPU that is being measured.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            find(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        )
        tracer = Attached(process)
        try:
            wait_until_it_sees(tracer, loop, before, command.programs)
            yield tracer
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed("does not end when interrupted") from None
        except Failed as failure:
            raise Failed(f"{failure}: {last_line(errors.fileno())}") from None
        finally:
            process.kill()
            process.wait()
        tracer.output = contents(output.fileno())
    wait_until_gone(before)


def wait_until_it_sees(tracer: Attached, loop: Loop, before: frozenset[int], programs: int) -> None:
    """Some calls of the loop make that many of the new programs run as often: the kernel's own count says so, and
    no output of a tracer has to be understood."""
    calls = 1000
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not tracer.alive:
            raise Failed(f"ended with status {tracer.process.returncode}")
        new = ids("prog") - before
        if len(new) < programs:
            time.sleep(0.005)
            continue
        with statistics():
            ran = {program: run_count(program) for program in new}
            loop.run(calls)
            seeing = sum(run_count(program) - ran[program] >= calls for program in new)
        if seeing >= programs:
            return
    raise Failed("did not attach")


def wait_until_gone(before: frozenset[int]) -> None:
    """Until the kernel has taken the tracer's programs away: they cost nothing now, but their removal would."""
    deadline = time.monotonic() + 5
    while ids("prog") - before and time.monotonic() < deadline:
        time.sleep(0.01)


def contents(fd: int) -> str:
    return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")


def last_line(fd: int) -> str:
    lines = contents(fd).split("\n")
    return next((line for line in reversed(lines) if re.search(r"[A-Za-z]", line)), "it said nothing")


ROW = re.compile(rf"^\W*(?:{LOOP}|getppid)\b[^\w\n]*(\d+)\b", re.MULTILINE)
BARS = re.compile(r"[)\]]\s+(\d+) \||\|[@ ]*?(\d+)\s*$", re.MULTILINE)


def counted(output: str) -> int:
    """How many calls of the loop a tracer's output accounts for, as a number in a row or as bars of a histogram."""
    if row := ROW.search(output):
        return int(row[1])
    _, _, section = output.partition(LOOP)
    return sum(int(left or right) for left, right in BARS.findall(section.partition("\n\n")[0]))


def printed(output: str, pid: int) -> int:
    """How many events of the loop a tracer printed."""
    return len(re.findall(rf"^{pid} {LOOP}$", output, re.MULTILINE))
