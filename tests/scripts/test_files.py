"""Scripts about files, around workloads that did a known thing."""

from __future__ import annotations

from pathlib import Path

from tests.scripts.ran import act, run
from tests.workloads.slowdisk import SlowDisk

MS = 1_000_000


def test_opens(tmp_path: Path) -> None:
    ran = run("files/opens", act("files.opens", tmp_path, 3, 2))
    good = ran.of(path=ran.truth["there"], pid=ran.truth["pid"], comm="opens", error="ok")
    assert len(good) == ran.truth["good"]
    assert all(row["fd"] >= 0 and row["took"] > 0 for row in good)
    bad = ran.of(path=ran.truth["missing"])
    assert [(row["fd"], row["error"]) for row in bad] == [(-1, "ENOENT")] * ran.truth["bad"]


def test_opens_that_failed(tmp_path: Path) -> None:
    ran = run("files/opens", act("files.opens", tmp_path, 3, 2), "--failed")
    assert len(ran.of(path=ran.truth["missing"])) == ran.truth["bad"]
    assert not ran.of(error="ok")


def test_slower(tmp_path: Path) -> None:
    with SlowDisk(delay_ns=20 * MS, every=3) as disk:
        ran = run("files/slower", act("files.slow_reads", disk.directory + "/disk", 9), "--min", "10ms")
    slow = [took for took in ran.truth["took"] if took >= 20 * MS]
    rows = ran.of(pid=ran.truth["pid"], call="pread64")
    assert len(rows) == len(slow) == 3
    assert all(20 * MS <= row["took"] <= took for row, took in zip(rows, slow, strict=True))
    assert {(row["size"], row["fs"]) for row in rows} == {(4096, "fuse")}


def test_top(tmp_path: Path) -> None:
    ran = run("files/top", act("files.copies", tmp_path, 10))
    row = ran.one(pid=ran.truth["pid"], path=ran.truth["path"])
    block = ran.truth["block"]
    assert (row["writes"], row["wrote"]) == (10, 10 * block)
    assert (row["reads"], row["read"]) == (5, 5 * block)
    assert all(row["key"]["path"].startswith("/") for row in ran.rows), "sockets are no files"
