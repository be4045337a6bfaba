"""What the compiler and the providers may ask of a kernel.

`kernel.target.LiveTarget` asks the running one, tests use a recorded one. Nothing above this line knows which.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """A BTF type reduced to what a D scalar can be: `kind` is "int", "pointer", "string" or "other"; `size` in bytes.
    `name` as C writes it ("struct task_struct *")."""

    kind: str
    name: str
    size: int
    signed: bool = False


class KernelParameter(Value):
    name: str
    type: KernelType


class MemberPlace(Value):
    """Where a struct member lies: byte `offset` and `size`."""

    offset: int
    size: int
    signed: bool = False


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

    def member(self, struct: str, path: str) -> MemberPlace | None:
        """Place of `path` ("comm", "thread_info.status") in `struct task_struct`-like `struct`; None if unknown."""

    def feature(self, name: str) -> bool:
        """Whether this kernel has a feature of `kernel.features`, for this user, now."""
