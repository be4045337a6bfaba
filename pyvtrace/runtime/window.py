"""Aggregations looked at again and again: the first words of ten thousand keys in some milliseconds.

The values are mapped into memory. A look takes whole columns of words, which Python does in one step a CPU and word,
and leaves all others where they are until somebody asks for those of a key. They may have grown by then: whoever needs
one moment of everything takes `Session.snapshot()`.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain
from operator import add

from pyvtrace.builtins.distributions import (
    EXPHIST_COUNT,
    EXPHIST_FIRST,
    EXPHIST_MAX,
    EXPHIST_NEGATIVE,
    EXPHIST_SUM,
)
from pyvtrace.kernel import bpf
from pyvtrace.runtime.reader import Slots
from pyvtrace.runtime.snapshot import Key, Stored, Words
from pyvtrace.spec import AggregationSpec

_HEAD = struct.Struct("<3Q")  # count, sum, maximum: the words that a look takes
_HEAD_WORDS = 3
_FEWEST = 512  # slots mapped while fewer are in use
_MASK = (1 << 64) - 1
FUNCTION = "exphist"


class Part:
    """One CPU's words of all slots: the first at byte `base` of `memory`."""

    __slots__ = ("base", "memory", "words")

    def __init__(self, memory: mmap.mmap, base: int) -> None:
        self.memory, self.base = memory, base
        self.words = memoryview(memory)[base:].cast("Q")


class Places:
    """The keys there are, and their slots: `keys` and `slots` go together; `several` has the keys with more than one
    slot, which read the same (a call's native and compat entry)."""

    def __init__(self, found: Iterable[tuple[int, Key]]) -> None:
        self.of: dict[Key, tuple[int, ...]] = {}
        for slot, key in found:
            self.of[key] = (*self.of.get(key, ()), slot)
        self.several = {key: slots for key, slots in self.of.items() if len(slots) > 1}
        self.keys = [key for key in self.of if key not in self.several]
        self.slots = [self.of[key][0] for key in self.keys]


class Watcher:
    """One exphist aggregation with keys; `fd` is that of its values."""

    def __init__(self, spec: AggregationSpec, fd: int, slots: Slots) -> None:
        self.spec, self._fd, self._slots = spec, fd, slots
        self._mapped = 0
        self._parts: tuple[Part, ...] = ()
        self._seen: object = None
        self._places = Places(())

    def look(self) -> Window:
        """The keys there are, and their first words as they are now."""
        keys = self._slots.keys()
        if keys is not self._seen:
            self._seen = keys
            self._places = Places(chain.from_iterable(some for (tag, _), some in keys.items() if tag == self.spec.tag))
        used = self._slots.used
        if used > self._mapped or not self._mapped:
            self._map(used)
        return Window(self.spec, self._places, self._parts, used)

    def _map(self, used: int) -> None:
        """Map every CPU's part of the values, with room for more: what is mapped counts as our memory. Earlier windows
        keep what they look through; it goes with the last of them."""
        storage = self.spec.storage
        self._mapped = min(storage.capacity, max(_FEWEST, used + used // 4))
        size = storage.words * 8
        parts = []
        for cpu in range(storage.cpus):
            start = cpu * storage.capacity * size
            base = start % mmap.PAGESIZE
            parts.append(Part(bpf.map_mmap(self._fd, base + self._mapped * size, offset=start - base), base))
        self._parts = tuple(parts)


class Window(Stored):
    """One look: the heads of the moment it was taken at, and the memory that has the rest."""

    def __init__(self, spec: AggregationSpec, places: Places, parts: Sequence[Part], used: int) -> None:
        self._spec, self._places, self._parts = spec, places, parts
        size, end = spec.words, used * spec.words
        columns = [[part.words[word:end:size].tolist() for part in parts] for word in range(_HEAD_WORDS)]
        counts, totals = _over_cpus(add, columns[EXPHIST_COUNT]), _over_cpus(add, columns[EXPHIST_SUM])
        peaks = _over_cpus(max, columns[EXPHIST_MAX])
        slots = places.slots
        words = [map(column.__getitem__, slots) for column in (counts, totals, peaks)]
        self._heads: list[tuple[Key, Words]] = list(zip(places.keys, zip(*words, strict=True), strict=True))
        for key, some in places.several.items():
            total, peak = sum(totals[slot] for slot in some), max(peaks[slot] for slot in some)
            self._heads.append((key, (sum(counts[slot] for slot in some), total, peak)))
        if 0 in counts:
            # A slot that was given out, but no program has added to it.
            self._heads = [head for head in self._heads if head[1][EXPHIST_COUNT]]

    def heads(self, count: int) -> Iterator[tuple[Key, Words]]:
        if count == _HEAD_WORDS:
            return iter(self._heads)
        return ((key, self[key][:count]) for key in self)

    def merged(self, keys: Iterable[Key]) -> Words:
        """Counts of all keys and CPUs added as one number, 64 bits each: no count is ever so large that it carries."""
        size, scale = self._spec.words * 8, self._spec.params[0]
        first, counts = EXPHIST_NEGATIVE * 8, (EXPHIST_FIRST + 1) * 8
        number = total = peak = lanes = 0
        for key in keys:
            for slot in self._places.of[key]:
                for part in self._parts:
                    at = part.base + slot * size
                    many, time, most = _HEAD.unpack_from(part.memory, at)
                    if not many:
                        continue
                    # Above the bucket of the largest value there is nothing to add.
                    end = min(size, counts + (most.bit_length() << scale + 3))
                    lanes += int.from_bytes(part.memory[at + first : at + end], "little")
                    number += many
                    total += time
                    peak = most if most > peak else peak
        rest = self._spec.words - EXPHIST_NEGATIVE
        return (number, total & _MASK, peak, *struct.unpack(f"<{rest}Q", lanes.to_bytes(rest * 8, "little")))

    def __getitem__(self, key: Key) -> Words:
        return self.merged((key,))

    def __contains__(self, key: object) -> bool:
        return key in self._places.of

    def __iter__(self) -> Iterator[Key]:
        return (key for key, _ in self._heads)

    def __len__(self) -> int:
        return len(self._heads)


def _over_cpus(how: Callable[[int, int], int], columns: Sequence[list[int]]) -> list[int]:
    """One column of every CPU's."""
    return reduce(lambda a, b: list(map(how, a, b)), columns)
