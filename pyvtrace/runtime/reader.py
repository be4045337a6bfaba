"""Aggregations read back: key bytes to tuples, words of all CPUs merged, slots of removed keys taken back."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from pyvtrace.kernel import bpf, map_contents
from pyvtrace.kernel.barrier import can_wait, wait_for_programs
from pyvtrace.kernel.map_contents import ArrayReader, Elements
from pyvtrace.runtime.snapshot import Key, Rows, Table, Words
from pyvtrace.runtime.traces import Shower
from pyvtrace.spec import AggregationSpec, FieldSpec, ProbeName, ProgramSpec, StorageSpec

_PARTS = {"probeprov": "provider", "probemod": "module", "probefunc": "function", "probename": "name"}
# Slots copied at a time: enough to make the calls cheap, few enough that a copy stays in the cache and needs no fresh
# pages.
_CHUNK = 64

Keys = Sequence[tuple[int, Key]]


class Reader:
    """Reads the aggregations of one session. `state` is the state map in memory, writable."""

    def __init__(
        self, spec: ProgramSpec, maps: Mapping[str, int], state: mmap.mmap, shower: Shower | None = None
    ) -> None:
        self._spec = spec
        shower = shower or Shower()
        storages = dict.fromkeys(a.storage for a in spec.aggregations)
        decoders = _decoders(spec, shower)
        self._slots = {
            s.values: Slots(s, maps, state, [a for a in spec.aggregations if a.storage == s], decoders, shower)
            for s in storages
        }

    def tables(self) -> dict[str, Table]:
        """Every aggregation by name."""
        rows: dict[int, Rows] = {}
        for slots in self._slots.values():
            rows.update(slots.read(slots.users))
        return {a.name: Table(a, rows[a.id]) for a in self._spec.aggregations}

    def rows(self, a: AggregationSpec) -> Rows:
        """Keys that were updated; keys that read the same (a call's native and compat entry) are one."""
        return self._slots[a.storage.values].read((a,))[a.id]

    def note(self) -> None:
        """Name what is in new keys now: the processes that they are of may end."""
        for slots in self._slots.values():
            slots.keys()

    def slots(self, a: AggregationSpec) -> Slots:
        """Where an aggregation has its words."""
        return self._slots[a.storage.values]

    def reclaim(self, a: AggregationSpec, keys: Iterable[Key]) -> dict[Key, Words]:
        """See `Slots.reclaim`."""
        return self._slots[a.storage.values].reclaim(a, set(keys))


class Slots:
    """One storage, and the keys that have a slot in it."""

    def __init__(
        self,
        storage: StorageSpec,
        maps: Mapping[str, int],
        state: mmap.mmap,
        users: Sequence[AggregationSpec],
        decoders: Mapping[int, KeyDecoder],
        shower: Shower,
    ) -> None:
        self._storage, self._maps, self._state, self.users, self._shower = storage, maps, state, users, shower
        self._decoders = {a.tag: decoders[a.id] for a in users}
        self._found = 0
        # Of storages whose slots are taken back.
        self._raw: dict[bytes, int] = {}
        # By tag and number of the chunk: the slots in it with their keys.
        self._keys: dict[tuple[int, int], list[tuple[int, Key]]] = {}
        self._read_at = (-1, -1)
        if not storage.index:
            self._keys[-1, 0] = [(0, ())]

    def _word(self, offset: int) -> int:
        return int.from_bytes(self._state[offset : offset + 8], "little")

    @property
    def used(self) -> int:
        """Slots given out so far, from 0 on."""
        s = self._storage
        return min(self._word(s.allocated), s.capacity) if s.index else 1

    def _find_keys(self) -> None:
        """Read the index, unless it cannot have changed: no slot was given out since, and each then had its key."""
        s = self._storage
        at = (self.used, self._word(s.generation) if s.free else 0)
        unchanged = at == self._read_at and self._found == self.used and not (s.free and self.used == s.capacity)
        if not s.index or unchanged:
            return
        self._read_at = at
        self._shower.observe()
        known = dict(chain.from_iterable(self._keys.values()))
        before, self._raw, self._keys, self._found = self._raw, {}, {}, 0
        for raw, value in map_contents.items(self._maps[s.index], s.key_size, 4, s.capacity):
            slot = int.from_bytes(value, "little")
            tag = int.from_bytes(raw[:8], "little") if -1 not in self._decoders else -1
            # Without slots that are taken back, one never has another key.
            same = before.get(raw) == slot if s.free else slot in known
            key = known[slot] if same else self._decoders[tag](raw)
            if s.free:
                self._raw[raw] = slot
            self._found += 1
            self._keys.setdefault((tag, slot // _CHUNK), []).append((slot, key))

    def keys(self) -> Mapping[tuple[int, int], Keys]:
        """The slots that have keys, by tag and by number of the chunk; the same object as long as nothing changed."""
        self._find_keys()
        return self._keys

    def read(self, wanted: Sequence[AggregationSpec]) -> dict[int, Rows]:
        """Rows of some of the aggregations that have their words here, by id."""
        found: dict[int, dict[Key, bytes | list[bytes]]] = {a.id: {} for a in wanted}
        self._find_keys()
        for chunk, blobs in self._copies():
            for a in wanted:
                self._collect(a, self._keys.get((a.tag, chunk), ()), chunk * _CHUNK, blobs, found[a.id])
        return {a.id: Rows(found[a.id], a) for a in wanted}

    def _copies(self) -> Iterator[tuple[int, list[Elements]]]:
        """(number of a chunk, its bytes on every CPU, which are there until the next one is asked for)."""
        used = self.used
        readers = self._readers(min(_CHUNK, used))
        for start in range(0, used, _CHUNK):
            count = min(_CHUNK, used - start)
            yield start // _CHUNK, [reader.read(first + start, count) for reader, first in readers]

    def _readers(self, most: int) -> list[tuple[ArrayReader, int]]:
        """What reads the slots of each CPU, and the first of them."""
        s = self._storage
        return [(ArrayReader(self._maps[s.values], most, s.words * 8), cpu * s.capacity) for cpu in range(s.cpus)]

    def _collect(
        self,
        a: AggregationSpec,
        keys: Keys,
        start: int,
        blobs: Sequence[Elements],
        found: dict[Key, bytes | list[bytes]],
    ) -> None:
        element, size, first = self._storage.words * 8, a.words * 8, a.first * 8
        unused = bytes(size)
        for slot, key in keys:
            at = (slot - start) * element + first
            copies = [copy for blob in blobs if (copy := blob[at : at + size]) != unused]
            if not copies:
                continue
            if key in found:
                before = found[key]
                copies += before if isinstance(before, list) else [before]
            found[key] = copies[0] if len(copies) == 1 else copies

    # ---------------------------------------------------------------------------------------------------- taking back

    def reclaim(self, a: AggregationSpec, keys: set[Key]) -> dict[Key, Words]:
        """Give the slots of `keys` back to the programs, and return what the words were when the last of them let go;
        nothing is reclaimed, and nothing returned, where the kernel cannot tell when that is."""
        if not can_wait():
            return {}
        s = self._storage
        self._find_keys()
        gone = {slot: key for (tag, _), some in self._keys.items() if tag == a.tag for slot, key in some if key in keys}
        for raw in [raw for raw, slot in self._raw.items() if slot in gone]:
            bpf.map_delete(self._maps[s.index], raw)
        self._state[s.generation : s.generation + 8] = (self._word(s.generation) + 1).to_bytes(8, "little")
        # A program that found a slot before its key went may still be adding to it.
        wait_for_programs()
        final: dict[Key, bytes | list[bytes]] = {}
        readers = self._readers(1)
        for slot, key in gone.items():
            blobs = [reader.read(first + slot, 1) for reader, first in readers]
            self._collect(a, [(slot, key)], slot, blobs, final)
            self._free(slot)
        rows = Rows(final, a)
        return {key: rows[key] if key in rows else (0,) * a.words for key in gone.values()}

    def _free(self, slot: int) -> None:
        s = self._storage
        for cpu in range(s.cpus):
            element = (cpu * s.capacity + slot).to_bytes(4, "little")
            bpf.map_update(self._maps[s.values], element, bytes(s.words * 8))
        bpf.queue_push(self._maps[s.free], slot.to_bytes(4, "little"))


class KeyDecoder:
    """Key bytes to a tuple of integers and text, by the key's fields. One that is `shared` keeps the tuples, so that
    aggregations with the same keys have them once."""

    def __init__(
        self,
        fields: tuple[FieldSpec, ...],
        probes: Mapping[int, ProbeName],
        shower: Shower | None = None,
        *,
        shared: bool = False,
    ) -> None:
        shower = shower or Shower()
        self._parts = [(f.offset, f.offset + f.size, shower.of(f) or _decoder(f, probes)) for f in fields]
        self._known: dict[bytes, Key] | None = {} if shared else None

    def __call__(self, raw: bytes) -> Key:
        if self._known is not None and (known := self._known.get(raw)) is not None:
            return known
        key = tuple([decode(raw[start:end]) for start, end, decode in self._parts])
        if self._known is not None:
            self._known[raw] = key
        return key


def _decoders(spec: ProgramSpec, shower: Shower) -> Mapping[int, KeyDecoder]:
    """By the number of each aggregation. Shared are those of equal keys whose slots are never taken back: else what is
    kept would grow for as long as there are new keys. What a shower shows may change."""
    alike: dict[tuple[FieldSpec, ...], list[AggregationSpec]] = {}
    for a in spec.aggregations:
        alike.setdefault(a.keys, []).append(a)
    found: dict[int, KeyDecoder] = {}
    for fields, some in alike.items():
        lasting = [a for a in some if a.tag < 0 and not a.storage.free]
        if len(lasting) > 1 and fields and not any(shower.of(field) for field in fields):
            found |= dict.fromkeys((a.id for a in lasting), KeyDecoder(fields, spec.probes, shower, shared=True))
        found |= {a.id: KeyDecoder(fields, spec.probes, shower) for a in some if a.id not in found}
    return found


def _decoder(field: FieldSpec, probes: Mapping[int, ProbeName]) -> Callable[[bytes], int | str]:
    if field.kind == "string":
        return lambda raw: raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    if field.kind in _PARTS:
        part = _PARTS[field.kind]
        return lambda raw: str(getattr(probes[int.from_bytes(raw, "little")], part))
    signed = field.kind == "int"
    return lambda raw: int.from_bytes(raw, "little", signed=signed)
