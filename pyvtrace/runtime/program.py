"""D text to a compiled program: the passes in their order, with this machine's tables.

Several programs of one command line are compiled as DTrace compiles them: each is read by itself, with its own line
numbers and macro arguments, and all share their variables, aggregations and options.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from pyvtrace.builtins.actions import ACTIONS
from pyvtrace.builtins.aggregations import AGGREGATING
from pyvtrace.builtins.functions import ARRAYS, FUNCTIONS
from pyvtrace.builtins.variables import VARIABLES
from pyvtrace.compile.pipeline import compile_program
from pyvtrace.lang import ast, typed
from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.check import check, split_option
from pyvtrace.lang.declarators import TypeNames
from pyvtrace.lang.lexer import Macros
from pyvtrace.lang.nesting import room
from pyvtrace.lang.parser import nothing, parse
from pyvtrace.lang.types import Struct, Type
from pyvtrace.lang.vocabulary import Action, Aggregating, Argument, Function, KernelSymbol, Probe, Refusal, Variable
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.runtime.libraries import LIBRARY_OPTIONS, SHIPPED, Shipped, user_libraries
from pyvtrace.runtime.options import BadOption, canonical, is_set, number, setting
from pyvtrace.source import CompileError, Diagnostic, Source
from pyvtrace.spec import ProgramSpec
from pyvtrace.target import Target
from pyvtrace.value import Value, replace

_FRAMES = ("stackframes", "ustackframes", "jstackframes", "maxframes")
_SIZES = ("aggsize", "bufsize", "dynvarsize", "nspec", "scratchsize")
ALL_CPUS_AGGSIZE = 64 << 20
# A ring buffer is at least a page, and a power of two.
_LEAST_BUFFER = 4096
# It changes what macro arguments are, and those are in place before there is a tree to find the pragma in.
_DEFAULTARGS = re.compile(
    r"^[ \t]*#[ \t]*pragma[ \t]+D[ \t]+option[ \t]+defaultargs[ \t]*(?:=[ \t]*1[ \t]*)?$", re.MULTILINE
)


class Tables:
    """The environment a program is checked against: the builtins and this kernel's probes."""

    def __init__(self, probes: ProbeTable, libraries: Shipped) -> None:
        self._probes, self._libraries = probes, libraries

    @property
    def variables(self) -> Mapping[str, Variable]:
        return VARIABLES

    @property
    def arrays(self) -> Mapping[str, Function]:
        return ARRAYS

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

    def aggregate(self, keyword: str, tag: str) -> Struct | None:
        return self._probes.aggregate(keyword, tag)

    def no_types(self) -> str:
        return self._probes.no_types()

    def named_type(self, name: str) -> Type | None:
        return self._probes.named_type(name)

    def enumerator(self, name: str) -> tuple[Type, int] | None:
        return self._probes.enumerator(name)

    def symbol(self, module: str, name: str) -> KernelSymbol | None:
        return self._probes.symbol(module, name)

    def hint(self, description: ProbeDescription) -> str:
        return self._probes.hint(description)

    def refusal(self, description: ProbeDescription, found: Sequence[Probe]) -> Refusal | None:
        return self._probes.refusal(description, found)

    def library(self, name: str) -> Source | None:
        return self._libraries.defining(name)


class Request(Value):
    """What to compile: programs in their order, options that have the last word over pragmas, and those that pragmas
    have the last word over (both canonical); `arguments` are $1, $2, ..., `child` is $target."""

    programs: tuple[Source, ...]
    options: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    arguments: tuple[str, ...] = ()
    child: int = 0


class Compiled(Value):
    """A compiled program; how many probes each of its texts is enabled at, and what each text consists of."""

    spec: ProgramSpec
    matched: tuple[int, ...]
    items: tuple[tuple[ast.Item, ...], ...]


def compile_text(
    source: Source, target: Target, options: Mapping[str, str], arguments: Sequence[str] = (), child: int = 0
) -> ProgramSpec:
    """One D program compiled for a target, with options as -x takes them ("1m"; "" for a flag that is set); see
    `compile_request`.

    Raises:
        ValueError: an option, or its value, is none.
    """
    given: dict[str, str] = {}
    for name, text in options.items():
        value = canonical(name, text or None)
        if isinstance(value, BadOption):
            raise ValueError(f"failed to set {name}: {value.why}")
        given[name] = value
    return compile_request(Request((source,), given, {}, tuple(arguments), child), target).spec


def compile_request(request: Request, target: Target) -> Compiled:
    """Everything that a command line asks to run, as one program.

    Raises:
        CompileError: with every problem of all its texts.
    """
    with room():
        return _compiled(request, target)


