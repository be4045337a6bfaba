"""What a program has declared so far: variables, aggregations, and the problems found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.vocabulary import Aggregating, Argument, Environment, Probe
from pyvtrace.source import Diagnostic, Source, Span
from pyvtrace.spec import ProbeName
from pyvtrace.value import Value

# How deep stacks are where nobody says it, by option.
FRAMES: Mapping[str, int] = {"stackframes": 20, "ustackframes": 100, "jstackframes": 50, "maxframes": 127}


class Problem(Exception):
    """Ends the check of one statement; carries its diagnostic, or None where all has been said."""

    def __init__(self, diagnostic: Diagnostic | None) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message if diagnostic else "")


class AggregationInUse:
    """An aggregation as its updates define it; keys widen while the program is read."""

    def __init__(self, number: int, name: str, function: Aggregating, params: tuple[int, ...], line: int) -> None:
        self.number, self.name, self.function, self.params, self.line = number, name, function, params, line
        self.keys: list[ty.Type] | None = None


class InlineValue(Value):
    """What an inline stands for: an expression of the program, checked anew wherever the name is used."""

    name: str
    type: ty.Type
    names: tuple[str, ...]
    keys: tuple[ty.Type, ...]
    value: ast.Expr


class Scope:
    """Names and problems of the program being checked."""

    def __init__(self, source: Source, environment: Environment, strsize: int, scratchsize: int) -> None:
        self.source, self.environment, self.strsize, self.scratchsize = source, environment, strsize, scratchsize
        self.symbols: dict[tuple[str, str], typed.Symbol] = {}
        self.aggregations: dict[str, AggregationInUse] = {}
        # Typedefs; structs, unions and enums by keyword and tag; enumerators; inlines, and while the value of one is
        # checked its parameters.
        self.types: dict[str, ty.Type] = {}
        self.tags: dict[tuple[str, str], ty.Type] = {}
        # What each definition in the tree has made, by the identity of its members, which are kept: no other definition
        # can be given their identity.
        self.defined: dict[int, tuple[tuple[object, ...], ty.Type]] = {}
        # Tags of the kernel's: the program may give its own meaning to them.
        self.borrowed: set[tuple[str, str]] = set()
        self.constants: dict[str, typed.Constant] = {}
        self.inlines: dict[str, InlineValue] = {}
        # By what a translator makes and what it takes, as types are spelled.
        self.translators: dict[tuple[str, str], ast.Translator] = {}
        # The types of the arguments of the probes of providers that the program declares.
        self.providers: dict[str, dict[str, tuple[ty.Type, ...]]] = {}
        self.parameters: Mapping[str, typed.Expr] = {}
        self.inside = self.expansions = 0
        # Whether a pointer variable has been given the clause's own memory, which alloca() makes, or other addresses.
        self.holds: dict[tuple[str, str], bool] = {}
        self.frames: Mapping[str, int] = FRAMES
        # D libraries that were found to be needed, and parsed pieces of D that belong to probes.
        self.libraries: set[str] = set()
        self.loading = False
        self.fragments: dict[str, ast.Clause] = {}
        self.problems: list[Diagnostic] = []
        # Variables whose first assignment is wrong: their type is not known, and no fault of what uses them.
        self.broken: set[tuple[str, str]] = set()
        self.probes: Sequence[Probe] = ()
        # Whether a clause is being checked, and no declaration.
        self.in_clause = False
        # Whether a description of the clause enabled nothing, which has been said.
        self.unmatched = False
        self._arguments: dict[ProbeName, Sequence[Argument]] = {}
        self.region = ""

    def fail(self, tag: str, span: Span, message: str, hint: str = "") -> Problem:
        return Problem(Diagnostic(tag, span, message, hint, self.region))

    def report(self, problem: Problem) -> None:
        if problem.diagnostic is not None:
            self.problems.append(problem.diagnostic)

    def declare(self, scope: str, name: str, type_: ty.Type, keys: tuple[ty.Type, ...] = ()) -> typed.Symbol:
        """A variable from now on."""
        if isinstance(type_, ty.String):
            type_ = ty.String(self.strsize)
        symbol = typed.Symbol(scope, name, type_, keys)
        self.symbols[scope, name] = symbol
        self.broken.discard((scope, name))
        return symbol

    def probe(self) -> str:
        """The probe that arguments are taken from."""
        return str(self.probes[0].name) if self.probes else "this clause's"

    def probe_arguments(self) -> Sequence[Argument]:
        """Typed arguments of the clause's first probe."""
        if self.unmatched:
            raise Problem(None)
        return self._arguments_of(self.probes[0]) if self.probes else ()

    def _arguments_of(self, probe: Probe) -> Sequence[Argument]:
        if probe.name not in self._arguments:
            self._arguments[probe.name] = self.environment.arguments(probe)
        return self._arguments[probe.name]

    def disagreement(self, number: int, name: str) -> str:
        """A probe of the clause whose argument has another type than the first probe's, or is not called `name`; empty
        if all agree."""
        wanted = self.probe_arguments()[number]
        for probe in self.probes:
            found = [*self._arguments_of(probe)[number : number + 1]]
            if not found or found[0].type != wanted.type or (name and found[0].name != name):
                return str(probe.name)
        return ""

    def nearest(self, name: str, names: Sequence[str], prefix: str = "") -> str:
        """A hint with the name that looks most like this one."""
        import difflib

        close = difflib.get_close_matches(name, names, 1)
        return f"did you mean '{prefix}{close[0]}'?" if close else ""
