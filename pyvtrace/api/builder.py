"""Clauses of D, written in Python: `probe("syscall::read:return").where(D.arg0 > 0).quantize(D.arg0, by=D.execname)`.

What is built is the D that one would write, and `d` shows it. Wherever a value or key is expected, an `Expression` or a
number may be given, or D text as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyvtrace.analysis.compose import quoted
from pyvtrace.api.expressions import Expression, both, expression
from pyvtrace.value import Value, replace

Given = Expression | str | int
By = Given | Sequence[Given]


class Program(Value):
    """Clauses in their order. Programs add up: `entry + exit`."""

    clauses: tuple[Clause, ...] = ()

    @property
    def d(self) -> str:
        """The D text."""
        return "\n".join(clause.text for clause in self.clauses)

    def __add__(self, other: Program) -> Program:
        return Program((*self.clauses, *other.clauses))

    def __str__(self) -> str:
        return self.d

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.d)}</pre>"


class Clause(Value):
    """Probes, conditions that all have to hold, and statements, as D texts."""

    probes: tuple[str, ...]
    conditions: tuple[Expression, ...] = ()
    statements: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        predicate = f"/{both(*self.conditions)}/\n" if self.conditions else ""
        body = "".join(f"\t{statement};\n" for statement in self.statements)
        return ",\n".join(self.probes) + f"\n{predicate}{{\n{body}}}\n"


class Building(Program):
    """A program whose last clause goes on: each method returns a longer one."""

    def where(self, *conditions: Given) -> Building:
        """Only events for which all of these hold."""
        return self._with(conditions=(*self._last.conditions, *map(_operand, conditions)))

    def do(self, *statements: Given) -> Building:
        """Any statements, an expression or D text each."""
        return self._with(statements=(*self._last.statements, *(str(each).strip().rstrip(";") for each in statements)))

    def set(self, variable: Given, value: Given) -> Building:
        """Assign to a variable: `D.self.start`, `"global"`."""
        return self.do(f"{_text(variable)} = {_text(value)}")

    def trace(self, value: Given) -> Building:
        """An event with this value."""
        return self.do(f"trace({_text(value)})")

    def printf(self, text: str, *values: Given) -> Building:
        """An event with these values, and the text that they make; the format is D's."""
        return self.do(f"printf({', '.join((_constant(text), *map(_text, values)))})")

    def exit(self, status: Given = 0) -> Building:
        """End the session."""
        return self.do(f"exit({_text(status)})")

    # -------------------------------------------------------------------------------------------------- aggregations

    def count(self, *, by: By = (), name: str = "") -> Building:
        """How many."""
        return self._aggregate("count", (), by, name)

    def sum(self, value: Given, *, by: By = (), name: str = "") -> Building:
        """Their total."""
        return self._aggregate("sum", (value,), by, name)

    def avg(self, value: Given, *, by: By = (), name: str = "") -> Building:
        """Their mean."""
        return self._aggregate("avg", (value,), by, name)

    def min(self, value: Given, *, by: By = (), name: str = "") -> Building:
        """The smallest."""
        return self._aggregate("min", (value,), by, name)

    def max(self, value: Given, *, by: By = (), name: str = "") -> Building:
        """The largest."""
        return self._aggregate("max", (value,), by, name)

    def stddev(self, value: Given, *, by: By = (), name: str = "") -> Building:
        """Their standard deviation."""
        return self._aggregate("stddev", (value,), by, name)

    def quantize(self, value: Given, *, by: By = (), name: str = "") -> Building:
        """A histogram in powers of two."""
        return self._aggregate("quantize", (value,), by, name)

    def lquantize(self, value: Given, low: int, high: int, step: int = 1, *, by: By = (), name: str = "") -> Building:
        """A histogram in equal steps."""
        return self._aggregate("lquantize", (value, low, high, step), by, name)

    def llquantize(
        self, value: Given, factor: int, low: int, high: int, steps: int, *, by: By = (), name: str = ""
    ) -> Building:
        """A histogram in equal steps inside each magnitude."""
        return self._aggregate("llquantize", (value, factor, low, high, steps), by, name)

    def exphist(self, value: Given, scale: int = 2, *, by: By = (), name: str = "") -> Building:
        """A histogram whose buckets grow by 2^(1/2^scale)."""
        return self._aggregate("exphist", (value, scale), by, name)

    def _aggregate(self, function: str, arguments: tuple[Given, ...], by: By, name: str) -> Building:
        keys = [by] if isinstance(by, Expression | str | int) else list(by)
        key = f"[{', '.join(map(_text, keys))}]" if keys else ""
        return self.do(f"@{name.removeprefix('@')}{key} = {function}({', '.join(map(_text, arguments))})")

    @property
    def _last(self) -> Clause:
        return self.clauses[-1]

    def _with(self, **changes: object) -> Building:
        return Building((*self.clauses[:-1], replace(self._last, **changes)))


def probe(*descriptions: str) -> Building:
    """A clause for these probes: `provider:module:function:name`, with D's globs.

    Raises:
        TypeError: there is none.
    """
    if not descriptions:
        raise TypeError("probe( ) needs a description, such as syscall::read:entry")
    return Building((Clause(descriptions),))


def _operand(given: Given) -> Expression:
    """Text is D, of unknown inside: it gets parentheses beside others."""
    return Expression(given, 0) if isinstance(given, str) else expression(given)


def _text(given: Given) -> str:
    return given if isinstance(given, str) else str(expression(given))


_CONTROLS = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _constant(text: str) -> str:
    return "".join(_CONTROLS.get(c, c) for c in quoted(text))
