"""Where the arguments of a program's static probe are: `-4@%eax 8@-16(%rbp,%rcx,8) 4@$7`, as the assembler wrote them.

A number says how many bytes an argument has, and by its sign whether it is signed; then comes an operand in the
architecture's own syntax. What cannot be read (a floating-point register, a place relative to a symbol) is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pyvtrace.value import Value


class Operand(Value):
    """`size` bytes, `signed`. With a `base` (an offset in `struct pt_regs`; -1: none) it is that register without its
    lowest `shift` bits, or, in `memory`, what lies at base + (index << scale) + constant. Else it is the constant."""

    size: int
    signed: bool
    base: int = -1
    constant: int = 0
    memory: bool = False
    index: int = -1
    scale: int = 0
    shift: int = 0


_Read = Callable[[str, int, bool], "Operand | None"]

_LEGACY = {"ax": 80, "bx": 40, "cx": 88, "dx": 96}
_POINTERS = {"si": 104, "di": 112, "bp": 32, "sp": 152}
_NUMBERED = {8: 72, 9: 64, 10: 56, 11: 48, 12: 24, 13: 16, 14: 8, 15: 0}
_X86 = {
    **{p + name: at for name, at in {**_LEGACY, **_POINTERS}.items() for p in ("r", "e", "")},
    **{f"{name}l": at for name, at in _POINTERS.items()},
    **{f"{name[0]}l": at for name, at in _LEGACY.items()},
    **{f"r{n}{suffix}": at for n, at in _NUMBERED.items() for suffix in ("", "d", "w", "b")},
    "rip": 128,
}
_HIGH = {f"{name[0]}h": at for name, at in _LEGACY.items()}
_ARM = {**{f"{w}{n}": 8 * n for n in range(31) for w in "xw"}, "sp": 248, "xzr": -1, "wzr": -1}

_SIZED = r"(-?)([1248])@"
# Blanks stand between arguments, and on arm64 inside brackets.
_ARGUMENT = r"(?:[-\w]+@)?(?:\[[^\]]*\]|\S)+"
_X86_MEMORY = r"([-+]?(?:0x[0-9a-f]+|\d+))?((?:[-+]\d+)*)\(%(\w+)(?:,%(\w+)(?:,([1248]))?)?\)"
_ARM_MEMORY = r"\[(\w+)(?:, ?#?(-?\d+|\w+)(?:, ?lsl #?([0-3]))?)?\]"


def operands(text: str, architecture: str) -> tuple[Operand | None, ...]:
    """The arguments of a probe."""
    read = {"x86_64": _x86, "aarch64": _arm}.get(architecture)
    if read is None:
        return ()
    return tuple(_operand(argument, read) for argument in re.findall(_ARGUMENT, text))


def _operand(text: str, read: _Read) -> Operand | None:
    sized = re.match(_SIZED, text)
    if sized is None:
        return None
    return read(text[sized.end() :], int(sized[2]), sized[1] == "-")


def _x86(text: str, size: int, signed: bool) -> Operand | None:
    if text.startswith("$"):
        known = re.fullmatch(r"\$(-?(?:0x[0-9a-f]+|\d+))", text)
        return Operand(size, signed, constant=int(known[1], 0)) if known else None
    if text.startswith("%"):
        high = _HIGH.get(text[1:])
        base = _X86.get(text[1:], -1) if high is None else high
        return Operand(size, signed, base, shift=8 if high is not None else 0) if base >= 0 else None
    memory = re.fullmatch(_X86_MEMORY, text)
    if memory is None or memory[3] not in _X86 or (memory[4] or "rax") not in _X86 or memory[3] == "rip":
        return None
    displacement = int(memory[1] or "0", 0) + sum(map(int, re.findall(r"[-+]\d+", memory[2])))
    index = _X86[memory[4]] if memory[4] else -1
    return Operand(size, signed, _X86[memory[3]], displacement, True, index, int(memory[5] or "1").bit_length() - 1)


def _arm(text: str, size: int, signed: bool) -> Operand | None:
    if re.fullmatch(r"-?\d+", text):
        return Operand(size, signed, constant=int(text))
    if text in _ARM:
        return Operand(size, signed, _ARM[text])
    memory = re.fullmatch(_ARM_MEMORY, text)
    if memory is None or _ARM.get(memory[1], -1) < 0:
        return None
    base, offset = _ARM[memory[1]], memory[2] or "0"
    if offset.lstrip("-").isdigit():
        return Operand(size, signed, base, int(offset), True)
    if offset not in _ARM:
        return None
    return Operand(size, signed, base, 0, True, _ARM[offset], int(memory[3] or "0"))
