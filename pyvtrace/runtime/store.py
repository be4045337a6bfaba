"""What a program's aggregations hold after clear() and trunc(): the kernel only ever adds, so what was taken away is
remembered here and subtracted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.spec import AggregationSpec, ProgramSpec

_MASK = (1 << 64) - 1


class Store:
    """`rows` reads an aggregation as the kernel has it."""

    def __init__(self, spec: ProgramSpec, rows: Callable[[AggregationSpec], Mapping[Key, Words]]) -> None:
        self._aggregations = {a.id: a for a in spec.aggregations}
        self._rows = rows
        self._cleared: dict[int, dict[Key, Words]] = {}
        self._removed: dict[int, dict[Key, Words]] = {}

    def snapshot(self, aggregation: int) -> dict[Key, Words]:
        """Rows as the program has left them; cleared keys are there with zeros, removed ones once they are updated."""
        a = self._aggregations[aggregation]
        cleared, removed = self._cleared.get(a.id, {}), self._removed.get(a.id, {})
        return {
            key: _since(a, words, cleared.get(key) or removed.get(key))
            for key, words in self._rows(a).items()
            if removed.get(key) != words
        }

    def clear(self, aggregation: int) -> None:
        """Zero every row, keeping the keys."""
        removed = self._removed.get(aggregation, {})
        rows = self._rows(self._aggregations[aggregation])
        self._cleared[aggregation] = {key: words for key, words in rows.items() if removed.get(key) != words}

    def remove(self, aggregation: int, keys: Iterable[Key]) -> None:
        """Forget rows."""
        now = self._rows(self._aggregations[aggregation])
        for key in keys:
            self._removed.setdefault(aggregation, {})[key] = now[key]
            self._cleared.get(aggregation, {}).pop(key, None)


def _since(a: AggregationSpec, words: Words, before: Words | None) -> Words:
    if before is None:
        return words
    if a.function in ("min", "max"):
        return words if words != before else (0,) * len(words)
    return tuple((word - old) & _MASK for word, old in zip(words, before, strict=True))