def _compiled(request: Request, target: Target) -> Compiled:
    probes = ProbeTable(target)
    given = {**request.environment, **request.options}
    libraries = user_libraries("" if is_set(given, "nolibs") else setting(given, "libdir"), probes.providers)
    sources = list(accumulate((*libraries, *request.programs), lambda before, source: source.after(before)))
    shipped = Shipped("" if is_set(given, "nolibs") else setting(given, "syslibdir") or SHIPPED)
    tree = _parsed(sources, request, shipped, probes)
    program = _checked(sources, tree, Tables(probes, shipped), request)
    options = {**request.environment, **dict(program.options), **request.options}
    if not is_set(options, "empty") and all(isinstance(item, ast.Pragma) for item in tree.items):
        raise CompileError(sources[-1], [nothing(sources[-1])])
    if "amin" in options:
        _check_stability(tree, options["amin"], sources[-1])
    if is_set(options, "quiet"):
        # Nobody will print the bare header lines, so nothing is recorded for them.
        program = replace(program, clauses=tuple(replace(clause, default=False) for clause in program.clauses))
    sizes = {name: number(options, name) for name in _SIZES}
    if "aggsize" not in options:
        # Memory is taken when a map is made, for every CPU that there could be: on large machines each gets less of it.
        sizes["aggsize"] = min(sizes["aggsize"], ALL_CPUS_AGGSIZE // target.cpus)
    if "cpu" in options:
        sizes["cpu"] = number(options, "cpu")
    sizes["bufsize"] = max(_LEAST_BUFFER, 1 << (sizes["bufsize"] - 1).bit_length())
    spec = compile_program(program, target, probes, sizes, options)
    spec = replace(spec, destructive=_is_destructive(program))
    own = sources[len(libraries) :]
    items = (tuple(item for item in tree.items if program.source.of(item.span.start) is source) for source in own)
    return Compiled(spec, tuple(_matched(program, source) for source in own), tuple(items))


def _check_stability(tree: ast.Program, minimum: str, source: Source) -> None:
    from pyvtrace.lang.stability import attributes_of, below

    least = attributes_of(minimum)
    problems = [
        Diagnostic(
            "D_ATTR_MIN",
            use.span,
            f"attributes for variable {use.name} ({'/'.join(use.attributes)}) are less than predefined minimum",
            f"-xamin asks for {minimum}",
        )
        for use in (below(tree.items, least) if least else ())
    ]
    if problems:
        raise CompileError(source, problems)


def macros(request: Request, source: Source) -> Macros:
    """The macro variables of one program."""
    given = {**request.environment, **request.options}
    named = {"target": request.child, "pid": os.getpid(), "ppid": os.getppid(), "uid": os.getuid(),
             "euid": os.geteuid(), "gid": os.getgid(), "egid": os.getegid(), "pgid": os.getpgid(0),
             "sid": os.getsid(0)}  # fmt: skip
    default = is_set(given, "defaultargs") or _DEFAULTARGS.search(source.text, source.start) is not None
    return Macros(request.arguments, named, default, is_set(given, "argref"))


def _parsed(sources: Sequence[Source], request: Request, shipped: Shipped, probes: ProbeTable) -> ast.Program:
    items: list[ast.Item] = []
    types = TypeNames(shipped.has, probes.is_type)
    problems: list[Diagnostic] = []
    allow_empty = is_set({**request.environment, **request.options}, "empty")
    for source in sources:
        try:
            items += parse(source, macros(request, source), types, allow_empty=allow_empty).items
        except CompileError as error:
            problems += error.diagnostics
    if problems:
        raise CompileError(sources[-1], problems)
    return ast.Program(tuple(items))


def _checked(sources: Sequence[Source], tree: ast.Program, tables: Tables, request: Request) -> typed.Program:
    given = {**request.environment, **dict(_pragmas(tree)), **request.options}

    def read_option(name: str, text: str | None) -> tuple[str, str]:
        value = canonical(name, text)
        if name in LIBRARY_OPTIONS:
            return "", "libraries are read before the program: give it on the command line"
        return ("", value.why) if isinstance(value, BadOption) else (request.options.get(name, value), "")

    return check(
        sources[-1],
        tree,
        tables,
        strsize=number(given, "strsize"),
        scratchsize=number(given, "scratchsize"),
        frames={name: number(given, name) for name in _FRAMES},
        read_option=read_option,
        zdefs=is_set(given, "zdefs"),
    )


def _pragmas(tree: ast.Program) -> Iterator[tuple[str, str]]:
    """The options that programs set, wherever they do; not those that cannot be set, of which the checker tells."""
    for item in tree.items:
        if isinstance(item, ast.Pragma) and item.kind == "option":
            name, text = split_option(item)
            value = canonical(name, text)
            if not isinstance(value, BadOption):
                yield name, value


def _matched(program: typed.Program, source: Source) -> int:
    """Probes that one of several texts is enabled at; one enabled by two clauses counts twice, as DTrace counts."""
    return sum(len(clause.probes) for clause in program.clauses if program.source.of(clause.span.start) is source)


def _is_destructive(program: typed.Program) -> bool:
    for node in typed.nodes(tuple((clause.predicate, clause.body) for clause in program.clauses)):
        match node:
            case typed.Act(action=Action(destructive=True)) | typed.Call(function=Function(destructive=True)):
                return True
    return False
