"""What sessions have in common, whatever language their program is in: how they go on, what they saw, how they end."""

from __future__ import annotations

import os
import time
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pyvtrace.api.errors import LossWarning, TracingError
from pyvtrace.api.events import Event
from pyvtrace.api.snapshot import Snapshot, of_tables
from pyvtrace.kernel.syscall import KernelError
from pyvtrace.runtime import places, processes, session
from pyvtrace.runtime import snapshot as plain

if TYPE_CHECKING:
    from pyvtrace.api.tape import Tape

# Between two looks at what else may have happened, for who waits in a thread of asyncio's.
_STEP_S = 0.05
# What may be gone when its name is asked for is noted as often, and what is recorded as well.
_NOTE_S = 1.0


class Running(ABC):
    """A session: a context manager, live from entering the `with` to its end. `pid` and `command` are whom it ends
    with, `record` is a file for what it sees."""

    def __init__(
        self, pid: int | Sequence[int], command: str | None, record: str | os.PathLike[str] | None = None
    ) -> None:
        self._pids = (pid,) if isinstance(pid, int) else tuple(pid)
        self._command, self._record = command, record
        self._stack: ExitStack | None = None
        self._watched: list[processes.Process] = []
        self._tape: Tape | None = None
        self._stopped = self._unread = False
        self._noted = 0.0

    # -------------------------------------------------------------------------------------------------- going live

    def __enter__(self) -> Self:
        if self._stack is not None:
            raise ValueError("the session is open already")
        with ExitStack() as stack:
            try:
                self._start(stack)
            except KernelError as error:
                raise TracingError(f"{error}: {error.hint}" if error.hint else str(error)) from error
            except (session.Rejected, processes.ProcessError, places.NoSuch) as error:
                raise TracingError(str(error)) from error
            self._stack = stack.pop_all()
        self._noted = time.monotonic()
        return self

    def _begin(self, stack: ExitStack, streams: Sequence[int | None] = ()) -> None:
        """Start the command, which gets `streams`, and take hold of the processes."""
        commands = () if self._command is None else (self._command,)
        self._watched = processes.start_all(commands, self._pids, stack, streams)

    def _recorder(self, stack: ExitStack) -> Tape | None:
        """The recording that was asked for, which ends with `stack`."""
        if self._record is None:
            return None
        from pyvtrace.api.tape import Tape

        self._tape = Tape(self._record)
        stack.callback(self._tape.close)
        return self._tape

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Take everything away. A warning tells of losses that nobody looked at."""
        if self._stack is None:
            return
        with self._stack:
            self.stop()
            said = self._losses() if self._unread else ()
        self._stack, self._unread = None, False
        if said:
            warnings.warn("; ".join(said), LossWarning, stacklevel=3)

    def stop(self) -> None:
        """Take the probes away and run END, if there is one; what was seen can still be read until the session is
        closed."""
        self._check_open()
        if self._stopped:
            return
        self._stopped = True
        self._finish()
        if self._tape is not None:
            self._tape.take(self._reading())

    def _check_open(self) -> None:
        if self._stack is None:
            raise ValueError("the session is not open: it is inside its `with` only")

    # ----------------------------------------------------------------------------------- what languages do differently

    @abstractmethod
    def _start(self, stack: ExitStack) -> None:
        """Go live; what is opened belongs to the stack."""

    @abstractmethod
    def _finish(self) -> None:
        """Take the probes away, and read what is left."""

    @abstractmethod
    def _exited(self) -> bool:
        """Whether the program itself has ended the session."""

    @abstractmethod
    def _sleep(self, milliseconds: int) -> None:
        """Wait so long for something to read."""

    @abstractmethod
    def _read(self) -> bool:
        """Take what there is to read now; False if there was nothing."""

    @abstractmethod
    def _observe(self) -> None:
        """Take note of what may be gone when its name is asked for."""

    @abstractmethod
    def _reading(self) -> plain.Snapshot:
        """Everything aggregated so far."""

    @property
    @abstractmethod
    def _queue(self) -> deque[Event]:
        """The events that nobody took yet."""

    @abstractmethod
    def _losses(self) -> Sequence[str]:
        """What to complain of so far."""

    # ---------------------------------------------------------------------------------------------------- how it goes

    @property
    def running(self) -> bool:
        """Whether events are still seen: neither exit(), nor the end of the processes, nor `stop` has come."""
        if self._stopped:
            return False
        self._check_open()
        return not self._exited() and not (self._watched and all(process.has_ended() for process in self._watched))

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

    def _pump(self, seconds: float) -> None:
        """Read what there is, waiting up to so long for the first record, but not so long that nothing is noted."""
        self._check_open()
        self._sleep(max(0, round(min(seconds, _NOTE_S) * 1000)))
        self._read()
        self._note()

    def _drain(self) -> None:
        while self._read():
            pass

    async def _apump(self, seconds: float) -> None:
        """As `_pump`, while other tasks run."""
        import asyncio

        self._check_open()
        await asyncio.to_thread(self._sleep, max(0, round(min(seconds, _STEP_S) * 1000)))
        self._pump(0)

    def _note(self) -> None:
        """What has to be done about once a second."""
        now = time.monotonic()
        if now < self._noted + _NOTE_S or self._stopped:
            return
        self._noted = now
        self._observe()
        if self._tape is not None:
            self._drain()
            self._tape.take(self._reading())

    # ------------------------------------------------------------------------------------------------- what it saw

    def snapshot(self) -> Snapshot:
        """Everything aggregated so far, less what the program has cleared."""
        self._check_open()
        if not self._stopped:
            self._drain()
        now = self._reading()
        if self._tape is not None and not self._stopped:
            self._tape.take(now)
        return of_tables(now)

    def every(self, seconds: float, count: int | None = None) -> Every:
        """A snapshot every so many seconds, `count` of them or until the session ends; the last is of the end. For both
        `for` and `async for`."""
        return Every(self, seconds, count)

    def events(self, timeout: float | None = None) -> EventStream:
        """Every event from the first on that was not taken yet, as it comes, until the session ends or none has come
        for `timeout` seconds. For both `for` and `async for`."""
        return EventStream(self, timeout)

    def take(self) -> list[Event]:
        """The events that wait to be taken, without waiting for more."""
        if not self._stopped:
            self._check_open()
            self._drain()
            self._note()
        taken = list(self._queue)
        self._queue.clear()
        return taken


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
