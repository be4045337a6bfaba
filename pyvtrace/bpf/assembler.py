"""A stream of BPF items into bytes: drops what cannot be reached, resolves labels, keeps where each instruction came
from."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import compress

from pyvtrace.bpf.isa import CALL, JA, From, Insn, Item, Label, Note
from pyvtrace.source import NOWHERE, Span
from pyvtrace.value import Value

_SLOT = struct.Struct("<BBhi")


class TooFar(Exception):
    """A jump spans more than 32,767 instructions, or memory is that far from its base: too large for BPF."""


class Assembled(Value):
    """`code` is 8 bytes a slot; `relocations` are (slot, map name); `origins` and `comments` have one entry a slot."""

    code: bytes
    relocations: tuple[tuple[int, str], ...]
    origins: tuple[Span, ...]
    comments: tuple[str, ...]


class _Line:
    """An instruction with what the listing shows beside it."""

    __slots__ = ("comment", "insn", "origin")

    def __init__(self, insn: Insn, origin: Span, comment: str) -> None:
        self.insn, self.origin, self.comment = insn, origin, comment


def _collect(items: Iterable[Item]) -> tuple[list[_Line], dict[Label, int]]:
    lines: list[_Line] = []
    places: dict[Label, int] = {}
    origin, comment = NOWHERE, ""
    for item in items:
        match item:
            case Insn():
                lines.append(_Line(item, origin, comment))
                comment = ""
            case Label():
                places[item] = len(lines)
            case Note():
                comment = f"{comment}; {item.text}" if comment else item.text
            case From():
                origin = item.span
    return lines, places


def _reachable(lines: list[_Line], places: dict[Label, int]) -> list[bool]:
    """Which instructions can run: the verifier refuses programs with others."""
    seen = [False] * len(lines)
    work = [0]
    while work:
        at = work.pop()
        while at < len(lines) and not seen[at]:
            seen[at] = True
            insn = lines[at].insn
            if insn.target is not None:
                work.append(places[insn.target])
            if insn.ends_block:
                break
            at += 1
    return seen


def _prune(lines: list[_Line], places: dict[Label, int]) -> tuple[list[_Line], dict[Label, int]]:
    """Without unreachable instructions and jumps to the next instruction."""
    lines, places = _without(lines, places, _reachable(lines, places))
    while not all(keep := [not _is_idle(line, index, places) for index, line in enumerate(lines)]):
        lines, places = _without(lines, places, keep)
    return lines, places


def _is_idle(line: _Line, index: int, places: dict[Label, int]) -> bool:
    """Whether it is a jump to the next instruction."""
    return line.insn.op == JA and line.insn.target is not None and places[line.insn.target] == index + 1


def _without(lines: list[_Line], places: dict[Label, int], keep: list[bool]) -> tuple[list[_Line], dict[Label, int]]:
    moved = [0]
    for kept in keep:
        moved.append(moved[-1] + kept)
    return list(compress(lines, keep)), {label: moved[at] for label, at in places.items()}


def assemble(items: Iterable[Item]) -> Assembled:
    """Bytes, relocations and origins of a program.

    Raises:
        TooFar: a jump or the offset of an access cannot be encoded.
    """
    lines, places = _prune(*_collect(items))
    slots = [0]
    for line in lines:
        slots.append(slots[-1] + (2 if line.insn.wide else 1))
    code = bytearray()
    relocations: list[tuple[int, str]] = []
    origins: list[Span] = []
    comments: list[str] = []
    for index, line in enumerate(lines):
        insn = line.insn
        off, imm = insn.off, insn.imm
        if insn.target is not None:
            distance = slots[places[insn.target]] - slots[index] - 1
            if insn.op == CALL:
                imm = distance
            elif -32768 <= distance <= 32767:
                off = distance
            else:
                raise TooFar(f"jump over {distance} instructions")
        if not -32768 <= off <= 32767:
            raise TooFar(f"memory {off} bytes from its base")
        if insn.map:
            relocations.append((slots[index], insn.map))
        low = imm & 0xFFFFFFFF
        code += _SLOT.pack(insn.op, insn.src << 4 | insn.dst, off, low - (low >> 31 << 32))
        if insn.wide:
            high = imm >> 32 & 0xFFFFFFFF
            code += _SLOT.pack(0, 0, 0, high - (high >> 31 << 32))
        for _ in range(2 if insn.wide else 1):
            origins.append(line.origin)
            comments.append(line.comment)
    return Assembled(bytes(code), tuple(relocations), tuple(origins), tuple(comments))
