"""Where each aggregation's words lie: how many maps there are, how many keys they hold, what threads remember."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from pyvtrace.bpf import maps
from pyvtrace.compile.fields import SYMBOLIC, field_of, field_of_type
from pyvtrace.lang import typed
from pyvtrace.spec import AggregationSpec, FieldSpec, MapSpec, StorageSpec
from pyvtrace.value import Value

# A thread remembers the slot of its last key for keys made of these only: they change rarely within a thread.
THREAD_STABLE = ("execname", "comm", "pid", "tid", "ppid", "uid", "gid", "cgroup")
LARGEST_REMEMBERED_KEY = 48
# A BPF program may use 64 maps, and an aggregation with keys takes two: beyond this many, equal shapes share theirs.
MOST_UNSHARED = 16
MOST_SLOTS = 65536


class AggregationPlace(Value):
    """An aggregation as the code sees it: its spec, the offset in the thread's storage of the key it remembers (-1 for
    none), and whether several programs update it."""

    spec: AggregationSpec
    remembered: int
    shared: bool


class Request(Value):
    """What is known of an aggregation before it has a place; `fields` start after the tag if there is one."""

    symbol: typed.AggregationSymbol
    fields: tuple[FieldSpec, ...]
    key_size: int
    stable: bool
    words: int
    tag: int


Allocate = Callable[[int], int]


def request(symbol: typed.AggregationSymbol, updates: Sequence[typed.Aggregate], *, tagged: bool) -> Request:
    """How the key of an aggregation is laid out, by all its updates."""
    fields: list[FieldSpec] = []
    end = 8 if tagged else 0
    stable = bool(symbol.keys)
    for position, type_ in enumerate(symbol.keys):
        parts = [u.keys[position] for u in updates]
        names = {p.variable.name if isinstance(p, typed.Builtin) else "" for p in parts}
        stable = stable and names <= set(THREAD_STABLE)
        symbolic = len(names) == 1 and next(iter(names)) in SYMBOLIC
        fields.append(field_of(parts[0], end) if symbolic else field_of_type(type_, end))
        end = fields[-1].offset + fields[-1].size
    words = symbol.function.words(symbol.params)
    return Request(symbol, tuple(fields), (end + 7) & ~7, stable, words, symbol.id if tagged else -1)


def capacity(slot_size: int, aggsize: int) -> int:
    """Keys that `aggsize` bytes hold."""
    return max(1, min(MOST_SLOTS, aggsize // slot_size))


class Storages:
    """Gives every aggregation of a program its place. `state` and `thread` reserve bytes there and give the offset."""

    def __init__(
        self, program: typed.Program, aggsize: int, cpus: int, state: Allocate, thread: Allocate | None
    ) -> None:
        self._aggsize, self._cpus, self._state, self._thread = aggsize, cpus, state, thread
        acts = [s for c in program.clauses for s in typed.flattened(c.body)]
        updates: dict[int, list[typed.Aggregate]] = {a.id: [] for a in program.aggregations}
        for act in acts:
            if isinstance(act, typed.Aggregate):
                updates[act.aggregation].append(act)
        self._removing = {n for s in acts if isinstance(s, typed.Act) and s.action.removes for n in s.aggregations}
        keyed = [a for a in program.aggregations if a.keys]
        tagged = len(keyed) > MOST_UNSHARED
        self._requests = [request(a, updates[a.id], tagged=tagged and bool(a.keys)) for a in program.aggregations]

    def places(self, writers: Mapping[int, int]) -> Iterator[AggregationPlace]:
        """Every aggregation with its place, in the order of their numbers. `writers` has how many programs update
        each."""
        scalars = [r for r in self._requests if not r.symbol.keys]
        groups: dict[tuple[int, ...], list[Request]] = {}
        for r in self._requests:
            if r.symbol.keys:
                shape = (r.key_size, r.words) if r.tag >= 0 else (r.symbol.id,)
                groups.setdefault(shape, []).append(r)
        specs: dict[int, tuple[StorageSpec, int]] = {}
        if scalars:
            words = sum(r.words for r in scalars)
            storage = StorageSpec("", "scalars", 0, words, 1, self._cpus, self._state(8))
            first = 0
            for r in scalars:
                specs[r.symbol.id] = storage, first
                first += r.words
        for group in groups.values():
            storage = self._storage(group)
            specs.update({r.symbol.id: (storage, 0) for r in group})
        for r in self._requests:
            storage, first = specs[r.symbol.id]
            yield self._place(r, storage, first, writers.get(r.symbol.id, 0) > 1)

    def _storage(self, group: Sequence[Request]) -> StorageSpec:
        one = group[0]
        name = f"agg{one.symbol.id}"
        slots = capacity(one.words * 8 + one.key_size, self._aggsize * len(group))
        removes = any(r.symbol.id in self._removing for r in group)
        return StorageSpec(
            f"{name}_index", f"{name}_values", one.key_size, one.words, slots, self._cpus, self._state(8),
            f"{name}_free" if removes else "", self._state(8) if removes else -1,
        )  # fmt: skip

    def _place(self, r: Request, storage: StorageSpec, first: int, shared: bool) -> AggregationPlace:
        remembered = -1
        if self._thread is not None and r.stable and r.key_size <= LARGEST_REMEMBERED_KEY:
            # The key, the slot plus one, and the generation in which both were true.
            remembered = self._thread(r.key_size + (16 if storage.free else 8))
        function = r.symbol.function
        spec = AggregationSpec(
            r.symbol.id, r.symbol.name, function.name, r.symbol.params, r.fields, r.words, storage, first, r.tag,
            self._state(8) if function.marked else -1,
        )  # fmt: skip
        return AggregationPlace(spec, remembered, shared)


def storage_maps(storages: Sequence[StorageSpec]) -> Iterator[MapSpec]:
    """The maps of all storages."""
    for s in storages:
        if s.index:
            yield MapSpec(s.index, maps.HASH, s.key_size, 4, s.capacity, maps.NO_PREALLOC)
        if s.free:
            yield MapSpec(s.free, maps.QUEUE, 0, 4, s.capacity)
        yield MapSpec(s.values, maps.ARRAY, 4, s.words * 8, s.capacity * s.cpus, maps.MMAPABLE)
