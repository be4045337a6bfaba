"""Keys that move out of the kernel: nothing they saw is lost, and their room serves others."""

from __future__ import annotations

import pytest

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime import retired
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.retired import Retired
from pyvtrace.runtime.session import Session
from pyvtrace.runtime.snapshot import Key
from pyvtrace.source import Source

ROOM = 16
TEXT = "int n; dtrace:::BEGIN { @[n / 2] = exphist(n + 1, 0); n++; } dtrace:::END { trunc(@); }"


def session() -> Session:
    target = LiveTarget()
    size = ROOM * (70 * 8 + 8)
    return Session(compile_text(Source("test", TEXT, "specifier"), target, {"aggsize": str(size)}), target)


def gone(key: Key) -> bool:
    return int(key[0]) % 10 != 9


@pytest.mark.parametrize("how", [Session.snapshot, Session.watch])
def test_more_keys_than_there_is_room_for_and_not_an_event_lost(how: object) -> None:
    assert callable(how)
    with session() as running:
        (spec,) = running.spec.aggregations
        assert spec.storage.capacity >= ROOM
        keeper = Retired(running, gone, lambda key: key)
        for count in range(1, 201):
            running.fire("BEGIN")
            seen = keeper.complete(how(running))
            assert sum(words[0] for _, words in seen.tables["_"].heads(3)) == count
        rows = seen.tables["_"].rows
        assert len(rows) == 100
        assert {key: words[:3] for key, words in rows.items()} == {(n,): (2, 4 * n + 3, 2 * n + 2) for n in range(100)}
        words = seen.tables["_"].merged(list(rows))
        assert (words[0], sum(words[3:])) == (200, 200)
        assert seen.lost["aggregation"] == 0
        # What nobody may take out is in the kernel still.
        assert set(running.rows(spec)) >= {(n,) for n in range(9, 100, 10)}


def test_a_key_that_comes_again_is_one_row() -> None:
    text = "int n; dtrace:::BEGIN { @[n % 20] = exphist(5, 0); n++; } dtrace:::END { trunc(@); }"
    target = LiveTarget()
    spec = compile_text(Source("test", text, "specifier"), target, {"aggsize": str(ROOM * (70 * 8 + 8))})
    with Session(spec, target) as running:
        keeper = Retired(running, lambda key: True, lambda key: key)
        for _ in range(60):
            running.fire("BEGIN")
            seen = keeper.complete(running.watch())
        assert {key: words[0] for key, words in seen.tables["_"].rows.items()} == {(n,): 3 for n in range(20)}
        assert seen.tables["_"].merged([(7,), (8,)])[0] == 6


def test_what_is_too_much_to_keep_is_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retired, "MOST", 20)
    with session() as running:
        keeper = Retired(running, lambda key: True, lambda key: (-1,))
        for _ in range(200):
            running.fire("BEGIN")
            seen = keeper.complete(running.snapshot())
        rows = seen.tables["_"].rows
        assert sum(words[0] for words in rows.values()) == 200
        assert sum(words[1] for words in rows.values()) == sum(range(1, 201))
        # The largest have kept their names.
        assert (-1,) in rows
        assert (99,) in rows
        assert len(rows) < 60
