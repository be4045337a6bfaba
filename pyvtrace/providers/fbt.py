"""The fbt provider: entry to and return from functions of the kernel.

A function that is named, or one of few, is traced by fentry and fexit, which cost least and know the arguments' types.
Where the kernel has neither, for modules, and for what a glob finds, kprobes do the same: one program serves them all.
It is asked only where its name is written: a description without a provider would otherwise mean all of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import LONG, VOID, Type
from pyvtrace.lang.vocabulary import Argument, Probe, Refusal
from pyvtrace.providers.c_types import c_type
from pyvtrace.providers.made import Made
from pyvtrace.providers.pattern import Pattern, glob
from pyvtrace.providers.provider import FBT_IDS, Provider, without_types
from pyvtrace.spec import AttachSpec, FunctionTrace, KernelPoint, Kprobes, ProbeName
from pyvtrace.target import KernelType, Target
from pyvtrace.value import Value

KERNEL = "vmlinux"
# Each fentry is a program of its own, to load and to attach.
_FEW = 16


class KernelKey(Value):
    """A function of the kernel or of a module; `traced` by fentry or fexit, else by a kprobe."""

    function: str
    returns: bool
    traced: bool


def fbt_provider() -> Provider:
    made = Made(FBT_IDS)

    def probes(target: Target, description: ProbeDescription) -> list[Probe]:
        if not glob(description.provider).literal:
            return []
        pattern = Pattern(description)
        kinds = [returns for returns in (False, True) if pattern.name(_KINDS[returns])]
        functions = list(_functions(target, pattern)) if kinds else []
        few = len(functions) <= _FEW and target.feature("fentry")
        found = (
            made.probe(ProbeName("fbt", module, name, _KINDS[returns]), traced, KernelKey(name, returns, traced),
                       returns=returns)
            for module, name in functions
            for traced in (few and module == KERNEL,)
            for returns in kinds
        )  # fmt: skip
        return sorted((probe for probe in found if probe), key=lambda probe: probe.id)

    return Provider(
        "fbt",
        FBT_IDS,
        probes,
        arguments,
        attach,
        hint=hint,
        named=made.named,
        points=points,
        refusal=refusal,
        aliases=("kprobe",),
    )


_KINDS = ("entry", "return")


def _functions(target: Target, pattern: Pattern) -> Iterator[tuple[str, str]]:
    """(module, name). Of a name that is written out the kernel's types are asked first: no list is read for it."""
    name, module = pattern.function.literal, pattern.module
    if name is not None and module(KERNEL) and target.prototype(name) is not None:
        yield KERNEL, name
        return
    known = dict.fromkeys(target.kernel_functions())
    yield from (pair for pair in known if module(pair[0]) and pattern.function(pair[1]))


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    """Of an entry the function's own; of a return an offset, which is not known, and the result."""
    prototype = target.prototype(probe.name.function) if probe.name.module == KERNEL else None
    if probe.key.returns:
        result = prototype.result if prototype else None
        return (Argument("offset", LONG), *([Argument("result", _type(result))] if result else []))
    found: list[Argument] = []
    for index, parameter in enumerate(prototype.parameters if prototype else ()):
        if parameter.type.kind == "other":
            # A struct that is passed by value takes a register or more: where the next argument is, is not known.
            break
        found.append(Argument(parameter.name or f"arg{index}", _type(parameter.type)))
    return tuple(found)


def _type(kernel: KernelType) -> Type:
    if kernel.kind in ("int", "pointer", "string"):
        return c_type(kernel.name, kernel.size, kernel.signed)
    return VOID


def attach(target: Target, probe: Probe) -> AttachSpec:
    if probe.key.traced:
        return FunctionTrace(probe.key.function, probe.key.returns)
    return Kprobes(probe.key.returns)


def points(target: Target, probe: Probe) -> Iterator[KernelPoint]:
    yield KernelPoint(probe.key.function, probe.id)


def hint(target: Target, description: ProbeDescription) -> str:
    """Where the tracer lists the functions, a wrong name is just that."""
    why = without_types(target, description)
    return why if why and not target.kernel_functions() else ""


def refusal(target: Target, description: ProbeDescription, found: Sequence[Probe]) -> Refusal | None:
    if not found:
        return None
    ways = {"fentry" if probe.key.traced else "kprobe" for probe in found}
    lacking = [way for way in sorted(ways) if not target.feature(way)]
    if not lacking:
        return None
    reasons = "; ".join(f"{way}: {target.lacking(way)}" for way in ("fentry", "kprobe") if not target.feature(way))
    return Refusal("D_PDESC_ZERO", f"functions of this kernel cannot be traced: {reasons}", "sdt and rawtp probes work")
