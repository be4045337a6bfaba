"""What goes to standard error while a program runs, in DTrace's words: run-time errors, and what was lost."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.spec import FAULTS, RECORD_HEADER_SIZE, ProbeName

_ERROR = struct.Struct(f"<4xI{RECORD_HEADER_SIZE - 8}x3I4xQ")
# Faults whose value is an address, and those whose value is a number.
_ADDRESSES, _NUMBERS = frozenset((1, 2, 6, 7, 9)), frozenset((10, 11))

Lost = Mapping[str, Sequence[int]]


def error_line(
    record: memoryview | bytes, probes: Mapping[int, ProbeName], lines: Mapping[tuple[int, int], int]
) -> str:
    """An error record in words. Enabled probes are counted by clause, action 0 is the predicate. `lines` has lines of
    the program's text by (clause, action)."""
    probe, clause, action, fault, value = _ERROR.unpack_from(record)
    what = FAULTS.get(fault, f"unknown fault {fault}")
    if fault in _ADDRESSES:
        what += f" ({value:#x})"
    elif fault in _NUMBERS:
        what += f" ({value - ((value >> 63) << 64)})"
    where = f"action #{action}" if action else "predicate"
    line = lines.get((clause, action))
    place = where if line is None else f"{where}, line {line}"
    return f"error on enabled probe ID {clause} (ID {probe}: {probes[probe]}): {what} in {place}"


def is_cut_stack(line: str) -> bool:
    """Whether a complaint is only that stacks may have more frames than are shown: no event was lost."""
    return line.endswith(_IN_ALL["stack"][1])


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' if count != 1 else ''}"


# Kinds of loss that a CPU has, then those that the whole session has with what to do about them.
_BY_CPU: Mapping[str, str] = {
    "principal": "drop",
    "aggregation": "aggregation drop",
    "speculative": "speculative drop",
}
# What -xdroptags puts in front, for the kinds that DTrace has.
_TAGS: Mapping[str, str] = {
    "principal": "PRINCIPAL",
    "aggregation": "AGGREGATION",
    "dynamic": "DYNAMIC",
    "speculative": "SPECULATION",
    "speculation-busy": "SPECBUSY",
    "speculation-unavailable": "SPECUNAVAIL",
    "double-error": "DBLERROR",
}
_IN_ALL: Mapping[str, tuple[str, str]] = {
    "dynamic": ("dynamic variable drop", ""),
    "truncated": ("string", " filled strsize and may be cut; raise it with -x strsize"),
    "stack": ("stack", " filled the frames it had and may be cut; raise stackframes, ustackframes or jstackframes"),
    "double-error": ("error", " in ERROR probe enabling"),
    "speculation-busy": ("failed speculation", " (available buffer(s) still busy); raise nspec"),
    "speculation-unavailable": ("failed speculation", " (no speculative buffer available); raise nspec"),
    "missed": ("firing", " missed: the probe fired while its own program was running on that CPU"),
}


def drop_lines(lost: Lost, before: Lost | None = None, *, tags: bool = False) -> Iterator[str]:
    """A line for everything lost since `before`, with DTrace's tag of its kind if `tags`. Both have counts by kind, one
    a CPU (kinds of the whole session may have a single one); they only grow."""
    before = before or {}
    shown = {kind: f"[DTRACEDROP_{tag}] " for kind, tag in _TAGS.items()} if tags else {}

    def since(kind: str) -> list[int]:
        counts = lost.get(kind, ())
        return [now - then for now, then in zip(counts, before.get(kind) or [0] * len(counts), strict=True)]

    for kind, thing in _BY_CPU.items():
        for cpu, count in enumerate(since(kind)):
            if count:
                yield f"{shown.get(kind, '')}{_plural(count, thing)} on CPU {cpu}"
    for kind, (thing, remark) in _IN_ALL.items():
        if total := sum(since(kind)):
            yield shown.get(kind, "") + _plural(total, thing) + remark
