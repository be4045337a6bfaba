"""`vtrace deps`: whom a process talks to, how long each takes to answer, and what the process waits for."""

from __future__ import annotations

import math
import os
import platform
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType

import click

from pyvtrace.analysis.deps.program import SCRIPT, program, waits_of
from pyvtrace.analysis.deps.report import Beginning, Report, report
from pyvtrace.analysis.deps.sockets import Sockets, asleep, sockets_of
from pyvtrace.analysis.script import parse_script
from pyvtrace.cli.console import say
from pyvtrace.cli.library import read_script
from pyvtrace.cli.showing import Plan, draw, paper, paper_width, set_aside, size_of
from pyvtrace.cli.tracing import Asked, conditions
from pyvtrace.cli.views import duration, owned, run_command
from pyvtrace.export.deps import as_json
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.providers.syscall import table
from pyvtrace.render.deps import DepsView
from pyvtrace.render.theme import theme
from pyvtrace.runtime import places, processes
from pyvtrace.runtime.processes import Command
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.source import Source
from pyvtrace.value import replace

_SECOND = 1_000_000_000
_NOTHING = Sockets({}, {}, frozenset(), False)


def main(argv: Sequence[str]) -> int:
    """Run it: `argv` begins with its name. The exit status is 1 for what cannot be traced, 2 for usage."""
    return run_command(command(), "vtrace deps", argv[1:])


