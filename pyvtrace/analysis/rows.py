"""A snapshot's table as rows: tuples grouped by the keys that make a row.

A table may have ten thousand tuples of hundreds of words, and a screen has forty lines. Grouping therefore adds up
three integers a tuple; a row's distribution is put together when somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from operator import itemgetter

from pyvtrace.analysis.histogram import Histogram, histogram
from pyvtrace.analysis.names import Names, Spelling
from pyvtrace.analysis.script import KeyField, Script
from pyvtrace.builtins.distributions import EXPHIST_COUNT, EXPHIST_MAX, EXPHIST_SUM
from pyvtrace.runtime.snapshot import Key, Table, Words

Identity = tuple[tuple[str, ...], bool]
Keep = Callable[[Key], bool]

_HEAD = max(EXPHIST_COUNT, EXPHIST_SUM, EXPHIST_MAX) + 1


class Row:
    """All tuples that share `key`, spelled; `raw` are its parts as the kernel has them, `waiting` says that its events
    are set apart. `total` and `peak` in ns, `count` events since the trace began."""

    __slots__ = ("_histogram", "_members", "_table", "count", "key", "peak", "raw", "total", "waiting")

    def __init__(self, key: tuple[str, ...], raw: Key, waiting: bool, table: Table) -> None:
        self.key, self.raw, self.waiting = key, raw, waiting
        self.count = self.total = self.peak = 0
        self._table = table
        self._members: list[Key] = []
        self._histogram: Histogram | None = None

    def add(self, key: Key, head: Words) -> None:
        """Take in a tuple and its first words; before anybody looks."""
        self._members.append(key)
        self.count += head[EXPHIST_COUNT]
        self.total += head[EXPHIST_SUM]
        if head[EXPHIST_MAX] > self.peak:
            self.peak = head[EXPHIST_MAX]

    @property
    def identity(self) -> Identity:
        return self.key, self.waiting

    @property
    def params(self) -> tuple[int, ...]:
        """Of the aggregating function: the scale."""
        return self._table.spec.params

    @property
    def histogram(self) -> Histogram:
        """Distribution of the row's values, in ns."""
        if self._histogram is None:
            words = self._table.merged(self._members)
            self._histogram = histogram(self._table.spec.function, self.params, words)
        return self._histogram


def _picker(places: Sequence[int]) -> Callable[[Key], Key]:
    """The parts of a tuple at the given places, as a tuple."""
    if len(places) == 1:
        place = places[0]
        return lambda key: (key[place],)
    pick: Callable[[Key], Key] = itemgetter(*places) if places else lambda key: ()
    return pick


class Grouping:
    """Which parts of a script's tuples make a row, and how they are spelled; `keep` chooses the tuples that count.

    Raises:
        KeyError: the script has no key of one of the names.
    """

    def __init__(self, script: Script, names: Sequence[str], spellings: Names, keep: Keep | None = None) -> None:
        self._keep = keep
        self.names = tuple(names)
        order = {field.name: place for place, field in enumerate(script.keys)}
        places = tuple(order[name] for name in names)
        self.fields: tuple[KeyField, ...] = tuple(script.keys[place] for place in places)
        self._pick = _picker(places)
        self._spell = Spelling(tuple(field.kind for field in self.fields), spellings)
        self._waiting_at = order[script.apart.key] if script.apart else 0
        self._waiting = script.apart.values if script.apart else frozenset[str]()

    def rows(self, table: Table, only: Keep | None = None) -> list[Row]:
        """The rows of a table; `only` chooses among the tuples that count."""
        by_raw: dict[tuple[Key, bool], Row] = {}
        by_name: dict[Identity, Row] = {}
        keep, pick, waiting_at, waiting = self._keep, self._pick, self._waiting_at, self._waiting
        for key, head in table.heads(_HEAD):
            if (keep is not None and not keep(key)) or (only is not None and not only(key)):
                continue
            where = pick(key), key[waiting_at] in waiting
            row = by_raw.get(where)
            if row is None:
                spelled = self._spell(where[0])
                # Parts that differ may be spelled alike: flags of one operation, bytes that no terminal shows.
                row = by_name.setdefault((spelled, where[1]), Row(spelled, *where, table))
                by_raw[where] = row
            row.add(key, head)
        return list(by_name.values())

    def member_of(self, key: tuple[str, ...]) -> Keep:
        """Whether a tuple belongs to the row of that spelled key, waiting or not."""
        pick, spell = self._pick, self._spell
        known: dict[Key, bool] = {}

        def belongs(part: Key) -> bool:
            raw = pick(part)
            if raw not in known:
                known[raw] = spell(raw) == key
            return known[raw]

        return belongs


def like(position: int, patterns: Sequence[str]) -> Keep:
    """Whether the part at `position` matches one of the globs; every name is matched once."""
    known: dict[int | str, bool] = {}

    def keep(key: Key) -> bool:
        part = key[position]
        if part not in known:
            known[part] = any(fnmatchcase(str(part), pattern) for pattern in patterns)
        return known[part]

    return keep


# ------------------------------------------------------------------------------------------------------------- ordering

Rates = Callable[[Row], float]
# What a table can be sorted by, in the order in which one goes through them; the most comes first.
SORTS: Mapping[str, Callable[[Row, Rates], float]] = {
    "total": lambda row, rate: row.total,
    "ev/s": lambda row, rate: rate(row),
    "p99": lambda row, rate: row.histogram.quantile(0.99),
    "max": lambda row, rate: row.peak,
}


def ordered(rows: Iterable[Row], by: str, rate: Rates) -> list[Row]:
    """The most first; equal rows by name, so that they stay where they are."""
    value = SORTS[by]
    return sorted(rows, key=lambda row: (-value(row, rate), row.key, row.waiting))
