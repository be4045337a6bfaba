"""Scripts about memory, around workloads that did a known thing."""

from __future__ import annotations

from tests.scripts.ran import act, run


def test_faults() -> None:
    ran = run("memory/faults", act("memory.touches", 300))
    row = ran.one(pid=ran.truth["pid"], comm="touching", access="write", why="missing")
    assert 300 <= row["faults"] <= ran.truth["most"]


def test_faults_tells_kinds_apart() -> None:
    ran = run("memory/faults", act("processes.starts"))
    kinds = {(row["key"]["access"], row["key"]["why"]) for row in ran.rows}
    assert ("write", "protected") in kinds, "a child writes to what it shares with its parent"
    assert ("fetch", "missing") in kinds, "code is read in when it is run"


def test_maps() -> None:
    ran = run("memory/maps", act("memory.maps", 5, 1 << 20))
    row = ran.one(pid=ran.truth["child"], comm="mapping")
    assert (row["maps"], row["mapped"]) == (5, 5 << 20)
    assert (row["unmaps"], row["unmapped"]) == (4, 4 << 20)


def test_allocs() -> None:
    ran = run("memory/allocs", act("memory.allocs", 7, 70 << 20))
    for function, low in (("malloc", 64 << 20), ("calloc", 128 << 20)):
        buckets = {bucket["above"] + 1: bucket["count"] for bucket in ran.one(function=function)["size"]["buckets"]}
        assert buckets[low] == 7
