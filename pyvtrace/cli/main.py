"""`vtrace`: what the first words of a command line ask for, and what becomes of every way it can fail.

Without click, whose start-up is most of a one-liner's life; everything is imported when it is known to be needed.
"""

from __future__ import annotations

import atexit
import errno
import gc
import io
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

from pyvtrace.cli.console import PROGRAM, hint, say

# Words that are commands of their own: module and function, which takes the arguments, the word itself first, and
# returns the exit status; and what it is for.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "syscalls": ("pyvtrace.cli.views", "main", "how long each process's system calls take, live"),
    "disk": ("pyvtrace.cli.views", "main", "how long each process waits for its disk requests, live"),
    "locks": ("pyvtrace.cli.views", "main", "which locks each process waits for, and how long, live"),
    "profile": ("pyvtrace.cli.stacks", "main", "what processors spend their time on, by stack; flame graphs"),
    "offcpu": ("pyvtrace.cli.stacks", "main", "where threads wait and who wakes them, by stack; flame graphs"),
    "bubbles": ("pyvtrace.cli.bubbles", "main", "who makes everybody wait: the device, the holder, those who wait"),
    "deps": ("pyvtrace.cli.deps", "main", "which services a process talks to, and how much it waits for each, live"),
    "check": ("pyvtrace.cli.check", "main", "what a command costs the kernel, judged against a budget or a baseline"),
    "loop": ("pyvtrace.cli.loop", "main", "how long event loops take from wait to wait, and what fills the long turns"),
    "replay": ("pyvtrace.cli.replay", "main", "what --record wrote, in the view that it was made of, at any moment"),
    "run": ("pyvtrace.cli.scripts", "main", "a script for a question, which vtrace list shows; or a file of D or of C"),
    "list": ("pyvtrace.cli.library", "main", "the scripts that run knows, and the questions they answer"),
    "bcc": ("pyvtrace.cli.bcc_tools", "main", "a tool or script of bcc's, unmodified and without kernel headers"),
    "vm": ("pyvtrace.cli.vm", "main", "a command on another kernel, in a virtual machine over this system's files"),
    "doctor": ("pyvtrace.cli.doctor", "main", "what this kernel, user and machine allow, and what to do about each no"),
}
# As a shell reports it: nobody reads what is written.
BROKEN_PIPE = 128 + signal.SIGPIPE


def run() -> NoReturn:
    """`main` as a process. It ends without taking the interpreter apart, which is a tenth of a one-liner's life: what
    there is to close, the kernel closes."""
    # Start-up makes many objects and drops few: looking for garbage among them finds none.
    gc.set_threshold(100_000)
    status = main()
    for stream in (sys.stdout, sys.stderr):
        # What could not be written has been said.
        with suppress(OSError):
            stream.flush()
    # What is remembered for the next run is written now.
    atexit._run_exitfuncs()
    os._exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line. The exit status is DTrace's: what exit() was given, 1 for what cannot run, 2 for usage."""
    prepare_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _choose(arguments)(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more. Python would try again to write what it still holds, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        say(_refusal(error))
        return 1
    return status


class _Whole(io.FileIO):
    """A descriptor to which everything is written that it is given."""

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest:
            written = super().write(rest)
            if written is None:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            rest = rest[written:]
        return size


def prepare_streams() -> None:
    """Standard output and errors lose nothing that is written to them."""
    _fill_streams()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        # Names of files and processes are bytes; they leave as they came.
        stream.reconfigure(encoding="utf-8", errors="surrogateescape")
        if isinstance(stream.buffer, io.RawIOBase):
            # With PYTHONUNBUFFERED Python calls write(2) once, and forgets what a signal has kept that from writing.
            raw = _Whole(stream.fileno(), "w", closefd=False)
            whole = io.TextIOWrapper(raw, "utf-8", "surrogateescape", write_through=True)
            setattr(sys, name, whole)


def _fill_streams() -> None:
    """Where a standard stream was closed, /dev/null takes its number, before a map or a probe does."""
    while (fd := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(fd)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _refusal(error: OSError) -> str:
    """Errors of our own layers name what was being done, and know what to do about it."""
    if hasattr(error, "hint"):
        return f"could not enable tracing: {error}{hint(error.hint)}"
    return f"failed to write to standard output: {error.strerror}" if error.filename is None else str(error)


def _choose(arguments: Sequence[str]) -> Callable[[list[str]], int]:
    first = arguments[0] if arguments else ""
    if first in COMMANDS:
        from importlib import import_module

        module, function, _ = COMMANDS[first]
        command: Callable[[list[str]], int] = getattr(import_module(module), function)
        return command
    return _OTHERS.get(first, _as_dtrace) if arguments else _without_arguments


# --------------------------------------------------------------------------------------------------------- as DTrace


def _as_dtrace(arguments: list[str]) -> int:
    # Until a trace runs there is nothing to end in order: Ctrl-C ends the process, without a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from pyvtrace.cli.options import Complaint, parse

    line = parse(arguments)
    if isinstance(line, Complaint):
        sys.stderr.write(line.text)
        return line.status
    if "V" in line.flags:
        return _dtrace_version(arguments)
    if "l" in line.flags:
        from pyvtrace.cli.probes import list_probes

        return list_probes(line)
    from pyvtrace.cli.run import trace

    return trace(line)


# ------------------------------------------------------------------------------------------------------ other words


def _help(arguments: list[str]) -> int:
    sys.stdout.write(_full_usage())
    return 0


def _without_arguments(arguments: list[str]) -> int:
    sys.stderr.write(_full_usage())
    return 2


def _full_usage() -> str:
    from pyvtrace.cli.usage import usage

    width = max(map(len, COMMANDS))
    commands = (f"\t{name:{width}}  {purpose}\n" for name, (_, _, purpose) in COMMANDS.items())
    return f"{usage()}\nCommands: {PROGRAM} COMMAND --help\n\n{''.join(commands)}"


def _version(arguments: list[str]) -> int:
    from importlib.metadata import version

    print(f"{PROGRAM}, version {version('pyvtrace')}")
    return 0


def _dtrace_version(arguments: list[str]) -> int:
    from importlib.metadata import version

    print(f"{PROGRAM}: D 2.0\nThis is {PROGRAM} {version('pyvtrace')}")
    return 0


_OTHERS: Mapping[str, Callable[[list[str]], int]] = {
    "--help": _help,
    "--version": _version,
}
