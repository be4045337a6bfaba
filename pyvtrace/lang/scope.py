"""What a program has declared so far: variables, aggregations, and the problems found."""

from __future__ import annotations

from collections.abc import Sequence

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.vocabulary import Aggregating, Argument, Environment, Probe
from pyvtrace.source import Diagnostic, Source, Span

_BASE = {
    ("void",): ty.VOID, ("char",): ty.CHAR, ("signed", "char"): ty.CHAR, ("unsigned", "char"): ty.UCHAR,
    ("short",): ty.SHORT, ("unsigned", "short"): ty.USHORT, ("int",): ty.INT, ("signed",): ty.INT,
    ("signed", "int"): ty.INT, ("unsigned",): ty.UINT, ("unsigned", "int"): ty.UINT, ("long",): ty.LONG,
    ("long", "int"): ty.LONG, ("unsigned", "long"): ty.ULONG, ("unsigned", "long", "int"): ty.ULONG,
    ("long", "long"): ty.LONGLONG, ("unsigned", "long", "long"): ty.ULONGLONG, ("short", "int"): ty.SHORT,
    ("unsigned", "short", "int"): ty.USHORT,
}  # fmt: skip


class Problem(Exception):
    """Ends the check of one statement; carries its diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


class AggregationInUse:
    """An aggregation as its updates define it; keys widen while the program is read."""

    def __init__(self, number: int, name: str, function: Aggregating, params: tuple[int, ...], line: int) -> None:
        self.number, self.name, self.function, self.params, self.line = number, name, function, params, line
        self.keys: list[ty.Type] | None = None


class Scope:
    """Names and problems of the program being checked."""

    def __init__(self, source: Source, environment: Environment, strsize: int) -> None:
        self.source, self.environment, self.strsize = source, environment, strsize
        self.symbols: dict[tuple[str, str], typed.Symbol] = {}
        self.aggregations: dict[str, AggregationInUse] = {}
        self.problems: list[Diagnostic] = []
        self.probes: Sequence[Probe] = ()
        self.arguments: Sequence[Argument] | None = None
        self.region = ""

    def fail(self, tag: str, span: Span, message: str, hint: str = "") -> Problem:
        return Problem(Diagnostic(tag, span, message, hint, self.region))

    def resolve(self, name: ast.TypeName) -> ty.Type:
        """The type a name stands for."""
        words = name.words
        base: ty.Type | None = None
        if words[0] in ("struct", "union"):
            base = ty.Struct(words[0], words[1], None, 0)
        elif len(words) == 1 and words[0] in ty.TYPEDEFS:
            base = ty.String(self.strsize) if words[0] == "string" else ty.TYPEDEFS[words[0]]
        else:
            # C allows the words in any order.
            order = sorted(words, key=("unsigned", "signed", "short", "long", "char", "int").index) if set(words) <= {
                "unsigned", "signed", "short", "long", "char", "int"} else list(words)  # fmt: skip
            base = _BASE.get(tuple(order))
        if base is None:
            raise self.fail("D_TYPE_ERR", name.span, f"failed to resolve type {' '.join(words)}")
        for _ in range(name.pointers):
            base = ty.Pointer(base)
        return base

    def declare(self, scope: str, name: str, type_: ty.Type, keys: tuple[ty.Type, ...] = ()) -> typed.Symbol:
        if isinstance(type_, ty.String):
            type_ = ty.String(self.strsize)
        symbol = typed.Symbol(scope, name, type_, keys)
        self.symbols[scope, name] = symbol
        return symbol

    def probe_arguments(self) -> Sequence[Argument]:
        """Typed arguments of the clause's probes."""
        if self.arguments is None:
            self.arguments = self.environment.arguments(self.probes[0]) if self.probes else ()
        return self.arguments

    def nearest(self, name: str, names: Sequence[str]) -> str:
        """A hint with the name that looks most like this one."""
        import difflib

        close = difflib.get_close_matches(name, names, 1)
        return f"did you mean '{close[0]}'?" if close else ""
