"""A D program run from Python: from its text to typed values."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from pyvtrace.api.errors import LossWarning, ProgramError, TracingError
from pyvtrace.api.events import Event, Events
from pyvtrace.api.filters import conditions, narrowed
from pyvtrace.api.snapshot import Snapshot, of_tables
from pyvtrace.kernel.syscall import KernelError
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime import places, processes, session
from pyvtrace.runtime import snapshot as plain
from pyvtrace.runtime.options import BadOption, canonical, is_set
from pyvtrace.runtime.program import Request, compile_request, macros
from pyvtrace.runtime.store import Store
from pyvtrace.source import CompileError, Source
from pyvtrace.spec import ProgramSpec

if TYPE_CHECKING:
    from pyvtrace.api.builder import Program
    from pyvtrace.api.c_session import CSession
    from pyvtrace.api.tape import Tape

# Between two looks at what else may have happened, for who waits in a thread of asyncio's.
_STEP_S = 0.05
# What may be gone when its name is asked for is noted as often, and what is recorded as well.
_NOTE_S = 1.0


class Session:
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
        self._source = _source(program)
        self._pids = (pid,) if isinstance(pid, int) else tuple(pid)
        self._command, self._cgroup = command, cgroup
        self._names = (comm,) if isinstance(comm, str) else tuple(comm)
        self._options = dict(options or {})
        self._arguments = tuple(map(str, arguments))
        self._streams, self._narrow = streams, narrow
        self._stack: ExitStack | None = None
        self._record = record
        self._tape: Tape | None = None
        self._complaints: list[str] = []
        self._unread = False
        self._stopped = False

    @staticmethod
    def from_c(program: str | os.PathLike[str], **given: Any) -> CSession:
        """A session of a bcc program in C, text or a path; its tables read as aggregations. `pid` and `command` are
        whom the session ends with, `tables` the names of those to show, `define` macros. See `CSession`."""
        from pyvtrace.api.c_session import CSession

        return CSession(program, **given)

    # -------------------------------------------------------------------------------------------------- going live

    def __enter__(self) -> Session:
        if self._stack is not None:
            raise ValueError("the session is open already")
        with ExitStack() as stack:
            try:
                self._start(stack)
            except CompileError as error:
                raise ProgramError(error) from None
            except KernelError as error:
                raise TracingError(f"{error}: {error.hint}" if error.hint else str(error)) from error
            except (session.Rejected, processes.ProcessError, places.NoSuch) as error:
                raise TracingError(str(error)) from error
            self._stack = stack.pop_all()
        return self

    def _start(self, stack: ExitStack) -> None:
        self._watched: list[processes.Process] = []
        if self._command is not None:
            self._watched.append(processes.run(self._command, self._streams))
            stack.callback(self._watched[0].end)
        for pid in self._pids:
            self._watched.append(processes.grab(pid))
            stack.callback(os.close, self._watched[-1].fd)
        target = LiveTarget()
        self.spec = self._compiled(target)
        self._live = stack.enter_context(session.Session(self.spec, target))
        self._store = Store(self.spec, self._live)
        if self._record is not None:
            from pyvtrace.api.tape import Tape

            self._tape = Tape(self._record)
            stack.callback(self._tape.close)
            self._tape.begin(self._source, self.spec, self._reading())
        record = None if self._tape is None else self._tape.event
        self._events = Events(self.spec, self._complain, self._store, self._live.shower, record)
        self._noted = time.monotonic()
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

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Take every probe and map away. A warning tells of losses that nobody looked at."""
        if self._stack is None:
            return
        with self._stack:
            self.stop()
        self._stack = None
        if self._unread:
            self._unread = False
            warnings.warn("; ".join(self._complaints), LossWarning, stacklevel=3)

    def stop(self) -> None:
        """Take the probes away and run END; what was seen can still be read until the session is closed."""
        live = self._open()
        if self._stopped:
            return
        self._stopped = True
        live.detach()
        live.drain(self._events)
        live.fire(session.END)
        live.drain(self._events)
        self._events.flush()
        self._look_for_losses()
        if self._tape is not None:
            self._tape.take(self._reading())

    @property
    def d(self) -> str:
        """The D text that runs, with the conditions on whom it is about once the session has begun."""
        return self._source.text

    # ---------------------------------------------------------------------------------------------------- how it goes

    @property
    def running(self) -> bool:
        """Whether events are still seen: neither exit(), nor the end of the processes, nor `stop` has come."""
        if self._stopped or self._open().exited:
            return False
        return not self._watched or not all(process.has_ended() for process in self._watched)

    @property
    def status(self) -> int:
        """What the program gave to exit(); 0 if nothing."""
        return self._open().status

    @property
    def command_status(self) -> int | None:
        """The exit status of `command`, negative if a signal ended it; None while it runs, or without one."""
        command = next((process for process in self._watched if isinstance(process, processes.Command)), None)
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

    def _open(self) -> session.Session:
        if self._stack is None:
            raise ValueError("the session is not open: it is inside its `with` only")
        return self._live

    def _drain(self) -> None:
        live = self._open()
        while live.pump(self._events, 0):
            pass

    def _pump(self, seconds: float) -> None:
        """Read what there is, waiting up to so long for the first record, but not so long that nothing is noted."""
        self._open().pump(self._events, max(0, round(min(seconds, _NOTE_S) * 1000)))
        self._note()

    # ------------------------------------------------------------------------------------------------- what it saw

    def snapshot(self) -> Snapshot:
        """Everything aggregated so far, less what the program has cleared."""
        if not self._stopped:
            self._drain()
        self._open()
        now = self._reading()
        if self._tape is not None and not self._stopped:
            self._tape.take(now)
        return of_tables(now)

    def _reading(self) -> plain.Snapshot:
        return self._store.complete(self._live.snapshot())

    def _note(self) -> None:
        """What has to be done about once a second."""
        now = time.monotonic()
        if now < self._noted + _NOTE_S or self._stopped:
            return
        self._noted = now
        self._live.note()
        if self._tape is not None:
            self._drain()
            self._tape.take(self._reading())

    def every(self, seconds: float, count: int | None = None) -> Every:
        """A snapshot every so many seconds, `count` of them or until the session ends; the last is of the end. For both
        `for` and `async for`."""
        return Every(self, seconds, count)

    def events(self, timeout: float | None = None) -> EventStream:
        """Every event from the first on that was not taken yet, as it comes, until the session ends or none has come
        for `timeout` seconds. For both `for` and `async for`."""
        return EventStream(self, timeout)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the program has called exit(), or all processes have ended; False if `timeout` seconds pass
        first. Then the program has been stopped, END included."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.running:
            left = 1.0 if deadline is None else min(1.0, deadline - time.monotonic())
            if left <= 0:
                return False
            self._pump(left)
        self.stop()
        return True

    def take(self) -> list[Event]:
        """The events that wait to be taken, without waiting for more."""
        if not self._stopped:
            self._drain()
            self._note()
        taken = list(self._events.waiting)
        self._events.waiting.clear()
        return taken

    async def _apump(self, seconds: float) -> None:
        """As `_pump`, while other tasks run."""
        import asyncio

        await asyncio.to_thread(self._open().ring.wait, max(0, round(min(seconds, _STEP_S) * 1000)))
        self._pump(0)


