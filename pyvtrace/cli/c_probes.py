"""`vtrace run FILE.c`: a bcc C program, its tables printed as D's aggregations are."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import click

from pyvtrace.analysis.units import BadDuration, parse_duration
from pyvtrace.cli.console import hint, say
from pyvtrace.cli.signals import Interrupts
from pyvtrace.cprobes.outputs import Output
from pyvtrace.cprobes.program import CProgramError, Uncompiled, compile_program
from pyvtrace.cprobes.session import CSession
from pyvtrace.kernel.syscall import KernelError
from pyvtrace.runtime.processes import Process, ProcessError, start_all
from pyvtrace.runtime.snapshot import Snapshot

_LOOK_S = 1.0
_TARGET = "VTRACE_TARGET"
_SECOND = 1_000_000_000


def _time(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    """Seconds."""
    if text is None:
        return None
    try:
        found = parse_duration(text, "s")
    except BadDuration as problem:
        raise click.BadParameter(str(problem)) from None
    if found <= 0:
        raise click.BadParameter(f"{text} is no time at all")
    return found / _SECOND


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
@click.option("-i", "interval", callback=_time, metavar="SECONDS", help="Print every so often, not at the end only.")
@click.option("--duration", callback=_time, metavar="TIME", help="End after this time: 30, 10m.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines: one object a key, and one an event.")
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME",
    help="Show this table; may be given several times. Otherwise those the program never deletes from.",
)
@click.argument("file")
def _command(
    file: str,
    pids: tuple[int, ...],
    command: str | None,
    interval: float | None,
    duration: float | None,
    as_json: bool,
    tables: tuple[str, ...],
) -> int:
    """Run FILE, a bcc program in C: its functions are attached where their names say, and its tables printed at the
    end or at Ctrl-C. It needs root and bcc, and no kernel headers."""
    return run_c_file(
        file, pids=pids, command=command, interval=interval, duration=duration, as_json=as_json, tables=tables
    )  # fmt: skip


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
) -> int:
    """Run the program of a file until its time (seconds), the command, the processes or Ctrl-C end it; the exit
    status. What cannot run is said in one message."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError as error:
        say(f"cannot read {path}: {error.strerror}")
        return 1
    try:
        with ExitStack() as held:
            processes = start_all([command] if command is not None else [], pids, held)
            flags = [f"-D{_TARGET}={processes[0].pid}"] if processes and _TARGET in text else []
            program = compile_program(os.path.basename(path), text, flags, keep=not flags)
            session = held.enter_context(CSession(program, tables))
            return _Run(session, processes, interval, duration, _json_writer if as_json else _text_writer).run()
    except Uncompiled as problem:
        say(f"failed to compile {path}:\n{problem.diagnostics}")
    except CProgramError as problem:
        say(f"{problem}{hint(problem.hint)}")
    except KernelError as problem:
        say(f"could not enable tracing: {problem}{hint(problem.hint)}")
    except ProcessError as problem:
        say(str(problem))
    return 1


class _Run:
    """One session, from its first probe to its last table."""

    def __init__(
        self,
        session: CSession,
        processes: Sequence[Process],
        interval: float | None,
        duration: float | None,
        writer: Callable[[CSession], _Writer],
    ) -> None:
        self._session, self._processes = session, list(processes)
        self._interval, self._duration = interval, duration
        self._writer = writer(session)

    def run(self) -> int:
        session, interrupts = self._session, Interrupts()
        for note in (*session.notes, *session.outputs.notes):
            say(note)
        session.attach()
        session.outputs.watch(interrupts.fd)
        for process in self._processes:
            process.start()
            session.outputs.watch(process.fd)
        self._consume(interrupts)
        session.detach()
        self._events()
        self._writer.tables(session.snapshot())
        for line in session.complaints():
            say(line)
        interrupts.over()
        return 0

    def _consume(self, interrupts: Interrupts) -> None:
        begun = time.monotonic()
        end = None if self._duration is None else begun + self._duration
        due = None if self._interval is None else begun + self._interval
        waits = bool(self._processes)
        while not interrupts.asked and not (waits and self._have_ended()):
            now = time.monotonic()
            if end is not None and now >= end:
                return
            if due is not None and now >= due:
                due = max(due + (self._interval or 0), now)
                self._writer.tables(self._session.snapshot())
            self._session.outputs.wait(_milliseconds(now, end, due))
            self._events()
            if _nobody_reads():
                raise BrokenPipeError

    def _events(self) -> None:
        for event in self._session.events():
            self._writer.event(event)
        sys.stdout.flush()

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


class _Writer:
    """How a program's events and tables leave: `_json_writer` and `_text_writer` are two."""

    def __init__(self, event: Callable[[Output], str], tables: Callable[[Snapshot], str]) -> None:
        self._event, self._tables = event, tables

    def event(self, event: Output) -> None:
        sys.stdout.write(self._event(event))

    def tables(self, snapshot: Snapshot) -> None:
        sys.stdout.write(self._tables(snapshot))
        sys.stdout.flush()


def _json_writer(session: CSession) -> _Writer:
    from pyvtrace.export.table_lines import objects

    def line(thing: object) -> str:
        return json.dumps(thing, separators=(",", ":")) + "\n"

    return _Writer(
        lambda event: line({"event": event.table, "values": dict(event.values)}),
        lambda snapshot: "".join(map(line, objects(snapshot))),
    )


def _text_writer(session: CSession) -> _Writer:
    from pyvtrace.runtime.ordering import BY_VALUE, sort_rows
    from pyvtrace.runtime.printa import default_row

    def tables(snapshot: Snapshot) -> str:
        parts = []
        for name, table in snapshot.tables.items():
            row = default_row((table.spec,))
            rows = sort_rows(table.spec, table.rows, BY_VALUE)
            parts.append(f"\n@{name}\n" + "".join(row(key, (words,), (1,)) for key, words in rows))
        return "".join(parts)

    return _Writer(lambda event: f"{event}\n", tables)
