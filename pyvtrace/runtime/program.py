"""D text to a running program: the passes in their order, with this machine's tables."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.builtins.actions import ACTIONS
from pyvtrace.builtins.aggregations import AGGREGATING
from pyvtrace.builtins.functions import FUNCTIONS
from pyvtrace.builtins.variables import VARIABLES
from pyvtrace.compile.pipeline import compile_program
from pyvtrace.lang.ast import Pragma, ProbeDescription, Program
from pyvtrace.lang.check import check, split_option
from pyvtrace.lang.lexer import Macros
from pyvtrace.lang.nesting import room
from pyvtrace.lang.parser import parse
from pyvtrace.lang.vocabulary import Action, Aggregating, Argument, Emit, Function, Probe, Variable
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.source import Source
from pyvtrace.spec import ProgramSpec
from pyvtrace.target import Target
from pyvtrace.value import replace

# Options that the compiler knows, with their defaults; sizes in bytes.
SIZES = {"aggsize": 4 << 20, "bufsize": 4 << 20, "dynvarsize": 1 << 20, "strsize": 256}
_SORTING = ("aggsortkey", "aggsortrev", "aggsortkeypos", "aggsortpos")
FLAGS = frozenset((*_SORTING, "quiet", "errtags", "zdefs", "defaultargs", "destructive", "flowindent"))
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class BadOption(Exception):
    """An option that does not exist, or a value that it cannot have."""


def size(text: str) -> int:
    """Bytes from a number with an optional k, m or g."""
    unit = _UNITS.get(text[-1:].lower(), 1)
    digits = text[:-1] if unit > 1 else text
    if not digits.isdigit() or not int(digits):
        raise BadOption(f"{text} is no size")
    return int(digits) * unit


def known(name: str) -> bool:
    return name in SIZES or name in FLAGS


def option_problem(name: str, value: str) -> str:
    """What is wrong with an option of a pragma, in DTrace's words; empty if nothing is."""
    if not known(name):
        return "Invalid option name"
    try:
        if name in SIZES:
            size(value)
    except BadOption:
        return "Invalid value for specified option"
    return ""


class Tables:
    """The environment a program is checked against: the builtins and this kernel's probes."""

    def __init__(self, probes: ProbeTable) -> None:
        self._probes = probes

    @property
    def variables(self) -> Mapping[str, Variable]:
        return VARIABLES

    @property
    def functions(self) -> Mapping[str, Function]:
        return FUNCTIONS

    @property
    def actions(self) -> Mapping[str, Action]:
        return ACTIONS

    @property
    def aggregating(self) -> Mapping[str, Aggregating]:
        return AGGREGATING

    def match(self, description: ProbeDescription) -> Sequence[Probe]:
        return self._probes.match(description)

    def arguments(self, probe: Probe) -> Sequence[Argument]:
        return self._probes.arguments(probe)

    def nearest(self, description: ProbeDescription) -> Sequence[str]:
        return self._probes.nearest(description)

    def argument_code(self, probe: Probe, index: int) -> Emit | None:
        return None


def _pragmas(tree: Program) -> Iterator[tuple[str, str]]:
    """The options that a program sets, without those that it cannot: the checker says so."""
    for item in tree.items:
        if isinstance(item, Pragma) and item.kind == "option":
            name, value = split_option(item)
            if not option_problem(name, value):
                yield name, value


def compile_text(
    source: Source, target: Target, options: Mapping[str, str], arguments: Sequence[str] = (), child: int = 0
) -> ProgramSpec:
    """A D program compiled for a target. `child` is $target.

    Raises:
        CompileError: with every problem of the program.
        BadOption: an option's value is none.
    """
    named = {"target": child, "pid": os.getpid(), "ppid": os.getppid(), "uid": os.getuid(), "euid": os.geteuid(),
             "gid": os.getgid(), "egid": os.getegid()}  # fmt: skip
    with room():
        return _compile(source, target, options, Macros(arguments, named, "defaultargs" in options))


def _compile(source: Source, target: Target, options: Mapping[str, str], macros: Macros) -> ProgramSpec:
    tree = parse(source, macros)
    probes = ProbeTable(target)
    # The command line has the last word over the pragmas.
    merged = {**dict(_pragmas(tree)), **options}
    sizes = {name: size(merged.get(name, str(default))) for name, default in SIZES.items()}
    program = check(
        source, tree, Tables(probes), strsize=sizes["strsize"], option_problem=option_problem, zdefs="zdefs" in merged
    )
    if "quiet" in merged:
        # Nobody will print the bare header lines, so nothing is recorded for them.
        program = replace(program, clauses=tuple(replace(clause, default=False) for clause in program.clauses))
    sizes["bufsize"] = max(4096, 1 << (sizes["bufsize"] - 1).bit_length())
    return compile_program(program, target, probes, sizes, merged)
