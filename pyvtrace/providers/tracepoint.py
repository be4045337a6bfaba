"""Every tracepoint of the kernel: `sdt` through its perf event with arguments by name, `rawtp` with its bare words."""

from __future__ import annotations

from collections.abc import Iterator

from pyvtrace.lang import types as ty
from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.ctypes_text import c_type
from pyvtrace.providers.pattern import field, is_glob
from pyvtrace.providers.provider import RAW_IDS, TRACEPOINT_IDS, Provider
from pyvtrace.spec import AttachSpec, PerfTracepoint, ProbeName, RawTracepoint
from pyvtrace.target import KernelType, Target, TracepointField
from pyvtrace.value import Value

TEXT_CAPACITY = 256


class TracepointKey(Value):
    group: str
    name: str


class RawKey(Value):
    name: str


def _made_by_hand(target: Target, group: str, name: str) -> bool:
    """Events that somebody made from kprobes and uprobes are no tracepoints, though tracefs lists them."""
    form = target.tracepoint(group, name)
    return form is not None and any(f.name == "__probe_ip" for f in form.fields)


def _pairs(target: Target, description: ProbeDescription) -> Iterator[tuple[str, str]]:
    """(group, name) of the tracepoints a description may mean; exact names are not searched for."""
    if not is_glob(description.module) and not is_glob(description.name):
        yield description.module, description.name
        return
    group, name = field(description.module), field(description.name)
    # The calls have a provider of their own, one program for all of them instead of one each.
    for pair in target.tracepoints():
        if group(pair[0]) and name(pair[1]) and (pair[0] != "syscalls" or description.module == "syscalls"):
            yield pair


def _probes(provider: str):  # type: ignore[no-untyped-def]
    def probes(target: Target, description: ProbeDescription) -> Iterator[Probe]:
        wanted = field(description.provider)
        if not wanted(provider) or (provider == "tracepoint" and is_glob(description.provider)) or description.function:
            return
        for group, name in _pairs(target, description):
            form = target.tracepoint(group, name)
            # Events that somebody made from kprobes and uprobes are no tracepoints, though tracefs lists them.
            if form is not None and not any(f.name == "__probe_ip" for f in form.fields):
                id_ = TRACEPOINT_IDS + form.id
                yield Probe(id_, ProbeName(provider, group, "", name), TracepointKey(group, name))

    return probes


def field_type(f: TracepointField) -> ty.Type:
    """The D type of a field; character arrays are strings."""
    if f.data_loc or f.length:
        if "char" in f.type:
            return ty.String(f.length or TEXT_CAPACITY)
        return ty.ULONG
    return c_type(f.type, f.size, signed=f.signed)


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    form = target.tracepoint(probe.key.group, probe.key.name)
    return tuple(Argument(f.name, field_type(f)) for f in form.fields) if form else ()


def attach(target: Target, probe: Probe) -> AttachSpec:
    return PerfTracepoint(probe.key.group, probe.key.name)


def raw_probes(target: Target, description: ProbeDescription) -> Iterator[Probe]:
    if not field(description.provider)("rawtp") or description.function:
        return
    group, name = field(description.module), field(description.name)
    for position, (of, called) in enumerate(target.raw_tracepoints()):
        if name(called) and group(of) and not _made_by_hand(target, of, called):
            yield Probe(RAW_IDS + position, ProbeName("rawtp", of, "", called), RawKey(called))


def _kernel_type(type_: KernelType) -> ty.Type:
    if type_.kind == "int" and type_.size in (1, 2, 4, 8):
        return ty.Integer(type_.size, type_.signed, type_.name)
    return ty.ULONG


def raw_arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    return tuple(Argument(p.name, _kernel_type(p.type)) for p in target.raw_tracepoint(probe.key.name) or ())


def raw_attach(target: Target, probe: Probe) -> AttachSpec:
    return RawTracepoint(probe.key.name)


SDT = Provider("sdt", _probes("sdt"), arguments, attach)
TRACEPOINT = Provider("tracepoint", _probes("tracepoint"), arguments, attach)
RAWTP = Provider("rawtp", raw_probes, raw_arguments, raw_attach)
