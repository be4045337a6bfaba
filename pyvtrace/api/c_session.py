"""A bcc program in C run from Python: what `Session.from_c` gives."""

from __future__ import annotations

import os
import time
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType

from pyvtrace.api.errors import LossWarning, ProgramError, TracingError
from pyvtrace.api.events import MOST_KEPT, Event
from pyvtrace.api.session import EventStream, Every
from pyvtrace.api.snapshot import Aggregation, Snapshot
from pyvtrace.cprobes.outputs import Output
from pyvtrace.cprobes.program import CProgramError, Uncompiled, compile_program
from pyvtrace.cprobes.session import CSession as Live
from pyvtrace.kernel.syscall import KernelError
from pyvtrace.runtime import processes
from pyvtrace.source import CompileError, Diagnostic, Source, Span
from pyvtrace.spec import ProbeName

_STEP_S = 0.05
_TAG = "C_COMPILE"


class CSession:
    """One running C program, from entering the `with` to its end. It reads as a `Session` of D does: `snapshot`,
    `every`, `events`, `wait`, `complaints`. Which of its tables are aggregations, and which, docs/c-probes.md says.

    An event is what the program put out through BPF_PERF_OUTPUT or BPF_RINGBUF_OUTPUT: `values` are the members of the
    struct, in order, and the probe's name is the table.

    Raises, on entering:
        ProgramError: clang refuses the program; the text is clang's.
        TracingError: bcc or BTF is missing, the kernel refuses, a process is not there.
    """

    def __init__(
        self,
        program: str | os.PathLike[str],
        *,
        pid: int | Sequence[int] = (),
        command: str | None = None,
        tables: Sequence[str] = (),
        define: Mapping[str, object] | None = None,
    ) -> None:
        self._name, self._text = _text(program)
        self._pids = (pid,) if isinstance(pid, int) else tuple(pid)
        self._command, self._tables = command, tuple(tables)
        self._flags = [f"-D{name}={value}" for name, value in (define or {}).items()]
        self._stack: ExitStack | None = None
        self._stopped = self._unread = False
        self._waiting: deque[Event] = deque()
        self._missed = 0

    # -------------------------------------------------------------------------------------------------- going live

    def __enter__(self) -> CSession:
        with ExitStack() as stack:
            try:
                self._start(stack)
            except Uncompiled as error:
                raise ProgramError(self._refused(error), str(error)) from None
            except (CProgramError, KernelError) as error:
                raise TracingError(f"{error}: {error.hint}" if error.hint else str(error)) from error
            except processes.ProcessError as error:
                raise TracingError(str(error)) from error
            self._stack = stack.pop_all()
        return self

    def _start(self, stack: ExitStack) -> None:
        commands = () if self._command is None else (self._command,)
        self._watched = processes.start_all(commands, self._pids, stack)
        self._live = stack.enter_context(Live(compile_program(self._name, self._text, self._flags), self._tables))
        self._live.attach()
        for process in self._watched:
            process.start()
            self._live.outputs.watch(process.fd)

    def _refused(self, error: Uncompiled) -> CompileError:
        starts = [0, *(at + 1 for at, character in enumerate(self._text) if character == "\n")]
        places = ((starts[min(line, len(starts)) - 1] + column - 1, text) for line, column, text in error.errors())
        problems = [Diagnostic(_TAG, Span(at, at + 1), text) for at, text in places]
        return CompileError(Source(self._name, self._text), problems)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Take every probe and table away. A warning tells of losses that nobody looked at."""
        if self._stack is None:
            return
        with self._stack:
            self.stop()
            lost = self._losses() if self._unread else ()
        self._stack = None
        if lost:
            warnings.warn("; ".join(lost), LossWarning, stacklevel=3)

    def stop(self) -> None:
        """Take the probes away; what was seen can still be read until the session is closed."""
        live = self._open()
        if not self._stopped:
            self._stopped = True
            live.detach()
            self._pump(0)
            self._unread = bool(self._losses())

    def _open(self) -> Live:
        if self._stack is None:
            raise ValueError("the session is not open: it is inside its `with` only")
        return self._live

    # ---------------------------------------------------------------------------------------------------- how it goes

    @property
    def running(self) -> bool:
        """Whether events are still seen: neither `stop` nor the end of the processes has come."""
        self._open()
        if self._stopped:
            return False
        return not self._watched or not all(process.has_ended() for process in self._watched)

    @property
    def complaints(self) -> Sequence[str]:
        """What is not shown and why, and what was lost so far, in the words of the command line."""
        self._unread = False
        live = self._open()
        return (*live.notes, *live.outputs.notes, *self._losses())

    def _losses(self) -> Sequence[str]:
        lost = list(self._live.complaints())
        if self._missed:
            lost.append(f"{self._missed} events dropped: nobody took them")
        return lost

    def _pump(self, seconds: float) -> None:
        """Take what there is, waiting up to so long for the first event."""
        if seconds > 0:
            self._open().outputs.wait(round(seconds * 1000))
        for output in self._live.events():
            if len(self._waiting) < MOST_KEPT:
                self._waiting.append(self._event(output))
            else:
                self._missed += 1

    def _event(self, output: Output) -> Event:
        probe = ProbeName("c", self._name, "", output.table)
        return Event(probe, output.cpu, 0, tuple(output.values.values()), f"{output}\n")

    async def _apump(self, seconds: float) -> None:
        import asyncio

        await asyncio.to_thread(self._open().outputs.wait, max(0, round(min(seconds, _STEP_S) * 1000)))
        self._pump(0)

    # ------------------------------------------------------------------------------------------------- what it saw

    def snapshot(self) -> Snapshot:
        """Everything in the tables so far."""
        self._pump(0)
        now = self._open().snapshot()
        held = {name: Aggregation(table.spec, table.rows) for name, table in now.tables.items()}
        return Snapshot(held, now.time_ns, now.wall_ns, now.lost)

    def every(self, seconds: float, count: int | None = None) -> Every:
        """As `Session.every`."""
        return Every(self, seconds, count)

    def events(self, timeout: float | None = None) -> EventStream:
        """As `Session.events`."""
        return EventStream(self, timeout)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all processes have ended; False if `timeout` seconds pass first. Then the probes are gone."""
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
            self._pump(0)
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


def _text(program: str | os.PathLike[str]) -> tuple[str, str]:
    """What diagnostics call the program, and its text."""
    if isinstance(program, str):
        return "program.c", program
    path = os.fspath(program)
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return os.path.basename(path), file.read()
