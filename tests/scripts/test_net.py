"""Scripts about the network, around connections over the loopback."""

from __future__ import annotations

from tests.scripts.ran import act, run

MS = 1_000_000


def test_connects() -> None:
    ran = run("net/connects", act("net.connects"))
    rows = ran.of(pid=ran.truth["pid"], comm="connects")
    four, six = ran.truth["ports"]
    assert [(row["address"], row["port"], row["error"]) for row in rows] == [
        ("127.0.0.1", four, "ok"),
        ("::1", six, "ok"),
        ("127.0.0.1", ran.truth["refused"], "ECONNREFUSED"),
    ]
    assert all(row["took"] > 0 for row in rows)


def test_connects_that_failed() -> None:
    ran = run("net/connects", act("net.connects"), "--failed")
    assert [row["port"] for row in ran.rows] == [ran.truth["refused"]]


def test_accepts() -> None:
    ran = run("net/accepts", act("net.accepts"))
    rows = ran.of(pid=ran.truth["pid"])
    assert [[row["fd"], row["port"], row["from"], row["address"]] for row in rows] == ran.truth["seen"]


def test_life() -> None:
    ran = run("net/life", act("net.carries", 100_000, 2_000, 20))
    here = ran.one(pid=ran.truth["pid"], local=ran.truth["local"], port=ran.truth["port"])
    # The byte of SYN is acknowledged, too, and of FIN.
    assert 100_000 <= here["sent"] <= 100_002
    assert here["received"] in (2_000, 2_001)
    least, most = ran.truth["lasted"]
    assert least <= here["lasted"] <= most
    assert (here["comm"], here["address"]) == ("carries", "127.0.0.1")
    there = ran.one(pid=ran.truth["child"], local=ran.truth["port"], port=ran.truth["local"])
    assert 2_000 <= there["sent"] <= 2_002
    assert there["received"] in (100_000, 100_001)


def test_top() -> None:
    ran = run("net/top", act("net.carries", 100_000, 2_000, 1))
    here = ran.one(pid=ran.truth["pid"], protocol="tcp")
    assert (here["sent"], here["received"]) == (100_000, 2_000)
    there = ran.one(pid=ran.truth["child"], protocol="tcp")
    assert (there["sent"], there["received"]) == (2_000, 100_000)


def test_retransmits() -> None:
    ran = run("net/retransmits", act("net.loses"))
    rows = ran.of(local=ran.truth["local"], port=ran.truth["port"])
    assert len(rows) == ran.truth["again"] >= 2
    assert {(row["state"], row["address"]) for row in rows} == {(1, "127.0.0.1")}


def test_resets() -> None:
    ran = run("net/resets", act("net.refused"))
    assert ran.one(port=ran.truth["refused"])["state"] == 2, "it had only asked"
    port, local = ran.truth["broken"]
    assert ran.one(port=port, local=local)["state"] == 1


def test_lookups() -> None:
    ran = run("net/lookups", act("net.lookups"))
    rows = ran.of(pid=ran.truth["pid"])
    assert [(row["name"], row["failed"]) for row in rows] == [("localhost", 0)] * 2 + [("no such name", 1)]
    assert all(0 < row["took"] <= took for row, took in zip(rows, ran.truth["took"], strict=True))
