"""Addresses of code as text: stacks a frame a line, single addresses by module and symbol, as DTrace writes them."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from pyvtrace.runtime import options
from pyvtrace.spec import TRACES, TRACING_FRAMES, FieldSpec, ProgramSpec

INDENT = 14
# A conversion that shows an integer as an address of the kernel's.
_ADDRESS = re.compile(r"%[-+ #0'?@*.\d]*(?:hh?|ll?|L)?a")


class Names(Protocol):
    """What knows the names: `kernel.symbols.Symbols`. A text is "module`symbol+0x1f", "module`0x..." where only the
    module is known, or "0x..."; a `symbol` has no offset."""

    def kernel(self, address: int) -> str: ...
    def kernel_symbol(self, address: int) -> str: ...
    def kernel_module(self, address: int) -> str: ...
    def user(self, pid: int, address: int) -> str: ...
    def user_symbol(self, pid: int, address: int) -> str: ...
    def user_module(self, pid: int, address: int) -> str: ...

    def tracing_frames(self, addresses: Sequence[int]) -> int:
        """How many of a kernel stack's first frames are of tracing itself."""

    def observe(self) -> None:
        """Take note of what processes have done: what is asked for from now on may depend on it."""


class Numbers:
    """The names of a program that has no use for them."""

    def kernel(self, address: int) -> str:
        return f"{address:#x}"

    def user(self, pid: int, address: int) -> str:
        return f"{address:#x}"

    kernel_symbol = kernel_module = kernel
    user_symbol = user_module = user

    def tracing_frames(self, addresses: Sequence[int]) -> int:
        return 0

    def observe(self) -> None:
        pass


class Shower:
    """Makes text of the fields of one program, frames of stacks `indent` columns to the right. With `numbers` addresses
    stay what they are."""

    def __init__(self, names: Names | None = None, indent: int = INDENT, *, numbers: bool = False) -> None:
        self._frames: Names = names or Numbers()
        self._names: Names = Numbers() if numbers else self._frames
        self.indent = indent
        names = self._names
        self._singles: dict[str, Callable[..., str]] = {
            "sym": names.kernel_symbol,
            "mod": names.kernel_module,
            "usym": names.user_symbol,
            "umod": names.user_module,
            "uaddr": names.user,
        }

    def observe(self) -> None:
        """Before new fields are shown."""
        self._frames.observe()

    def of(self, field: FieldSpec) -> Callable[[bytes], str] | None:
        """From a field's bytes to its text; None if it is no address of code."""
        if field.kind not in TRACES:
            return None
        if field.kind in self._singles:
            return self._single(field)
        frames = self.frames(field)
        return lambda raw: self._lines(frames(raw))

    def frames(self, field: FieldSpec) -> Callable[[bytes], list[str]]:
        """From the bytes of a stack to its frames, innermost first."""
        return self._kernel_stack(field) if field.kind == "stack" else self._user_stack(field)

    def kernel(self, address: int) -> str:
        """An address of the kernel's, with the offset."""
        return self._names.kernel(address)

    def with_offset(self, field: FieldSpec, raw: bytes) -> str:
        """What printf's %a and %A show of a single address."""
        words = struct.unpack(f"<{field.size // 8}Q", raw)
        return self._names.kernel(*words) if len(words) == 1 else self._names.user(*words)

    def _single(self, field: FieldSpec) -> Callable[[bytes], str]:
        unpack, show = struct.Struct(f"<{field.size // 8}Q").unpack, self._singles[field.kind]
        return lambda raw: show(*unpack(raw))

    def _kernel_stack(self, field: FieldSpec) -> Callable[[bytes], list[str]]:
        words = field.size // 8
        unpack, most = struct.Struct(f"<{words}Q").unpack, words - TRACING_FRAMES

        def frames(raw: bytes) -> list[str]:
            found = _used(unpack(raw))
            first = self._frames.tracing_frames(found)
            return [*map(self._names.kernel, found[first : first + most])]

        return frames

    def _user_stack(self, field: FieldSpec) -> Callable[[bytes], list[str]]:
        unpack = struct.Struct(f"<{field.size // 8}Q").unpack

        def frames(raw: bytes) -> list[str]:
            pid, *found = unpack(raw)
            return [self._names.user(pid, frame) for frame in _used(found)]

        return frames

    def _lines(self, frames: Iterable[str]) -> str:
        indent = " " * self.indent
        return "\n" + "".join([f"{indent}{frame}\n" for frame in frames])


def _used(words: Sequence[int]) -> Sequence[int]:
    return words[: words.index(0)] if 0 in words else words


def frames_of(text: str) -> list[str]:
    """The frames of a stack's text, innermost first."""
    return [line.strip() for line in text.split("\n") if line]


def uses(spec: ProgramSpec) -> frozenset[str]:
    """Which of `TRACES` a program records."""
    from pyvtrace.value import Value

    found: set[str] = set()
    work: list[object] = [*spec.records, *(a.keys for a in spec.aggregations)]
    while work:
        part = work.pop()
        if isinstance(part, FieldSpec):
            found.add(part.kind)
        elif isinstance(part, tuple):
            work.extend(part)
        elif isinstance(part, Value):
            work.extend(getattr(part, name) for name in part.__match_args__)  # type: ignore[attr-defined]
    return frozenset(found & TRACES)


def has_addresses(spec: ProgramSpec) -> bool:
    """Whether printf() or printa() shows integers as the kernel's addresses."""
    from pyvtrace.spec import PrintaAction, PrintfAction

    formats = [a.format or "" for r in spec.records for a in r.actions if isinstance(a, PrintfAction | PrintaAction)]
    return any(_ADDRESS.search(text) for text in formats)


def shower(spec: ProgramSpec, names: Names | None) -> Shower:
    """For one program, by its options."""
    indent = options.number(spec.options, "stackindent")
    return Shower(names, indent, numbers=options.is_set(spec.options, "noresolve"))
