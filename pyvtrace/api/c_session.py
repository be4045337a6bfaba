"""A bcc program in C run from Python: what `Session.from_c` gives."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from pyvtrace.api.errors import ProgramError, TracingError
from pyvtrace.api.events import MOST_KEPT, Event
from pyvtrace.api.running import Running
from pyvtrace.cprobes.outputs import Output
from pyvtrace.cprobes.program import CProgramError, Uncompiled, compile_program
from pyvtrace.cprobes.session import CSession as Live
from pyvtrace.runtime import snapshot as plain
from pyvtrace.source import CompileError, Diagnostic, Source, Span
from pyvtrace.spec import ProbeName

_TAG = "C_COMPILE"


class CSession(Running):
    """One running C program, from entering the `with` to its end. It reads as a `Session` of D does: `snapshot`,
    `every`, `events`, `wait`, `complaints`, and `record`. Which of its tables are aggregations, and which,
    docs/c-probes.md says.

    An event is what the program put out through BPF_PERF_OUTPUT or BPF_RINGBUF_OUTPUT: `values` are the members of the
    struct, in order, and the probe's name is the table.

    Raises, on entering:
        ProgramError: clang refuses the program; the text is clang's.
        TracingError: bcc or BTF is missing, the kernel refuses, a process is not there.
        RecordingError: as of `Session`.
    """

    def __init__(
        self,
        program: str | os.PathLike[str],
        *,
        pid: int | Sequence[int] = (),
        command: str | None = None,
        tables: Sequence[str] = (),
        define: Mapping[str, object] | None = None,
        record: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(pid, command, record)
        self._name, self._text = _text(program)
        self._tables = tuple(tables)
        self._flags = [f"-D{name}={value}" for name, value in (define or {}).items()]
        self._waiting: deque[Event] = deque()
        self._missed = 0

    # -------------------------------------------------------------------------------------------------- going live

    def _start(self, stack: ExitStack) -> None:
        self._begin(stack)
        try:
            program = compile_program(self._name, self._text, self._flags)
            self._live = stack.enter_context(Live(program, self._tables))
            tape = self._recorder(stack)
            if tape is not None:
                from pyvtrace.export.c_programs import origin

                tape.begin(origin(self._live, self._text), self._reading())
            self._live.attach()
        except Uncompiled as error:
            raise ProgramError(self._refused(error), str(error)) from None
        except CProgramError as error:
            raise TracingError(f"{error}: {error.hint}" if error.hint else str(error)) from error
        for process in self._watched:
            process.start()
            self._live.outputs.watch(process.fd)

    def _refused(self, error: Uncompiled) -> CompileError:
        starts = [0, *(at + 1 for at, character in enumerate(self._text) if character == "\n")]
        places = ((starts[min(line, len(starts)) - 1] + column - 1, text) for line, column, text in error.errors())
        problems = [Diagnostic(_TAG, Span(at, at + 1), text) for at, text in places]
        return CompileError(Source(self._name, self._text), problems)

    def _finish(self) -> None:
        self._live.detach()
        self._drain()
        lost = self._losses()
        self._unread = bool(lost)
        if self._tape is not None:
            for line in (*self._notes, *lost):
                self._tape.complain(line)

    # ---------------------------------------------------------------------------------------------------- how it goes

    @property
    def complaints(self) -> Sequence[str]:
        """What is not shown and why, and what was lost so far, in the words of the command line."""
        self._check_open()
        self._unread = False
        return (*self._notes, *self._losses())

    @property
    def _notes(self) -> Sequence[str]:
        """What is not shown, and why."""
        return (*self._live.notes, *self._live.outputs.notes)

    def _losses(self) -> Sequence[str]:
        lost = list(self._live.complaints())
        if self._missed:
            lost.append(f"{self._missed} events dropped: nobody took them")
        return lost

    # ------------------------------------------------------------------------------------------------- what it saw

    def _exited(self) -> bool:
        return False

    def _sleep(self, milliseconds: int) -> None:
        self._live.outputs.wait(milliseconds)

    def _read(self) -> bool:
        outputs = self._live.events()
        for event in map(self._event, outputs):
            if self._tape is not None:
                self._tape.event(event)
            if len(self._waiting) < MOST_KEPT:
                self._waiting.append(event)
            else:
                self._missed += 1
        return bool(outputs)

    def _event(self, output: Output) -> Event:
        probe = ProbeName("c", self._name, "", output.table)
        return Event(probe, output.cpu, 0, tuple(output.values.values()), f"{output}\n")

    def _observe(self) -> None:
        """Nothing: no name of a table's can go."""

    def _reading(self) -> plain.Snapshot:
        return self._live.snapshot()

    @property
    def _queue(self) -> deque[Event]:
        return self._waiting


def _text(program: str | os.PathLike[str]) -> tuple[str, str]:
    """What diagnostics call the program, and its text."""
    if isinstance(program, str):
        return "program.c", program
    path = os.fspath(program)
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return os.path.basename(path), file.read()
