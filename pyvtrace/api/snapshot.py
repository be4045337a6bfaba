"""What a session saw up to one moment: aggregations by name, each a mapping from keys to values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyvtrace.api.values import AggregatedValue, value
from pyvtrace.runtime import snapshot as plain
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.spec import AggregationSpec

ANONYMOUS = "_"


class Aggregation(Mapping[Key, AggregatedValue]):
    """One aggregation. Keys are tuples of int and str, as the program names them: `{("cat", 3): Count(7)}`; without
    keys the only one is `()`. Values are made when they are asked for."""

    __slots__ = ("_rows", "_spec")

    def __init__(self, spec: AggregationSpec, rows: Mapping[Key, Words]) -> None:
        self._spec, self._rows = spec, rows

    @property
    def name(self) -> str:
        """Without `@`; "_" for the anonymous one."""
        return self._spec.name

    @property
    def function(self) -> str:
        """The aggregating function's name."""
        return self._spec.function

    @property
    def value(self) -> AggregatedValue:
        """What an aggregation without keys holds: of one that saw nothing, the value of nothing.

        Raises:
            KeyError: it has keys.
        """
        if self._spec.keys:
            raise KeyError(f"@{self.name} has keys: ask for one of them")
        words = self._rows.get((), (0,) * self._spec.words)
        return value(self._spec.function, self._spec.params, words)

    def __getitem__(self, key: Any) -> AggregatedValue:
        """The value of a key: a tuple, or the part itself where there is one."""
        whole = key if isinstance(key, tuple) else (key,)
        return value(self._spec.function, self._spec.params, self._rows[whole])

    def __contains__(self, key: object) -> bool:
        return (key if isinstance(key, tuple) else (key,)) in self._rows

    def __iter__(self) -> Iterator[Key]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def top(self, count: int | None = None) -> list[tuple[Key, AggregatedValue]]:
        """Keys and values, the largest value first: distributions by how many values they have, means by the mean."""
        rows = sorted(self.items(), key=lambda row: (-_size(row[1]), row[0]))
        return rows if count is None else rows[:count]

    def to_pandas(self, names: Sequence[str] = ()) -> Any:
        """A pandas.DataFrame with a column for each part of the key, called by `names` or key1, key2, ..., and those of
        the value: `value`, or of distributions `count`, `sum`, `max`, `p50`, `p90`, `p99`.

        Raises:
            ImportError: pandas is not installed.
            ValueError: `names` are more or fewer than parts.
        """
        import pandas

        return pandas.DataFrame(self.columns(names))

    def to_polars(self, names: Sequence[str] = ()) -> Any:
        """As `to_pandas`, as a polars.DataFrame."""
        import polars

        return polars.DataFrame(self.columns(names))

    def columns(self, names: Sequence[str] = ()) -> Mapping[str, list[Any]]:
        """The columns of `to_pandas`, without either library.

        Raises:
            ValueError: `names` are more or fewer than parts of the key.
        """
        parts = len(self._spec.keys)
        names = names or [f"key{n}" for n in range(1, parts + 1)]
        if len(names) != parts:
            raise ValueError(f"@{self.name} has {parts} parts in its key, and there are {len(names)} names")
        rows = [(*key, *_figures(held).values()) for key, held in self.items()]
        figures = _figures(value(self.function, self._spec.params, (0,) * self._spec.words))
        heads = [*names, *figures]
        return {head: [row[place] for row in rows] for place, head in enumerate(heads)}

    def __str__(self) -> str:
        """As D prints it, smallest value first."""
        from pyvtrace.runtime.ordering import Order, sort_rows
        from pyvtrace.runtime.printa import default_row

        row = default_row((self._spec,))
        return "".join(row(key, (words,), (1,)) for key, words in sort_rows(self._spec, self._rows, Order()))

    def __rich__(self) -> Any:
        """For rich's console: as D prints it."""
        from rich.text import Text

        return Text(str(self).strip("\n"))

    def _repr_html_(self) -> str:
        from pyvtrace.api.html import table

        return table(self)


def _size(held: AggregatedValue) -> float:
    return held if isinstance(held, int | float) else held.count


def _figures(held: AggregatedValue) -> Mapping[str, int | float | None]:
    if isinstance(held, int | float):
        return {"value": int(held) if isinstance(held, int) else float(held)}
    quantiles = {name: held.quantile(q) for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))}
    return {"count": held.count, "sum": held.sum, "max": held.max, **quantiles}


class Snapshot(Mapping[str, Aggregation]):
    """Aggregations by name, without `@`; the anonymous one is "_". `time_ns` is CLOCK_MONOTONIC, `wall_ns`
    CLOCK_REALTIME; `lost` has what was lost up to then by kind, only kinds of which something was."""

    __slots__ = ("_aggregations", "lost", "time_ns", "wall_ns")

    def __init__(
        self, aggregations: Mapping[str, Aggregation], time_ns: int, wall_ns: int, lost: Mapping[str, int]
    ) -> None:
        self._aggregations, self.time_ns, self.wall_ns = aggregations, time_ns, wall_ns
        self.lost = {kind: count for kind, count in lost.items() if count}

    def __getitem__(self, name: str) -> Aggregation:
        try:
            return self._aggregations[name.removeprefix("@") or ANONYMOUS]
        except KeyError:
            there = ", ".join(f"@{known}" for known in self._aggregations) or "none"
            raise KeyError(f"the program has no aggregation @{name.removeprefix('@')}; it has {there}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._aggregations)

    def __len__(self) -> int:
        return len(self._aggregations)

    def __str__(self) -> str:
        return "\n".join(f"@{name}{held}" for name, held in self._aggregations.items())

    def __rich__(self) -> Any:
        from rich.text import Text

        return Text(str(self))

    def _repr_html_(self) -> str:
        from pyvtrace.api.html import tables

        return tables(self)


def of_tables(now: plain.Snapshot) -> Snapshot:
    """A reading of tables of words, as one of values."""
    held = {name: Aggregation(table.spec, table.rows) for name, table in now.tables.items()}
    return Snapshot(held, now.time_ns, now.wall_ns, now.lost)
