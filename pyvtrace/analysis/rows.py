"""A snapshot's table as rows: tuples grouped by the keys that make a row.

A table may have ten thousand tuples of hundreds of words, and a screen has forty lines. Grouping therefore adds up
three integers a tuple; a row's distribution is put together when somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from operator import attrgetter, itemgetter

from pyvtrace.analysis.histogram import Histogram, histogram
from pyvtrace.analysis.names import Names, Spelling
from pyvtrace.analysis.script import KeyField, Script
from pyvtrace.builtins.distributions import EXPHIST_COUNT, EXPHIST_MAX, EXPHIST_SUM
from pyvtrace.runtime.snapshot import Key, Table

Identity = tuple[tuple[str, ...], bool]
Keep = Callable[[Key], bool]

_HEAD = max(EXPHIST_COUNT, EXPHIST_SUM, EXPHIST_MAX) + 1


class Row:
    """All tuples that share `key`, spelled; `raw` are its parts as the kernel has them, `waiting` says that its events
    are set apart. `count` events, `total` and `peak` in ns since the trace began; `before` is the count of the reading
    before, None if there was none."""

    __slots__ = ("_grouping", "_histogram", "before", "count", "key", "members", "peak", "raw", "total", "waiting")

    def __init__(self, grouping: Grouping, key: tuple[str, ...], raw: Key, waiting: bool) -> None:
        self.key, self.raw, self.waiting = key, raw, waiting
        self.count = self.total = self.peak = 0
        self.before: int | None = None
        self.members: list[Key] = []
        self._grouping = grouping
        self._histogram: tuple[int, Histogram] | None = None

    @property
    def identity(self) -> Identity:
        return self.key, self.waiting

    @property
    def new(self) -> int | None:
        """Events since the reading before; negative for a row whose tuples became others'."""
        return None if self.before is None else self.count - self.before

    @property
    def histogram(self) -> Histogram:
        """Distribution of the row's values, in ns."""
        if self._histogram is None or self._histogram[0] != self.count:
            table = self._grouping.table
            words = table.merged(self.members)
            self._histogram = self.count, histogram(table.spec.function, table.spec.params, words)
        return self._histogram[1]


def _picker(places: Sequence[int]) -> Callable[[Key], Key]:
    """The parts of a tuple at the given places, as a tuple."""
    if len(places) == 1:
        place = places[0]
        return lambda key: (key[place],)
    pick: Callable[[Key], Key] = itemgetter(*places) if places else lambda key: ()
    return pick


class Grouping:
    """Rows of one table that is read again and again: which parts of a script's tuples make a row, and how they are
    spelled. `keep` chooses the tuples that count.

    Raises:
        KeyError: the script has no key of one of the names.
    """

    def __init__(self, script: Script, names: Sequence[str], spellings: Names, keep: Keep | None = None) -> None:
        self.names = tuple(names)
        self.rows: list[Row] = []
        order = {field.name: place for place, field in enumerate(script.keys)}
        places = tuple(order[name] for name in names)
        self.fields: tuple[KeyField, ...] = tuple(script.keys[place] for place in places)
        self._pick, self._keep = _picker(places), keep
        self._spell = Spelling(tuple(field.kind for field in self.fields), spellings)
        self._waiting_at = order[script.apart.key] if script.apart else 0
        self._waiting = script.apart.values if script.apart else frozenset[str]()
        self._known: dict[Key, Row | None] = {}
        self._by_identity: dict[Identity, Row] = {}
        self._read = False

    def update(self, table: Table) -> None:
        """Bring the rows to what the table says; ordered by name."""
        self.table = table
        for old in self.rows:
            old.before = old.count
            old.count = old.total = old.peak = 0
        known, before = self._known, len(self.rows)
        for key, (count, total, peak) in table.heads(_HEAD):
            if key not in known:
                known[key] = self._row_of(key)
            row = known[key]
            if row is None:
                continue
            row.count += count
            row.total += total
            if peak > row.peak:
                row.peak = peak
        self._read = True
        if len(self.rows) > before:
            self.rows.sort(key=lambda row: row.identity)

    def _row_of(self, key: Key) -> Row | None:
        """The row of a tuple that is seen for the first time; None if it does not count."""
        if self._keep is not None and not self._keep(key):
            return None
        raw = self._pick(key)
        # Parts that differ may be spelled alike: flags of one operation, bytes that no terminal shows.
        identity = self._spell(raw), key[self._waiting_at] in self._waiting
        row = self._by_identity.get(identity)
        if row is None:
            row = self._by_identity[identity] = Row(self, identity[0], raw, identity[1])
            row.before = 0 if self._read else None
            self.rows.append(row)
        row.members.append(key)
        return row

    def is_of(self, key: tuple[str, ...]) -> Keep:
        """Whether a tuple is of a row of that spelled key, waiting or not."""

        def is_of(part: Key) -> bool:
            row = self._known.get(part)
            return row is not None and row.key == key

        return is_of


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

# What a table can be sorted by, in the order in which one goes through them; the most comes first.
SORTS: Mapping[str, Callable[[Row], int]] = {
    "total": attrgetter("total"),
    "ev/s": lambda row: row.new or 0,
    "p99": lambda row: row.histogram.quantile(0.99),
    "max": attrgetter("peak"),
}


def ordered(rows: Iterable[Row], by: str) -> list[Row]:
    """The most first; equal ones stay as they are, which is by name."""
    return sorted(rows, key=SORTS[by], reverse=True)
