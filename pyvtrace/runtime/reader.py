"""Aggregations read back: key bytes to tuples, words of all CPUs merged."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Mapping

from pyvtrace.builtins.distributions import merge
from pyvtrace.kernel import bpf
from pyvtrace.runtime.snapshot import Key, Table, Words
from pyvtrace.spec import AggregationSpec, FieldSpec, ProbeName, ProgramSpec

_PARTS = {"probeprov": "provider", "probemod": "module", "probefunc": "function", "probename": "name"}


class Reader:
    """Reads the aggregations of one session. Values are mapped into memory: reading them costs no system call."""

    def __init__(self, spec: ProgramSpec, maps: Mapping[str, int], state: mmap.mmap) -> None:
        self._spec, self._maps = spec, maps
        self._values = {
            a.id: bpf.map_mmap(maps[a.values], a.words * 8 * a.capacity * a.cpus) for a in spec.aggregations
        }

    def close(self) -> None:
        for values in self._values.values():
            values.close()

    def tables(self) -> dict[str, Table]:
        """Every aggregation by name."""
        return {a.name: Table(a, self.rows(a)) for a in self._spec.aggregations}

    def rows(self, a: AggregationSpec) -> dict[Key, Words]:
        """Keys that were updated; keys that read the same (a call's native and compat entry) are merged."""
        rows: dict[Key, Words] = {}
        for key, slot in self._slots(a):
            words = self._words(a, slot)
            if not any(words):
                continue
            rows[key] = merge(a.function, rows[key], words) if key in rows else words
        return rows

    def _slots(self, a: AggregationSpec) -> Iterator[tuple[Key, int]]:
        if not a.index:
            yield (), 0
            return
        decode = KeyDecoder(a.keys, self._spec.probes)
        for raw, slot in bpf.map_items(self._maps[a.index], a.key_size, 4, a.capacity):
            yield decode(raw), int.from_bytes(slot, "little")

    def _words(self, a: AggregationSpec, slot: int) -> Words:
        values, size = self._values[a.id], a.words * 8
        merged: Words = ()
        for cpu in range(a.cpus):
            at = (cpu * a.capacity + slot) * size
            words = struct.unpack_from(f"<{a.words}Q", values, at)
            if not any(words):
                continue
            merged = merge(a.function, merged, words) if merged else words
        return merged or (0,) * a.words


class KeyDecoder:
    """Key bytes to a tuple of integers and text, by the key's fields."""

    def __init__(self, fields: tuple[FieldSpec, ...], probes: Mapping[int, ProbeName]) -> None:
        self._fields, self._probes = fields, probes

    def __call__(self, raw: bytes) -> Key:
        return tuple(self._part(field, raw[field.offset : field.offset + field.size]) for field in self._fields)

    def _part(self, field: FieldSpec, raw: bytes) -> int | str:
        if field.kind == "string":
            return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
        number = int.from_bytes(raw, "little", signed=field.kind == "int")
        if field.kind in _PARTS:
            name = self._probes.get(number)
            return getattr(name, _PARTS[field.kind]) if name else f"probe_{number}"
        return number
