"""What the compiler and the providers may ask of a kernel.

`kernel.target.LiveTarget` asks the running one, tests use a recorded one. Nothing above this line knows which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pyvtrace.value import Value


class TracepointField(Value):
    """One field of a perf tracepoint's record, from its tracefs `format` file; sizes and offsets in bytes.

    `data_loc` is true for `__data_loc` (the field is a u32: length << 16 | offset from the record's start) and
    "rel" fields set `relative` too (offset counts from the end of the field itself). `length` is the number of
    elements of an array ("char comm[16]"), 0 for a scalar.
    """

    name: str
    type: str
    offset: int
    size: int
    signed: bool
    length: int = 0
    data_loc: bool = False
    relative: bool = False


class TracepointFormat(Value):
    id: int
    fields: tuple[TracepointField, ...]


class KernelType(Value):
    """A BTF type: `kind` is "int", "pointer", "string" (a `char *`), "array", "struct", "union" or "other"; `size` in
    bytes. `name` as C writes it ("struct task_struct *").

    An array has `length` parts like the only one of `members`. A struct or union has its members only where it was
    asked for, or where it has no tag by which one could ask for it.
    """

    kind: str
    name: str
    size: int
    signed: bool = False
    length: int = 0
    members: tuple[KernelMember, ...] = ()


class KernelMember(Value):
    """A member: "" for an anonymous one; its place in bits; `bits` is the width of a bit-field, else 0."""

    name: str
    type: KernelType
    bit_offset: int = 0
    bits: int = 0


class KernelParameter(Value):
    name: str
    type: KernelType


class Enumerator(Value):
    """A constant of an enum; `type` is the enum's."""

    type: KernelType
    value: int


class KernelSymbol(Value):
    """A function or variable of the kernel: `module` is "vmlinux" for what belongs to none, `address` 0 where the
    kernel does not tell it. `type` is None where the kernel's type information says nothing of it; with a `btf` id
    above 0 the kernel finds the variable itself, and the current CPU's if it is `per_cpu`."""

    name: str
    module: str
    address: int
    type: KernelType | None = None
    btf: int = 0
    per_cpu: bool = False


class MemberPlace(Value):
    """Where a struct member lies: byte `offset` and `size`."""

    offset: int
    size: int
    signed: bool = False


class NoAccess(Value):
    """Why something cannot be looked at."""

    reason: str
    hint: str = ""


class Mapped(Value):
    """A program or library in a process: its name ("libc.so.6"), the path as the process knows it, the path by which
    the kernel and we find the same file, and whether it is the program itself."""

    name: str
    path: str
    file: str
    main: bool


class Place(Value):
    """Where a function's code lies in its file; sizes in bytes, 0 where the file does not tell."""

    offset: int
    size: int


class Functions(Value):
    """The functions of a program or library by name. `chosen` are names for which the linker chooses a function when
    the program starts (ifuncs); `stripped` is true where only exported ones are known."""

    at: Mapping[str, tuple[Place, ...]]
    chosen: frozenset[str] = frozenset()
    stripped: bool = False


class Note(Value):
    """A static probe of a program (USDT): the function it is in ("" where that is not known), its place in the file,
    that of the counter which has to be raised for it to fire (0: none), and where its arguments are, as the assembler
    wrote them."""

    provider: str
    name: str
    function: str
    offset: int
    semaphore: int
    arguments: str


class Prototype(Value):
    """A function of the kernel: its parameters; `result` is None where it returns nothing."""

    parameters: tuple[KernelParameter, ...]
    result: KernelType | None


class Target(Protocol):
    """A kernel, asked. Methods that read files cache what they read."""

    @property
    def architecture(self) -> str:
        """`uname -m`: "x86_64", "aarch64"."""

    @property
    def cpus(self) -> int:
        """Number of possible CPUs: how many values a per-CPU map has."""

    @property
    def word_bits(self) -> int:
        """64."""

    def tracepoints(self) -> Sequence[tuple[str, str]]:
        """(group, name) of every perf tracepoint, in order; empty without a readable tracefs."""

    def tracepoint(self, group: str, name: str) -> TracepointFormat | None:
        """The format of a perf tracepoint, without the common_ fields; None where there is none."""

    def raw_tracepoints(self) -> Sequence[tuple[str, str]]:
        """(group, name) of every raw tracepoint; the group is "" where the kernel does not tell."""

    def raw_tracepoint(self, name: str) -> Sequence[KernelParameter] | None:
        """Parameters of a raw tracepoint from the kernel's BTF; None where there is no such tracepoint or no BTF."""

    def typed_tracepoint(self, name: str) -> int | None:
        """What a program is loaded for a raw tracepoint with; None where there is no such tracepoint or no BTF."""

    def member(self, struct: str, path: str) -> MemberPlace | None:
        """Place of `path` ("comm", "thread_info.status") in `struct task_struct`-like `struct`; None if unknown."""

    def aggregate(self, keyword: str, tag: str) -> KernelType | None:
        """`struct tag` or `union tag` of the kernel with its members; None if there is none, or no BTF."""

    def named_type(self, name: str) -> KernelType | None:
        """A typedef ("pid_t") or an enum ("enum pid_type") of the kernel; None if there is none, or no BTF."""

    def enumerator(self, name: str) -> Enumerator | None:
        """A constant of one of the kernel's enums; None if there is none, or no BTF."""

    def symbol(self, module: str, name: str) -> KernelSymbol | None:
        """A function or variable, of any module if `module` is ""; None if there is none."""

    def function(self, name: str) -> tuple[int, int] | None:
        """Address of a function of the kernel and of what follows it; None if there is none, or it is not told."""

    def feature(self, name: str) -> bool:
        """Whether this kernel has a feature of `kernel.features`, for this user, now."""

    def lacking(self, name: str) -> str:
        """Why a feature is missing, in the kernel's words; empty if it is there."""

    # ------------------------------------------------------------------------------------------- functions, everywhere

    def processes(self) -> Sequence[int]:
        """Ids of all processes, ascending."""

    def mapped(self, pid: int) -> Sequence[Mapped] | NoAccess:
        """What code a process has mapped, the program first."""

    def functions(self, file: str) -> Functions | NoAccess:
        """The functions of a program or library."""

    def notes(self, file: str) -> Sequence[Note]:
        """The static probes of a program or library."""

    def locate(self, name: str) -> str:
        """The path of a library or program that is called by its name alone; empty if there is none."""

    def kernel_functions(self) -> Sequence[tuple[str, str]]:
        """(module, name) of the functions that can be traced; the module is "vmlinux" for the kernel itself."""

    def prototype(self, function: str) -> Prototype | None:
        """A kernel function's, from BTF; None where there is none."""
