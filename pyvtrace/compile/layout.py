"""Which map holds what: offsets of globals and thread-local variables, arrays, aggregations and their keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.bpf import maps
from pyvtrace.lang import typed
from pyvtrace.lang.types import Integer, String, Type
from pyvtrace.spec import COUNTERS, AggregationSpec, FieldSpec, MapSpec
from pyvtrace.value import Value

DATA, TEXT, COUNTS, RING, SCRATCH, SELF = "data", "text", "counters", "ring", "scratch", "self"
# Words of the data map before the program's own.
ACTIVITY, STATUS, WALL_OFFSET, FIRST_FREE = 0, 8, 16, 24
# Builtins whose value as a key or record field is the probe's id: the consumer shows the text.
SYMBOLIC = ("probeprov", "probemod", "probefunc", "probename")
# A thread remembers the slot of its last key for keys made of these only: they change rarely within a thread.
THREAD_STABLE = ("execname", "comm", "pid", "tid", "ppid", "uid", "gid", "cgroup")
LARGEST_CACHED_KEY = 48
# Names of the probes that one program serves: one entry for every two ids (their lowest bit tells entry from return).
NAME_SIZE, NAME_SPACING = 32, 2


def aligned(offset: int, size: int) -> int:
    """`offset` rounded up to the natural alignment of a field of `size` bytes (at most 8)."""
    step = min(8, 1 << (size.bit_length() - 1)) if size & (size - 1) == 0 else 8
    return (offset + step - 1) & -step


def field_of(expr: typed.Expr, offset: int) -> FieldSpec:
    """How the value of an expression is stored at or after `offset`."""
    if isinstance(expr, typed.Builtin) and expr.variable.name in SYMBOLIC:
        return FieldSpec(aligned(offset, 4), 4, expr.variable.name)
    return field_of_type(expr.type, offset)


def field_of_type(type_: Type, offset: int) -> FieldSpec:
    """How a value of a type is stored at or after `offset`."""
    if isinstance(type_, String):
        size = (type_.capacity + 7) & ~7
        return FieldSpec(aligned(offset, 8), size, "string")
    kind = ("int" if type_.signed else "uint") if isinstance(type_, Integer) else "pointer"
    return FieldSpec(aligned(offset, type_.size), type_.size, kind)


def key_fields(types: tuple[Type, ...], start: int = 0) -> tuple[tuple[FieldSpec, ...], int]:
    """Fields of a tuple and the size of the whole, a multiple of 8."""
    fields: list[FieldSpec] = []
    end = start
    for type_ in types:
        fields.append(field_of_type(type_, end))
        end = fields[-1].offset + fields[-1].size
    return tuple(fields), (end + 7) & ~7


class ArraySpec(Value):
    """An associative array: its map, where the key's parts lie, and the size of a value."""

    map: str
    keys: tuple[FieldSpec, ...]
    key_size: int
    value_size: int


class AggregationPlace(Value):
    """An aggregation's storage with what the code needs beside: the word that counts slots given out, the offset of
    the thread's remembered key in its task storage (-1 for none), and whether several programs update it."""

    spec: AggregationSpec
    allocated: int
    remembered: int
    shared: bool


