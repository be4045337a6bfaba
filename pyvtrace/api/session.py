"""A D program run from Python: from its text to typed values."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from pyvtrace.api.errors import ProgramError, TracingError
from pyvtrace.api.events import Event, Events
from pyvtrace.api.filters import conditions, narrowed
from pyvtrace.api.running import Running
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime import places, session
from pyvtrace.runtime import snapshot as plain
from pyvtrace.runtime.options import BadOption, canonical, is_set
from pyvtrace.runtime.processes import Command
from pyvtrace.runtime.program import Request, compile_request, macros
from pyvtrace.runtime.store import Store
from pyvtrace.source import CompileError, Source
from pyvtrace.spec import ProgramSpec

if TYPE_CHECKING:
    from pyvtrace.api.builder import Program
    from pyvtrace.api.c_session import CSession


class Session(Running):
    """One running D program, from entering the `with` to its end.

    `program` is D text, a path (os.PathLike) of a file of it, or what `probe` builds. `pid`, `command`, `cgroup` (a
    path) and `comm` narrow it to events of these processes, of all that the command starts, of this control group and
    those below it, and of this command name; several of one kind are alternatives. `$target` is the command, else the
    first pid; the session ends when the command, or all processes of `pid`, have ended. `streams` are file descriptors
    for the command's standard input, output and error, None for those that it shares with us. `arguments` are $1, $2,
    ..., `options` those of D: `{"strsize": 512, "destructive": True}`. With `narrow=False` the program's text stays as
    it is: it looks itself whom it is about.

    `record` is a file for what the session sees: every snapshot, at least one a second while the session waits, and
    every event; `pyvtrace.replay` and `vtrace replay` read it.

    Nothing reads in the background: records wait in a buffer (option `bufsize`) while the program does other things.
    `events`, `every` and `wait` read while they wait; `snapshot` reads what there is. Losses are counted, see
    `complaints`. One thread uses a session at a time; sessions know nothing of each other.

    Raises, on entering:
        ProgramError: the program cannot be compiled.
        TracingError: the kernel refused it, a process or control group is not there, an option is none.
        RecordingError: the file of `record` is there already, or cannot be written; the latter may come up later, too.
    """

    def __init__(
        self,
        program: str | os.PathLike[str] | Program,
        *,
        pid: int | Sequence[int] = (),
        command: str | None = None,
        cgroup: str | None = None,
        comm: str | Sequence[str] = (),
        options: Mapping[str, object] | None = None,
        arguments: Sequence[object] = (),
        streams: Sequence[int | None] = (),
        narrow: bool = True,
        record: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(pid, command, record)
        self._source = _source(program)
        self._cgroup = cgroup
        self._names = (comm,) if isinstance(comm, str) else tuple(comm)
        self._options = dict(options or {})
        self._arguments = tuple(map(str, arguments))
        self._streams, self._narrow = streams, narrow
        self._complaints: list[str] = []

    @staticmethod
    def from_c(program: str | os.PathLike[str], **given: Any) -> CSession:
        """A session of a bcc program in C, text or a path; its tables read as aggregations. `pid` and `command` are
        whom the session ends with, `tables` the names of those to show, `define` macros. See `CSession`."""
        from pyvtrace.api.c_session import CSession

        return CSession(program, **given)

    # -------------------------------------------------------------------------------------------------- going live

    def _start(self, stack: ExitStack) -> None:
        self._begin(stack, self._streams)
        target = LiveTarget()
        try:
            self.spec = self._compiled(target)
            self._live = stack.enter_context(session.Session(self.spec, target))
        except CompileError as error:
            raise ProgramError(error) from None
        self._store = Store(self.spec, self._live)
        tape = self._recorder(stack)
        if tape is not None:
            from pyvtrace.api.tape import origin_of

            tape.begin(origin_of(self._source, self.spec), self._reading())
        record = None if tape is None else tape.event
        self._events = Events(self.spec, self._complain, self._store, self._live.shower, record)
        self._live.fire(session.BEGIN)
        if not self._live.exited:
            self._live.attach()
            for process in self._watched:
                process.start()
                self._live.ring.watch(process.fd)

    def _compiled(self, target: LiveTarget) -> ProgramSpec:
        child = self._watched[0].pid if self._watched else 0
        given = {}
        for name, value in self._options.items():
            text = None if value is True else "0" if value is False else str(value)
            known = canonical(name, text)
            if isinstance(known, BadOption):
                raise TracingError(f"failed to set option {name}: {known.why}")
            given[name] = known
        request = Request((self._source,), given, {}, self._arguments, child)
        groups = None if self._cgroup is None else places.control_groups(self._cgroup)
        of_command = self._command is not None
        wanted = conditions(self._pids, groups, self._names, child=of_command) if self._narrow else []
        self._source = narrowed(self._source, macros(request, self._source), wanted, child=of_command)
        spec = compile_request(Request((self._source,), given, {}, self._arguments, child), target).spec
        if spec.destructive and not is_set(spec.options, "destructive"):
            raise TracingError('destructive actions are not allowed: permit them with options={"destructive": True}')
        return spec

    def _finish(self) -> None:
        live = self._live
        live.detach()
        live.drain(self._events)
        live.fire(session.END)
        live.drain(self._events)
        self._events.flush()
        self._look_for_losses()

    @property
    def d(self) -> str:
        """The D text that runs, with the conditions on whom it is about once the session has begun."""
        return self._source.text

    # ---------------------------------------------------------------------------------------------------- how it goes

    @property
    def status(self) -> int:
        """What the program gave to exit(); 0 if nothing."""
        self._check_open()
        return self._live.status

    @property
    def command_status(self) -> int | None:
        """The exit status of `command`, negative if a signal ended it; None while it runs, or without one."""
        command = next((process for process in self._watched if isinstance(process, Command)), None)
        return command.status if command is not None else None

    @property
    def complaints(self) -> Sequence[str]:
        """Run-time errors and losses so far, in the words of the command line."""
        if self._stack is not None and not self._stopped:
            self._look_for_losses()
        self._unread = False
        return tuple(self._complaints)

    def _complain(self, line: str) -> None:
        self._complaints.append(line)
        if self._tape is not None:
            self._tape.complain(line)
        self._unread = True

    def _look_for_losses(self) -> None:
        self._events.drops(self._live.lost())
        if self._events.missed:
            self._complain(f"{self._events.missed} events dropped: nobody took them")
            self._events.missed = 0

    def _losses(self) -> Sequence[str]:
        return self._complaints

    # ------------------------------------------------------------------------------------------------- what it saw

    def _exited(self) -> bool:
        return self._live.exited

    def _sleep(self, milliseconds: int) -> None:
        self._live.ring.wait(milliseconds)

    def _read(self) -> bool:
        return self._live.pump(self._events, 0)

    def _observe(self) -> None:
        self._live.note()

    def _reading(self) -> plain.Snapshot:
        return self._store.complete(self._live.snapshot())

    @property
    def _queue(self) -> deque[Event]:
        return self._events.waiting


def _source(program: str | os.PathLike[str] | Program) -> Source:
    if isinstance(program, str):
        return Source("program", program, "specifier")
    if isinstance(program, os.PathLike):
        path = os.fspath(program)
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return Source(path, file.read())
    return Source("program", program.d, "specifier")
