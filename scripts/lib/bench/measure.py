"""The kinds of measurement. Each takes a command and gives its figures of one round."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from statistics import median

from scripts.lib.bench.rows import BENCH, Command
from scripts.lib.bench.tracer import Attached, Failed, Loop, attached, counted, find, printed, programs_of
from scripts.lib.bpf import NOTHING, READ_CLOCK, raw_tracepoints, runs, statistics
from scripts.lib.cpu import cpu_ns

Figures = Mapping[str, float]

BURST, BURSTS = 200_000, 7  # calls, and how many times: the quickest is what the machine can do
SMALL_BURST = 50_000  # of what takes longer than a call
CROWD, CROWDS = (4, 1000), 3  # groups and messages: some seconds; and how many times
FLOOD_SECONDS = 2  # long enough that no tracer's buffers swallow what its reader cannot keep up with
RATE_STEP = 1.1
RATES = [10_000 * RATE_STEP**step for step in range(61)]  # to 3 million a second


class Bench:
    """A compiled bench.c, and the loop on a CPU of its own: tracers get the others, where there are others."""

    def __init__(self, binary: str) -> None:
        *rest, last = sorted(os.sched_getaffinity(0))
        self._binary = binary
        self._cpu = last
        self._others = set(rest) or {last}

    def measure(self, kind: str, command: Command) -> Figures:
        """Raises Failed, with the reason, when the command did not do the work."""
        argv = tuple(word.replace(BENCH, self._binary) for word in command.argv)
        return KINDS[kind](self, command._replace(argv=argv))

    def run(self, command: Command) -> Figures:
        """Start to exit: wall and CPU time, peak memory."""
        done = subprocess.run(
            [self._binary, "run", *find(command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        wall_ns, cpu_ns, peak_kib, status = map(int, done.stdout.split())
        if status:
            raise Failed(f"status {status}: {(done.stderr.strip() or 'it said nothing').splitlines()[-1]}")
        return {"wall_ms": wall_ns / 1e6, "cpu_ms": cpu_ns / 1e6, "peak_mib": peak_kib / 1024}

    def added(self, command: Command) -> Figures:
        """Nanoseconds that a tracer adds to each system call. It must have counted every one."""
        return self._added(command, "", BURST)

    def called(self, command: Command) -> Figures:
        """The same for a call of a function."""
        return self._added(command, "function", SMALL_BURST)

    def _added(self, command: Command, work: str, burst: int) -> Figures:
        with self._loop(work) as loop:
            bare = quickest(loop, burst)
            with attached(command, loop, self._others) as tracer:
                before = loop.calls
                traced = quickest(loop, burst)
                calls = loop.calls - before
            if (seen := counted(tracer.output)) < calls:
                raise Failed(f"counted {seen} of {calls} calls")
        return {"ns": traced - bare, "bare_ns": bare}

    def signal(self, command: Command) -> Figures:
        """Nanoseconds that a tracer's program runs for a signal that is sent."""
        return self._each_run(command, "signal")

    def wake(self, command: Command) -> Figures:
        """The same for a process that is woken."""
        return self._each_run(command, "wake")

    def _each_run(self, command: Command, work: str) -> Figures:
        """By the kernel's own clock around each run: that is a hundredth of the work which causes it, and whose
        own time differs by more from burst to burst."""
        with self._loop(work) as loop, attached(command, loop, self._others) as tracer:
            (program,) = programs_of(tracer.process.pid)
            before, bursts = loop.calls, []
            with statistics():
                for _ in range(BURSTS):
                    spent, count = runs(program)
                    loop.run(SMALL_BURST)
                    spent_now, count_now = runs(program)
                    bursts.append((spent_now - spent) / (count_now - count))
            calls = loop.calls - before
        if (seen := counted(tracer.output)) < calls:
            raise Failed(f"counted {seen} of {calls}")
        return {"ns": min(bursts)}

    def waits(self, command: Command) -> Figures:
        """What a tracer adds to a process that is woken and sleeps again, and its waker: `percent` of the time that
        takes, and `ns` that its programs run, by the kernel's own clock."""
        with self._loop("wake") as loop:
            bare = min(loop.run(SMALL_BURST) for _ in range(BURSTS))
            with attached(command, loop, self._others) as tracer:
                traced = min(loop.run(SMALL_BURST) for _ in range(BURSTS))
                programs, bursts = programs_of(tracer.process.pid), []
                with statistics():
                    for _ in range(BURSTS):
                        before = sum(runs(program)[0] for program in programs)
                        loop.run(SMALL_BURST)
                        bursts.append(sum(runs(program)[0] for program in programs) - before)
        return {"percent": 100 * (traced / bare - 1), "ns": min(bursts) / SMALL_BURST, "bare_ns": bare / SMALL_BURST}

    def crowd(self, command: Command) -> Figures:
        """What a tracer takes of the CPUs from processes that send each other messages and all want them: `percent` of
        what these use, in its programs, by the kernel's own clock, and in itself. How much longer they take differs by
        more from run to run."""
        with self._loop("wake") as loop, attached(command, loop, os.sched_getaffinity(0)) as tracer:
            programs, shares = programs_of(tracer.process.pid), []
            with statistics():
                for _ in range(CROWDS):
                    before = _taken(tracer, programs)
                    ran = self._crowd()
                    shares.append((_taken(tracer, programs) - before) / ran)
        return {"percent": 100 * median(shares)}

    def _crowd(self) -> float:
        """Seconds of CPU time."""
        before = os.times()
        done = subprocess.run([self._binary, "crowd", *map(str, CROWD)], capture_output=True, text=True, check=False)
        after = os.times()
        if done.returncode:
            raise Failed("the crowd could not send its messages")
        return after.children_user + after.children_system - before.children_user - before.children_system

    def view(self, command: Command) -> Figures:
        """What the command says of itself, as one JSON line."""
        done = subprocess.run(command.argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed((done.stderr.strip() or f"status {done.returncode}").splitlines()[-1])
        figures: Figures = json.loads(done.stdout)
        return figures

    def flood(self, command: Command) -> Figures:
        """The highest rate of events that the tracer prints to a file without losing one: bisected over RATES."""
        best = 0.0
        kept, lost = 0, len(RATES)
        with self._loop() as loop:
            while lost - kept > 1:
                step = (kept + lost) // 2
                rate, all_printed = self._print(command, loop, RATES[step])
                if not all_printed:
                    lost = step
                    continue
                kept, best = step, max(best, rate)
                if rate < RATES[step] / RATE_STEP:  # the traced program itself cannot be quicker
                    break
        if not best:
            raise Failed(f"loses events at {RATES[1]:.0f} a second")
        return {"per_s": best}

    def floor(self) -> Iterator[tuple[str, float]]:
        """What is added by programs that do nothing, and by ones that only read the clock, in nanoseconds."""
        with self._loop() as loop:
            for what, code, names in FLOORS:
                bare = quickest(loop)
                with raw_tracepoints(code, *names):
                    yield what, quickest(loop) - bare

    def _loop(self, work: str = "") -> Loop:
        return Loop(self._binary, self._cpu, work)

    def _print(self, command: Command, loop: Loop, rate: float) -> tuple[float, bool]:
        """(events a second that there were, whether all of them were printed)."""
        with attached(command, loop, self._others) as tracer:
            calls, made = loop.run_at(rate, FLOOD_SECONDS)
        return made, printed(tracer.output, loop.pid) >= calls


KINDS: Mapping[str, Callable[[Bench, Command], Figures]] = {
    "run": Bench.run,
    "added": Bench.added,
    "called": Bench.called,
    "signal": Bench.signal,
    "wake": Bench.wake,
    "waits": Bench.waits,
    "crowd": Bench.crowd,
    "view": Bench.view,
    "flood": Bench.flood,
}
FLOORS = (
    ("one empty program (enter)", NOTHING, ("sys_enter",)),
    ("two empty programs (enter, exit)", NOTHING, ("sys_enter", "sys_exit")),
    ("two programs that read the clock", READ_CLOCK, ("sys_enter", "sys_exit")),
)


def _taken(tracer: Attached, programs: Iterable[int]) -> float:
    """Seconds of CPU time that a tracer has taken so far, with its programs."""
    return (cpu_ns(tracer.process.pid) + sum(runs(program)[0] for program in programs)) / 1e9


def quickest(loop: Loop, burst: int = BURST) -> float:
    """Nanoseconds a call, of the quickest of several bursts of so many."""
    return min(loop.run(burst) for _ in range(BURSTS)) / burst


@contextlib.contextmanager
def compiled() -> Iterator[Bench]:
    """bench.c, compiled into a temporary folder."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench.c")
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "bench")
        subprocess.run(["gcc", "-O2", "-o", binary, source], check=True)
        yield Bench(binary)
