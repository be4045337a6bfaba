"""What a session saw up to one moment, as plain data: the only thing that views, exports and checks read."""

from __future__ import annotations

import struct
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import partial, reduce

from pyvtrace.builtins.distributions import empty, merge, merged
from pyvtrace.spec import AggregationSpec
from pyvtrace.value import Value

Key = tuple[int | str, ...]
Words = tuple[int, ...]


class Stored(Mapping[Key, Words]):
    """Keys and words, the words decoded when asked for: of ten thousand histograms a screen shows forty."""

    __slots__ = ()

    @abstractmethod
    def heads(self, count: int) -> Iterator[tuple[Key, Words]]:
        """See `Table.heads`."""

    @abstractmethod
    def merged(self, keys: Iterable[Key]) -> Words:
        """See `Table.merged`."""


class Rows(Stored):
    """Those of one moment, kept as they were read: of each key the words of every CPU that saw it, little-endian, which
    are added up when somebody looks at the key. Where it was only one, as it is for most of very many keys, its words
    are there without a list around them."""

    __slots__ = ("copies", "decode", "spec")

    def __init__(self, copies: dict[Key, bytes | list[bytes]], spec: AggregationSpec) -> None:
        self.copies, self.spec = copies, spec
        self.decode = struct.Struct(f"<{spec.words}Q").unpack

    def whole(self, key: Key) -> bytes:
        """A key's words of all CPUs together."""
        copies = self.copies[key]
        if isinstance(copies, list):
            copies = self.copies[key] = merged(self.spec.function, copies)
        return copies

    def __getitem__(self, key: Key) -> Words:
        return self.decode(self.whole(key))

    def __iter__(self) -> Iterator[Key]:
        return iter(self.copies)

    def __len__(self) -> int:
        return len(self.copies)

    def __contains__(self, key: object) -> bool:
        return key in self.copies

    def heads(self, count: int) -> Iterator[tuple[Key, Words]]:
        decode = struct.Struct(f"<{count}Q").unpack_from
        return ((key, decode(self.whole(key))) for key in self.copies)

    def merged(self, keys: Iterable[Key]) -> Words:
        copies: list[bytes] = []
        for key in keys:
            some = self.copies[key]
            copies += some if isinstance(some, list) else [some]
        if not copies:
            return empty(self.spec.function, self.spec.params)
        return self.decode(merged(self.spec.function, copies))


class Table(Value):
    """One aggregation: key tuple -> words summed (or merged) over the CPUs, in the layout of
    `builtins.distributions`."""

    spec: AggregationSpec
    rows: Mapping[Key, Words]

    def heads(self, count: int) -> Iterator[tuple[Key, Words]]:
        """Every key with the first `count` of its words."""
        if isinstance(self.rows, Stored):
            return self.rows.heads(count)
        return ((key, words[:count]) for key, words in self.rows.items())

    def merged(self, keys: Iterable[Key]) -> Words:
        """The words of several keys together, as of one; of no key, those of one that saw nothing."""
        spec = self.spec
        if isinstance(self.rows, Stored):
            return self.rows.merged(keys)
        return reduce(
            partial(merge, spec.function), map(self.rows.__getitem__, keys), empty(spec.function, spec.params)
        )


class Snapshot(Value):
    """`tables` by aggregation name (without `@`; "_" for the anonymous one). `time_ns` is CLOCK_MONOTONIC, `wall_ns`
    CLOCK_REALTIME. `lost` has a count for every entry of `spec.COUNTERS` and "missed" (runs the kernel skipped because
    the program was already running on that CPU)."""

    time_ns: int
    wall_ns: int
    tables: Mapping[str, Table]
    lost: Mapping[str, int]
