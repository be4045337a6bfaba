"""Room for new keys: those that will see no more events move from the kernel into our memory, with all they saw.

A program that keys by process meets new ones all day, and its aggregations have room for so many keys. When they are
nearly full, keys of processes that have ended are taken out (`Session.reclaim`) and kept here; a table read afterwards
has both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from pyvtrace.builtins.distributions import merge, value_of
from pyvtrace.runtime.snapshot import Key, Snapshot, Stored, Table, Words
from pyvtrace.spec import AggregationSpec
from pyvtrace.value import replace

if TYPE_CHECKING:
    from pyvtrace.runtime.session import Session

_FULL = 0.5  # of the capacity: from here on room is made; the rest is for what comes until the next reading
MOST = 10_000  # keys kept here of one aggregation; beyond that the least ones are summed up


class WithRetired(Stored):
    """Rows as they are in the kernel, and those that were taken out of it. A key may be in both: it came again."""

    def __init__(self, live: Table, retired: dict[Key, Words]) -> None:
        self._live, self._retired = live, retired

    def heads(self, count: int) -> Iterator[tuple[Key, Words]]:
        """A key that is in both is there twice, for those who add up."""
        return chain(self._live.heads(count), ((key, words[:count]) for key, words in self._retired.items()))

    def merged(self, keys: Iterable[Key]) -> Words:
        wanted = list(keys)
        words = self._live.merged([key for key in wanted if key in self._live.rows])
        for key in wanted:
            if key in self._retired:
                words = merge(self._live.spec.function, words, self._retired[key])
        return words

    def __getitem__(self, key: Key) -> Words:
        if key not in self._retired:
            return self._live.rows[key]
        return self.merged((key,))

    def __contains__(self, key: object) -> bool:
        return key in self._retired or key in self._live.rows

    def __iter__(self) -> Iterator[Key]:
        return iter(dict.fromkeys(chain(self._live.rows, self._retired)))

    def __len__(self) -> int:
        return len(dict.fromkeys(self))


class Retired:
    """What was taken out of one session's aggregations so far. `gone` says whether a key will see no more events;
    `summed` gives the key under which one is summed up with its like when there are too many."""

    def __init__(self, session: Session, gone: Callable[[Key], bool], summed: Callable[[Key], Key]) -> None:
        self._session, self._gone, self._summed = session, gone, summed
        self._words: dict[str, dict[Key, Words]] = {a.name: {} for a in session.spec.aggregations}

    def complete(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with what was taken out before it was made. If its tables are nearly full, room is made now."""
        tables = {}
        for name, table in snapshot.tables.items():
            kept = self._words[name]
            # Who looks at the snapshot must not see what is taken out after it.
            tables[name] = replace(table, rows=WithRetired(table, dict(kept))) if kept else table
            if len(table.rows) >= _FULL * table.spec.storage.capacity:
                tables[name] = self._make_room(table)
        return replace(snapshot, tables=tables)

    def _make_room(self, table: Table) -> Table:
        spec, kept = table.spec, self._words[table.spec.name]
        ended = [key for key in table.rows if self._gone(key)]
        taken = self._session.reclaim(spec, ended) if ended else {}
        for key, words in taken.items():
            _put(spec, kept, key, words)
        if len(kept) > MOST:
            ordered = sorted(kept, key=lambda key: value_of(spec.function, spec.params, kept[key]), reverse=True)
            for key in ordered[MOST // 2 :]:
                _put(spec, kept, self._summed(key), kept.pop(key))
        rest = self._session.rows(spec)
        return replace(table, rows=WithRetired(replace(table, rows=rest), dict(kept)))


def _put(spec: AggregationSpec, kept: dict[Key, Words], key: Key, words: Words) -> None:
    kept[key] = merge(spec.function, kept[key], words) if key in kept else words
