"""Aggregations of running programs, read back: every CPU's part, many maps in one program, room taken back."""

from __future__ import annotations

from errno import EINVAL

import pytest

from pyvtrace.kernel import bpf, map_contents
from pyvtrace.kernel.barrier import can_wait
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.runtime.snapshot import Snapshot, Table
from pyvtrace.source import Source


def session(text: str, **options: str) -> Session:
    """A program ready to be entered; its BEGIN may be fired as often as one likes."""
    target = LiveTarget()
    return Session(compile_text(Source("test", text, "specifier"), target, options), target)


def fired(text: str, times: int = 1, **options: str) -> Snapshot:
    with session(text, **options) as running:
        for _ in range(times):
            running.fire("BEGIN")
        return running.snapshot()


def test_more_aggregations_than_a_program_may_use_maps() -> None:
    one = "@k{0}[n % 3, {0}] = count(); @s{0} = sum({0}); @q{0}[n % 2] = quantize({0});"
    seen = fired(f"int n; dtrace:::BEGIN {{ {' '.join(map(one.format, range(60)))} n++; }}", times=5)
    for n in range(60):
        assert dict(seen.tables[f"k{n}"].rows) == {(0, n): (2,), (1, n): (2,), (2, n): (1,)}
        assert dict(seen.tables[f"s{n}"].rows) == {(): (5, 5 * n)}
        assert {key: sum(words) for key, words in seen.tables[f"q{n}"].rows.items()} == {(0,): 3, (1,): 2}


def test_a_full_aggregation_keeps_the_oldest_keys_and_counts_the_rest() -> None:
    seen = fired("int n; dtrace:::BEGIN { @[n % 100] = count(); n++; }", times=300, aggsize="160")
    rows = seen.tables["_"].rows
    assert sorted(rows) == [(n,) for n in range(10)]
    assert set(rows.values()) == {(3,)}
    assert seen.lost["aggregation"] == 270


def test_room_of_removed_keys_serves_new_ones_and_no_count_is_lost() -> None:
    text = "int n; dtrace:::BEGIN { @[execname, n] = count(); n++; } dtrace:::END { trunc(@); }"
    assert can_wait()
    with session(text, aggsize="320") as running:
        (spec,) = running.spec.aggregations
        assert spec.storage.capacity == 10
        seen = 0
        for _ in range(7):
            for _ in range(10):
                running.fire("BEGIN")
            rows = running.rows(spec)
            assert set(rows.values()) == {(1,)}
            seen += len(rows)
            last = running.reclaim(spec, list(rows))
            assert dict(last) == dict(rows)
            assert dict(running.rows(spec)) == {}
        assert seen == 70
        assert running.snapshot().lost["aggregation"] == 0
        running.fire("BEGIN")
        assert len(running.rows(spec)) == 1


def test_heads_are_the_first_words_without_the_rest() -> None:
    seen = fired("dtrace:::BEGIN { @h[pid % 1] = exphist(1000); @h[pid % 1] = exphist(24); }")
    assert list(seen.tables["h"].heads(3)) == [((0,), (2, 1024, 1000))]


def test_several_keys_together() -> None:
    table = fired("int n; dtrace:::BEGIN { n++; @[n] = exphist(n * 100); }", times=4).tables["_"]
    plain = Table(table.spec, dict(table.rows))
    for keys in ([], [(1,)], [(2,), (4,), (1,)]):
        together = table.merged(keys)
        assert together == plain.merged(keys)
        values = [100 * int(n) for (n,) in keys]
        assert together[:3] == (len(keys), sum(values), max(values, default=0))


def test_elements_of_an_array_from_any_place() -> None:
    with session("dtrace:::BEGIN { @[1] = sum(7); }") as running:
        (spec,) = running.spec.aggregations
        for element in (0, 1, spec.storage.capacity - 1):
            value = b"".join(n.to_bytes(8, "little") for n in (element, 1))
            bpf.map_update(running.maps[spec.storage.values], element.to_bytes(4, "little"), value)
        count = spec.storage.capacity * spec.storage.cpus
        reader = map_contents.ArrayReader(running.maps[spec.storage.values], count, 16)
        everything = reader.read(0, count)[: 16 * count]
        assert len(everything) == 16 * count
        assert reader.read(1, 3)[:48] == everything[16:64]


def test_elements_of_an_array_on_a_kernel_without_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    with session("dtrace:::BEGIN { @[1] = sum(7); }") as running:
        (spec,) = running.spec.aggregations
        fd, values = running.maps[spec.storage.values], [bytes([element]) * 16 for element in range(1, 5)]
        for element, value in enumerate(values):
            bpf.map_update(fd, element.to_bytes(4, "little"), value)
        attempt = bpf.attempt
        monkeypatch.setattr(bpf, "attempt", lambda name, a: (0, EINVAL) if name.endswith("BATCH") else attempt(name, a))
        reader = map_contents.ArrayReader(fd, 3, 16)
        assert [reader.read(first, 3)[:48] for first in (0, 1)] == [b"".join(values[:3]), b"".join(values[1:])]
