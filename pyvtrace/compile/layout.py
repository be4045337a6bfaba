"""Which map holds what: offsets of globals and thread-local variables, arrays, aggregations and their keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.bpf import maps
from pyvtrace.compile.fields import key_fields
from pyvtrace.compile.storage import Storages, storage_maps
from pyvtrace.lang import typed
from pyvtrace.spec import COUNTERS, SPECULATION_SIZE, FieldSpec, MapSpec
from pyvtrace.value import Value

DATA, TEXT, COUNTS, RING, SCRATCH, SELF = "data", "text", "counters", "ring", "scratch", "self"
# Words of the data map before the program's own, in a cache line that no variable of the program makes dirty.
ACTIVITY, STATUS, WALL_OFFSET, FIRST_FREE = 0, 8, 16, 64
# Names of the probes that one program serves: one entry for every two ids (their lowest bit tells entry from return).
NAME_SIZE, NAME_SPACING = 32, 2


class ArraySpec(Value):
    """An associative array: its map, where the key's parts lie, and the size of a value."""

    map: str
    keys: tuple[FieldSpec, ...]
    key_size: int
    value_size: int


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
        self.scratch_size = options.get("scratchsize", 256)
        self.speculations, self.most_speculations = -1, options.get("nspec", 1)
        self._claims = -1
        # The CPU that probes fire on; -1: all.
        self.only_cpu = options.get("cpu", -1)
        self.self_size = 0
        self.globals: dict[str, int] = {}
        self.locals: dict[str, int] = {}
        self.arrays: dict[tuple[str, str], ArraySpec] = {}
        self._texts: dict[bytes, int] = {}
        self._text_size = 0
        self._options = options
        for symbol in program.symbols:
            self._place(symbol)
        storages = Storages(program, options["aggsize"], cpus, self._data, self._self if storage else None)
        self.aggregations = {place.spec.id: place for place in storages.places(writers)}
        # Where a thread's storage has what it has run; see `compile.cputime`.
        self.run_time = self._self(8) if storage and run_time else -1

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

    def place_speculations(self) -> int:
        """Offset of the words of speculations in the data map."""
        if self.speculations < 0:
            self.speculations = self._data(SPECULATION_SIZE * self.most_speculations)
        return self.speculations

    def place_claims(self, count: int) -> int:
        """Offset of `count` words in the data map by which the first of several is known, see `builtins.claims`."""
        if self._claims < 0:
            self._claims = self._data(8 * count)
        return self._claims

    def text(self, text: str) -> int:
        """Offset of a string constant, NUL-terminated and padded to 8 bytes, in the text map."""
        raw = text.encode("utf-8", "surrogateescape") + b"\0"
        raw += bytes(-len(raw) % 8)
        return self._text(raw)

    def zeros(self, size: int) -> int:
        """Offset of `size` zero bytes, a multiple of 8, in the text map: what was never assigned."""
        return self._text(bytes(size))

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
        yield from storage_maps(list(dict.fromkeys(place.spec.storage for place in self.aggregations.values())))
