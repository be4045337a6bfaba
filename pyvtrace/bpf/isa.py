"""BPF instructions as data, written the way the machine reads: `yield R1 << 3`, `yield load(R0, R6, 8)`.

Encodings follow Documentation/bpf/standardization/instruction-set.rst. Code is a stream of items: instructions, labels
(a place to jump to), and markers that say which D text the following instructions come from. `assembler` turns the
stream into bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyvtrace.source import Span

# Instruction classes and modes (low three bits, high bits).
LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 = range(8)
MEM, ATOMIC = 0x60, 0xC0
SIZES = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
FROM_IMMEDIATE, FROM_REGISTER = 0x00, 0x08

ALU_OPS = {
    "+": 0x00, "-": 0x10, "*": 0x20, "/": 0x30, "|": 0x40, "&": 0x50, "<<": 0x60, ">>": 0x70, "neg": 0x80,
    "%": 0x90, "^": 0xA0, "=": 0xB0, "s>>": 0xC0,
}  # fmt: skip
JUMP_OPS = {
    "==": 0x10, ">": 0x20, ">=": 0x30, "&": 0x40, "!=": 0x50, "s>": 0x60, "s>=": 0x70,
    "<": 0xA0, "<=": 0xB0, "s<": 0xC0, "s<=": 0xD0,
}  # fmt: skip
JA, CALL, EXIT = 0x05, 0x85, 0x95
BYTE_SWAP = 0xD0
LD_IMM64 = 0x18
# Values of src_reg in an ld_imm64, and in a call.
PSEUDO_MAP_FD, PSEUDO_MAP_VALUE, PSEUDO_BTF_ID, PSEUDO_CALL = 1, 2, 3, 1
ATOMIC_ADD, ATOMIC_FETCH, ATOMIC_EXCHANGE = 0x00, 0x01, 0xE1


class Label:
    """A place in the code; jumps name it, and yielding it puts it there. `name` is for listings."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Label({self.name!r})"


class Insn:
    """One instruction. `target` is the label of a jump or local call, `map` the map whose fd an ld_imm64 takes."""

    __slots__ = ("dst", "imm", "map", "off", "op", "src", "target")

    def __init__(
        self,
        op: int,
        dst: int = 0,
        src: int = 0,
        off: int = 0,
        imm: int = 0,
        target: Label | None = None,
        map: str = "",
    ) -> None:
        self.op, self.dst, self.src, self.off, self.imm = op, dst, src, off, imm
        self.target, self.map = target, map


class Note:
    """A comment for the next instruction in the listing."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class From:
    """The D text that the following instructions come from, until the next `From`."""

    __slots__ = ("span",)

    def __init__(self, span: Span) -> None:
        self.span = span


Item = Insn | Label | Note | From
Code = Iterator[Item]


class Reg:
    """A register; operators build the ALU instruction that changes it in place: `R1 + R7` is `r1 += r7`."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def alu(self, op: str, operand: Reg | int, *, wide: bool = True) -> Insn:
        """`self op= operand`, 64-bit or (zeroing the upper half) 32-bit."""
        opcode = ALU_OPS[op] | (ALU64 if wide else ALU)
        if isinstance(operand, Reg):
            return Insn(opcode | FROM_REGISTER, self.number, operand.number)
        return Insn(opcode, self.number, imm=operand)

    def __add__(self, other: Reg | int) -> Insn:
        return self.alu("+", other)

    def __sub__(self, other: Reg | int) -> Insn:
        return self.alu("-", other)

    def __mul__(self, other: Reg | int) -> Insn:
        return self.alu("*", other)

    def __or__(self, other: Reg | int) -> Insn:
        return self.alu("|", other)

    def __and__(self, other: Reg | int) -> Insn:
        return self.alu("&", other)

    def __xor__(self, other: Reg | int) -> Insn:
        return self.alu("^", other)

    def __lshift__(self, other: Reg | int) -> Insn:
        return self.alu("<<", other)

    def __rshift__(self, other: Reg | int) -> Insn:
        return self.alu(">>", other)

    def __neg__(self) -> Insn:
        return Insn(ALU_OPS["neg"] | ALU64, self.number)

    def __repr__(self) -> str:
        return f"R{self.number}"


