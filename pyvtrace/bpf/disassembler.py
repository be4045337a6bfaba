"""BPF bytes into readable lines, in the notation of the kernel's verifier log (`r1 = *(u64 *)(r6 +8)`)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from pyvtrace.bpf import helpers
from pyvtrace.bpf.isa import (
    ALU,
    ALU64,
    ALU_OPS,
    ATOMIC,
    ATOMIC_FETCH,
    BYTE_SWAP,
    CALL,
    EXIT,
    FROM_REGISTER,
    JA,
    JMP,
    JMP32,
    JUMP_OPS,
    LD_IMM64,
    LDX,
    PSEUDO_CALL,
    PSEUDO_MAP_FD,
    PSEUDO_MAP_VALUE,
    SIZES,
    ST,
    STX,
)

_SLOT = struct.Struct("<BBhi")
_ALU_NAMES = {code: name for name, code in ALU_OPS.items()}
_JUMP_NAMES = {code: name for name, code in JUMP_OPS.items()}
_WIDTHS = {code: f"u{8 * size}" for size, code in SIZES.items()}


def disassemble(code: bytes, maps: Mapping[int, str] | None = None) -> Iterator[tuple[int, str]]:
    """(slot, text) of each instruction; `maps` names the map of an ld_imm64 by its slot."""
    maps = maps or {}
    slot = 0
    while slot * 8 < len(code):
        op, registers, off, imm = _SLOT.unpack_from(code, slot * 8)
        dst, src = registers & 15, registers >> 4
        if op == LD_IMM64:
            high = _SLOT.unpack_from(code, slot * 8 + 8)[3]
            yield slot, _wide(dst, src, imm, high, maps.get(slot, ""))
            slot += 2
            continue
        yield slot, _one(slot, op, dst, src, off, imm)
        slot += 1


def _wide(dst: int, src: int, low: int, high: int, name: str) -> str:
    if src == PSEUDO_MAP_FD:
        return f"r{dst} = map[{name or low}]"
    if src == PSEUDO_MAP_VALUE:
        return f"r{dst} = &map[{name or low}] +{high}"
    return f"r{dst} = {(high & 0xFFFFFFFF) << 32 | low & 0xFFFFFFFF:#x} ll"


def _one(slot: int, op: int, dst: int, src: int, off: int, imm: int) -> str:
    kind = op & 7
    if kind in (ALU, ALU64):
        return _alu(op, dst, src, imm)
    if kind in (JMP, JMP32):
        return _jump(slot, op, dst, src, off, imm)
    width = _WIDTHS[op & 0x18]
    match kind:
        case _ if kind == LDX:
            return f"r{dst} = *({width} *)(r{src} {off:+})"
        case _ if kind == ST:
            return f"*({width} *)(r{dst} {off:+}) = {imm}"
        case _ if kind == STX and op & 0xE0 == ATOMIC:
            fetched = f"r{src} = fetch " if imm & ATOMIC_FETCH else ""
            return f"{fetched}lock *({width} *)(r{dst} {off:+}) += r{src}"
        case _ if kind == STX:
            return f"*({width} *)(r{dst} {off:+}) = r{src}"
    return f"unknown {op:#04x}"


def _alu(op: int, dst: int, src: int, imm: int) -> str:
    if op & 0xF0 == BYTE_SWAP:
        return f"r{dst} = be{imm} r{dst}"
    name = _ALU_NAMES[op & 0xF0]
    register = "r" if op & 7 == ALU64 else "w"
    if name == "neg":
        return f"{register}{dst} = -{register}{dst}"
    operand = f"{register}{src}" if op & FROM_REGISTER else str(imm)
    return f"{register}{dst} {name}= {operand}" if name != "=" else f"{register}{dst} = {operand}"


def _jump(slot: int, op: int, dst: int, src: int, off: int, imm: int) -> str:
    if op == EXIT:
        return "exit"
    if op == CALL:
        if src == PSEUDO_CALL:
            return f"call {slot + 1 + imm}"
        return f"call {helpers.NAMES.get(imm, f'helper {imm}')}"
    target = slot + 1 + off
    if op == JA:
        return f"goto {target}"
    register = "r" if op & 7 == JMP else "w"
    right = f"{register}{src}" if op & FROM_REGISTER else str(imm)
    return f"if {register}{dst} {_JUMP_NAMES[op & 0xF0]} {right} goto {target}"
