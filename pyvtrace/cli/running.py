"""One run of a script of the library: from what the user asked for to events and aggregations."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType

from pyvtrace.analysis.rows import Keep, like
from pyvtrace.analysis.script import Script
from pyvtrace.analysis.tables import check_columns, check_table
from pyvtrace.api.events import Event, Events
from pyvtrace.api.filters import NoClause, narrowed
from pyvtrace.cli.console import say
from pyvtrace.cli.script_tape import ScriptTape
from pyvtrace.cli.tracing import Asked, conditions, is_glob
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime import processes
from pyvtrace.runtime.printer import Printer
from pyvtrace.runtime.program import Request, compile_request, macros
from pyvtrace.runtime.session import BEGIN, END, Session
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.runtime.store import Store
from pyvtrace.source import Source
from pyvtrace.spec import ProgramSpec

_LOSSES = 1.0  # seconds between looks for losses, and notes of what processes have mapped


def narrowing(script: Script, asked: Asked) -> Keep | None:
    """Which keys, or events, are shown of those that the kernel gives: globs are matched here, for D has none.

    Raises:
        ValueError: the script does not tell the command.
    """
    return glob_filter(script, asked.commands)


def glob_filter(script: Script, commands: Sequence[str]) -> Keep | None:
    """The same for the values of --comm."""
    if not any(map(is_glob, commands)):
        return None
    fields = [field.name for field in (script.columns or script.keys)]
    if "comm" not in fields:
        raise ValueError("--comm takes no glob here: the script does not tell commands")
    return like(fields.index("comm"), commands)


class Running:
    """A script that runs. A context manager; inside it probes are in place, and the command of -c runs.

    `write` takes what the script prints itself where its header declares neither columns nor values; `streams` are
    those of the command. `tape` records.

    Raises on entering:
        RecordingFailed: the recording cannot be written; so does whatever reads.
        CompileError, KernelError, ProcessError, Rejected: it cannot be traced.
    """

    def __init__(
        self,
        script: Script,
        asked: Asked,
        command: str | None,
        streams: Sequence[int | None] = (),
        write: Callable[[str], object] | None = None,
        tape: ScriptTape | None = None,
    ) -> None:
        self._tape = tape
        self._script, self._asked, self._command = script, asked, command
        self._streams, self._write = streams, write
        self.complaints: list[str] = []
        self._due = 0.0

    # ---------------------------------------------------------------------------------------------------- going live

    def __enter__(self) -> Running:
        with ExitStack() as stack:
            commands = [] if self._command is None else [self._command]
            self._watched = processes.start_all(commands, self._asked.pids, stack, self._streams)
            self._left = list(self._watched)
            target = LiveTarget()
            target.beginning = {process.pid: process.begin for process in self._watched}
            self.spec = self._compiled(target)
            self._session = stack.enter_context(Session(self.spec, target))
            self._store = Store(self.spec, self._session)
            if self._tape is not None:
                self._tape.begin(self.spec, self._ran, self.snapshot())
            self._printer = self._made_printer()
            self._session.fire(BEGIN)
            if not self._session.exited:
                self._session.attach()
                for process in self._watched:
                    process.start()
                    self._session.ring.watch(process.fd)
            self._stack = stack.pop_all()
        return self

    def _compiled(self, target: LiveTarget) -> ProgramSpec:
        script, child = self._script, self._watched[0].pid if self._watched else 0
        source = Source(script.name, script.text)
        request = Request((source,), {}, {}, (), child)
        of_command = self._command is not None
        wanted = conditions(self._asked, of_command) if script.filters else []
        try:
            source = narrowed(source, macros(request, source), wanted, child=of_command, only=script.filters)
        except NoClause as missing:
            raise script.bad(f"header: no clause is for {', '.join(missing.args)}", "filter") from None
        self._ran = source.text
        spec = compile_request(Request((source,), {}, {}, (), child), target).spec
        if spec.destructive:
            raise script.bad("destructive actions are not allowed here", hint="run it with vtrace -w -s")
        check_table(script, spec)
        check_columns(script, spec)
        return spec

    def _made_printer(self) -> Printer:
        tape = self._tape
        if self._write is not None:
            write = self._write if tape is None else tape.output(self._write)
            return Printer(self.spec, write, self._complain, self._store, None, self._session.shower)
        record = None if tape is None or not self._script.columns else tape.event
        self._events = Events(self.spec, self._complain, self._store, self._session.shower, record)
        return self._events

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    # ------------------------------------------------------------------------------------------------- what it sees

    def _complain(self, line: str) -> None:
        self.complaints.append(line)
        if self._tape is not None:
            self._tape.complain(line)

    def say_complaints(self) -> None:
        """Faults and losses since the last call go to standard error."""
        for line in self.complaints:
            say(line)
        self.complaints.clear()

    def watch(self, fd: int) -> None:
        """Let `read` return, too, when a descriptor can be read."""
        self._session.ring.watch(fd)

    def read(self, seconds: float) -> deque[Event]:
        """What has come, waiting up to so long for the first; the events wait to be taken."""
        if not self._session.pump(self._printer, max(0, round(seconds * 1000))):
            self._printer.flush()
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _LOSSES
            self._session.update_clock()
            self._session.note()
            self._look_for_losses()
            if self._tape is not None and not self._script.values:
                self.snapshot()
        return self.events

    @property
    def events(self) -> deque[Event]:
        """Those that wait to be taken."""
        return deque() if self._write is not None else self._events.waiting

    def _look_for_losses(self) -> None:
        self._printer.drops(self._session.lost())
        if self._write is None and self._events.missed:
            self._complain(f"{self._events.missed} events dropped: more came than could be shown")
            self._events.missed = 0

    def over(self) -> bool:
        """Whether there is nothing left to trace: exit() was called, or all processes of -c and -p have ended."""
        if self._session.exited:
            return True
        for process in [process for process in self._left if process.has_ended()]:
            self._left.remove(process)
            self._session.ring.unwatch(process.fd)
        return bool(self._watched) and not self._left

    def finish(self) -> None:
        """Take the probes away, run END and read what is left."""
        self._session.detach()
        self._printer.settle()
        self._session.drain(self._printer)
        self._session.fire(END)
        self._session.drain(self._printer)
        if self._write is None:
            self._printer.flush()
        else:
            self._printer.finish()
        self._look_for_losses()
        if self._tape is not None and not self._script.values:
            self.snapshot()

    def snapshot(self) -> Snapshot:
        """The aggregations, as the program has left them; the end of an interval of the recording."""
        now = self._store.complete(self._session.snapshot())
        if self._tape is not None:
            self._tape.take(now)
        return now

    @property
    def status(self) -> int:
        """What the script gave to exit()."""
        return self._session.status
