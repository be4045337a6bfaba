"""What tests of the providers share: descriptions as text, and kernels that tell less than others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.target import KernelParameter, TracepointFormat
from tests.frozen import FrozenTarget


def describe(text: str) -> ProbeDescription:
    """Fields bind from the right, as in D."""
    fields = text.split(":")
    return ProbeDescription(*[""] * (4 - len(fields)), *fields)


def names(probes: Iterable[Probe]) -> list[str]:
    return [str(probe.name) for probe in probes]


def matched(table: ProbeTable, text: str) -> list[str]:
    return names(table.match(describe(text)))


def only(table: ProbeTable, text: str) -> Probe:
    (probe,) = table.match(describe(text))
    return probe


def shown(arguments: Iterable[Argument]) -> list[tuple[str, str]]:
    """(name, type as D writes it) of each."""
    return [(argument.name, str(argument.type)) for argument in arguments]


class WithoutTracefs(FrozenTarget):
    """Nobody mounted tracefs, or the user may not read it."""

    def tracepoints(self) -> Sequence[tuple[str, str]]:
        return []

    def tracepoint(self, group: str, name: str) -> TracepointFormat | None:
        return None

    def raw_tracepoints(self) -> Sequence[tuple[str, str]]:
        return [("", name) for _, name in super().raw_tracepoints()]


class WithoutBtf(FrozenTarget):
    """CONFIG_DEBUG_INFO_BTF is off."""

    def raw_tracepoint(self, name: str) -> Sequence[KernelParameter] | None:
        return None


class Counting(FrozenTarget):
    """Counts what it is asked: lists by their name, formats as "format"."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def tracepoints(self) -> Sequence[tuple[str, str]]:
        self.asked.append("tracepoints")
        return super().tracepoints()

    def tracepoint(self, group: str, name: str) -> TracepointFormat | None:
        self.asked.append("format")
        return super().tracepoint(group, name)

    def raw_tracepoints(self) -> Sequence[tuple[str, str]]:
        self.asked.append("raw_tracepoints")
        return super().raw_tracepoints()

    def raw_tracepoint(self, name: str) -> Sequence[KernelParameter] | None:
        self.asked.append("BTF")
        return super().raw_tracepoint(name)


class AnEvent(FrozenTarget):
    """Has one event more, or another format of one."""

    def __init__(self, group: str, name: str, form: TracepointFormat) -> None:
        super().__init__()
        self._formats[group, name] = form
