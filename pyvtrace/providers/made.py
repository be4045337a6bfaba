"""Ids of probes that exist only once a description asks for them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pyvtrace.lang.vocabulary import Probe
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
