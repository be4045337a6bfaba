"""Scripts about locks whose holders are known."""

from __future__ import annotations

from tests.scripts.ran import gated, run
from tests.workloads.slowdisk import SlowDisk

MS = 1_000_000


def test_owners() -> None:
    # Who is late by half the time that the mutex is held has still waited for the other half.
    ran = run("locks/owners", gated("mutex_pair", 5, 200))
    row = ran.one(waiter=ran.truth["waiter"], lock=f"{ran.truth['mutex']:#x}", owner=ran.truth["holder"])
    assert row["waits"] == 5
    assert 5 * 100 * MS <= row["total"] <= sum(ran.truth["waited_ns"])


def test_kernel() -> None:
    with SlowDisk(delay_ns=100 * MS) as disk:
        ran = run("locks/kernel", gated("contended", "mutex", disk.directory, 5))
    rows = [row for row in ran.of(pid=ran.truth["pid"], name="contended") if row["total"] >= 50 * MS]
    assert len(rows) == 5, "each time another thread reads"
    assert len({row["key"]["owner"] for row in rows} - set(ran.truth["tids"])) == 5
    assert {row["waits"] for row in rows} == {1}
    # From its own clock a wait began a little later, and it ended when the holder had the answer.
    assert sum(row["total"] for row in rows) <= 2 * ran.truth["waited_sum_ns"]
