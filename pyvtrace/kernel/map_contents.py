"""Whole maps read: many elements with one call of bpf(2), where the kernel can, and one by one where it cannot."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator
from ctypes import Array, c_char
from typing import Protocol

from pyvtrace.kernel import bpf
from pyvtrace.kernel.syscall import ENOTSUPP

_BATCH_BYTES = 4 << 20


def items(
    fd: int, key_size: int, value_size: int, max_entries: int, batch: int = 4096
) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of every element of a hash map, `batch` at a time where the kernel can.

    An element added or removed meanwhile may be seen or not; all others are seen once. `value_size` as in `map_lookup`.
    """
    count = max(1, min(max_entries, batch, _BATCH_BYTES // (key_size + value_size)))
    place, following = (c_char * max(4, key_size))(), (c_char * max(4, key_size))()
    attributes = bpf.Batch(fd=fd, next=following)
    while True:
        keys, values = (c_char * (count * key_size))(), (c_char * (count * value_size))()
        attributes.keys, attributes.values, attributes.count = keys, values, count
        _, number = bpf.attempt("BPF_MAP_LOOKUP_BATCH", attributes)
        if number == errno.ENOSPC and count < 2 * max_entries:
            count *= 2  # one bucket holds more elements than the batch; buckets are never split
            continue
        if number in (errno.EINVAL, ENOTSUPP) and not attributes.start:
            yield from _items_one_by_one(fd, key_size, value_size)
            return
        if number not in (0, errno.ENOENT):
            raise bpf.BpfError("BPF_MAP_LOOKUP_BATCH", number, "read a map")
        found = attributes.count
        yield from zip(_cut(keys, key_size, found), _cut(values, value_size, found), strict=True)
        if number == errno.ENOENT:
            return
        place.raw = following.raw
        attributes.start = place


class Elements(Protocol):
    """Values in memory; a slice is a copy."""

    def __getitem__(self, part: slice) -> bytes: ...


class ArrayReader:
    """Reads up to `most` neighbouring elements of an array map at a time, into memory that is used again for the next
    ones: fresh pages would cost as much as what is in them. `value_size` is a multiple of 8."""

    def __init__(self, fd: int, most: int, value_size: int) -> None:
        self._fd, self._value_size = fd, value_size
        self._keys, self._values = (c_char * (most * 4))(), (c_char * (most * value_size))()
        self._batch = bpf.Batch(fd=fd, next=(c_char * 4)(), keys=self._keys, values=self._values)

    def read(self, first: int, count: int) -> Elements:
        """The values of `count` elements, one after the other; valid until the next call."""
        batch, size = self._batch, self._value_size
        # The kernel goes on after the element that a batch starts from.
        batch.start = bpf.buffer((first - 1).to_bytes(4, "little")) if first else None
        batch.count = count
        _, number = bpf.attempt("BPF_MAP_LOOKUP_BATCH", batch)
        if number in (errno.EINVAL, ENOTSUPP):
            for place in range(count):
                value = bpf.map_lookup(self._fd, (first + place).to_bytes(4, "little"), size)
                memoryview(self._values).cast("B")[place * size : (place + 1) * size] = value or bytes(size)
        elif number not in (0, errno.ENOENT):
            raise bpf.BpfError("BPF_MAP_LOOKUP_BATCH", number, "read a map")
        return self._values  # type: ignore[return-value]  # slices of chars are bytes, which typeshed does not know


def _cut(buffer: Array[c_char], size: int, count: int) -> Iterator[bytes]:
    return (piece for (piece,) in struct.iter_unpack(f"{size}s", memoryview(buffer).cast("B")[: size * count]))


def _items_one_by_one(fd: int, key_size: int, value_size: int) -> Iterator[tuple[bytes, bytes]]:
    """By BPF_MAP_GET_NEXT_KEY, which starts again from the first key when the one given is gone."""
    seen: set[bytes] = set()
    attributes = bpf.Element(fd=fd)
    while True:
        following = (c_char * key_size)()
        attributes.value = following
        _, number = bpf.attempt("BPF_MAP_GET_NEXT_KEY", attributes)
        if number == errno.ENOENT:
            return
        if number:
            raise bpf.BpfError("BPF_MAP_GET_NEXT_KEY", number, "read a map")
        attributes.key, key = following, following.raw
        if key not in seen:
            seen.add(key)
            if (value := bpf.map_lookup(fd, key, value_size)) is not None:
                yield key, value