def command() -> click.Command:
    seconds = duration("s")
    options = [
        click.Option(["-p", "pid"], type=click.IntRange(min=1), metavar="PID",
                     help="Trace this process, with all its threads."),
        click.Option(["-c", "run"], metavar="CMD", help="Run a command, trace it and all it starts, end when it ends."),
        click.Option(["-i", "interval"], callback=seconds, metavar="SECONDS",
                     help="Time from one refresh to the next: 1 on a terminal. Elsewhere, report so often."),
        click.Option(["--duration"], callback=seconds, metavar="TIME", help="End after this time: 30, 10m."),
        click.Option(["--once"], is_flag=True, help="Print one report at the end, also on a terminal."),
        click.Option(["--json"], is_flag=True, help="Print JSON lines: an object a report."),
    ]  # fmt: skip
    return click.Command(
        "vtrace deps",
        params=[*options],
        callback=trace,
        help="Which services does a process talk to, how long do they take to answer, and what does it wait for?",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


class Tracing:
    """A running trace. A context manager; inside it probes are in place, and the command of -c runs.

    Raises on entering:
        CompileError, BpfError, Rejected: it cannot be traced.
    """

    def __init__(self, pid: int | None, child: Command | None) -> None:
        self._pid, self._child, self._faults = pid, child, 0

    def __enter__(self) -> Tracing:
        with ExitStack() as stack:
            if self._child is not None:
                stack.callback(self._child.end)
            target = LiveTarget()
            script = parse_script(read_script(SCRIPT), SCRIPT)
            self._waits = waits_of(script)
            sockets = _NOTHING if self._pid is None else sockets_of(self._pid)
            asked = conditions(Asked(() if self._pid is None else (self._pid,)), self._child is not None)
            text = program(script, asked, self._pid, sockets.listening)
            child = self._child.pid if self._child is not None else 0
            spec = compile_text(Source(SCRIPT, text), target, {}, (), child)
            self._session = stack.enter_context(Session(spec, target))
            self._session.fire("BEGIN")
            self._begin(sockets, child)
            self._session.attach()
            if self._child is not None:
                self._child.start()
            self._stack = stack.pop_all()
        return self

    def _begin(self, sockets: Sockets, child: int) -> None:
        names = {number: name for name, number in table(platform.machine()).items()}
        sleepers = {} if self._pid is None else asleep(self._pid)
        self.sockets = None if self._pid is None else sockets
        self._beginning = Beginning(
            time.clock_gettime_ns(time.CLOCK_MONOTONIC), self._pid or child, sockets, sleepers, names
        )

    @property
    def unseen(self) -> str:
        """What the process does and the trace cannot see; "" if there is nothing of that kind."""
        has_ring = self.sockets is not None and self.sockets.ring
        return "the process has an io_uring: what it asks for through that is not seen" if has_ring else ""

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def snapshot(self, ended: int | None = None) -> Report:
        """What was seen so far, or until `ended`. Faults of the program are among what was lost."""
        now = self._session.snapshot()
        self._faults += sum(1 for _ in self._session.records())
        now = replace(now, time_ns=ended or now.time_ns, lost={**now.lost, "faults": self._faults})
        return report(now, self._beginning, self._waits, asleep(self._beginning.pid))

    watch = snapshot

    def last(self) -> Report:
        """What was seen in all: the probes are gone."""
        # Taking probes away may take the kernel a second, in which less and less is seen.
        ended = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._session.detach()
        return self.snapshot(ended)

    def over(self) -> bool:
        """Whether there is nothing left to trace."""
        if self._child is not None:
            return self._child.has_ended()
        return self._pid is not None and not places.alive(self._pid)


def trace(
    *, pid: int | None, run: str | None, interval: int | None, duration: int | None, once: bool, json: bool
) -> None:
    """What the command does with its options."""
    if (pid is None) == (run is None):
        raise click.UsageError("name one process with -p PID, or run a command with -c CMD")
    if pid is not None:
        places.process(pid)
    live = not (once or json) and owned()
    every = 1.0 if live else math.inf
    if interval is not None and not once:
        every = interval / _SECOND
    plan = Plan(every, None if duration is None else duration / _SECOND)
    about = f"process {pid}" if run is None else run
    if live:
        _live(pid, run, plan, about)
    elif json:
        _json(pid, run, plan)
    else:
        _paper(pid, run, plan, about)


def _started(pid: int | None, run: str | None, *streams: int | None) -> Tracing:
    """A trace, not begun yet; the command gets `streams`."""
    return Tracing(pid, None if run is None else processes.run(run, streams))


def _announce(tracing: Tracing, plan: Plan) -> None:
    if plan.duration is None and tracing.sockets is not None:
        say("tracing until it ends, or Ctrl-C")


def _json(pid: int | None, run: str | None, plan: Plan) -> None:
    """JSON lines on standard output, which is for them alone: what a command writes goes to standard error."""
    from json import dumps

    with _started(pid, run, None, 2) as tracing:
        _announce(tracing, plan)
        if tracing.unseen:
            say(tracing.unseen)

        def show(seen: Report) -> None:
            sys.stdout.write(dumps(as_json(seen), separators=(",", ":")) + "\n")
            sys.stdout.flush()

        paper(tracing, plan, show)


def _paper(pid: int | None, run: str | None, plan: Plan, about: str) -> None:
    """Reports on standard output, terminal or not."""
    terminal = sys.stdout.isatty()
    paint = theme(os.environ, sys.stdout.encoding, terminal=terminal)
    width = size_of(sys.stdout.fileno())[0] if terminal else paper_width(os.environ)
    view = DepsView(about, live=False)
    with _started(pid, run) as tracing:
        _announce(tracing, plan)
        view.warning = tracing.unseen

        def show(seen: Report) -> None:
            view.take(seen)
            sys.stdout.writelines(paint.text(line).rstrip() + "\n" for line in view.paper(width, paint.glyphs))
            sys.stdout.flush()

        paper(tracing, plan, show)


def _live(pid: int | None, run: str | None, plan: Plan, about: str) -> None:
    """The view that refreshes in place; its last table stays on the screen when it ends."""
    output, keys = sys.stdout.fileno(), sys.stdin.fileno() if sys.stdin.isatty() else None
    paint = theme(os.environ, sys.stdout.encoding, terminal=True)
    view = DepsView(about)
    with set_aside(run) as streams, _started(pid, run, *streams) as tracing:
        view.warning = tracing.unseen
        view.take(tracing.snapshot())
        draw(tracing, plan, view, paint, output, keys)
    width, height = size_of(output)
    # With room for the command line above it and the prompt below.
    lines = view.table(width, paint.glyphs, max(1, height - 3))
    sys.stdout.writelines(paint.text(line) + "\n" for line in lines)
    sys.stdout.flush()
