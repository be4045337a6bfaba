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
from pyvtrace.analysis.library import read_script
from pyvtrace.analysis.script import parse_script
from pyvtrace.cli.console import say
from pyvtrace.cli.showing import Plan, draw, leave_table, paper, paper_writer, set_aside
from pyvtrace.cli.tracing import Asked as Whom
from pyvtrace.cli.tracing import conditions
from pyvtrace.cli.views import RECORD, duration, owned, recorder_of, run_command
from pyvtrace.export.deps import as_json
from pyvtrace.export.deps_recordings import About, DepsTape
from pyvtrace.export.json_programs import line
from pyvtrace.export.recording import Recorder
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.providers.syscall import table
from pyvtrace.render.deps import DepsView
from pyvtrace.render.theme import theme
from pyvtrace.runtime import places, processes
from pyvtrace.runtime.processes import Command
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.source import Source
from pyvtrace.value import Value, replace

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
        RECORD,
    ]  # fmt: skip
    return click.Command(
        "vtrace deps",
        params=[*options],
        callback=trace,
        help="Which services does a process talk to, how long do they take to answer, and what does it wait for?",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


class Asked(Value):
    """What the user asked for: a process, or a command; when to show it; where to record it."""

    pid: int | None
    run: str | None
    plan: Plan
    recorder: Recorder | None = None

    @property
    def about(self) -> str:
        return f"process {self.pid}" if self.run is None else self.run

    def tracing(self, *streams: int | None) -> Tracing:
        """The trace, not begun yet; the command gets `streams`.

        Raises:
            ProcessError: there is no such command.
        """
        return Tracing(self, None if self.run is None else processes.run(self.run, streams))


class Tracing:
    """A running trace. A context manager; inside it probes are in place, and the command of -c runs. Every report goes
    to the recorder, too, if there is one; where there is only one at the end, one a second does.

    Raises on entering:
        CompileError, BpfError, Rejected: it cannot be traced.
        RecordingFailed: as whenever a report is made, it cannot be recorded.
    """

    def __init__(self, asked: Asked, child: Command | None) -> None:
        self._asked, self._pid, self._child, self._faults = asked, asked.pid, child, 0
        self._tape = None if asked.recorder is None else DepsTape(asked.recorder)
        self._due = math.inf if self._tape is None or asked.plan.interval < math.inf else 0.0

    def __enter__(self) -> Tracing:
        with ExitStack() as stack:
            if self._child is not None:
                stack.callback(self._child.end)
            target = LiveTarget()
            script = parse_script(read_script(SCRIPT), SCRIPT)
            self._waits = waits_of(script)
            sockets = _NOTHING if self._pid is None else sockets_of(self._pid)
            asked = conditions(Whom(() if self._pid is None else (self._pid,)), self._child is not None)
            text = program(script, asked, self._pid, sockets.listening)
            child = self._child.pid if self._child is not None else 0
            spec = compile_text(Source(SCRIPT, text), target, {}, (), child)
            self._session = stack.enter_context(Session(spec, target))
            self._session.fire("BEGIN")
            self._begin(sockets, child)
            if self._tape is not None:
                about = About(self._asked.about, self.unseen)
                self._tape.begin(spec, about, self._beginning, self._waits, self._session.snapshot())
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
        sleepers = asleep(self._beginning.pid)
        if self._tape is not None:
            self._tape.take(now, sleepers)
        return report(now, self._beginning, self._waits, sleepers)

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
            ended = self._child.has_ended()
        else:
            ended = self._pid is not None and not places.alive(self._pid)
        if not ended and time.monotonic() >= self._due:
            self._due = time.monotonic() + 1
            self.snapshot()
        return ended


def trace(
    *,
    pid: int | None,
    run: str | None,
    interval: int | None,
    duration: int | None,
    once: bool,
    json: bool,
    record: str | None,
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
    show = _live if live else _json if json else _paper
    with recorder_of(record) as recorder:
        show(Asked(pid, run, plan, recorder))


def _announce(tracing: Tracing, plan: Plan) -> None:
    if plan.duration is None and tracing.sockets is not None:
        say("tracing until it ends, or Ctrl-C")


def _json(asked: Asked) -> None:
    """JSON lines on standard output, which is for them alone: what a command writes goes to standard error."""
    with asked.tracing(None, 2) as tracing:
        _announce(tracing, asked.plan)
        if tracing.unseen:
            say(tracing.unseen)

        def show(seen: Report) -> None:
            sys.stdout.write(line(as_json(seen)))
            sys.stdout.flush()

        paper(tracing, asked.plan, show)


def _paper(asked: Asked) -> None:
    """Reports on standard output, terminal or not."""
    view, write = DepsView(asked.about, live=False), paper_writer()
    with asked.tracing() as tracing:
        _announce(tracing, asked.plan)
        view.warning = tracing.unseen

        def show(seen: Report) -> None:
            view.take(seen)
            write(view)

        paper(tracing, asked.plan, show)


def _live(asked: Asked) -> None:
    """The view that refreshes in place; its last table stays on the screen when it ends."""
    output, keys = sys.stdout.fileno(), sys.stdin.fileno() if sys.stdin.isatty() else None
    paint = theme(os.environ, sys.stdout.encoding, terminal=True)
    view = DepsView(asked.about)
    with set_aside(asked.run) as streams, asked.tracing(*streams) as tracing:
        view.warning = tracing.unseen
        view.take(tracing.snapshot())
        draw(tracing, asked.plan, view, paint, output, keys)
    leave_table(view, paint, output)
