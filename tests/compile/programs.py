"""Typed programs by hand, compiled and run on this kernel: what the tests of the compiler are made of."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from pyvtrace.builtins.actions import ACTIONS
from pyvtrace.builtins.variables import VARIABLES
from pyvtrace.compile.pipeline import compile_program
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.lang import typed as t
from pyvtrace.lang.types import INT, Type
from pyvtrace.lang.vocabulary import Probe
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.runtime.session import Session
from pyvtrace.source import Source
from pyvtrace.spec import RECORD_HEADER_SIZE, ProbeName

SIZES = {"aggsize": 1 << 20, "bufsize": 1 << 20, "dynvarsize": 1 << 20}
BEGIN = Probe(1, ProbeName("dtrace", "", "", "BEGIN"))
ERROR = Probe(3, ProbeName("dtrace", "", "", "ERROR"))


def builtin(name: str) -> t.Builtin:
    return t.Builtin(VARIABLES[name].type, VARIABLES[name])


def constant(value: int, type_: Type = INT) -> t.Constant:
    return t.Constant(type_, value)


def act(name: str, *args: t.Expr, number: int = 1, **fields: Any) -> t.Act:
    return t.Act(ACTIONS[name], args, number, **fields)


def evaluate(expr: t.Expr) -> t.Evaluate:
    return t.Evaluate(expr)


def clause(index: int, *body: t.Statement, probe: Probe = BEGIN, predicate: t.Expr | None = None) -> t.Clause:
    return t.Clause(index, (probe,), predicate, body, False)


class Outcome:
    """What one run left: records by clause, tables, losses, exit."""

    def __init__(self, session: Session) -> None:
        self.records = [bytes(record) for record in session.records()]
        self.tables = {name: dict(table.rows) for name, table in session.snapshot().tables.items()}
        self.lost = {name: sum(counts) for name, counts in session.lost().items()}
        self.exited, self.status = session.exited, session.status

    @property
    def clauses(self) -> list[int]:
        return [struct.unpack_from("<I", record)[0] for record in self.records]

    def data(self, record: int = 0) -> bytes:
        return self.records[record][RECORD_HEADER_SIZE:]


def run(
    clauses: Sequence[t.Clause],
    symbols: Sequence[t.Symbol] = (),
    aggregations: Sequence[t.AggregationSymbol] = (),
    meanwhile: Callable[[], object] = lambda: None,
) -> Outcome:
    """Compile, load, fire BEGIN, do something, and read back."""
    target = LiveTarget()
    program = t.Program(Source("test", ""), tuple(clauses), tuple(symbols), tuple(aggregations), ())
    spec = compile_program(program, target, ProbeTable(target), SIZES, {})
    with Session(spec, target) as session:
        session.attach()
        session.fire("BEGIN")
        meanwhile()
        return Outcome(session)
