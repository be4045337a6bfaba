"""Where static probes have their arguments, in the words of both assemblers."""

from __future__ import annotations

import pytest

from pyvtrace.providers.operands import Operand, operands

# Offsets in struct pt_regs (arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h).
RBP, RBX, R12, RAX, RCX, RSP = 32, 40, 24, 80, 88, 152
X0, X1, X29, SP = 0, 8, 232, 248


def value(size: int, base: int, *, shift: int = 0) -> Operand:
    """A register; a negative size is of a signed one."""
    return Operand(abs(size), size < 0, base, shift=shift)


def number(size: int, constant: int) -> Operand:
    return Operand(abs(size), size < 0, constant=constant)


def memory(size: int, base: int, offset: int, index: int = -1, scale: int = 0) -> Operand:
    return Operand(abs(size), size < 0, base, offset, True, index, scale)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8@%rbp 8@%r12 -4@%eax", [value(8, RBP), value(8, R12), value(-4, RAX)]),
        ("-1@%al 1@%ah 2@%cx", [value(-1, RAX), value(1, RAX, shift=8), value(2, RCX)]),
        ("4@$7 -8@$-3 8@$0x10", [number(4, 7), number(-8, -3), number(8, 16)]),
        ("-4@112(%rsp) 8@(%rbx)", [memory(-4, RSP, 112), memory(8, RBX, 0)]),
        ("8@-80(%rbx,%rcx,8) 8@-8+16(%rbp)", [memory(8, RBX, -80, RCX, 3), memory(8, RBP, 8)]),
        ("8f@%xmm0 4@name(%rip) 4@%eax", [None, None, value(4, RAX)]),
        ("", []),
    ],
)
def test_operands_of_x86(text: str, expected: list[Operand | None]) -> None:
    assert list(operands(text, "x86_64")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8@x0 -4@w1 4@12", [value(8, X0), value(-4, X1), number(4, 12)]),
        ("8@[sp, 16] -4@[x29]", [memory(8, SP, 16), memory(-4, X29, 0)]),
        ("8@[x0, x1, lsl 3]", [memory(8, X0, 0, X1, 3)]),
    ],
)
def test_operands_of_arm(text: str, expected: list[Operand | None]) -> None:
    assert list(operands(text, "aarch64")) == expected


def test_no_operands_of_others() -> None:
    assert operands("8@%r2", "s390x") == ()
