"""A command line's programs from text to their end: compiled, enabled, printed until something ends them."""

from __future__ import annotations

import math
import select
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pyvtrace.cli.console import hint, say
from pyvtrace.cli.options import CommandLine, reported_name
from pyvtrace.cli.output import Output, OutputFailed
from pyvtrace.cli.signals import Interrupts
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.lang.ast import Item
from pyvtrace.runtime.options import is_set, number
from pyvtrace.runtime.printer import Printer
from pyvtrace.runtime.processes import Process, ProcessError, start_all
from pyvtrace.runtime.program import Compiled, Request, compile_request
from pyvtrace.runtime.session import BEGIN, END, Rejected, Session
from pyvtrace.runtime.store import Store
from pyvtrace.source import CompileError, Source
from pyvtrace.target import Target

if TYPE_CHECKING:
    from pyvtrace.cli.taping import Tape

# With flowindent a record waits for the one after it, which tells whether it is a function of its own.
_FLOW_PATIENCE_MS = 100

# Between two looks for losses.
_SHORTEST_S = 0.01


def trace(line: CommandLine) -> int:
    """Do what the command line asks; the exit status."""
    target = LiveTarget()
    try:
        with ExitStack() as held:
            return _trace(line, target, held)
    except CompileError as error:
        from pyvtrace.cli.refusals import problems

        tags = is_set({**line.environment, **line.options}, "errtags")
        print(problems(error, target, tags=tags), file=sys.stderr)
    except Rejected as rejected:
        from pyvtrace.cli.refusals import rejection

        say(rejection(rejected))
    except (OutputFailed, ProcessError) as failure:
        say(str(failure))
    return 1


def _trace(line: CommandLine, target: LiveTarget, held: ExitStack) -> int:
    processes = start_all(line.commands, line.pids, held)
    child = processes[0].pid if processes else 0
    target.beginning = {process.pid: process.begin for process in processes}
    request = Request(line.programs, line.options, line.environment, line.arguments, child)
    compiled = compile_request(request, target)
    if "S" in line.flags:
        from pyvtrace.cli.listing import listing

        sys.stdout.writelines(listing(compiled.spec))
    if "e" in line.flags:
        if "v" in line.flags:
            output = Output(line.output)
            for source, items in zip(line.programs, compiled.items, strict=True):
                output.write(_stability(source, items))
            output.flush()
        return 0
    run = Run(line, compiled, target, processes, Output(line.output), _tape(line, held))
    if compiled.spec.destructive and not is_set(compiled.spec.options, "destructive"):
        run.announce()
        say("could not enable tracing: Destructive actions not allowed" + hint("permit them with -w"))
        return 1
    return run.run()


def _tape(line: CommandLine, held: ExitStack) -> Tape | None:
    """The recording of --record, which ends with `held`."""
    if line.record is None:
        return None
    from pyvtrace.cli.taping import Tape

    tape = Tape(line.record)
    held.callback(tape.close)
    return tape


def _kind(source: Source) -> str:
    """What DTrace calls a program."""
    return "script" if source.kind == "script" else "description"


def _stability(source: Source, items: Sequence[Item]) -> str:
    from pyvtrace.cli.stability import of_program

    return of_program(_kind(source), reported_name(source), items)


class Run:
    """One session of a compiled program."""

    def __init__(
        self,
        line: CommandLine,
        compiled: Compiled,
        target: Target,
        processes: Sequence[Process],
        output: Output,
        tape: Tape | None = None,
    ) -> None:
        self._line, self._compiled, self._spec = line, compiled, compiled.spec
        self._target, self._output, self._tape = target, output, tape
        self._processes = list(processes)
        self._quiet = is_set(self._spec.options, "quiet")

    def notice(self, text: str) -> None:
        """What DTrace says by the way."""
        if not self._quiet:
            say(text)

    def announce(self) -> None:
        """How many probes each program is enabled at."""
        compiled = self._compiled
        for source, matched, items in zip(self._line.programs, compiled.matched, compiled.items, strict=True):
            name, probes = reported_name(source), f"probe{'s' * (matched != 1)}"
            self.notice(f"{_kind(source)} '{name}' matched {matched} {probes}")
            if "v" in self._line.flags:
                self._output.write(_stability(source, items))

    def run(self) -> int:
        """From BEGIN to the last aggregation."""
        self._interrupts = Interrupts()
        with Session(self._spec, self._target) as session:
            self._session = session
            store = Store(self._spec, session)
            write: Callable[[str], object] = self._output.write
            complain: Callable[[str], object] = say
            if self._tape is not None:
                self._tape.begin(self._line.programs, session, store)
                write, complain = self._tape.output(write), self._tape.complaints(complain)
            self._printer = Printer(self._spec, write, complain, store, self._output, session.shower)
            # BEGIN comes first: what it prepares is there for every other clause.
            session.fire(BEGIN)
            if session.exited:
                self.announce()
            else:
                session.attach()
                self.announce()
                for process in self._processes:
                    process.start()
                self._watch()
                self._consume()
                session.detach()
            self._printer.settle()
            session.drain(self._printer)
            session.fire(END)
            session.drain(self._printer)
            self._printer.finish()
            self._printer.drops(session.lost())
            for line in session.names.lacking() if session.names is not None else ():
                self.notice(line)
            self._record()
            status = session.status
            self._output.flush()
        self._interrupts.over()
        return status

    # ---------------------------------------------------------------------------------------------------- the middle

    def _watch(self) -> None:
        """Wake up for everything that can end the trace."""
        ring = self._session.ring
        ring.watch(self._interrupts.fd)
        for process in self._processes:
            ring.watch(process.fd)
        if self._output.pipe is not None:
            ring.watch(self._output.pipe, select.POLLERR)

    def _consume(self) -> None:
        session, spec = self._session, self._spec
        interval = max(_SHORTEST_S, number(spec.options, "statusrate") / 1e9)
        waits = bool(self._processes)
        due = switch = time.monotonic() + interval
        while not (session.exited or self._interrupts.asked):
            left = max(0.0, due - time.monotonic())
            if rate := self._printer.switchrate:
                switch = min(switch, time.monotonic() + rate)
                session.ring.rest(math.ceil(1000 * min(left, max(0.0, switch - time.monotonic()))))
                left = 0.0
                if self._output.is_broken():
                    raise BrokenPipeError
            if not rate or time.monotonic() >= switch:
                self._look(left)
                switch = time.monotonic() + rate
            if waits and self._have_ended():
                return
            if time.monotonic() >= due:
                due = time.monotonic() + interval
                session.update_clock()
                session.note()
                self._printer.drops(session.lost())
                self._record()

    def _look(self, seconds: float) -> None:
        """Print the records there are, waiting so long for the first."""
        left = math.ceil(1000 * seconds)
        if not self._session.pump(self._printer, min(left, _FLOW_PATIENCE_MS) if self._printer.flows else left):
            self._printer.flush()
            if self._output.is_broken():
                raise BrokenPipeError
        self._output.flush()

    def _record(self) -> None:
        """The end of an interval."""
        if self._tape is not None:
            self._tape.interval()

    def _have_ended(self) -> bool:
        """Whether all processes of -c and -p have."""
        for process in [process for process in self._processes if process.has_ended()]:
            self._processes.remove(process)
            self._session.ring.unwatch(process.fd)
            self.notice(process.verdict())
        return not self._processes
