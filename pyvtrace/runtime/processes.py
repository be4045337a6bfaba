"""The processes of -c and -p: $target, and the end of the trace when they end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack

PTRACE_TRACEME, PTRACE_DETACH = 0, 17
_PR_SET_PDEATHSIG = 1
# Signals that Python ignores, and a command expects not to be.
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)
# How long a command may take to end after SIGTERM.
_PATIENCE_MS = 1000


class ProcessError(Exception):
    """A command that cannot run, or a process that is not there, in DTrace's words."""


class Process:
    """A process by its pidfd, which becomes readable when it ends and cannot come to mean another one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.fd = os.pidfd_open(pid)

    def begin(self) -> None:
        """Nothing: it has begun."""

    def start(self) -> None:
        """Nothing: it runs."""

    def end(self) -> None:
        """Nothing: it is not ours."""

    def has_ended(self) -> bool:
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return bool(poll.poll(0))

    def verdict(self) -> str:
        """How it ended."""
        return f"pid {self.pid} has exited"


def grab(pid: int) -> Process:
    """A process that runs already.

    Raises:
        ProcessError: it does not.
    """
    try:
        return Process(pid)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else os.strerror(3)
        raise ProcessError(f"failed to grab pid {pid}: {why}") from None


class Command(Process):
    """A command of -c. It has been executed and stopped at its first instruction: what cannot start is known before
    anything is traced, and what is traced is the command alone. It never outlives us."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self._waiting = True
        self._status: int | None = None

    def begin(self) -> None:
        """Let it go on to where its own code begins: by then its libraries are mapped and can be traced."""
        from pyvtrace.runtime.beginning import run_to_entry

        if self._waiting:
            run_to_entry(self.pid)

    def start(self) -> None:
        if self._waiting:
            self._waiting = False
            _ptrace(PTRACE_DETACH, self.pid)

    def has_ended(self) -> bool:
        if self._status is None and super().has_ended():
            self._reap()
        return self._status is not None

    @property
    def status(self) -> int | None:
        """Its exit status, negative if a signal ended it; None while it runs."""
        return self._status if self.has_ended() else None

    def _reap(self) -> None:
        self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def verdict(self) -> str:
        status = self._status or 0
        if status < 0:
            return f"pid {self.pid} terminated by {signal.Signals(-status).name}"
        return f"pid {self.pid} exited with status {status}" if status else super().verdict()

    def end(self) -> None:
        if self.has_ended():
            return
        with contextlib.suppress(ProcessLookupError):
            if self._waiting:
                os.kill(self.pid, signal.SIGKILL)
            else:
                os.kill(self.pid, signal.SIGTERM)
                poll = select.poll()
                poll.register(self.fd, select.POLLIN)
                if not poll.poll(_PATIENCE_MS):
                    os.kill(self.pid, signal.SIGKILL)
        self._reap()


def run(command: str, streams: Sequence[int | None] = ()) -> Command:
    """A command line, split as a shell splits words, started and stopped. `streams` become its standard input, output
    and error; None leaves one as it is.

    Raises:
        ProcessError: it is none, or cannot be executed.
    """
    import shlex

    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ProcessError(f"failed to execute {command}: {error}") from None
    if not words:
        raise ProcessError("failed to execute the command of -c: it is empty")
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if not pid:
        _become(words, streams, theirs)
    os.close(theirs)
    with open(ours, "rb") as said:
        failure = said.read()
    os.waitpid(pid, 0)
    if failure:
        raise ProcessError(f"failed to execute {words[0]}: {os.strerror(int(failure))}")
    return Command(pid)


def start_all(
    commands: Sequence[str], pids: Sequence[int], held: ExitStack, streams: Sequence[int | None] = ()
) -> list[Process]:
    """The processes of -c, which get `streams` and are ended with `held`, and of -p, which are let go with it.

    Raises:
        ProcessError: one is not there.
    """
    found: list[Process] = []
    for command in commands:
        found.append(run(command, streams))
        held.callback(found[-1].end)
    for pid in pids:
        found.append(grab(pid))
        held.callback(os.close, found[-1].fd)
    return found


def _become(words: list[str], streams: Sequence[int | None], complaints: int) -> None:
    """In the child: execute the command, traced by the parent, or write an errno and end."""
    try:
        _libc_prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        for number, fd in enumerate(streams):
            if fd is not None:
                os.dup2(fd, number)
        for number in _RESTORED:
            signal.signal(number, signal.SIG_DFL)
        _ptrace(PTRACE_TRACEME, 0)
        os.execvp(words[0], words)
    except OSError as error:
        os.write(complaints, str(error.errno).encode())
    os._exit(127)


def _libc(name: str, *argument_types: object) -> Callable[..., int]:
    import ctypes

    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    function.argtypes, function.restype = argument_types, ctypes.c_long

    def checked(*arguments: int) -> int:
        if function(*arguments) == -1:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return 0

    return checked


def _ptrace(request: int, pid: int) -> None:
    from ctypes import c_int, c_long, c_void_p

    _libc("ptrace", c_long, c_int, c_void_p, c_void_p)(request, pid, 0, 0)


def _libc_prctl(option: int, value: int) -> None:
    from ctypes import c_int, c_ulong

    _libc("prctl", c_int, c_ulong, c_ulong, c_ulong, c_ulong)(option, value, 0, 0, 0)
