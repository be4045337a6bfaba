"""`-S`: the compiled program, each instruction under the D it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from pyvtrace.bpf.disassembler import disassemble
from pyvtrace.spec import ProgramSpec


def listing(spec: ProgramSpec) -> Iterator[str]:
    """Lines of all programs."""
    for program in spec.programs:
        yield f"\n{program.name}: {program.attach!r}\n"
        last = None
        for slot, text in disassemble(program.code, {r.index: r.map for r in program.relocations}):
            origin = program.origins[slot]
            if (origin != last and origin.end > origin.start) or last is None:
                line = spec.source.line_of(origin.start)
                fragment = " ".join(spec.source.text[origin.start : origin.end].split())
                yield f"{line:>5} | {fragment}\n"
                last = origin
            comment = f"; {program.comments[slot]}" if program.comments[slot] else ""
            yield f"      {slot:>5}  {text:<45}{comment}".rstrip() + "\n"
