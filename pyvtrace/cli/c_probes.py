"""`vtrace run FILE.c`: a bcc C program, its tables printed as D's aggregations are."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import click

from pyvtrace.cli.c_lines import lines_of
from pyvtrace.cli.console import hint, say
from pyvtrace.cli.signals import Interrupts
from pyvtrace.cli.views import RECORD, recorder_of
from pyvtrace.cli.views import duration as duration_option
from pyvtrace.cprobes.program import CProgramError, Uncompiled, compile_program
from pyvtrace.cprobes.session import CSession
from pyvtrace.export.c_programs import origin, recorded
from pyvtrace.export.recording import Recorder, RecordingFailed
from pyvtrace.kernel.syscall import KernelError
from pyvtrace.runtime.processes import Process, ProcessError, start_all
from pyvtrace.runtime.snapshot import Snapshot

_LOOK_S = 1.0
_TARGET = "VTRACE_TARGET"
_SECOND = 1_000_000_000


@click.command("vtrace run", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-p",
    "pids",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="PID",
    help=f"End when this process has ended; the program has its number as {_TARGET}.",
)
@click.option("-c", "command", metavar="CMD", help="Run a command, and end when it ends; likewise.")
@click.option(
    "-i",
    "interval",
    callback=duration_option("s"),
    metavar="SECONDS",
    help="Print every so often, not at the end only.",
)
@click.option("--duration", callback=duration_option("s"), metavar="TIME", help="End after this time: 30, 10m.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines: one object a key, and one an event.")
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME",
    help="Show this table; may be given several times. Otherwise those the program never deletes from.",
)
@click.option("--record", type=click.Path(dir_okay=False), metavar="FILE", help=RECORD.help)
@click.argument("file")
def _command(
    file: str,
    pids: tuple[int, ...],
    command: str | None,
    interval: int | None,
    duration: int | None,
    as_json: bool,
    tables: tuple[str, ...],
    record: str | None,
) -> int:
    """Run FILE, a bcc program in C: its functions are attached where their names say, and its tables printed at the
    end or at Ctrl-C. It needs root and bcc, and no kernel headers."""
    return run_c_file(
        file,
        pids=pids,
        command=command,
        interval=None if interval is None else interval / _SECOND,
        duration=None if duration is None else duration / _SECOND,
        as_json=as_json,
        tables=tables,
        record=record,
    )


def main(argv: Sequence[str]) -> int:
    """What follows `vtrace run` where it is a program in C."""
    try:
        return int(_command.main(list(argv), prog_name="vtrace run", standalone_mode=False) or 0)
    except click.ClickException as problem:
        say(f"{problem.format_message()}\nTry 'vtrace run --help'.")
        return problem.exit_code
    except click.Abort:
        return 1


def run_c_file(
    path: str,
    *,
    pids: Sequence[int] = (),
    command: str | None = None,
    interval: float | None = None,
    duration: float | None = None,
    as_json: bool = False,
    tables: Sequence[str] = (),
    record: str | None = None,
) -> int:
    """Run the program of a file until its time (seconds), the command, the processes or Ctrl-C end it; the exit
    status. What cannot run is said in one message. What is seen goes to the file of `record`, too."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError as error:
        say(f"cannot read {path}: {error.strerror}")
        return 1
    try:
        with ExitStack() as held:
            recorder = held.enter_context(recorder_of(record))
            # Standard output is for the objects alone where a program reads it.
            streams = (None, 2) if as_json else ()
            processes = start_all([command] if command is not None else [], pids, held, streams)
            flags = [f"-D{_TARGET}={processes[0].pid}"] if processes and _TARGET in text else []
            program = compile_program(os.path.basename(path), text, flags, keep=not flags)
            session = held.enter_context(CSession(program, tables))
            first = session.snapshot()
            if recorder is not None:
                recorder.begin(origin(session, text), first)
            return _Run(session, first, processes, interval, duration, recorder, as_json=as_json).run()
    except Uncompiled as problem:
        say(f"failed to compile {path}:\n{problem.diagnostics}")
    except CProgramError as problem:
        say(f"{problem}{hint(problem.hint)}")
    except KernelError as problem:
        say(f"could not enable tracing: {problem}{hint(problem.hint)}")
    except (ProcessError, RecordingFailed) as problem:
        say(str(problem))
    return 1


class _Run:
    """One session, from its first probe to its last table."""

    def __init__(
        self,
        session: CSession,
        first: Snapshot,
        processes: Sequence[Process],
        interval: float | None,
        duration: float | None,
        recorder: Recorder | None,
        *,
        as_json: bool,
    ) -> None:
        self._session, self._processes = session, list(processes)
        self._interval, self._duration, self._recorder = interval, duration, recorder
        self._lines = lines_of(session.outputs.members, json=as_json)
        self._start_ns, self._start_wall_ns = first.time_ns, first.wall_ns

    def run(self) -> int:
        session, interrupts = self._session, Interrupts()
        for note in (*session.notes, *session.outputs.notes):
            self._complain(note)
        session.attach()
        session.outputs.watch(interrupts.fd)
        for process in self._processes:
            process.start()
            session.outputs.watch(process.fd)
        self._consume(interrupts)
        session.detach()
        self._events()
        self._show()
        for line in session.complaints():
            self._complain(line)
        interrupts.over()
        return 0

    def _consume(self, interrupts: Interrupts) -> None:
        begun = time.monotonic()
        end = None if self._duration is None else begun + self._duration
        due = None if self._interval is None else begun + self._interval
        waits = bool(self._processes)
        taken = begun
        while not interrupts.asked and not (waits and self._have_ended()):
            now = time.monotonic()
            if end is not None and now >= end:
                return
            if due is not None and now >= due:
                due = max(due + (self._interval or 0), now)
                self._show()
            elif due is None and self._recorder is not None and now >= taken + _LOOK_S:
                # Tables that are shown at the end only are recorded each second.
                taken = now
                self._recorder.take(self._session.snapshot())
            self._session.outputs.wait(_milliseconds(now, end, due))
            self._events()
            if _nobody_reads():
                raise BrokenPipeError

    def _events(self) -> None:
        for output in self._session.events():
            since = time.monotonic_ns() - self._start_ns
            event = recorded(output, self._session.program.name, since)
            if self._recorder is not None:
                self._recorder.event(event)
            sys.stdout.write(self._lines.event(event, self._start_wall_ns + since))
        sys.stdout.flush()

    def _show(self) -> None:
        now = self._session.snapshot()
        if self._recorder is not None:
            self._recorder.take(now)
        sys.stdout.writelines(self._lines.tables(now))
        sys.stdout.flush()

    def _complain(self, line: str) -> None:
        say(line)
        if self._recorder is not None:
            self._recorder.complain(line, time.monotonic_ns())

    def _have_ended(self) -> bool:
        for process in [process for process in self._processes if process.has_ended()]:
            self._processes.remove(process)
            self._session.outputs.unwatch(process.fd)
        return not self._processes


def _milliseconds(now: float, *times: float | None) -> int:
    return max(0, round(1000 * min([_LOOK_S, *(then - now for then in times if then is not None)])))


def _nobody_reads() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(state & select.POLLERR for _, state in poll.poll(0))
