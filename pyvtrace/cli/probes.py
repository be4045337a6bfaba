"""`-l`: the probes that descriptions or programs would enable, or all; with `-v` their arguments."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

from pyvtrace.cli.console import hint, say
from pyvtrace.cli.options import CommandLine
from pyvtrace.cli.output import Output, OutputFailed
from pyvtrace.cli.stability import of_probe
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.lang.ast import Clause, ProbeDescription
from pyvtrace.lang.declarators import TypeNames
from pyvtrace.lang.parser import parse
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.runtime.options import is_set
from pyvtrace.runtime.processes import Process, ProcessError, start_all
from pyvtrace.runtime.program import Request, macros
from pyvtrace.source import CompileError, Source, render

_HEADER = "   ID   PROVIDER            MODULE                          FUNCTION NAME\n"


def list_probes(line: CommandLine) -> int:
    """Print the list; 1 if a description matches nothing or cannot be read."""
    with ExitStack() as held:
        try:
            return _list(line, start_all(line.commands, line.pids, held))
        except CompileError as error:
            print(render(error.source, error.diagnostics, tags=is_set(line.options, "errtags")), file=sys.stderr)
        except (OutputFailed, ProcessError) as failure:
            say(str(failure))
    return 1


def _list(line: CommandLine, processes: Sequence[Process]) -> int:
    child = processes[0].pid if processes else 0
    request = Request(line.programs, line.options, line.environment, line.arguments, child)
    target = LiveTarget()
    target.beginning = {process.pid: process.begin for process in processes}
    table = ProbeTable(target)
    descriptions = [list(_descriptions(request, source, table)) for source in line.programs]
    output = Output(line.output)
    output.write(_HEADER)
    if not line.programs:
        _print(output, line, table, table.all())
    failed = False
    for description in (one for several in descriptions for one in several):
        probes = table.match(description)
        _print(output, line, table, probes)
        if not probes:
            output.flush()
            say(f"failed to match {description}: {_why(table, description)}")
            failed = True
    output.flush()
    return int(failed)


def _descriptions(request: Request, source: Source, table: ProbeTable) -> Iterator[ProbeDescription]:
    for item in parse(source, macros(request, source), TypeNames(is_foreign=table.is_type)).items:
        if isinstance(item, Clause):
            yield from item.probes


def _print(output: Output, line: CommandLine, table: ProbeTable, probes: Iterable[Probe]) -> None:
    for probe in probes:
        n = probe.name
        output.write(f"{probe.id:>5} {n.provider:>10} {n.module:>17} {n.function:>33} {n.name}\n")
        if "v" in line.flags:
            output.write(of_probe(n) + _arguments(table, probe))


def _why(table: ProbeTable, description: ProbeDescription) -> str:
    """What is wrong with a description that matches nothing."""
    refusal = table.refusal(description, ())
    if refusal:
        return refusal.message + hint(refusal.hint)
    return "No probe matches description" + hint(table.hint(description))


def _named(number: int, argument: Argument) -> str:
    return f" ({argument.name})" if argument.name not in ("", f"arg{number}") else ""


def _arguments(table: ProbeTable, probe: Probe) -> str:
    arguments = table.arguments(probe)
    lines = [
        f"\t\targs[{number}]: {argument.written or argument.type}{_named(number, argument)}\n"
        for number, argument in enumerate(arguments)
    ]
    return "\n\tArgument Types\n" + ("".join(lines) or "\t\tNone\n") + "\n"
