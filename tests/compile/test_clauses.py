"""Clauses: order, predicates, faults, exit, conditional actions."""

from __future__ import annotations

import struct

from pyvtrace.builtins.aggregations import AGGREGATING
from pyvtrace.lang import typed as t
from pyvtrace.lang.types import INT, LONG, Pointer, String
from pyvtrace.spec import ERROR_RECORD
from tests.compile.programs import ERROR, act, builtin, clause, constant, evaluate, run

X = t.Symbol("global", "x", INT)
ZERO = evaluate(t.Assign(INT, t.Load(INT, X), constant(0)))
DIVISION = t.Binary(INT, "/", constant(5), t.Load(INT, X))


def test_clauses_run_in_source_order_and_predicates_choose() -> None:
    clauses = [
        clause(0, act("trace", constant(1))),
        clause(1, act("trace", constant(2)), predicate=constant(0)),
        clause(2, act("trace", constant(3)), predicate=t.Compare(INT, ">", builtin("pid"), constant(0))),
    ]
    assert run(clauses).clauses == [0, 2]


def test_exit_stops_the_session_with_its_status() -> None:
    outcome = run([clause(0, act("exit", constant(3)))])
    assert (outcome.exited, outcome.status) == (True, 3)


def test_a_fault_drops_its_clause_alone() -> None:
    outcome = run([clause(0, ZERO, act("trace", DIVISION, number=2)), clause(1, act("trace", constant(7)))], [X])
    assert outcome.clauses == [ERROR_RECORD, 1]
    number, action, fault, _, value = struct.unpack("<4Iq", outcome.data())
    assert (number, action, fault, value) == (1, 2, 4, 0)


def test_a_null_pointer_fires_error_with_its_arguments() -> None:
    null = t.Dereference(INT, t.Constant(Pointer(INT), 0))
    arguments = [act("trace", builtin(f"arg{n}"), number=n) for n in (2, 4, 5)]
    outcome = run([clause(0, act("trace", null)), clause(1, *arguments, probe=ERROR)])
    assert outcome.clauses == [ERROR_RECORD, 1]
    # Actions count from 0 here.
    assert struct.unpack("<3q", outcome.data(1)) == (0, 1, 0)


def test_a_fault_in_error_is_counted_and_not_repeated() -> None:
    outcome = run([clause(0, ZERO, act("trace", DIVISION)), clause(1, act("trace", DIVISION), probe=ERROR)], [X])
    assert outcome.clauses == [ERROR_RECORD]
    assert outcome.lost["double-error"] == 1


def test_actions_under_if_are_marked_when_they_ran() -> None:
    body = [
        t.If(constant(1), (act("trace", constant(1)),), (act("trace", constant(2), number=2),)),
        act("trace", constant(3), number=3),
    ]
    outcome = run([clause(0, *body)])
    assert struct.unpack_from("<I", outcome.records[0], 12) == (0b101,)


def test_this_starts_as_zero_and_lasts_through_the_clauses_of_a_probe() -> None:
    symbol = t.Symbol("this", "v", LONG)
    load = t.Load(LONG, symbol)
    clauses = [
        clause(0, act("trace", load), evaluate(t.Assign(LONG, load, constant(9, LONG)))),
        clause(1, act("trace", load)),
    ]
    outcome = run(clauses, [symbol])
    assert [struct.unpack("<q", outcome.data(n))[0] for n in (0, 1)] == [0, 9]


def test_strings_of_this_are_cleared_where_no_clause_can_lose_anything() -> None:
    symbol = t.Symbol("this", "s", String(32))
    load = t.Load(String(32), symbol)
    body = t.Aggregate(0, (load,), (), 1)
    aggregation = t.AggregationSymbol(0, "a", AGGREGATING["count"], (), (String(32),))
    assert run([clause(0, body)], [symbol], [aggregation]).tables["a"] == {("",): (1,)}


def test_all_clauses_of_a_firing_see_one_time() -> None:
    symbol = t.Symbol("this", "first", LONG)
    load = t.Load(LONG, symbol)
    now = builtin("timestamp")
    clauses = [
        clause(0, act("trace", now), evaluate(t.Assign(LONG, load, now)), predicate=now),
        clause(1, act("trace", now), predicate=t.Compare(INT, "==", load, now)),
    ]
    outcome = run(clauses, [symbol])
    assert outcome.clauses == [0, 1]
    assert outcome.data(0) == outcome.data(1) != bytes(8)


def test_a_number_of_the_task_may_be_a_key() -> None:
    array = t.Symbol("global", "children", LONG, (INT,))
    element = t.Load(LONG, array, (builtin("ppid"),))
    assert run([clause(0, evaluate(t.Assign(LONG, element, constant(7, LONG))), act("trace", element))], [array]).data(
        0
    ) == (7).to_bytes(8, "little")
