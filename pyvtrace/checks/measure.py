"""A command, run under probes: what the kernel saw of it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from pyvtrace.analysis.histogram import Histogram, histogram
from pyvtrace.api.errors import ProgramError, TracingError
from pyvtrace.api.session import Session
from pyvtrace.api.snapshot import Aggregation, Snapshot
from pyvtrace.builtins.distributions import is_distribution
from pyvtrace.checks.metrics import ENDED, SCALE, Metric, aggregation, program
from pyvtrace.checks.origin import Narrowed, placed
from pyvtrace.checks.problems import CheckError, Lost
from pyvtrace.runtime.complaints import is_cut_stack
from pyvtrace.value import Value

Seen = int | Histogram
# Of a command's output, kept for the case that it fails.
_TAIL = 4096
# A thread that is preempted while the kernel makes room for its variables costs another one there its own.
_ATTEMPTS = 3


class Run(Value):
    """One run: what was seen of each metric, by name, and how long it took in ns."""

    seen: Mapping[str, Seen]
    elapsed: int


class Command(Value):
    """What is run: a command line, split as a shell splits words, where, and for how many seconds at most. `status`
    is the exit status that it has when all is well."""

    line: str
    directory: str = "."
    timeout: float = 600.0
    status: int = 0


def measure(command: Command, metrics: Sequence[Metric], own: Narrowed | None = None) -> Run:
    """Run it once; `own` is the check's own D program, narrowed to the command.

    Raises:
        CheckError: it could not be run or watched, failed, or something was lost.
    """
    text = program(metrics, own.text if own is not None else "")
    snapshot, elapsed = watched(command, text, own=own)
    return Run({m.name: _seen(m, place, snapshot) for place, m in enumerate(metrics)}, elapsed)


def watched(
    command: Command, text: str, options: Mapping[str, object] | None = None, own: Narrowed | None = None
) -> tuple[Snapshot, int]:
    """What a D program counted of a whole run of the command, and how long that took in ns. `own` is the part of the
    program that the check brings itself. A run of which something was lost is made again, three times in all.

    Raises:
        CheckError: as `measure`.
    """
    for _ in range(_ATTEMPTS - 1):
        with suppress(Lost):
            return _watched(command, text, options, own)
    return _watched(command, text, options, own)


def _watched(
    command: Command, text: str, options: Mapping[str, object] | None, own: Narrowed | None
) -> tuple[Snapshot, int]:
    with tempfile.TemporaryFile() as output:
        streams = (None, output.fileno(), output.fileno())
        here = os.getcwd()
        try:
            try:
                os.chdir(command.directory)
            except OSError as error:
                raise CheckError(f"the directory {command.directory!r} cannot be entered: {error.strerror}") from None
            session = Session(text, command=command.line, narrow=False, streams=streams, options=options)
            with session:
                began = time.monotonic_ns()
                ended = session.wait(command.timeout)
                elapsed = time.monotonic_ns() - began
                session.stop()
                snapshot, status = session.snapshot(), session.command_status
                complaints = [line for line in session.complaints if not is_cut_stack(line)]
        except (TracingError, ProgramError) as error:
            if own is not None and (problem := placed(text, [own], error)):
                raise problem from None
            raise CheckError(f"{command.line!r} cannot be watched: {str(error).removeprefix('vtrace: ')}") from error
        finally:
            os.chdir(here)
        if not ended:
            raise CheckError(f"{command.line!r} did not end within {command.timeout:g} s", hint=_said(output))
        if status != command.status:
            raise CheckError(f"{command.line!r} {_ending(status)}", hint=_said(output))
    if complaints:
        raise Lost(
            f"{command.line!r}: not everything was seen: {'; '.join(complaints)}", hint="counts would be too small"
        )
    if not snapshot[ENDED].value:
        raise CheckError(
            f"{command.line!r} ran, and none of it was seen", hint="the probes did not fire: see vtrace doctor"
        )
    return snapshot, elapsed


def _ending(status: int | None) -> str:
    return f"was ended by signal {-status}" if status is not None and status < 0 else f"exited with status {status}"


def _said(output: object) -> str:
    """The last of what a command wrote."""
    with open(f"/proc/self/fd/{output.fileno()}", "rb") as file:  # type: ignore[attr-defined]
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
        text = file.read().decode(errors="replace").strip()
    return (
        "it wrote:\n" + "\n".join(f"    | {line}" for line in text.splitlines()[-20:]) if text else "it wrote nothing"
    )


def _seen(metric: Metric, place: int, snapshot: Snapshot) -> Seen:
    if metric.own:
        if metric.subject.removeprefix("@") not in snapshot and metric.subject != "@":
            raise CheckError(f"the check's program has no aggregation {metric.subject}")
        return total(snapshot[metric.subject])
    held = snapshot[aggregation(place)]
    if metric.timed:
        return held.value if held else histogram("exphist", (SCALE,))  # type: ignore[return-value]
    value = held.value
    assert isinstance(value, int)
    return int(value)


def total(held: Aggregation) -> Seen:
    """An aggregation over all its keys: a histogram of all values, or a number.

    Raises:
        CheckError: an average of averages means nothing.
    """
    values = list(held.values())
    if held.function in ("avg", "stddev"):
        raise CheckError(f"@{held.name} is {held.function}(): assert a count(), a sum(), an extreme or a distribution")
    if is_distribution(held.function):
        whole = histogram(held.function, tuple(held.params))
        for value in values:
            assert isinstance(value, Histogram)
            whole = whole + value
        return whole
    numbers = [int(value) for value in values if isinstance(value, int)]
    if held.function in ("min", "max"):
        return {"min": min, "max": max}[held.function](numbers, default=0)
    return sum(numbers)
