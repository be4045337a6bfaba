"""clear() and trunc() over a kernel that only adds: nothing lost, nothing twice, extremes started anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from pyvtrace.builtins.distributions import empty, merge, value_of
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.runtime.store import Store
from pyvtrace.source import Source
from pyvtrace.spec import AggregationSpec, ProgramSpec, StorageSpec
from tests.runtime.model import words_of

ROOM = StorageSpec("index", "values", 8, 1, 8, 1, 64, "free", 72)
A, B = ("a",), ("b",)


class Pretended:
    """A kernel with one aggregation. `late` are values that arrive while keys are being reclaimed."""

    def __init__(self, function: str) -> None:
        self.spec = AggregationSpec(0, "x", function, (), (), len(empty(function, ())), ROOM, mark=80)
        self.now: dict[Key, Words] = {}
        self.marks = 1
        self.late: dict[Key, int] = {}
        program = ProgramSpec(Source("", ""), (), (), (), (self.spec,), {}, 0, {}, "", "", "")
        self.store = Store(program, self)

    def add(self, key: Key, *values: int) -> None:
        words = words_of(self.spec.function, (), values)
        if self.spec.function in ("min", "max"):
            words = (self.marks, words[1])
        self.now[key] = merge(self.spec.function, self.now[key], words) if key in self.now else words

    def rows(self, aggregation: AggregationSpec) -> Mapping[Key, Words]:
        return dict(self.now)

    def mark(self, aggregation: AggregationSpec) -> None:
        self.marks += 1

    def reclaim(self, aggregation: AggregationSpec, keys: Iterable[Key]) -> Mapping[Key, Words]:
        for key, value in self.late.items():
            self.add(key, value)
        return {key: self.now.pop(key) for key in list(keys)}

    def values(self) -> dict[Key, int]:
        self.store.refresh()
        rows = self.store.snapshot(0)
        return {key: value_of(self.spec.function, (), words) for key, words in rows.items()}


def test_a_clear_takes_what_was_read_and_no_more() -> None:
    kernel = Pretended("sum")
    kernel.add(A, 5)
    kernel.store.refresh()
    assert kernel.store.snapshot(0) == {A: words_of("sum", (), [5])}
    kernel.add(A, 7)
    kernel.store.clear(0)
    assert kernel.values() == {A: 7}


@pytest.mark.parametrize(("function", "later", "anew"), [("min", 9, 9), ("max", 3, 3), ("sum", 4, 4), ("avg", 6, 6)])
def test_after_a_clear_only_later_values_count(function: str, later: int, anew: int) -> None:
    kernel = Pretended(function)
    kernel.add(A, 5)
    kernel.add(B, 5)
    kernel.store.clear(0)
    assert kernel.values() == {A: 0, B: 0}
    kernel.add(A, later)
    assert kernel.values() == {A: anew, B: 0}


@pytest.mark.parametrize("function", ["min", "max", "sum"])
def test_a_removed_key_is_gone_until_it_is_updated(function: str) -> None:
    kernel = Pretended(function)
    kernel.add(A, 5)
    kernel.add(B, 8)
    kernel.store.remove(0, [A])
    assert kernel.values() == {B: 8}
    kernel.add(A, 6)
    assert kernel.values() == {A: 6, B: 8}


def test_a_clear_leaves_removed_keys_removed() -> None:
    kernel = Pretended("count")
    kernel.add(A, 1)
    kernel.add(B, 1)
    kernel.store.remove(0, [A])
    kernel.store.clear(0)
    assert kernel.values() == {B: 0}


@pytest.mark.parametrize("function", ["min", "max", "sum", "quantize"])
def test_what_arrives_while_keys_are_reclaimed_is_kept(function: str) -> None:
    kernel = Pretended(function)
    keys: list[Key] = [(n,) for n in range(4)]
    for key in keys:
        kernel.add(key, 16)
    kernel.late = {(0,): 32}
    kernel.values()
    kernel.store.remove(0, keys)
    assert kernel.now == {}
    assert kernel.values() == {(0,): 32}
    kernel.add((0,), 64)
    assert kernel.values() == {(0,): {"min": 32, "max": 64}.get(function, 96)}
    kernel.store.clear(0)
    assert kernel.values() == {(0,): 0}
