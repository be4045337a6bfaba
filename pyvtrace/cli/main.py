"""`vtrace`: DTrace's command line, without click: its start-up is most of a one-liner's life."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence

from pyvtrace.kernel.bpf import BpfError
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.printer import Printer
from pyvtrace.runtime.program import BadOption, compile_text, known
from pyvtrace.runtime.session import Rejected, Session
from pyvtrace.runtime.store import Store
from pyvtrace.source import CompileError, Source, render
from pyvtrace.spec import ProgramSpec

USAGE = """Usage: vtrace [-eqvwZSV] [-c cmd] [-o output] [-p pid] [-x opt[=val]] [-s script | -n program] [args ...]
       vtrace doctor | vm

\t-n  enable the clauses of a D program given as an argument
\t-s  enable the clauses of a D script
\t-l  list probes instead of enabling them
\t-c  run a command ($target is its process id) and exit when it ends
\t-e  exit after compiling
\t-o  set output file
\t-p  let $target be a process id
\t-q  print only what the program prints
\t-S  print the compiled program, with the D each instruction comes from
\t-x  set an option
\t-Z  permit probe descriptions that match nothing
"""
WITH_VALUE = "csnopxPmfi"
INTERVAL_MS = 100


class Usage(Exception):
    """The command line makes no sense."""


class Command:
    """A parsed command line."""

    def __init__(self, args: Sequence[str]) -> None:
        self.flags: set[str] = set()
        self.values: list[tuple[str, str]] = []
        self.arguments: list[str] = []
        rest = list(args)
        while rest:
            word = rest.pop(0)
            if not word.startswith("-") or word == "-":
                self.arguments.append(word)
                continue
            for at, letter in enumerate(word[1:], 2):
                if letter in WITH_VALUE:
                    value = word[at:] or (rest.pop(0) if rest else "")
                    if not value:
                        raise Usage(f"option requires an argument -- '{letter}'")
                    self.values.append((letter, value))
                    break
                if letter not in "eqlvwZSV":
                    raise Usage(f"invalid option -- '{letter}'")
                self.flags.add(letter)

    def last(self, letter: str) -> str | None:
        return next((v for k, v in reversed(self.values) if k == letter), None)


def say(text: str) -> None:
    print(f"vtrace: {text}", file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is DTrace's: 1 for a program that cannot run, 2 for usage."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args[:1] == ["doctor"]:
        from pyvtrace.cli.doctor import doctor

        return doctor()
    if args[:1] == ["vm"]:
        from pyvtrace.cli.vm import main as vm

        return vm(args[1:])
    if args[:1] == ["--version"]:
        from importlib.metadata import version

        print(f"vtrace, version {version('pyvtrace')}")
        return 0
    if args[:1] in (["--help"], ["-h"], []):
        sys.stdout.write(USAGE)
        return 0 if args else 2
    try:
        command = Command(args)
        return run(command)
    except Usage as problem:
        sys.stderr.write(f"vtrace: {problem}\n{USAGE}")
        return 2
    except BadOption as problem:
        say(str(problem))
    except Rejected as problem:
        say(f"{problem}\nThis is a fault of vtrace, not of the program; please report it with the output of -S.")
    except BpfError as problem:
        say(str(problem))
    except BrokenPipeError:
        return 1
    return 1


def source_of(command: Command) -> Source:
    programs = [(k, v) for k, v in command.values if k in "sn"]
    if not programs:
        raise Usage("no program given: use -n or -s")
    letter, value = programs[0]
    if letter == "n":
        return Source(value, value, "specifier")
    try:
        with open(value, encoding="utf-8", errors="surrogateescape") as file:
            return Source(value, file.read(), "script")
    except OSError as error:
        raise BadOption(f"failed to open {value}: {error.strerror}") from None


def options_of(command: Command) -> dict[str, str]:
    options = {}
    for letter, value in command.values:
        if letter == "x":
            name, _, setting = value.partition("=")
            if not known(name):
                raise BadOption(f"failed to set -x {name}: Invalid option name")
            options[name] = setting
    options.update({name: "" for flag, name in (("q", "quiet"), ("Z", "zdefs")) if flag in command.flags})
    return options


def run(command: Command) -> int:
    if "V" in command.flags:
        print("vtrace: D version 2.0")
        return 0
    if "l" in command.flags:
        return list_probes(command)
    source, options, target = source_of(command), options_of(command), LiveTarget()
    child = Child(command.last("c"))
    pid = child.pid or int(command.last("p") or 0)
    try:
        spec = compile_text(source, target, options, command.arguments, pid)
    except CompileError as error:
        print(render(error.source, error.diagnostics, tags="errtags" in options), file=sys.stderr)
        child.kill()
        return 1
    if "S" in command.flags:
        from pyvtrace.cli.listing import listing

        sys.stdout.writelines(listing(spec))
    if "e" in command.flags:
        child.kill()
        return 0
    output = command.last("o")
    if output is None:
        return trace(spec, target, child, sys.stdout.write)
    with open(output, "a", encoding="utf-8", errors="surrogateescape") as file:
        return trace(spec, target, child, file.write)


def list_probes(command: Command) -> int:
    from pyvtrace.lang.ast import ProbeDescription
    from pyvtrace.providers.registry import ANYTHING, ProbeTable

    table = ProbeTable(LiveTarget())
    description = ANYTHING
    for letter, value in command.values:
        if letter == "n":
            fields = value.split(":")
            description = ProbeDescription(*([""] * (4 - len(fields)) + fields)[:4])  # type: ignore[arg-type]
        elif letter == "P":
            description = ProbeDescription(value, "", "", "")
    print("   ID   PROVIDER            MODULE                          FUNCTION NAME")
    for probe in table.match(description):
        n = probe.name
        print(f"{probe.id:>5} {n.provider:>10} {n.module:>17} {n.function:>33} {n.name}")
    return 0


class Child:
    """The command of -c: forked now, so that $target is known, and started when the probes are in place."""

    def __init__(self, command: str | None) -> None:
        self.pid = 0
        if command is None:
            return
        import shlex

        words = shlex.split(command)
        ready, self._gate = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._gate)
            started = os.read(ready, 1)
            if not started:
                os._exit(0)
            try:
                os.execvp(words[0], words)
            except OSError as error:
                os.write(2, f"vtrace: failed to run {words[0]}: {error.strerror}\n".encode())
                os._exit(127)
        os.close(ready)

    def start(self) -> None:
        if self.pid:
            os.write(self._gate, b"1")
            os.close(self._gate)

    def kill(self) -> None:
        """The command never runs: its gate closes without a word."""
        if self.pid:
            os.close(self._gate)
            os.waitpid(self.pid, 0)

    def ended(self) -> bool:
        return bool(self.pid) and os.waitpid(self.pid, os.WNOHANG)[0] == self.pid


def trace(spec: ProgramSpec, target: LiveTarget, child: Child, write: Callable[[str], object]) -> int:
    """Run a program until exit(), a signal, or the end of the command."""
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, frame: stop.append(n))
    with Session(spec, target) as session:
        output = Printer(spec, write, say, Store(spec, session))
        session.attach()
        if "quiet" not in spec.options:
            name = "script" if spec.source.kind == "script" else "description"
            say(f"{name} '{spec.source.name}' matched {spec.matched} probe{'s' * (spec.matched != 1)}")
        session.fire("BEGIN")
        child.start()
        while not (session.exited or stop or child.ended()):
            session.pump(output, INTERVAL_MS)
            session.update_clock()
            sys.stdout.flush()
        session.detach()
        session.pump(output, 0)
        session.fire("END")
        session.pump(output, 0)
        output.finish()
        output.drops(session.lost())
        sys.stdout.flush()
        return session.status