class Running(Protocol):
    """What snapshots at a pace and events are taken from: a session, of whatever language."""

    _stopped: bool

    @property
    def running(self) -> bool: ...

    def stop(self) -> None: ...

    def snapshot(self) -> Snapshot: ...

    def take(self) -> list[Event]: ...

    def _pump(self, seconds: float) -> None: ...

    async def _apump(self, seconds: float) -> None: ...


class Every:
    """Snapshots at a pace; see `Session.every`."""

    def __init__(self, of: Running, seconds: float, count: int | None) -> None:
        if seconds <= 0:
            raise ValueError(f"{seconds} s is no interval")
        self._session, self._seconds, self._left = of, seconds, count
        self._due = time.monotonic() + seconds

    def _step(self) -> float | None:
        """Seconds to wait on; None when a snapshot is due."""
        left = self._due - time.monotonic()
        return left if left > 0 and self._session.running else None

    def _next(self) -> Snapshot:
        self._due += self._seconds
        if self._left is not None:
            self._left -= 1
        if not self._session.running:
            self._session.stop()
            self._left = 0
        return self._session.snapshot()

    def __iter__(self) -> Iterator[Snapshot]:
        while self._left is None or self._left > 0:
            while (left := self._step()) is not None:
                self._session._pump(left)
            yield self._next()

    async def __aiter__(self) -> AsyncIterator[Snapshot]:
        while self._left is None or self._left > 0:
            while (left := self._step()) is not None:
                await self._session._apump(left)
            yield self._next()


class EventStream:
    """Events as they come; see `Session.events`."""

    def __init__(self, of: Running, timeout: float | None) -> None:
        self._session, self._timeout = of, timeout
        self._came = time.monotonic()

    def _ready(self) -> list[Event]:
        if not self._session.running:
            self._session.stop()
        taken = self._session.take()
        if taken:
            self._came = time.monotonic()
        return taken

    def _patience(self) -> float:
        """Seconds until it is over."""
        if self._session._stopped:
            return 0.0
        return 1.0 if self._timeout is None else self._came + self._timeout - time.monotonic()

    def __iter__(self) -> Iterator[Event]:
        while True:
            yield from self._ready()
            left = self._patience()
            if left <= 0:
                return
            self._session._pump(min(1.0, left))

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            for event in self._ready():
                yield event
            left = self._patience()
            if left <= 0:
                return
            await self._session._apump(left)


def _source(program: str | os.PathLike[str] | Program) -> Source:
    if isinstance(program, str):
        return Source("program", program, "specifier")
    if isinstance(program, os.PathLike):
        path = os.fspath(program)
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return Source(path, file.read())
    return Source("program", program.d, "specifier")
