"""What a program calls by the kernel's names: typedefs, enums and their constants, variables; out of BTF."""

from __future__ import annotations

from pyvtrace.kernel.aggregates import type_of
from pyvtrace.kernel.btf import Btf, Kind
from pyvtrace.target import Enumerator, KernelSymbol, KernelType
from pyvtrace.value import replace

# Where variables lie of which every CPU has its own.
_PER_CPU = ".data..percpu"


def named(btf: Btf, name: str) -> KernelType | None:
    """A typedef, or with `enum ` in front an enum. An integer has the typedef's name."""
    keyword, _, tag = name.rpartition(" ")
    found = btf.find(tag, Kind.ENUM, Kind.ENUM64) if keyword else btf.find(tag, Kind.TYPEDEF)
    if found is None:
        return None
    type_ = type_of(btf, found)
    return replace(type_, name=name) if type_.kind == "int" else type_


def enumerator(btf: Btf, name: str) -> Enumerator | None:
    found = btf.enumerator(name)
    return Enumerator(type_of(btf, found[0]), found[1]) if found else None


def variable(btf: Btf, name: str) -> KernelSymbol | None:
    """A variable, or a function, which has its prototype as its type."""
    found = btf.find(name, Kind.VAR)
    if found is not None:
        return KernelSymbol(name, "", 0, type_of(btf, btf.inner(found)), found, found in btf.section(_PER_CPU))
    found = btf.find(name, Kind.FUNC)
    if found is None:
        return None
    return KernelSymbol(name, "", 0, KernelType("function", btf.c_name(btf.inner(found)), 0))
