"""All providers over one target: what a description enables, and what it might have meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.dtrace import DTRACE
from pyvtrace.providers.pattern import is_glob
from pyvtrace.providers.profile import PROFILE
from pyvtrace.providers.provider import Provider
from pyvtrace.providers.syscall import SYSCALL
from pyvtrace.providers.tracepoint import RAWTP, SDT, TRACEPOINT
from pyvtrace.spec import AttachSpec
from pyvtrace.target import Target

PROVIDERS: dict[str, Provider] = {p.name: p for p in (DTRACE, PROFILE, SYSCALL, SDT, TRACEPOINT, RAWTP)}
ANYTHING = ProbeDescription("", "", "", "")


class ProbeTable:
    """The probes of one kernel."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def match(self, description: ProbeDescription) -> Sequence[Probe]:
        """Probes that a description enables, by id."""
        if not is_glob(description.provider):
            chosen = [PROVIDERS[description.provider]] if description.provider in PROVIDERS else []
        else:
            chosen = list(PROVIDERS.values())
        found = {p.id: p for provider in chosen for p in provider.probes(self.target, description)}
        return [found[id_] for id_ in sorted(found)]

    def arguments(self, probe: Probe) -> tuple[Argument, ...]:
        return PROVIDERS[probe.name.provider].arguments(self.target, probe)

    def attach(self, probe: Probe) -> AttachSpec:
        return PROVIDERS[probe.name.provider].attach(self.target, probe)

    def nearest(self, description: ProbeDescription) -> Sequence[str]:
        """Up to three descriptions that look like this one and match something."""
        import difflib

        if description.provider and not is_glob(description.provider) and description.provider not in PROVIDERS:
            names = difflib.get_close_matches(description.provider, PROVIDERS, 1, 0.6)
            return [f"{names[0]}:{description.module}:{description.function}:{description.name}"] if names else []
        part = "function" if description.function else "name"
        wide = ProbeDescription(
            description.provider, description.module, "", description.name if description.function else ""
        )
        candidates = {getattr(p.name, part) for p in self.match(wide)}
        close = difflib.get_close_matches(getattr(description, part), sorted(candidates), 3)
        return [str(self._with(description, part, name)) for name in close]

    @staticmethod
    def _with(d: ProbeDescription, part: str, name: str) -> ProbeDescription:
        function = name if part == "function" else d.function
        return ProbeDescription(d.provider, d.module, function, name if part == "name" else d.name)

    def all(self) -> Iterator[Probe]:
        """Every probe, provider by provider."""
        for provider in PROVIDERS.values():
            yield from provider.probes(self.target, ANYTHING)
