"""The kernel's static tracepoints, in two views: their perf events, and the bare calls.

`sdt` (also written `tracepoint`) has the values that the event records, by name. `rawtp` has the parameters that the
event computes them from, often pointers into the kernel; it costs less, for nothing is recorded first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import CHAR, VOID, Pointer, String, Type
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.c_types import c_type
from pyvtrace.providers.pattern import Pattern
from pyvtrace.providers.provider import RAW_IDS, TRACEPOINT_IDS, Provider, without_types
from pyvtrace.spec import AttachSpec, PerfTracepoint, ProbeName, RawTracepoint
from pyvtrace.target import KernelType, Target, TracepointField, TracepointFormat
from pyvtrace.value import Value

Pair = tuple[str, str]
"""(group, name) of a tracepoint."""

# The group of the system calls' events. They are the syscall provider's: one program for all instead of one for each.
CALLS = "syscalls"
# Groups of events that somebody defined through tracefs. They come and go, and are no tracepoints of the kernel.
_DEFINED_GROUPS = frozenset(("kprobes", "uprobes", "fprobes", "eprobes", "tracepoints", "synthetic", "user_events"))
# ... and in whatever group such an event is, this is how its own fields begin (trace_probe.h).
_DEFINED_FIELD = "__probe_"


class TracepointKey(Value):
    """Event `name` of `group`; args[i] is field i of its record."""

    group: str
    name: str
    fields: tuple[TracepointField, ...]


class RawKey(Value):
    """Raw tracepoint `name`; args[i] is word i of the context."""

    name: str


def _static(target: Target, pair: Pair) -> TracepointFormat | None:
    """The format of a tracepoint's event; None for what is not there or is no tracepoint of the kernel."""
    if pair[0] in _DEFINED_GROUPS:
        return None
    form = target.tracepoint(*pair)
    if form and form.fields and form.fields[0].name.startswith(_DEFINED_FIELD):
        return None
    return form


def _exact(pattern: Pattern) -> Iterable[Pair] | None:
    """Of a fully named tracepoint that name alone, so that no list is read; none for names that no tracepoint can have,
    such as tick-1s; None if there is need to search."""
    group, name = pattern.module.literal, pattern.name.literal
    if not pattern.function("") or (name and not name.isidentifier()) or (group and not _is_word(group)):
        return ()
    return [(group, name)] if group and name else None


def _is_word(group: str) -> bool:
    """Whether it can be a group: there are `9p` and `xhci-hcd`, but none that leads out of its directory."""
    return group.replace("-", "_").isidentifier() or group.isalnum()


def _chosen(pairs: Iterable[Pair], pattern: Pattern) -> Iterator[Pair]:
    """Those that fit; system calls only where their group is written out."""
    calls = pattern.module.literal == CALLS
    return (p for p in pairs if pattern.name(p[1]) and pattern.module(p[0]) and (calls or p[0] != CALLS))


# ----------------------------------------------------------------------------------------------------------------- sdt


def probes(target: Target, description: ProbeDescription) -> list[Probe]:
    """Ids follow the kernel's numbers of events; reading one reads the whole format, 70 us."""
    pattern = Pattern(description)
    pairs = _exact(pattern)
    if pairs is None:
        pairs = _chosen(target.tracepoints(), pattern)
    found = [
        Probe(TRACEPOINT_IDS[form.id], ProbeName("sdt", group, "", name), TracepointKey(group, name, form.fields))
        for group, name in pairs
        if (form := _static(target, (group, name)))
    ]
    return sorted(found, key=lambda probe: probe.id)


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    return tuple(Argument(field.name, field_type(field)) for field in probe.key.fields)


def field_type(field: TracepointField) -> Type:
    """Text is a string. Other arrays are void: D has no value for one, and its place in the record is no address that
    D could follow; but each keeps its index, so that args[i] is always field i."""
    words = set(field.type.replace("[]", "").split())
    if field.data_loc or field.length:
        is_text = "char" in words and words <= {"const", "char"}
        return String(*([field.length] if field.length else [])) if is_text else VOID
    return c_type(field.type, field.size, field.signed)


def attach(target: Target, probe: Probe) -> AttachSpec:
    return PerfTracepoint(probe.key.group, probe.key.name)


def hint(target: Target, description: ProbeDescription) -> str:
    if description.provider and not target.tracepoints():
        return "tracefs is not mounted or not readable; as root: mount -t tracefs tracefs /sys/kernel/tracing"
    return ""


# --------------------------------------------------------------------------------------------------------------- rawtp

# Tracepoints that have an event take its number; those without follow, by their place among their kind.
_BARE_IDS = RAW_IDS[1 << 16 :]


def raw_probes(target: Target, description: ProbeDescription) -> list[Probe]:
    pattern = Pattern(description)
    if pattern.module.literal == CALLS:
        return []
    pairs = _exact(pattern)
    if pairs is None:
        pairs = _named(target, pattern.name.literal) if pattern.name.literal else target.raw_tracepoints()
    found = [probe for pair in _chosen(pairs, pattern) if (probe := _raw_probe(target, *pair))]
    return sorted(found, key=lambda probe: probe.id)


def _named(target: Target, name: str) -> list[Pair]:
    """Where the one tracepoint of this name is. Listing those without an event takes a pass over the kernel's BTF, so
    BTF is asked for the name first."""
    having_event = [pair for pair in target.tracepoints() if pair[1] == name]
    if having_event or target.raw_tracepoint(name) is None:
        return having_event
    return [("", name)]


def _raw_probe(target: Target, group: str, name: str) -> Probe | None:
    if group:
        form = _static(target, (group, name))
        identifier = RAW_IDS[form.id] if form else 0
    else:
        bare = sorted(other for of, other in target.raw_tracepoints() if not of)
        identifier = _BARE_IDS[bare.index(name)]
    return Probe(identifier, ProbeName("rawtp", group, "", name), RawKey(name)) if identifier else None


def raw_arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    """None where the kernel has no BTF for it: argN still have the words."""
    return tuple(Argument(p.name, _word_type(p.type)) for p in target.raw_tracepoint(probe.key.name) or ())


def _word_type(type_: KernelType) -> Type:
    """The type of a word of a raw tracepoint's context; a struct passed by value is void."""
    if type_.kind == "string":
        return Pointer(CHAR)
    return c_type(type_.name, type_.size, type_.signed) if type_.kind in ("int", "pointer") else VOID


def raw_hint(target: Target, description: ProbeDescription) -> str:
    """Where tracefs tells the names, a wrong one is just that."""
    return "" if target.tracepoints() else without_types(target, description)


def raw_attach(target: Target, probe: Probe) -> AttachSpec:
    return RawTracepoint(probe.key.name)


SDT = Provider("sdt", TRACEPOINT_IDS, probes, arguments, attach, hint=hint, aliases=("tracepoint",))
RAWTP = Provider("rawtp", RAW_IDS, raw_probes, raw_arguments, raw_attach, hint=raw_hint)
