"""Checking declarations of providers: the static probes that a program has, as its `.d` file says it."""

from __future__ import annotations

from pyvtrace.lang import ast
from pyvtrace.lang import types as ty
from pyvtrace.lang.naming import parameters, resolve
from pyvtrace.lang.values import Values

# The kernel's DTRACE_PROVNAMELEN, with the NUL.
_LONGEST_NAME = 63


def declare_provider(v: Values, item: ast.ProviderDeclaration) -> None:
    """A provider from now on; one that is there already is declared with probes that it has.

    Raises:
        Problem: its name is none, or a probe is declared wrongly or does not fit what is known of it.
    """
    if len(item.name) > _LONGEST_NAME:
        message = f"provider name may not exceed {_LONGEST_NAME} characters: {item.name}"
        raise v.fail("D_PROV_BADNAME", item.span, message)
    if item.name[-1].isdigit():
        message = f"provider name may not end with a digit: {item.name}"
        raise v.fail("D_PROV_BADNAME", item.span, message, "the process id is put behind it")
    known = v.scope.providers.get(item.name)
    is_live = known is None and bool(v.scope.environment.match(ast.ProbeDescription(item.name, "", "", "")))
    made: dict[str, tuple[ty.Type, ...]] = {}
    for probe in item.probes:
        types = _prototype(v, probe)
        if probe.name in made:
            raise v.fail("D_PROV_PRDUP", probe.span, f"probe redeclared: {item.name}:{probe.name}")
        if known is not None:
            _matches(v, item, probe, known, types)
        elif is_live:
            _is_there(v, item, probe)
        made[probe.name] = types
    if known is None:
        v.scope.providers[item.name] = made


def _prototype(v: Values, probe: ast.DeclaredProbe) -> tuple[ty.Type, ...]:
    """The types of a probe's arguments; what D programs are to see must follow from them."""
    types = parameters(v, probe.takes.types, probe.takes.names, probe.takes.span)
    if probe.shows is None:
        return types
    named = dict(zip(probe.takes.names, types, strict=False))
    for written, name in zip(probe.shows.types, probe.shows.names, strict=True):
        shown = resolve(v, written)
        if name not in named or not name:
            message = f"translated parameter has no formal one of its name: {name or shown}"
            raise v.fail(
                "D_DECL_PROTO_FORM", written.span, message, "it is an argument of the probe under another type"
            )
        output = shown.to if isinstance(shown, ty.Pointer) else shown
        taken = named[name]
        scalars = taken.is_scalar and shown.is_scalar and not isinstance(output, ty.Struct)
        same = str(taken) == str(shown)
        if not (same or scalars or (str(output), str(taken)) in v.scope.translators):
            message = f"translator from {taken} to {shown} for {name} is not defined"
            raise v.fail("D_PROV_PRXLATOR", written.span, message, "declare the translator before the provider")
    return types


def _matches(
    v: Values,
    item: ast.ProviderDeclaration,
    probe: ast.DeclaredProbe,
    known: dict[str, tuple[ty.Type, ...]],
    types: tuple[ty.Type, ...],
) -> None:
    name = f"{item.name}:{probe.name}"
    if probe.name not in known:
        message = f"provider interface mismatch: {item.name} has been declared without a probe {probe.name}"
        raise v.fail("D_PROV_INCOMPAT", probe.span, message)
    before = known[probe.name]
    if len(types) != len(before):
        message = f"probe {name} argument list mismatch: {len(types)} arguments, {len(before)} declared before"
        raise v.fail("D_PROV_PRARGLEN", probe.span, message)
    for number, (one, other) in enumerate(zip(types, before, strict=True), 1):
        if str(one) != str(other):
            message = f"probe {name} argument #{number} interface mismatch:\n\t current: {one}\n\tprevious: {other}"
            raise v.fail("D_PROV_INCOMPAT", probe.span, message)


def _is_there(v: Values, item: ast.ProviderDeclaration, probe: ast.DeclaredProbe) -> None:
    name = probe.name.replace("__", "-")
    if not v.scope.environment.match(ast.ProbeDescription(item.name, "", "", name)):
        message = f"provider interface mismatch: provider {item.name} has no probe {name}"
        raise v.fail("D_PROV_INCOMPAT", probe.span, message)