R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = (Reg(n) for n in range(11))


def fits(value: int) -> bool:
    """Whether a constant can be a sign-extended 32-bit immediate."""
    return -(1 << 31) <= value < 1 << 31


def mov(dst: Reg, src: Reg | int) -> Insn:
    """`dst = src`; constants of any width."""
    if isinstance(src, int) and not fits(src):
        return Insn(LD_IMM64, dst.number, imm=src & 0xFFFFFFFFFFFFFFFF)
    return dst.alu("=", src)


def mov32(dst: Reg, src: Reg) -> Insn:
    """`dst = (u32)src`."""
    return dst.alu("=", src, wide=False)


def load(dst: Reg, base: Reg, offset: int, size: int = 8) -> Insn:
    """`dst = *(uN *)(base + offset)`, zero-extended."""
    return Insn(LDX | MEM | SIZES[size], dst.number, base.number, offset)


def store(base: Reg, offset: int, value: Reg | int, size: int = 8) -> Insn:
    """`*(uN *)(base + offset) = value`; an immediate is sign-extended from 32 bits."""
    if isinstance(value, Reg):
        return Insn(STX | MEM | SIZES[size], base.number, value.number, offset)
    return Insn(ST | MEM | SIZES[size], base.number, 0, offset, value)


def atomic_add(base: Reg, offset: int, value: Reg, *, fetch: bool = False) -> Insn:
    """`lock *(u64 *)(base + offset) += value`; with `fetch`, `value` then holds what was there before."""
    return Insn(STX | ATOMIC | SIZES[8], base.number, value.number, offset, ATOMIC_ADD | (ATOMIC_FETCH if fetch else 0))


def atomic_exchange(base: Reg, offset: int, value: Reg) -> Insn:
    """Swap `*(u64 *)(base + offset)` and `value`."""
    return Insn(STX | ATOMIC | SIZES[8], base.number, value.number, offset, ATOMIC_EXCHANGE)


def jump(target: Label) -> Insn:
    return Insn(JA, target=target)


def jump_if(left: Reg, op: str, right: Reg | int, target: Label) -> Insn:
    """Jump to `target` if `left op right`; ops starting with "s" compare as signed."""
    if isinstance(right, Reg):
        return Insn(JMP | JUMP_OPS[op] | FROM_REGISTER, left.number, right.number, target=target)
    return Insn(JMP | JUMP_OPS[op], left.number, imm=right, target=target)


def call(helper: int) -> Insn:
    """Call a helper by number: clobbers R1-R5, result in R0."""
    return Insn(CALL, imm=helper)


def call_local(target: Label) -> Insn:
    """Call a function of this program: clobbers R1-R5, keeps R6-R9."""
    return Insn(CALL, src=PSEUDO_CALL, target=target)


def leave() -> Insn:
    return Insn(EXIT)


def map_fd(dst: Reg, name: str) -> Insn:
    """`dst = map`, for helpers that take one."""
    return Insn(LD_IMM64, dst.number, PSEUDO_MAP_FD, map=name)


def map_value(dst: Reg, name: str, offset: int = 0) -> Insn:
    """`dst = &map[0] + offset`, for array maps of one element. No look-up, no null check."""
    return Insn(LD_IMM64, dst.number, PSEUDO_MAP_VALUE, imm=offset << 32, map=name)


def kernel_variable(dst: Reg, btf: int) -> Insn:
    """`dst` = the address of the kernel's variable with this BTF id."""
    return Insn(LD_IMM64, dst.number, PSEUDO_BTF_ID, imm=btf)


def to_big_endian(reg: Reg, bits: int = 64) -> Insn:
    """The low 16, 32 or 64 bits in the other order on a little-endian machine; the bits above become 0."""
    return Insn(ALU | BYTE_SWAP | FROM_REGISTER, reg.number, imm=bits)


def extend(reg: Reg, size: int, *, signed: bool) -> Code:
    """Sign- or zero-extend the low `size` bytes of a register to 64 bits."""
    if size == 8:
        return
    if not signed and size == 4:
        yield mov32(reg, reg)
        return
    bits = 64 - 8 * size
    yield reg << bits
    yield reg.alu("s>>" if signed else ">>", bits)
