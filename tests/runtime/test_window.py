"""Watching a session: what a look shows is what a snapshot does, whatever happens between two looks."""

from __future__ import annotations

import os

import pytest

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.runtime.window import Window
from pyvtrace.source import Source

# Values from below zero to the largest there are, over nine keys.
SPREAD = """int n; int64_t v;
dtrace:::BEGIN { v = n % 3 == 0 ? -1 : n % 3 == 1 ? 0 : (int64_t)1 << (n % 63);
                 @[n % 9, execname] = exphist(v, 2); @plain[n % 2] = count(); n++; }"""


def session(text: str, **options: str) -> Session:
    target = LiveTarget()
    return Session(compile_text(Source("test", text, "specifier"), target, options), target)


def same(a: Snapshot, b: Snapshot) -> None:
    """Whether two snapshots show the same, asked in every way there is."""
    assert a.tables.keys() == b.tables.keys()
    for name, table in a.tables.items():
        other = b.tables[name]
        assert dict(table.rows) == dict(other.rows)
        assert len(table.rows) == len(other.rows)
        for count in (1, 2, 3, 4):
            if count <= table.spec.words:
                assert dict(table.heads(count)) == dict(other.heads(count))
        keys = sorted(table.rows)
        assert table.merged(keys) == other.merged(keys)
        assert table.merged([]) == other.merged([])
    assert a.lost == b.lost


def test_a_look_shows_what_a_snapshot_does() -> None:
    with session(SPREAD) as running:
        same(running.watch(), running.snapshot())
        for _ in range(200):
            running.fire("BEGIN")
        seen = running.watch()
        assert isinstance(seen.tables["_"].rows, Window)
        assert len(seen.tables["_"].rows) == 9
        same(seen, running.snapshot())


def test_every_cpu_counts() -> None:
    cpus = sorted(os.sched_getaffinity(0))
    with session(SPREAD) as running:
        try:
            for cpu in cpus:
                os.sched_setaffinity(0, {cpu})
                for _ in range(9):
                    running.fire("BEGIN")
        finally:
            os.sched_setaffinity(0, cpus)
        seen = running.watch()
        assert sum(words[0] for _, words in seen.tables["_"].heads(1)) == 9 * len(cpus)
        same(seen, running.snapshot())


def test_heads_are_of_the_moment_of_the_look() -> None:
    with session(SPREAD) as running:
        for _ in range(9):
            running.fire("BEGIN")
        first = running.watch()
        for _ in range(9):
            running.fire("BEGIN")
        assert {words[0] for _, words in first.tables["_"].heads(3)} == {1}
        assert {words[0] for _, words in running.watch().tables["_"].heads(3)} == {2}


def test_keys_that_appear_are_in_the_next_look_however_many_there_are() -> None:
    text = "int n; dtrace:::BEGIN { @[n] = exphist(n + 1, 0); n++; }"
    with session(text) as running:
        looks = []
        for upto in (1, 600, 700, 1500):
            while len(running.snapshot().tables["_"].rows) < upto:
                for _ in range(100 if upto > 1 else 1):
                    running.fire("BEGIN")
            looks.append(running.watch())
            same(looks[-1], running.snapshot())
        # Earlier looks still read what they looked at.
        for look in looks:
            rows = look.tables["_"].rows
            assert all(words[1] == key[0] + 1 for key, words in rows.items())


def test_removed_keys_are_gone_and_their_slots_serve_others() -> None:
    text = "int n; dtrace:::BEGIN { @[n] = exphist(n + 1, 0); n++; } dtrace:::END { trunc(@); }"
    with session(text) as running:
        (spec,) = running.spec.aggregations
        for _ in range(6):
            running.fire("BEGIN")
        assert sorted(running.watch().tables["_"].rows) == [(n,) for n in range(6)]
        running.reclaim(spec, [(0,), (3,)])
        assert sorted(running.watch().tables["_"].rows) == [(1,), (2,), (4,), (5,)]
        for _ in range(2):
            running.fire("BEGIN")
        same(running.watch(), running.snapshot())
        assert sorted(running.watch().tables["_"].rows) == [(1,), (2,), (4,), (5,), (6,), (7,)]


def test_an_unknown_key_is_none() -> None:
    with session(SPREAD) as running:
        running.fire("BEGIN")
        rows = running.watch().tables["_"].rows
        with pytest.raises(KeyError):
            rows[(77, "nobody")]
        assert (77, "nobody") not in rows
