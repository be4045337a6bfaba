"""Random clauses, as D text through the whole compiler and the kernel, against a model of the language in Python."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.source import Source
from pyvtrace.spec import ERROR_RECORD, RECORD_HEADER_SIZE, FieldSpec, TraceAction
from tests.compile import c_model as c
from tests.compile import d_model as d
from tests.compile.random_clauses import Clauses
from tests.fuzz import thorough
from tests.programs import TARGET, value

# Clauses of one program: loading one costs as much as running hundreds of them.
AT_ONCE = 40


def ran(text: str) -> dict[int, object]:
    """By clause: what it traced, with sizes and kinds; or its fault, as (number, value)."""
    spec = compile_text(Source("random.d", text), TARGET, {"strsize": str(d.STRSIZE)})
    found: dict[int, object] = {}
    with Session(spec, TARGET) as session:
        session.fire("BEGIN")
        for raw in session.records():
            record = bytes(raw)
            (kind,) = struct.unpack_from("<I", record)
            if kind == ERROR_RECORD:
                clause, _, fault, _, shown = struct.unpack_from("<4IQ", record, RECORD_HEADER_SIZE)
                found[clause - 1] = fault, shown
                continue
            marks = spec.records[kind].ran(record)
            fields = [a.field for bit, a in enumerate(spec.records[kind].actions)
                      if marks >> bit & 1 and isinstance(a, TraceAction)]  # fmt: skip
            found[kind] = [
                (value(spec, field, record), (field.size, field.kind))
                if field.kind in ("int", "uint")
                else (words(field, record), "string")
                for field in fields
            ]
        lost = {name: sum(counts) for name, counts in session.lost().items()}
    assert not lost.get("dynamic") and not lost.get("principal"), lost
    return found


def words(field: FieldSpec, record: bytes) -> str:
    """A string, or an array of characters."""
    return record[field.offset : field.offset + field.size].partition(b"\0")[0].decode()


def wanted(clauses: Sequence[d.Clause]) -> dict[int, object]:
    state: c.State = {}
    made: dict[int, object] = {}
    for number, clause in enumerate(clauses):
        match clause.run(state):
            case d.Fault() as fault:
                made[number] = fault.number, fault.shown
            case [*traced]:
                made[number] = [
                    (what, "string" if t is d.STRING else (t.size, "int" if t.signed else "uint")) for what, t in traced
                ]
    return made


def difference(declarations: Sequence[str], clauses: Sequence[d.Clause]) -> str:
    """The first clause that does something else than the model, and what; "" if none does."""
    got = ran("\n".join([*declarations, *(clause.text() for clause in clauses)]))
    for number, want in wanted(clauses).items():
        if got.get(number, []) != want:
            return f"{clauses[number].text()}\ngave {got.get(number, [])}\nnot  {want}"
    return ""


def smaller(clauses: Sequence[d.Clause]) -> Iterator[list[d.Clause]]:
    for at, clause in enumerate(clauses):
        yield [*clauses[:at], *clauses[at + 1 :]]
        if clause.predicate:
            yield [*clauses[:at], d.Clause(None, clause.body), *clauses[at + 1 :]]
        yield from ([*clauses[:at], d.Clause(clause.predicate, b), *clauses[at + 1 :]] for b in d.smaller(clause.body))


def smallest(declarations: Sequence[str], clauses: Sequence[d.Clause]) -> str:
    """Of a program that differs, what is needed for that."""
    left = list(clauses)
    while shorter := next((one for one in smaller(left) if one and difference(declarations, one)), None):
        left = shorter
    program = "\n".join([*declarations, *(clause.text() for clause in left)])
    return f"{program}\n\n{difference(declarations, left)}"


@thorough(programs=250, shrink=False)
@given(st.randoms(use_true_random=True))
def test_every_clause_does_what_the_model_does(chance: random.Random) -> None:
    made = Clauses(chance)
    clauses = [made.clause() for _ in range(AT_ONCE)]
    if difference(made.declarations, clauses):
        pytest.fail(smallest(made.declarations, clauses))
