"""A stream of BPF items into bytes: drops what cannot be reached, resolves labels, keeps where each instruction came
from."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import compress

from pyvtrace.bpf.isa import CALL, EXIT, JA, LD_IMM64, From, Insn, Item, Label
from pyvtrace.source import NOWHERE, Span
from pyvtrace.value import Value

_SLOT = struct.Struct("<BBhI")
# Control never goes on to the next instruction.
_LAST = (JA, EXIT)


class TooFar(Exception):
    """A jump spans more than 32,767 instructions, memory is that far from its base, or too much is wanted at once."""


class Assembled(Value):
    """`code` is 8 bytes a slot; `relocations` are (slot, map name); `origins` and `comments` have one entry a slot."""

    code: bytes
    relocations: tuple[tuple[int, str], ...]
    origins: tuple[Span, ...]
    comments: tuple[str, ...]


class _Lines:
    """A stream taken apart: instructions, what the listing shows beside each, and where labels and jumps are."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.insns: list[Insn] = []
        self.origins: list[Span] = []
        self.comments: list[str] = []
        self.places: dict[Label, int] = {}
        origin, comment = NOWHERE, ""
        for item in items:
            # By type and not by `match`: this runs for every item of a program.
            kind = type(item)
            if kind is Insn:
                self.insns.append(item)  # type: ignore[arg-type]
                self.origins.append(origin)
                self.comments.append(comment)
                comment = ""
            elif kind is From:
                origin = item.span  # type: ignore[union-attr]
            elif kind is Label:
                self.places[item] = len(self.insns)  # type: ignore[index]
            else:
                comment = f"{comment}; {item.text}" if comment else item.text  # type: ignore[union-attr]

    def needed(self) -> bytearray:
        """1 for each instruction to keep: those that can run, for the verifier refuses programs with others, but for
        jumps to the next one."""
        insns, places = self.insns, self.places
        keep = self._reachable()
        # From the end on: whether a jump is idle depends on what is left behind it.
        for at in range(len(insns) - 1, -1, -1):
            insn = insns[at]
            if insn.op == JA and keep[at] and insn.target is not None:
                place = places[insn.target]
                if place > at and keep.find(1, at + 1, place) < 0:
                    keep[at] = 0
        return keep

    def _reachable(self) -> bytearray:
        insns, places = self.insns, self.places
        seen = bytearray(len(insns))
        work = [0]
        while work:
            at = work.pop()
            while at < len(insns) and not seen[at]:
                seen[at] = 1
                insn = insns[at]
                if insn.target is not None:
                    work.append(places[insn.target])
                if insn.op in _LAST:
                    break
                at += 1
        return seen


def assemble(items: Iterable[Item]) -> Assembled:
    """Bytes, relocations and origins of a program.

    Raises:
        TooFar: a jump or the offset of an access cannot be encoded.
    """
    lines = _Lines(items)
    keep = lines.needed()
    slots = [0]
    for insn, kept in zip(lines.insns, keep, strict=True):
        slots.append(slots[-1] + (0 if not kept else 2 if insn.op == LD_IMM64 else 1))
    code: list[bytes] = []
    relocations: list[tuple[int, str]] = []
    origins: list[Span] = []
    comments: list[str] = []
    for at in compress(range(len(keep)), keep):
        insn = lines.insns[at]
        op, off, imm = insn.op, insn.off, insn.imm
        if insn.target is not None:
            distance = slots[lines.places[insn.target]] - slots[at] - 1
            if op == CALL:
                imm = distance
            elif -32768 <= distance <= 32767:
                off = distance
            else:
                raise TooFar(f"jump over {distance} instructions")
        if not -32768 <= off <= 32767:
            raise TooFar(f"memory {off} bytes from its base")
        if insn.map:
            relocations.append((slots[at], insn.map))
        code.append(_SLOT.pack(op, insn.src << 4 | insn.dst, off, imm & 0xFFFFFFFF))
        origins.append(lines.origins[at])
        comments.append(lines.comments[at])
        if op == LD_IMM64:
            code.append(_SLOT.pack(0, 0, 0, imm >> 32 & 0xFFFFFFFF))
            origins.append(lines.origins[at])
            comments.append(lines.comments[at])
    return Assembled(b"".join(code), tuple(relocations), tuple(origins), tuple(comments))
