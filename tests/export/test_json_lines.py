"""Rows as JSON lines, from made-up snapshots."""

from __future__ import annotations

import json

from pyvtrace.analysis.rows import Grouping
from pyvtrace.analysis.script import parse_script
from pyvtrace.export.json_lines import JsonLines
from tests.render.made_up import CALLS, REQUESTS, snapshot

SCRIPT = parse_script(CALLS)
READ, POLL = (1, "a", "read"), (1, "a", "poll")


def lines(by: tuple[str, ...] = ("pid", "comm", "call")) -> JsonLines:
    return JsonLines(SCRIPT, [Grouping(SCRIPT, by, {})], snapshot({}))


def test_an_object_has_exact_figures_and_the_bounds_of_every_bucket_in_use() -> None:
    (thing,) = lines().objects(snapshot({READ: [1, 700, 700, 5_000_000]}, seconds=2, lost={"missed": 3}))
    assert json.loads(json.dumps(thing)) == {
        "view": "calls",
        "measure": "calls",
        "time": 1_700_000_000.0,
        "interval": 2.0,
        "lost": {"missed": 3},
        "key": {"pid": 1, "comm": "a", "call": "read"},
        "waiting": False,
        "unit": "ns",
        "new": {"count": 4, "total": 5_001_401},
        "count": 4,
        "total": 5_001_401,
        "max": 5_000_000,
        "p50": 724,
        "p90": 5_000_000,
        "p99": 5_000_000,
        "p999": 5_000_000,
        "buckets": [
            {"above": 0, "upto": 1, "count": 1},
            {"above": 608, "upto": 724, "count": 2},
            {"above": 4_987_896, "upto": 5_931_641, "count": 1},
        ],
    }


def test_only_rows_that_saw_something_are_told_and_new_is_what_came() -> None:
    told = lines()
    assert len(list(told.objects(snapshot({READ: [10], POLL: [20]}, seconds=1)))) == 2
    (thing,) = told.objects(snapshot({READ: [10, 30], POLL: [20]}, seconds=2))
    assert thing["key"] == {"pid": 1, "comm": "a", "call": "read"}
    assert thing["new"] == {"count": 1, "total": 30}
    assert thing["count"] == 2
    assert not list(told.objects(snapshot({READ: [10, 30], POLL: [20]}, seconds=3)))


def test_what_was_there_at_the_start_is_not_new() -> None:
    told = JsonLines(SCRIPT, [Grouping(SCRIPT, ("call",), {})], snapshot({READ: [10]}))
    (thing,) = told.objects(snapshot({READ: [10, 30]}, seconds=1))
    assert thing["new"] == {"count": 1, "total": 30}
    assert thing["total"] == 40


def test_waiting_is_told_apart() -> None:
    things = list(lines(("pid",)).objects(snapshot({READ: [10], POLL: [20]}, seconds=1)))
    assert {(thing["waiting"], thing["total"]) for thing in things} == {(False, 10), (True, 20)}


def test_what_was_lost_is_told_even_if_nothing_else_happened() -> None:
    told = lines()
    list(told.objects(snapshot({READ: [10]}, seconds=1, lost={"missed": 0})))
    (thing,) = told.objects(snapshot({READ: [10]}, seconds=2, lost={"missed": 5}))
    assert thing["lost"] == {"missed": 5}
    assert "key" not in thing


def test_every_measure_has_its_objects() -> None:
    script = parse_script(REQUESTS)
    rows = {(1, "dd", 8 << 20 | 1, "WS", 4096): [10]}
    empty = snapshot({}, names=("queue", "issue"))
    told = JsonLines(script, [Grouping(script, ("dev", "op", "size"), {}) for _ in range(2)], empty)
    things = list(told.objects(snapshot(rows, seconds=1, names=("queue", "issue"))))
    assert [thing["measure"] for thing in things] == ["queue", "issue"]
    assert things[0]["key"] == {"dev": "8:1", "op": "sync", "size": 4096}
