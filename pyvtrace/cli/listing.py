"""`-S`: the compiled program, each instruction under the D it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sized

from pyvtrace.bpf.disassembler import disassemble
from pyvtrace.source import Source, Span
from pyvtrace.spec import CodeSpec, ProgramSpec

# Where the comments stand.
_COMMENT_COLUMN = 45


def listing(spec: ProgramSpec) -> Iterator[str]:
    """Lines of all programs."""
    for program in spec.programs:
        probes, instructions = _count(program.probes, "probe"), _count(program.origins, "instruction")
        yield f"\n{program.name}: {program.attach!r}, {probes}, {instructions}\n"
        yield from _instructions(spec.source, program)


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}"


def _instructions(source: Source, program: CodeSpec) -> Iterator[str]:
    last: Span | None = None
    text_of: Source | None = source if source.before is None else None
    for slot, text in disassemble(program.code, {r.index: r.map for r in program.relocations}):
        origin = program.origins[slot]
        # What belongs to no place in particular stays with what is before it.
        if origin.end > origin.start and (last is None or _place(origin) != _place(last)):
            own = source.of(origin.start)
            if own is not text_of:
                yield f"      | {own.name}\n"
            fragment = " ".join(source.text[origin.start : origin.end].split())
            yield f"{source.line_of(origin.start):>5} | {fragment}\n"
            last, text_of = origin, own
        comment = program.comments[slot]
        line = f"      {slot:>5}  {text}"
        yield (f"{line:<{_COMMENT_COLUMN + 13}}; {comment}\n" if comment else f"{line}\n")


def _place(span: Span) -> tuple[int, int]:
    return span.start, span.end
