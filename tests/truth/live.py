"""A D program that runs in this process while a workload does its work: what the tests of truth read from.

    with Trace("syscall::getppid:entry /pid == $1/ { @ = count(); }", work.pid) as trace:
        truth = work.release()
    assert trace.rows("_") == {(): (truth["calls"],)}

Leaving the block detaches the probes and then reads everything, so what is compared is all there is.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

import pytest

from pyvtrace.builtins.distributions import EXPHIST_MAX, EXPHIST_NEGATIVE, EXPHIST_SUM, value_of
from pyvtrace.builtins.percentiles import bucket_counts, upper_bounds
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.runtime.snapshot import Key, Snapshot, Words
from pyvtrace.source import CompileError, Source
from pyvtrace.spec import ERROR_RECORD, RECORD_HEADER_SIZE
from tests.truth import fired

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MS = 1_000_000
SCALE = 2  # of the exphist() of the scripts behind the views: buckets 19 % wide


class Distribution:
    """The words of one exphist() key: `count`, `sum` and `max` in the value's unit, how many were `negative`."""

    def __init__(self, words: Words) -> None:
        uppers = upper_bounds("exphist", (SCALE,))
        self._buckets = list(zip(uppers, bucket_counts("exphist", words), strict=True))
        self.count = sum(count for _, count in self._buckets)
        self.sum, self.max, self.negative = words[EXPHIST_SUM], words[EXPHIST_MAX], words[EXPHIST_NEGATIVE]

    def above(self, value: int) -> int:
        """How many values were in buckets that lie wholly above `value`."""
        lower, found = -1, 0
        for upper, count in self._buckets:
            found += count if lower >= value else 0
            lower = upper
        return found

    def median_bucket(self) -> tuple[int, int]:
        """(exclusive lower, inclusive upper) bound of the bucket of the middle value."""
        lower, seen = -1, 0
        for upper, count in self._buckets:
            seen += count
            if 2 * seen >= self.count > 0:
                return lower, upper
            lower = upper
        raise AssertionError("no values")


class Record:
    """A record of a clause: `clause` counts from 0, `cpu`, `data` are the values after the header."""

    def __init__(self, raw: bytes) -> None:
        self.clause, self.probe, self.cpu, _ = struct.unpack_from("<4I", raw)
        self.data = raw[RECORD_HEADER_SIZE:]

    @property
    def failed(self) -> bool:
        return self.clause == ERROR_RECORD


class Trace:
    """A D program, attached while its block runs. `options` as with -x; sizes may carry k or m."""

    def __init__(self, text: str, *arguments: object, **options: str) -> None:
        target = LiveTarget()
        given = [str(argument) for argument in arguments]
        self._watch = fired.watching()
        watched = self._watch.counted(text, given) if self._watch else text
        spec = compile_text(Source("truth", watched), target, options, given)
        self.session = Session(spec, target)
        self.records: list[Record] = []
        self.lost: Mapping[str, list[int]] = {}
        self._snapshot: Snapshot

    def __enter__(self) -> Trace:
        self.session.__enter__()
        self.session.attach()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self.session.detach()
            self.read()
            self.lost = self.session.lost()
            self._snapshot = self.session.snapshot()
            if self._watch:
                self._watch.read(self._snapshot)
        finally:
            self.session.close()

    def read(self) -> None:
        """Takes the records there are; a flood that shall not be lost needs it while it runs."""
        self.records += [Record(bytes(raw)) for raw in self.session.records()]

    def rows(self, name: str = "_") -> dict[Key, Words]:
        """Every key of an aggregation, "_" being the one without a name."""
        return dict(self._snapshot.tables[name].rows)

    def values(self, name: str = "_") -> dict[Key, int]:
        """Every key with the number that would be printed for it."""
        table = self._snapshot.tables[name]
        return {key: value_of(table.spec.function, table.spec.params, words) for key, words in table.rows.items()}

    def dropped(self, kind: str) -> int:
        """What was lost of a kind, on all CPUs."""
        return sum(self.lost[kind])


class Missed(Exception):
    """The kernel skipped firings, as it says: what was seen is not all there was."""


Test = TypeVar("Test", bound=Callable[..., None])
ATTEMPTS = 5


def again_if_missed(test: Test) -> Test:
    """A test whose exact counts hold only when no firing was skipped: an interrupt whose tracepoint meets another
    program of a tracepoint on its CPU loses it, and any tracer on the machine may be that other one."""

    @wraps(test)
    def attempted(**arguments: Any) -> None:
        for _ in range(ATTEMPTS - 1):
            try:
                return test(**arguments)
            except Missed:
                continue
        return test(**arguments)

    return cast(Test, attempted)


def lacks(probe: str, tracepoint: str) -> bool:
    """Whether this kernel is too old for a tracepoint. If it is, a program with `probe`, which is made of it, has to
    be refused, and the message to name the tracepoint."""
    if LiveTarget().raw_tracepoint(tracepoint) is not None:
        return False
    with pytest.raises(CompileError) as refused:
        Trace(f"{probe} {{ }}")
    (problem,) = refused.value.diagnostics
    assert problem.tag == "D_PDESC_ZERO"
    assert "this kernel lacks tracepoint" in problem.hint and tracepoint in problem.hint
    return True


def shipped(path: str) -> str:
    """The text of a script under probes/."""
    with open(os.path.join(ROOT, "probes", path), encoding="utf-8") as file:
        return file.read()


class Row(dict[str, Any]):
    """One key of a view's script by the names its header gives the parts; `spread` is its distribution."""

    def __init__(self, names: list[str], key: Key, words: Words) -> None:
        super().__init__(zip(names, key, strict=True))
        self.spread = Distribution(words)


def view_rows(trace: Trace, script: str, measure: str) -> Iterator[Row]:
    """The rows that a view's script found, named by its header's `key` lines."""
    names = [line.split()[2] for line in script.splitlines() if line.startswith(" * key:")]
    return (Row(names, key, words) for key, words in trace.rows(measure).items())
