"""A program's tables as aggregations: what views, exports and the api read of a D program, of a C one.

| table | is shown as |
|---|---|
| BPF_HISTOGRAM filled by bpf_log2l() or bpf_log2() | quantize(), by the key's other members |
| BPF_HISTOGRAM filled otherwise | lquantize(), by the key's other members |
| hashes and arrays of unsigned numbers | count(), by the key, or the index |
| those of signed numbers | sum() |
| those of structs | one of these for each member that is a number, called table.member; texts become part of the key |

bpf_log2l() has slot n for [2^(n-1), 2^n), and puts zeros into the slot of ones; quantize() has a bucket for zeros.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from pyvtrace.bpf import maps
from pyvtrace.builtins.distributions import QUANTIZE_WORDS, QUANTIZE_ZERO, merge
from pyvtrace.cprobes.program import CProgram, CTable
from pyvtrace.cprobes.types import Named, Unreadable, decode, scalars
from pyvtrace.kernel import bpf, map_contents
from pyvtrace.runtime.snapshot import Key, Words
from pyvtrace.spec import AggregationSpec, FieldSpec
from pyvtrace.value import Value

_MASK = (1 << 64) - 1
_SLOTS = 64
HASHES = {maps.HASH, maps.PERCPU_HASH, maps.LRU_HASH, maps.LRU_PERCPU_HASH, maps.LPM_TRIE}
ARRAYS = {maps.ARRAY, maps.PERCPU_ARRAY}
PER_CPU = {maps.PERCPU_HASH, maps.PERCPU_ARRAY, maps.LRU_PERCPU_HASH}
OUTPUTS = {maps.PERF_EVENT_ARRAY, maps.RINGBUF}
# Kinds that are no numbers by key.
_OTHERS = {
    maps.STACK_TRACE: "it keeps stacks by number",
    3: "it is an array of programs",
    14: "it is a map of devices",
    16: "it is a map of CPUs",
    maps.QUEUE: "it is a queue",
    23: "it is a stack of values",
    30: "it is a Bloom filter",
}
# Kinds that need more than a program's text says: what else to put in, or where to pin.
REFUSED = {
    12: "an array of maps",
    13: "a hash of maps",
    15: "a map of sockets",
    18: "a hash of sockets",
    21: "storage of control groups",
    24: "storage of sockets",
    26: "of the kernel's own operations",
    28: "storage of files",
    29: "storage of tasks",
    32: "storage of control groups",
}
_WORKING = r"\b{}\s*\.\s*delete\s*\("
_HISTOGRAM = re.compile(r"\bBPF_HISTOGRAM\s*\(\s*(\w+)|\bBPF_TABLE\s*\(\s*\"histogram\"\s*,[^,]*,[^,]*,\s*(\w+)")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_LOG2 = r"\b{}\b(?:\s*(?:\.|->)\s*\w+)?\s*=[^;]*\bbpf_log2l?\s*\("


class View(Value):
    """One aggregation made of a table. `keys` are what makes its key, of the table's key and (`texts`) of its values;
    `number` is what it counts, `slot` which bucket, in a histogram."""

    spec: AggregationSpec
    table: CTable
    keys: tuple[FieldSpec, ...]
    texts: tuple[FieldSpec, ...]
    number: FieldSpec
    slot: FieldSpec | None = None


class Shown(Value):
    """All that is shown of a program; `notes` say what is not, and why."""

    views: tuple[View, ...]
    notes: tuple[str, ...]


def shown(program: CProgram, only: Sequence[str] = ()) -> Shown:
    """Views of the tables called `only`; without any, of all but those from which the program itself deletes: these
    are what it works with, such as when each request began."""
    views: list[View] = []
    notes: list[str] = []
    histograms = {a or b for a, b in _HISTOGRAM.findall(program.text)}
    for table in program.tables:
        if only and table.name not in only:
            continue
        if table.type not in HASHES | ARRAYS:
            if table.type not in OUTPUTS:
                why = _OTHERS.get(table.type, f"it is a map of kind {table.type}")
                notes.append(f"table {table.name} is not shown: {why}")
            continue
        if not only and re.search(_WORKING.format(table.name), program.text):
            continue
        try:
            if table.name in histograms:
                views.append(_histogram(table, len(views), program.text))
            else:
                views.extend(_numbers(table, len(views)))
        except Unreadable as problem:
            notes.append(f"table {table.name} is not shown: it has keys or values that are {problem}")
    return Shown(tuple(views), tuple(notes))


def is_log2(table: str, text: str) -> bool:
    """Whether a histogram is incremented by logarithms: in the call itself, or by way of a variable that has one."""
    calls = re.findall(rf"\b{table}\s*\.\s*(?:atomic_)?increment\s*\(([^;]*)\)\s*;", text)
    for argument in calls:
        if "bpf_log2" in argument:
            return True
        if any(re.search(_LOG2.format(name), text) for name in _IDENTIFIER.findall(argument)):
            return True
    return not calls and "bpf_log2" in text


def _histogram(table: CTable, number: int, text: str) -> View:
    keys = scalars(table.key)
    # bcc's own printing takes the second member; programs call it slot.
    slot = next((named for named in keys if named.name.rpartition(".")[2] == "slot"), keys[-1])
    if slot.field.kind not in ("int", "uint"):
        raise Unreadable("no number that could be a slot")
    others = tuple(named.field for named in keys if named is not slot)
    (value,) = scalars(table.value)
    if is_log2(table.name, text):
        spec = AggregationSpec(number, table.name, "quantize", (), _moved(others), QUANTIZE_WORDS)
    else:
        limit = table.entries if table.type in ARRAYS else _SLOTS
        spec = AggregationSpec(number, table.name, "lquantize", (0, limit, 1), _moved(others), limit + 2)
    return View(spec, table, others, (), value.field, slot.field)


def _numbers(table: CTable, first: int) -> Iterator[View]:
    keys = tuple(named.field for named in scalars(table.key))
    if table.type in ARRAYS and table.entries == 1:
        keys = ()
    values = scalars(table.value)
    texts = tuple(named.field for named in values if named.field.kind in ("string", "bytes"))
    numbers = [named for named in values if named.field.kind in ("int", "uint", "pointer")]
    if not numbers:
        raise Unreadable("no numbers")
    for number, named in enumerate(numbers, first):
        yield View(_counted(number, table, named, _moved((*keys, *texts))), table, keys, texts, named.field)


def _counted(number: int, table: CTable, named: Named, keys: tuple[FieldSpec, ...]) -> AggregationSpec:
    name = f"{table.name}.{named.name}" if named.name else table.name
    if named.field.kind == "int":
        return AggregationSpec(number, name, "sum", (), keys, 2)
    return AggregationSpec(number, name, "count", (), keys, 1)


def _moved(fields: Sequence[FieldSpec]) -> tuple[FieldSpec, ...]:
    """The same one after the other, as keys of aggregations are. Bytes are texts by the time anybody sees them."""
    at, moved = 0, []
    for field in fields:
        moved.append(FieldSpec(at, field.size, "string" if field.kind == "bytes" else field.kind))
        at += field.size
    return tuple(moved)


# -------------------------------------------------------------------------------------------------------------- reading


def rows(view: View, fd: int, cpus: int) -> Mapping[Key, Words]:
    """What a table holds, as the view's aggregation: words by key, those of all CPUs added. Keys that differ only in
    what is not shown of them are one."""
    found: dict[Key, Words] = {}
    add = partial(merge, view.spec.function)
    for raw_key, raw_value in _elements(view.table, fd, cpus):
        number = sum(int(decode(view.number, copy)) for copy in _copies(view.table, raw_value))
        if not number and (view.table.type in ARRAYS or view.slot is not None):
            continue
        parts = [decode(field, raw_key) for field in view.keys]
        first = next((copy for copy in _copies(view.table, raw_value) if any(copy)), raw_value)
        key = (*parts, *(decode(field, first) for field in view.texts))
        words = _words(view, raw_key, number)
        found[key] = add(found[key], words) if key in found else words
    return found


def _words(view: View, raw_key: bytes, number: int) -> Words:
    function, number = view.spec.function, number & _MASK
    if function == "count":
        return (number,)
    if function == "sum":
        return (1, number)
    assert view.slot is not None
    slot = int(decode(view.slot, raw_key))
    words = [0] * view.spec.words
    if function == "quantize":
        # Slot 1 is [1, 2), which quantize() has right behind its zeros; slot 0 only programs of their own ideas fill.
        words[min(QUANTIZE_ZERO + max(slot, 0), len(words) - 1)] = number
    else:
        words[min(max(slot + 1, 0), len(words) - 1)] = number
    return tuple(words)


def _copies(table: CTable, value: bytes) -> list[bytes]:
    if table.type not in PER_CPU:
        return [value]
    stride = table.value_size + 7 & ~7
    return [value[at : at + table.value_size] for at in range(0, len(value), stride)]


def _stride(table: CTable, cpus: int) -> int:
    return (table.value_size + 7 & ~7) * cpus if table.type in PER_CPU else table.value_size


def _elements(table: CTable, fd: int, cpus: int) -> Iterator[tuple[bytes, bytes]]:
    size = _stride(table, cpus)
    if table.type in ARRAYS:
        for index in range(table.entries):
            key = index.to_bytes(4, "little")
            value = bpf.map_lookup(fd, key, size)
            if value is not None and any(value):
                yield key, value
    else:
        yield from map_contents.items(fd, table.key_size, size, table.entries)


def full(table: CTable, fd: int, cpus: int) -> bool:
    """Whether a hash has no room left: what came then under a new key was not counted, or took another one's place."""
    if table.type not in HASHES:
        return False
    size = _stride(table, cpus)
    return sum(1 for _ in map_contents.items(fd, table.key_size, size, table.entries)) >= table.entries
