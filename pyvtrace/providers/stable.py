"""Stable providers: probes with documented names and arguments, made of the kernel's tracepoints. One is a table.

    SCHED = stable("sched", IDS, [
        Row("wakeup", "rawtp:sched::sched_wakeup", (("lwpsinfo_t *", "args[0]"), ("psinfo_t *", "args[0]"))),
    ])

Conditions and arguments are D over the tracepoint's own arguments, and translators are in the D library that declares
the type. A program that names such a probe is compiled as if it had been written for the tracepoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import VOID
from pyvtrace.lang.vocabulary import Argument, Origin, Probe, Step
from pyvtrace.providers.pattern import Pattern
from pyvtrace.providers.provider import Provider, without_types
from pyvtrace.providers.tracepoint import RAWTP, SDT, RawKey
from pyvtrace.spec import AttachSpec, ProbeName
from pyvtrace.target import Target
from pyvtrace.value import Value

_BASES = {provider.name: provider for provider in (RAWTP, SDT)}
# Where DTrace has the kernel proper.
_MODULE = "vmlinux"


class Does(Value):
    """A statement of D at the tracepoint `on` if `when` holds, for the sake of rows that name it: before all clauses
    there, or `last`. `thread` is as in `Row`."""

    on: str
    does: str
    when: str = ""
    last: bool = False
    thread: int = -1


def _nothing(target: Target) -> str:
    return ""


def function(name: str) -> Callable[[Target], str]:
    """What a row lacks that names a function of the kernel's."""
    return lambda target: "" if target.symbol("", name) else f"function {name}"


def parameters(tracepoint: str, fewest: int, most: int) -> Callable[[Target], str]:
    """What a row lacks that is for a raw tracepoint with so many parameters."""
    return lambda target: (
        ""
        if fewest <= len(target.raw_tracepoint(tracepoint) or ()) <= most
        else f"tracepoint {tracepoint} with {fewest} to {most} parameters"
    )


class Row(Value):
    """A probe: `on` is the tracepoint that it is made of, `provider:group::name`. `arguments` has for each args[n] its
    type and an expression; `when` is a condition; see `lang.vocabulary.Origin`. Rows of one name are one probe at
    several places, which are its functions; what this kernel does not have is left out. `lacks` names what else a
    kernel has not that the row is made of; "" if nothing.
    """

    name: str
    on: str
    arguments: tuple[tuple[str, str], ...] = ()
    when: str = ""
    steps: tuple[Does, ...] = ()
    thread: int = -1
    own_stack: bool = False
    lacks: Callable[[Target], str] = _nothing


def stable(
    name: str, ids: range, rows: Sequence[Row] | Callable[[str], Sequence[Row]], refused: Mapping[str, str] = {}
) -> Provider:
    """The provider of a table's probes; a function makes the table of an architecture, when it is needed. Ids follow
    the rows, so new ones go to the end. `refused` says of names that DTrace has why there is no such probe here."""

    @lru_cache(maxsize=2)
    def table(architecture: str) -> list[tuple[int, ProbeName, Row]]:
        made = rows(architecture) if callable(rows) else rows
        return [(id_, ProbeName(name, _MODULE, row.on.rpartition(":")[2], row.name), row)
                for id_, row in zip(ids, made, strict=False)]  # fmt: skip

    def probes(target: Target, description: ProbeDescription) -> Iterator[Probe]:
        pattern = Pattern(description)
        for id_, full, row in table(target.architecture):
            if pattern.fits(full) and (origin := _origin(target, row)):
                yield Probe(id_, full, None, origin)

    def named(target: Target, identifier: int) -> ProbeName | None:
        return next((full for id_, full, _ in table(target.architecture) if id_ == identifier), None)

    def hint(target: Target, description: ProbeDescription) -> str:
        if not description.provider:
            return ""
        wanted = Pattern(description).name.literal or ""
        if wanted in refused:
            return refused[wanted]
        lacking = dict.fromkeys(_lacking(target, row) for _, _, row in table(target.architecture) if row.name == wanted)
        if lacking and (why := without_types(target, description)):
            return why
        # None where the probe is there, and its module or its function is what does not fit.
        return f"this kernel lacks {' or '.join(lacking)}" if lacking and "" not in lacking else ""

    return Provider(name, ids, probes, arguments, attach, hint=hint, named=named)


def _lacking(target: Target, row: Row) -> str:
    """What this kernel has not that a row is made of."""
    for on in (row.on, *(step.on for step in row.steps)):
        if _base(target, on) is None:
            provider, group, _, name = on.split(":")
            mounted = provider == RAWTP.name or target.tracepoints()
            return f"tracepoint {':'.join(filter(None, (group, name)))}{'' if mounted else ' (tracefs is not mounted)'}"
    return row.lacks(target)


def _origin(target: Target, row: Row) -> Origin | None:
    """What a probe is made of; None if this kernel has not all of it."""
    if row.lacks(target):
        return None
    base = _base(target, row.on)
    steps = [_step(target, step) for step in row.steps]
    if base is None or None in steps:
        return None
    return Origin(base, row.arguments, row.when, tuple(step for step in steps if step), row.thread, row.own_stack)


def _step(target: Target, step: Does) -> Step | None:
    base = _base(target, step.on)
    return Step(base, step.does, step.when, step.last, step.thread) if base else None


def _base(target: Target, on: str) -> Probe | None:
    """The probe of a tracepoint; None if there is none. Of a raw one BTF has to know the arguments, and knows enough:
    no tracefs is needed. Such a probe has no id, for nobody enables it."""
    provider, group, function, name = on.split(":")
    if provider == RAWTP.name:
        known = target.raw_tracepoint(name) is not None
        return Probe(0, ProbeName(provider, group, function, name), RawKey(name)) if known else None
    return next(iter(SDT.probes(target, ProbeDescription(provider, group, function, name))), None)


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    return tuple(Argument("", VOID, written) for written, _ in probe.origin.arguments) if probe.origin else ()


def attach(target: Target, probe: Probe) -> AttachSpec:
    assert probe.origin is not None
    base = probe.origin.probe
    return _BASES[base.name.provider].attach(target, base)
