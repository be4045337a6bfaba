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
    rows = ran.of(pid=ran.truth["pid"], call="pread64")
    # A busy machine makes some of the others late, too.
    assert len([row for row in rows if row["took"] >= 20 * MS]) >= 3
    late = [took for took in ran.truth["took"] if took >= 10 * MS]
    assert len(rows) <= len(late)
    assert sum(row["took"] for row in rows) <= sum(late)
    assert all(row["took"] >= 10 * MS for row in rows)
    assert {(row["size"], row["fs"]) for row in rows} == {(4096, "fuse")}


def test_top(tmp_path: Path) -> None:
    ran = run("files/top", act("files.copies", tmp_path, 10))
    row = ran.one(pid=ran.truth["pid"], path=ran.truth["path"])
    block = ran.truth["block"]
    assert (row["writes"], row["wrote"]) == (10, 10 * block)
    assert (row["reads"], row["read"]) == (5, 5 * block)
    assert all(row["key"]["path"].startswith("/") for row in ran.rows), "sockets are no files"


def test_life(tmp_path: Path) -> None:
    ran = run("files/life", act("files.lives", tmp_path, 3, 20))
    rows = ran.of(pid=ran.truth["pid"])
    assert [row["path"] for row in rows] == ran.truth["paths"]
    assert all(least <= row["age"] <= most for row, (least, most) in zip(rows, ran.truth["ages"], strict=True))


def test_changes(tmp_path: Path) -> None:
    ran = run("files/changes", act("files.changes", tmp_path))
    top = str(tmp_path)
    assert [(row["call"], row["error"], row["path"], row["new"]) for row in ran.of(pid=ran.truth["pid"])] == [
        ("mkdir", "ok", f"{top}/d", ""),
        ("rename", "ok", f"{top}/a", f"{top}/b"),
        ("link", "ok", f"{top}/b", f"{top}/c"),
        ("symlink", "ok", "b", f"{top}/s"),
        ("unlink", "ok", f"{top}/b", ""),
        ("rmdir", "ok", f"{top}/d", ""),
        ("unlink", "ENOENT", f"{top}/nothing", ""),
    ]


def test_changes_beside_a_directory(tmp_path: Path) -> None:
    """coreutils makes the calls that take a descriptor of a directory."""
    a, b = tmp_path / "a", tmp_path / "b"
    ran = run("files/changes", f"sh -c 'mkdir {a}; mv {a} {b}; ln -s x {a}; rm {a}; rmdir {b}'")
    named = [(row["comm"], row["path"], row["new"]) for row in ran.rows if row["error"] == "ok"]
    assert named == [
        ("mkdir", str(a), ""), ("mv", str(a), str(b)), ("ln", "x", str(a)), ("rm", str(a), ""), ("rmdir", str(b), ""),
    ]  # fmt: skip


def test_stats(tmp_path: Path) -> None:
    ran = run("files/stats", act("files.stats", tmp_path, 4))
    assert [row["error"] for row in ran.of(path=str(tmp_path))] == ["ok"] * 4
    assert [row["error"] for row in ran.of(path=f"{tmp_path}/nothing")] == ["ENOENT"] * 4


def test_syncs(tmp_path: Path) -> None:
    ran = run("files/syncs", act("files.syncs", tmp_path))
    rows = ran.of(pid=ran.truth["pid"])
    assert [(row["call"], row["error"]) for row in rows] == [("fsync", "ok"), ("fdatasync", "ok")]
    assert {row["path"] for row in rows} == {f"{tmp_path}/synced"}
    assert all(row["took"] > 0 for row in rows)


def test_mounts(tmp_path: Path) -> None:
    ran = run("files/mounts", act("files.mounts", tmp_path))
    rows = ran.of(pid=ran.truth["pid"], path=ran.truth["place"])
    assert [(row["call"], row["error"], row["fs"], row["source"], row["flags"]) for row in rows] == [
        ("mount", "ok", "tmpfs", "scratch", 0),
        ("umount2", "ok", "", "", 2),
        ("mount", "ENODEV", "nosuchfs", "scratch", 0),
    ]


def test_sizes(tmp_path: Path) -> None:
    ran = run("files/sizes", act("files.copies", tmp_path, 10))
    fs = {row["key"]["fs"] for row in ran.of(comm="copies", op="write")}
    assert len(fs) == 1, "what goes through a socket is not counted"
    wrote = ran.one(comm="copies", op="write")["size"]
    assert wrote["buckets"] == [{"above": 4095, "upto": 8191, "count": 10}]
    read = ran.one(comm="copies", op="read", fs=fs.pop())["size"]
    assert next(b["count"] for b in read["buckets"] if b["upto"] == 8191) >= 5


def test_latency(tmp_path: Path) -> None:
    with SlowDisk(delay_ns=20 * MS, every=3) as disk:
        ran = run("files/latency", act("files.slow_reads", disk.directory + "/disk", 9), "--by", "fs,op")
    row = ran.one(fs="fuse", op="pread64")
    assert row["count"] == 9
    assert 20 * MS <= row["max"] <= max(ran.truth["took"])
    slow = [bucket for bucket in row["buckets"] if bucket["upto"] >= 20 * MS]
    # A busy machine makes some of the others late, too.
    late = [took for took in ran.truth["took"] if took > slow[0]["above"]]
    assert 3 <= sum(bucket["count"] for bucket in slow) <= len(late)


def test_cached(tmp_path: Path) -> None:
    path = tmp_path / "cold"
    path.write_bytes(bytes(16 * 4096))
    ran = run("files/cached", act("files.cold_reads", path))
    assert ran.one(comm="cold_reads", inode=ran.truth["inode"])["added"] == ran.truth["pages"] == 16
