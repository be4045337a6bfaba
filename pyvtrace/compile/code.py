"""Assembled code as the program that a spec has."""

from __future__ import annotations

from pyvtrace.bpf.assembler import Assembled
from pyvtrace.spec import AttachSpec, CodeSpec, Relocation


def relocations(made: Assembled) -> tuple[Relocation, ...]:
    """Where it takes descriptors of maps."""
    return tuple(Relocation(slot, name) for slot, name in made.relocations)


def code_spec(made: Assembled, name: str, type: int, attach: AttachSpec, probes: tuple[int, ...] = ()) -> CodeSpec:
    """A program of that type to be attached there; `probes` are the ids of those it serves."""
    return CodeSpec(name, type, made.code, relocations(made), attach, made.origins, made.comments, probes)
