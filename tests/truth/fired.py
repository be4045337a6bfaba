"""Which probes fire in which test. A test that says so has to see each of its probes:

    @pytest.mark.fires("io::block_getrq:start", "io::block_rq_complete:done")
    def test_every_request_...

Every clause of the programs that such a test runs (`live.Trace`) gets one more statement, a count by probe: it counts
under the clause's own predicate, hence what the workload caused. A description means all probes that it fits; those
that this kernel has not are not waited for. tests/project/test_every_probe.py asks for a test of each probe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from pyvtrace.kernel.target import LiveTarget
from pyvtrace.lang.declarators import TypeNames
from pyvtrace.lang.lexer import Macros
from pyvtrace.lang.parser import parse
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.runtime.libraries import Shipped
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.source import Source
from tests.providers.descriptions import matched

MARK = "fires"
_TABLE = "__fired"
_COUNT = f" @{_TABLE}[probeprov, probemod, probefunc, probename] = count(); "


class Watch:
    """The probes that a test has seen to fire."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def counted(self, text: str, arguments: Sequence[str]) -> str:
        """A program that also counts, in each clause, which probe it is that fires."""
        tree = parse(Source("truth", text), Macros(arguments, {}, True, True), TypeNames(Shipped().has))
        for clause in reversed(tree.clauses):
            closing = clause.span.end - 1
            assert text[closing] == "}", "a clause without braces"
            text = text[:closing] + _COUNT + text[closing:]
        return text

    def read(self, snapshot: Snapshot) -> None:
        self.add(":".join(map(str, key)) for key in snapshot.tables[_TABLE].rows)

    def add(self, names: Iterable[str]) -> None:
        self.seen |= set(names)


_watches: list[Watch] = []


def watching() -> Watch | None:
    """What the running test is watched by, if it says that it fires something."""
    return _watches[-1] if _watches else None


@contextmanager
def watch(descriptions: Sequence[str]) -> Iterator[None]:
    """Watches what the block does, which has to fire all of these."""
    _watches.append(own := Watch())
    try:
        yield
    finally:
        _watches.pop()
    table = ProbeTable(LiveTarget())
    expected = {name for description in descriptions for name in matched(table, description)}
    assert not expected - own.seen, f"not seen to fire: {', '.join(sorted(expected - own.seen))}"