class Layout:
    """Storage of one D program."""

    def __init__(
        self,
        program: typed.Program,
        options: Mapping[str, int],
        cpus: int,
        writers: Mapping[int, int],
        storage: bool,
        *,
        run_time: bool = False,
    ) -> None:
        self.data_size = FIRST_FREE
        self.self_size = 0
        self.globals: dict[str, int] = {}
        self.locals: dict[str, int] = {}
        self.arrays: dict[tuple[str, str], ArraySpec] = {}
        self.aggregations: dict[int, AggregationPlace] = {}
        self._texts: dict[bytes, int] = {}
        self._text_size = 0
        self._options = options
        for symbol in program.symbols:
            self._place(symbol)
        # Where a thread's storage has what it has run; see `compile.cputime`.
        self.run_time = self._self(8) if storage and run_time else -1
        updates = [
            s for clause in program.clauses for s in typed.flattened(clause.body) if isinstance(s, typed.Aggregate)
        ]
        for aggregation in program.aggregations:
            mine = [u for u in updates if u.aggregation == aggregation.id]
            self._place_aggregation(aggregation, mine, cpus, writers.get(aggregation.id, 0) > 1, storage)

    def _place(self, symbol: typed.Symbol) -> None:
        size = (symbol.type.size + 7) & ~7
        if symbol.keys:
            # A thread's own arrays are keyed by the thread first.
            start = 8 if symbol.scope == "self" else 0
            keys, key_size = key_fields(symbol.keys, start)
            name = f"{symbol.scope}_{symbol.name}"
            self.arrays[symbol.scope, symbol.name] = ArraySpec(name, keys, key_size, size)
        elif symbol.scope == "global":
            self.globals[symbol.name] = self._data(size)
        elif symbol.scope == "self":
            self.locals[symbol.name] = self._self(size)

    def _data(self, size: int) -> int:
        self.data_size += size
        return self.data_size - size

    def _self(self, size: int) -> int:
        self.self_size += size
        return self.self_size - size

    def _place_aggregation(
        self,
        aggregation: typed.AggregationSymbol,
        updates: list[typed.Aggregate],
        cpus: int,
        shared: bool,
        storage: bool,
    ) -> None:
        fields: list[FieldSpec] = []
        end = 0
        stable = bool(aggregation.keys)
        for position, type_ in enumerate(aggregation.keys):
            parts = [u.keys[position] for u in updates]
            names = {p.variable.name if isinstance(p, typed.Builtin) else "" for p in parts}
            stable = stable and names <= set(THREAD_STABLE)
            symbolic = len(names) == 1 and next(iter(names)) in SYMBOLIC
            fields.append(field_of(parts[0], end) if symbolic else field_of_type(type_, end))
            end = fields[-1].offset + fields[-1].size
        key_size = (end + 7) & ~7
        words = aggregation.function.words(aggregation.params)
        capacity = max(1, self._options["aggsize"] // (words * 8 + key_size)) if fields else 1
        name = f"agg{aggregation.id}"
        remembered = -1
        if storage and stable and key_size <= LARGEST_CACHED_KEY:
            remembered = self._self(key_size + 8)
        spec = AggregationSpec(
            aggregation.id, aggregation.name, aggregation.function.name, aggregation.params, tuple(fields), key_size,
            words, f"{name}_index" if fields else "", f"{name}_values", min(capacity, 65536), cpus,
        )  # fmt: skip
        self.aggregations[aggregation.id] = AggregationPlace(spec, self._data(8), remembered, shared)

    def text(self, text: str) -> int:
        """Offset of a string constant, NUL-terminated and padded to 8 bytes, in the text map."""
        raw = text.encode("utf-8", "surrogateescape") + b"\0"
        raw += bytes(-len(raw) % 8)
        return self._text(raw)

    def _text(self, raw: bytes) -> int:
        if raw not in self._texts:
            self._texts[raw] = self._text_size
            self._text_size += len(raw)
        return self._texts[raw]

    def names(self, ids: Sequence[int], names: Sequence[str]) -> int:
        """Offset in the text map of a table of names, NAME_SIZE bytes for every NAME_SPACING ids from the first."""
        table = bytearray(((ids[-1] - ids[0]) // NAME_SPACING + 1) * NAME_SIZE)
        for id_, name in zip(ids, names, strict=True):
            at = (id_ - ids[0]) // NAME_SPACING * NAME_SIZE
            raw = name.encode()[: NAME_SIZE - 1]
            table[at : at + len(raw)] = raw
        return self._text(bytes(table))

    def maps(self, programs: int, scratch_size: int) -> Iterator[MapSpec]:
        """Every map of the program, once all code is generated."""
        yield MapSpec(DATA, maps.ARRAY, 4, self.data_size, 1, maps.MMAPABLE)
        yield MapSpec(COUNTS, maps.PERCPU_ARRAY, 4, 8 * len(COUNTERS), 1)
        yield MapSpec(RING, maps.RINGBUF, 0, 0, self._options["bufsize"])
        if self._texts:
            contents = b"".join(self._texts)
            yield MapSpec(TEXT, maps.ARRAY, 4, len(contents), 1, maps.RDONLY_PROG, contents, True)
        if scratch_size:
            yield MapSpec(SCRATCH, maps.PERCPU_ARRAY, 4, (scratch_size + 7) & ~7, programs)
        if self.self_size:
            yield MapSpec(SELF, maps.TASK_STORAGE, 4, self.self_size, 0, maps.NO_PREALLOC)
        for array in self.arrays.values():
            entries = max(64, self._options["dynvarsize"] // (array.key_size + array.value_size))
            # Not preallocated: an array that a script declares and hardly uses costs nothing.
            yield MapSpec(array.map, maps.HASH, array.key_size, array.value_size, min(entries, 65536), maps.NO_PREALLOC)
        for place in self.aggregations.values():
            spec = place.spec
            if spec.index:
                yield MapSpec(spec.index, maps.HASH, spec.key_size, 4, spec.capacity, maps.NO_PREALLOC)
            yield MapSpec(spec.values, maps.ARRAY, 4, spec.words * 8, spec.capacity * spec.cpus, maps.MMAPABLE)
