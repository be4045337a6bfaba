"""Ids of probes that exist only once a description asks for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Probe
from pyvtrace.providers.pattern import Pattern
from pyvtrace.spec import ProbeName
from pyvtrace.target import Target


class Made:
    """The probes made so far. One keeps its id, and all ids are even but those of returns: a program serves either, and
    finds names by every second id."""

    def __init__(self, ids: range) -> None:
        self._ids = (ids[::2], ids[1::2])
        self._made: tuple[dict[Hashable, Probe], ...] = ({}, {})

    def probe(self, name: ProbeName, place: Hashable, key: Any, *, returns: bool) -> Probe | None:
        """The probe of a name and a place; None when there are more than ids."""
        made, ids = self._made[returns], self._ids[returns]
        known = (str(name), place)
        if known not in made:
            if len(made) == len(ids):
                return None
            made[known] = Probe(ids[len(made)], name, key)
        return made[known]

    def named(self, target: Target, identifier: int) -> ProbeName | None:
        """The name of the probe with an id."""
        return next((p.name for made in self._made for p in made.values() if p.id == identifier), None)


class Spelled:
    """Probes whose names say what they are: each name that can be read is one, and keeps its id. `read` gives its key,
    or the reason why it is none. `ready` are the names that are listed, and that a glob can mean. `things` is what
    such probes are called; a name that begins like one of `beginnings` is meant to be one."""

    def __init__(
        self,
        provider: str,
        ids: range,
        read: Callable[[str], Any],
        ready: Sequence[str],
        things: str,
        beginnings: tuple[str, ...] = (),
    ) -> None:
        self._provider, self._ids, self._read, self._things = provider, ids, read, things
        self._ready, self._beginnings = ready, beginnings
        self._made: dict[str, Probe] = {}

    def _probe(self, name: str) -> Probe | None:
        # Those that are ready come first, so that their ids are the same for everybody.
        for one in () if self._made else self._ready:
            self._make(one)
        return self._make(name)

    def _make(self, name: str) -> Probe | None:
        if name not in self._made:
            key = self._read(name)
            if isinstance(key, str) or len(self._made) == len(self._ids):
                return None
            self._made[name] = Probe(self._ids[len(self._made)], ProbeName(self._provider, "", "", name), key)
        return self._made[name]

    def probes(self, target: Target, description: ProbeDescription) -> Iterator[Probe]:
        pattern = Pattern(description)
        names = self._ready if pattern.name.literal is None else (pattern.name.literal,)
        made = (self._probe(name) for name in names)
        return (probe for probe in made if probe and pattern.fits(probe.name))

    def named(self, target: Target, identifier: int) -> ProbeName | None:
        """None for one that nobody asked for."""
        self._probe(self._ready[0])
        return next((probe.name for probe in self._made.values() if probe.id == identifier), None)

    def hint(self, target: Target, description: ProbeDescription) -> str:
        """Why there is no such probe, if one of these is what was meant."""
        meant = description.provider or description.name.startswith(self._beginnings)
        if not meant or Pattern(description).name.literal is None:
            return ""
        reason = self._read(description.name)
        if isinstance(reason, str):
            return reason
        if self._probe(description.name) is None:
            return f"there are too many {self._things}"
        return f"{self._things} have no module and no function" if description.module or description.function else ""
