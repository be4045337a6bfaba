"""All providers over one kernel: what a description enables, what a probe is, and what a description may have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.types import Struct, Type
from pyvtrace.lang.vocabulary import Argument, KernelSymbol, Probe, Refusal
from pyvtrace.providers.c_types import any_type, struct_type
from pyvtrace.providers.dtrace import DTRACE
from pyvtrace.providers.fbt import fbt_provider
from pyvtrace.providers.pattern import glob
from pyvtrace.providers.profile import profile
from pyvtrace.providers.provider import TABLES, Provider, deferred, no_types
from pyvtrace.providers.syscall import SYSCALL
from pyvtrace.providers.tracepoint import RAWTP, SDT
from pyvtrace.providers.usdt import usdt_provider
from pyvtrace.providers.user import pid_provider, uprobe_provider
from pyvtrace.spec import AttachSpec, Kprobes, ProbeName, Uprobes
from pyvtrace.target import NoAccess, Target
from pyvtrace.value import replace

ANYTHING = ProbeDescription("", "", "", "")
_FIELDS = ("provider", "module", "function", "name")
_SUGGESTIONS = 3
# difflib's ratio: `raed` is 0.75 like `read`, and already 0.6 like `ptrace`.
_LIKENESS = 0.7


def all_providers() -> tuple[Provider, ...]:
    """Every provider, by ascending ids."""
    functions = pid_provider(), uprobe_provider(), usdt_provider(), fbt_provider()
    stable = (deferred(name, module, ids) for name, (module, ids) in TABLES.items())
    return DTRACE, profile(), SDT, RAWTP, *stable, SYSCALL, *functions


class ProbeTable:
    """The probes of one kernel. Nothing of it is asked before a description needs it."""

    def __init__(self, target: Target, providers: Sequence[Provider] | None = None) -> None:
        self._target = target
        self._providers = {p.name: p for p in (all_providers() if providers is None else providers)}
        self._named: dict[str, Type | None] = {}
        self._constants: dict[str, tuple[Type, int] | None] = {}
        self._symbols: dict[tuple[str, str], KernelSymbol | None] = {}

    # -------------------------------------------------------------------------------------------------------- probes

    @property
    def providers(self) -> frozenset[str]:
        """Names of the providers there are."""
        return frozenset(self._providers)

    def match(self, description: ProbeDescription) -> list[Probe]:
        """Probes that a description enables, by id; empty if there are none. A number alone is a probe's id."""
        if description.name.isdigit() and not (description.provider or description.module or description.function):
            name = self.name_of(int(description.name))
            if name is None:
                return []
            description = replace(
                description, provider=name.provider, module=name.module, function=name.function, name=name.name
            )
        found = [probe for p in self._asked(description) for probe in p.probes(self._target, description)]
        return sorted(found, key=lambda probe: probe.id)

    def all(self) -> Iterator[Probe]:
        """Every probe that there is without asking for it, provider by provider, by id."""
        for provider in self._providers.values():
            yield from provider.probes(self._target, ANYTHING)

    def arguments(self, probe: Probe) -> tuple[Argument, ...]:
        """The types and names of args[0], args[1]...; read now."""
        return self._owner(probe).arguments(self._target, probe)

    def aggregate(self, keyword: str, tag: str) -> Struct | None:
        """A struct or union of the kernel; None if it has none of that name."""
        found = self._target.aggregate(keyword, tag)
        return struct_type(found) if found else None

    def no_types(self) -> str:
        """Why nothing is known of the kernel's types; empty where it is."""
        return no_types(self._target)

    def named_type(self, name: str) -> Type | None:
        """A typedef of the kernel, or an enum ("enum pid_type"); None if it has none of that name."""
        if name not in self._named:
            found = self._target.named_type(name)
            self._named[name] = any_type(found) if found else None
        return self._named[name]

    def is_type(self, name: str) -> bool:
        return self.named_type(name) is not None

    def enumerator(self, name: str) -> tuple[Type, int] | None:
        """Type and value of a constant of the kernel's enums; None if it has none of that name."""
        if name not in self._constants:
            found = self._target.enumerator(name)
            self._constants[name] = (any_type(found.type), found.value) if found else None
        return self._constants[name]

    def symbol(self, module: str, name: str) -> KernelSymbol | None:
        """A function or variable of the kernel; None if it has none of that name."""
        if (module, name) not in self._symbols:
            self._symbols[module, name] = self._symbol(module, name)
        return self._symbols[module, name]

    def _symbol(self, module: str, name: str) -> KernelSymbol | None:
        found = self._target.symbol(module, name)
        if found is None:
            return None
        type_ = any_type(found.type) if found.type else None
        return KernelSymbol(found.name, found.module, found.address, type_, found.btf, found.per_cpu)

    def attach(self, probe: Probe) -> AttachSpec:
        """Where the kernel runs its program."""
        return self._owner(probe).attach(self._target, probe)

    def placed(self, attach: AttachSpec, probes: Sequence[Probe]) -> AttachSpec:
        """A way to attach with all the places of the probes that it serves."""
        if not isinstance(attach, Uprobes | Kprobes):
            return attach
        places = self._owner(probes[0]).points
        assert places is not None
        return replace(attach, points=tuple(point for probe in probes for point in places(self._target, probe)))

    def _owner(self, probe: Probe) -> Provider:
        """The provider that made a probe; one that serves names of others is found by its ids."""
        named = self._providers.get(probe.name.provider)
        return named or next(p for p in self._providers.values() if probe.id in p.ids)

    def name_of(self, identifier: int) -> ProbeName | None:
        """The name of the probe with an id; None if there is none. Every system call has one, known or not."""
        for provider in self._providers.values():
            if identifier in provider.ids:
                if provider.named:
                    return provider.named(self._target, identifier)
                everything = provider.probes(self._target, ANYTHING)
                return next((probe.name for probe in everything if probe.id == identifier), None)
        return None

    def _asked(self, description: ProbeDescription) -> list[Provider]:
        """As `_chosen`; else the first that serves the name."""
        chosen = self._chosen(description)
        serving = (p for p in self._providers.values() if p.serves and p.serves(description.provider))
        return chosen or [p for p in (next(serving, None),) if p]

    def _chosen(self, description: ProbeDescription) -> list[Provider]:
        """Providers that a description means. An alias counts where no name fits: `*` and `*e*` are about names."""
        providers = self._providers.values()
        if not description.provider:
            alone = not (description.module or description.function)
            return [p for p in providers if alone and description.name in p.reserved] or list(providers)
        wanted = glob(description.provider)
        named = [p for p in providers if wanted(p.name)]
        return named or [p for p in providers if any(map(wanted, p.aliases))]

    # --------------------------------------------------------------------------------------------------------- hints

    def refusal(self, description: ProbeDescription, found: Sequence[Probe]) -> Refusal | None:
        """Why a description cannot be enabled, of the providers that it means."""
        for provider in self._asked(description):
            own = [probe for probe in found if probe.id in provider.ids]
            if found and not own:
                continue
            if refusal := provider.refusal(self._target, description, own):
                return refusal
        return None if found or self._chosen(description) else self._no_process(description.provider)

    def _no_process(self, provider: str) -> Refusal | None:
        """Why a name that ends in digits, as providers of processes do, names none."""
        parts = re.fullmatch(r"(.*\D|)(\d+)", provider)
        if parts is None:
            return None
        name, pid = parts[1], int(parts[2])
        if not name:
            return Refusal("D_PROC_BADPROV", f"'{provider}' is not a valid provider", "a name comes first: pid1234")
        if not pid:
            return Refusal("D_PROC_BADPID", f"'{provider}' does not contain a valid pid", f"{name}1234, {name}$target")
        mapped = self._target.mapped(pid)
        return Refusal("D_PROC_GRAB", mapped.reason, mapped.hint) if isinstance(mapped, NoAccess) else None

    def hint(self, description: ProbeDescription) -> str:
        """One line about a description that matches nothing; empty if there is nothing to say."""
        reasons = self._reasons(description)
        if reasons:
            return "; ".join(reasons)
        if near := self.nearest(description):
            return f"did you mean {' or '.join(near)}?"
        if not self._chosen(description):
            return f"there is no provider '{description.provider}', but {', '.join(sorted(self._providers))}"
        return ""

    def nearest(self, description: ProbeDescription) -> list[str]:
        """Up to three descriptions that look like this one and match something; none where spelling is not what is
        wrong with it."""
        if self._reasons(description):
            return []
        # A dict, for the order of the first time each was thought of.
        alike = dict.fromkeys(self._alike(description))
        return [str(one) for one in islice((a for a in alike if self.match(a)), _SUGGESTIONS)]

    def _reasons(self, description: ProbeDescription) -> list[str]:
        hints = (p.hint(self._target, description) for p in self._chosen(description))
        return [hint for hint in hints if hint]

    def _alike(self, description: ProbeDescription) -> Iterator[ProbeDescription]:
        yield from _rearranged(description)
        meant = [description]
        if not self._chosen(description):
            names = [name for p in self._providers.values() for name in (p.name, *p.aliases)]
            meant = [replace(description, provider=name) for name in _close(description.provider, names)]
            yield from meant
        for one in meant:
            yield from self._respelled(one)

    def _respelled(self, description: ProbeDescription) -> Iterator[ProbeDescription]:
        """One field replaced by names like it, of probes that all other fields fit."""
        for field in ("function", "name", "module"):
            text = getattr(description, field)
            if not glob(text).literal:
                continue
            others = self.match(replace(description, **{field: ""}))
            names = {getattr(probe.name, field) for probe in others}
            for name in _close(text, names):
                yield replace(description, **{field: name})


def _rearranged(description: ProbeDescription) -> Iterator[ProbeDescription]:
    """The same words in other fields: `syscall::entry` is short of a colon."""
    words = [word for field in _FIELDS if (word := getattr(description, field))]
    for places in combinations(_FIELDS, len(words)):
        yield ProbeDescription(**{**dict.fromkeys(_FIELDS, ""), **dict(zip(places, words, strict=True))})


def _close(text: str, names: Iterable[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(text, sorted(names), _SUGGESTIONS, _LIKENESS)
