"""What a program's aggregations hold after clear() and trunc(): the kernel only ever adds, so what was taken away is
remembered here.

All that a batch of records asks of an aggregation is answered from one reading, made after the records were written:
what printa() shows is then just what the clear() behind it takes away, and no event falls between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from pyvtrace.builtins.distributions import empty, merge, subtract, subtracts
from pyvtrace.runtime.snapshot import Key, Snapshot, Table, Words
from pyvtrace.spec import AggregationSpec, ClearAction, ProgramSpec, TruncAction
from pyvtrace.value import replace

Rows = Mapping[Key, Words]


class Kernel(Protocol):
    """The aggregations as the kernel has them: `runtime.session.Session`."""

    def rows(self, aggregation: AggregationSpec) -> Rows:
        """All keys and words, as of now."""

    def mark(self, aggregation: AggregationSpec) -> None:
        """Words written from now on carry the next mark."""

    def reclaim(self, aggregation: AggregationSpec, keys: Iterable[Key]) -> Rows:
        """Forget keys; their last words, or nothing if they cannot be forgotten."""

    def release(self, speculation: int) -> None:
        """Let a speculation be used again."""


class Store:
    """Aggregations as a program has left them."""

    def __init__(self, spec: ProgramSpec, kernel: Kernel) -> None:
        self._kernel, self._spec = kernel, spec
        self._takes_away = any(
            isinstance(action, ClearAction | TruncAction) for record in spec.records for action in record.actions
        )
        self._holdings: dict[int, Differences | Marks] = {
            a.id: Differences(a, kernel) if subtracts(a.function) else Marks(a, kernel) for a in spec.aggregations
        }

    def refresh(self) -> None:
        """What is asked from now on is answered from a new reading."""
        for holding in self._holdings.values():
            holding.reading = None

    def snapshot(self, aggregation: int) -> dict[Key, Words]:
        """Rows as the program has left them; cleared keys are there with zeros, removed ones once they are updated."""
        return self._holdings[aggregation].rows()

    def complete(self, snapshot: Snapshot) -> Snapshot:
        """A snapshot of the kernel's, as the program has left it; all that it wrote before has to be read already."""
        self.refresh()
        if not self._takes_away:
            return snapshot
        tables = {a.name: Table(a, self.snapshot(a.id)) for a in self._spec.aggregations}
        return replace(snapshot, tables=tables)

    def clear(self, aggregation: int) -> None:
        """Zero every row, keeping the keys."""
        self._holdings[aggregation].clear()

    def remove(self, aggregation: int, keys: Iterable[Key]) -> None:
        """Forget rows."""
        self._holdings[aggregation].remove(set(keys))

    def release(self, speculation: int) -> None:
        """Let a speculation be used again."""
        self._kernel.release(speculation)


class _Holding:
    """One aggregation. `reading` is what the kernel had when it was last asked."""

    def __init__(self, spec: AggregationSpec, kernel: Kernel) -> None:
        self._spec, self._kernel = spec, kernel
        self.reading: Rows | None = None

    def _read(self) -> Rows:
        if self.reading is None:
            self.reading = self._kernel.rows(self._spec)
        return self.reading

    def _crowded(self, gone: int) -> bool:
        """Whether removed keys take so much of the room that it is worth the wait to have it back."""
        storage = self._spec.storage
        return bool(storage.free) and gone > storage.capacity // 4


class Differences(_Holding):
    """Of functions that add: what was there when it was taken away is subtracted."""

    def __init__(self, spec: AggregationSpec, kernel: Kernel) -> None:
        super().__init__(spec, kernel)
        self._taken: dict[Key, Words] = {}
        self._gone: set[Key] = set()
        # What was counted of a key between the reading of it and the end of its slot.
        self._late: dict[Key, Words] = {}

    def _sum(self) -> dict[Key, Words]:
        """Everything ever counted, but for what went with slots that were reclaimed."""
        rows = dict(self._read())
        for key, words in self._late.items():
            rows[key] = merge(self._spec.function, rows[key], words) if key in rows else words
        return rows

    def rows(self) -> dict[Key, Words]:
        spec, found = self._spec, {}
        for key, words in self._sum().items():
            before = self._taken.get(key)
            if before is None:
                found[key] = words
            elif words != before or key not in self._gone:
                found[key] = subtract(spec.function, spec.params, words, before)
        return found

    def clear(self) -> None:
        for key, words in self._sum().items():
            if key in self._gone and words == self._taken[key]:
                continue
            self._taken[key] = words
            self._gone.discard(key)

    def remove(self, keys: set[Key]) -> None:
        rows = self._sum()
        self._taken.update({key: rows[key] for key in keys})
        self._gone |= keys
        if self._crowded(len(self._gone)):
            self._reclaim()

    def _reclaim(self) -> None:
        spec = self._spec
        reading = self._read()
        for key, words in self._kernel.reclaim(spec, self._gone & reading.keys()).items():
            before = self._taken.pop(key)
            late = self._late.pop(key, None)
            whole = merge(spec.function, words, late) if late else words
            self._gone.discard(key)
            if whole != before:
                self._late[key] = subtract(spec.function, spec.params, whole, before)
        self.reading = None


class Marks(_Holding):
    """Of functions that keep an extreme: the kernel starts anew under the next mark, and rows that were to stay are
    kept here. An event between the reading and the mark is in neither: of an extreme that cannot be told apart."""

    def __init__(self, spec: AggregationSpec, kernel: Kernel) -> None:
        super().__init__(spec, kernel)
        self._mark = 1
        self._kept: dict[Key, Words] = {}

    def rows(self) -> dict[Key, Words]:
        rows = dict(self._kept)
        for key, words in self._read().items():
            if words[0] == self._mark:
                kept = rows.get(key)
                rows[key] = merge(self._spec.function, kept, words) if kept else words
        return rows

    def clear(self) -> None:
        self._start_anew(dict.fromkeys(self.rows(), empty(self._spec.function, self._spec.params)))

    def remove(self, keys: set[Key]) -> None:
        rows = self.rows()
        self._start_anew({key: words for key, words in rows.items() if key not in keys})
        gone = self._read().keys() - self._kept.keys()
        if self._crowded(len(gone)):
            self._reclaim(gone)

    def _start_anew(self, kept: Mapping[Key, Words]) -> None:
        self._kernel.mark(self._spec)
        self._mark += 1
        # Zeros are no value; a value that stays counts as one under the new mark.
        self._kept = {key: (self._mark, *words[1:]) if words[0] else words for key, words in kept.items()}

    def _reclaim(self, keys: set[Key]) -> None:
        for key, words in self._kernel.reclaim(self._spec, keys).items():
            if words[0] == self._mark:
                self._kept[key] = words
        self.reading = None
