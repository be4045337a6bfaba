"""Static probes of programs (USDT): `python*:::function-entry` in every process, `python1234:::` in one.

A provider is found by its name (any: `usdt:::`) in the programs and libraries that processes have mapped; those that
start later and use the same files are traced as well. DTrace writes probes with dashes where C has two underscores;
both names are understood. The function is the one that the probe's code is in, where that is known.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import CHAR, INT, LONG, SHORT, UCHAR, UINT, ULONG, USHORT, VOID, Integer
from pyvtrace.lang.vocabulary import Argument, Probe, Refusal
from pyvtrace.providers.made import Made
from pyvtrace.providers.operands import operands
from pyvtrace.providers.pattern import Pattern, glob
from pyvtrace.providers.provider import USDT_IDS, Provider
from pyvtrace.providers.user import Module, unsupported
from pyvtrace.spec import AttachSpec, ProbeName, Uprobes, UserPoint
from pyvtrace.target import NoAccess, Note, Target
from pyvtrace.value import Value

# A name with a process behind it. Providers of programs have no digits at the end but those.
_OF_PROCESS = r"(?a)(.*?)(\d+)"
_TYPES: dict[tuple[int, bool], Integer] = {
    (1, True): CHAR,
    (2, True): SHORT,
    (4, True): INT,
    (8, True): LONG,
    (1, False): UCHAR,
    (2, False): USHORT,
    (4, False): UINT,
    (8, False): ULONG,
}


class NoteKey(Value):
    """A static probe in a file; of process `pid`, or of all (0)."""

    pid: int
    file: str
    note: Note


def dashed(name: str) -> str:
    """A probe's name as DTrace writes it."""
    return name.replace("__", "-")


def _files(target: Target, pids: Sequence[int]) -> Iterator[Module]:
    """What processes have mapped, each file once."""
    seen: set[str] = set()
    for pid in pids:
        mapped = target.mapped(pid)
        for one in () if isinstance(mapped, NoAccess) else mapped:
            # A file that a container knows by the same path is another one, and has another path here.
            if one.file not in seen:
                seen.add(one.file)
                yield Module(one.name, one.file)


def _asked(target: Target, provider: str) -> tuple[str, int, Sequence[int]]:
    """(provider's name or glob, the process it is for or 0, the processes to look at)."""
    if provider == "usdt":
        return "*", 0, target.processes()
    parts = re.fullmatch(_OF_PROCESS, provider)
    if parts and int(parts[2]) and not isinstance(target.mapped(int(parts[2])), NoAccess):
        return parts[1], int(parts[2]), [int(parts[2])]
    return provider, 0, target.processes()


def usdt_provider() -> Provider:
    made = Made(USDT_IDS)

    def probes(target: Target, description: ProbeDescription) -> list[Probe]:
        if not description.provider:
            return []
        provider, pid, looked = _asked(target, description.provider)
        wanted, pattern = glob(provider), Pattern(description)
        found = (
            made.probe(name, (module.file, note.offset), NoteKey(pid, module.file, note), returns=False)
            for module in _files(target, looked)
            for note in target.notes(module.file)
            if wanted(note.provider) and (name := _name(note, pid, module)) and _fits(pattern, name, note)
        )
        return sorted((probe for probe in found if probe), key=lambda probe: probe.id)

    return Provider(
        "usdt",
        USDT_IDS,
        probes,
        arguments,
        attach,
        named=made.named,
        # The last that is asked: for what no other provider is called.
        serves=lambda name: bool(name),
        points=points,
        refusal=refusal,
    )


def _name(note: Note, pid: int, module: Module) -> ProbeName:
    return ProbeName(f"{note.provider}{pid or ''}", module.name, note.function, dashed(note.name))


def _fits(pattern: Pattern, name: ProbeName, note: Note) -> bool:
    fields = pattern.module(name.module) and pattern.function(name.function)
    return fields and (pattern.name(name.name) or pattern.name(note.name))


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    """Integers; void for one in a place that this program does not read."""
    found = operands(probe.key.note.arguments, target.architecture)
    types = [VOID if one is None else _TYPES[one.size, one.signed] for one in found]
    return tuple(Argument(f"arg{index}", type_) for index, type_ in enumerate(types))


def attach(target: Target, probe: Probe) -> AttachSpec:
    return Uprobes(probe.key.pid, False, probe.key.note.arguments)


def points(target: Target, probe: Probe) -> Iterator[UserPoint]:
    yield UserPoint(probe.key.file, probe.key.note.offset, probe.key.note.semaphore, probe.id)


def refusal(target: Target, description: ProbeDescription, found: Sequence[Probe]) -> Refusal | None:
    if found or not description.provider:
        return unsupported(target) if found else None
    provider, pid, looked = _asked(target, description.provider)
    names = {note.provider for module in _files(target, looked) for note in target.notes(module.file)}
    if not any(map(glob(provider), names)):
        if not pid:
            return None
        hint = f"it has {', '.join(sorted(names))}" if names else "nothing that it has mapped has static probes"
        return Refusal("D_PDESC_ZERO", f"process {pid} has no provider {provider}", hint)
    known = sorted(
        {dashed(n.name) for m in _files(target, looked) for n in target.notes(m.file) if glob(provider)(n.provider)}
    )
    message = f"provider {provider} has no probe {description.name or os.path.basename(description.module)}"
    return Refusal("D_PDESC_ZERO", message, f"it has {', '.join(known)}")
