"""From the id of the probe that fired to the clauses that want it, in logarithmic time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyvtrace.bpf.isa import R1, Code, Label, jump, jump_if, load, store
from pyvtrace.compile.frame import Place
from pyvtrace.compile.machine import Machine
from pyvtrace.lang.typed import Clause


class Dispatch:
    """Classes of probe ids by the clauses they run.

    `first` is the lowest id there is; ids of one program are two apart or more. A clause in `universal` matches every
    probe, also system calls that have no name.
    """

    def __init__(self, clauses: Sequence[Clause], first: int, known: Sequence[int]) -> None:
        self.have: set[str] = set()
        self._class_word: Place | None = None
        everything = set(known)
        self.universal = tuple(c.index for c in clauses if {p.id for p in c.probes} >= everything)
        by_id: dict[int, list[int]] = {}
        for clause in clauses:
            if clause.index not in self.universal:
                for probe in clause.probes:
                    by_id.setdefault(probe.id, []).append(clause.index)
        order = {c.index: n for n, c in enumerate(clauses)}
        classes = {id_: tuple(sorted({*own, *self.universal}, key=order.__getitem__)) for id_, own in by_id.items()}
        self.classes: list[tuple[int, ...]] = [self.universal]
        self.classes += sorted(set(classes.values()) - {self.universal})
        # (first id, class) of each run of ids, ascending; runs that no clause names belong to class 0.
        self.runs: list[tuple[int, int]] = [(first, 0)]
        for id_ in sorted(classes):
            number = self.classes.index(classes[id_])
            if self.runs[-1][0] == id_:
                self.runs.pop()
            if not self.runs or self.runs[-1][1] != number:
                self.runs.append((id_, number))
            self.runs.append((id_ + 2, 0))
        self.runs = self._merged(self.runs)

    @staticmethod
    def _merged(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
        merged: list[tuple[int, int]] = []
        for start, number in runs:
            if not merged or merged[-1][1] != number:
                merged.append((start, number))
        return merged

    @property
    def trivial(self) -> bool:
        """True when every probe runs the same clauses."""
        return len(self.classes) == 1

    def select(self, m: Machine, starts: Mapping[int, Label], end: Label) -> Code:
        """Jump to the first clause of the class of the firing probe."""
        if m.context.identity is not None:
            yield from m.context.identify(m)
        self.have = set(m.have)
        if self.trivial:
            return
        if any(self._shared(c) for c in range(len(self.classes))):
            self._class_word = m.frame.word()
        yield from self._tree(self.runs, starts, end)

    def _shared(self, number: int) -> bool:
        return any(c in other for c in self.classes[number] for o, other in enumerate(self.classes) if o != number)

    def _tree(self, runs: Sequence[tuple[int, int]], starts: Mapping[int, Label], end: Label) -> Code:
        if len(runs) == 1:
            number = runs[0][1]
            clauses = self.classes[number]
            if self._class_word is not None and clauses:
                yield store(self._class_word.base, self._class_word.offset, number)
            yield jump(starts[clauses[0]] if clauses else end)
            return
        middle = len(runs) // 2
        upper = Label(f"id >= {runs[middle][0]}")
        yield jump_if(R1, ">=", runs[middle][0], upper)
        yield from self._tree(runs[:middle], starts, end)
        yield upper
        yield from self._tree(runs[middle:], starts, end)

    def after(self, m: Machine, clause: int, starts: Mapping[int, Label], end: Label) -> Code:
        """Jump to what follows a clause in the class that runs."""
        following: dict[int, Label] = {}
        for number, clauses in enumerate(self.classes):
            if clause in clauses:
                rest = clauses[clauses.index(clause) + 1 :]
                following[number] = starts[rest[0]] if rest else end
        targets = list(following.items())
        if len({id(t) for t in following.values()}) == 1:
            yield jump(targets[0][1])
            return
        assert self._class_word is not None
        yield load(R1, self._class_word.base, self._class_word.offset)
        yield from self._choose(targets)

    def _choose(self, targets: Sequence[tuple[int, Label]]) -> Code:
        if len({id(t) for _, t in targets}) == 1:
            yield jump(targets[0][1])
            return
        middle = len(targets) // 2
        upper = Label("class")
        yield jump_if(R1, ">=", targets[middle][0], upper)
        yield from self._choose(targets[:middle])
        yield upper
        yield from self._choose(targets[middle:])
