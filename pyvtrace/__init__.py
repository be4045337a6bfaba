"""DTrace for Linux: D programs compiled to BPF, as the command `vtrace` and as a library.

    from pyvtrace import Session

    with Session("syscall::read:return { @[execname] = quantize(arg0); }", command="make") as session:
        session.wait()
        print(session.snapshot()[""])

Nothing is imported before one of the names is used: most of what runs is the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyvtrace.analysis.histogram import Bucket as Bucket
    from pyvtrace.analysis.histogram import Histogram as Histogram
    from pyvtrace.api.builder import Program as Program
    from pyvtrace.api.builder import probe as probe
    from pyvtrace.api.c_session import CSession as CSession
    from pyvtrace.api.errors import LossWarning as LossWarning
    from pyvtrace.api.errors import ProgramError as ProgramError
    from pyvtrace.api.errors import RecordingError as RecordingError
    from pyvtrace.api.errors import TracingError as TracingError
    from pyvtrace.api.errors import VtraceError as VtraceError
    from pyvtrace.api.events import Event as Event
    from pyvtrace.api.expressions import D as D
    from pyvtrace.api.library import script as script
    from pyvtrace.api.recording import Recording as Recording
    from pyvtrace.api.recording import replay as replay
    from pyvtrace.api.session import Session as Session
    from pyvtrace.api.snapshot import Aggregation as Aggregation
    from pyvtrace.api.snapshot import Snapshot as Snapshot
    from pyvtrace.api.values import Avg as Avg
    from pyvtrace.api.values import Count as Count
    from pyvtrace.api.values import Max as Max
    from pyvtrace.api.values import Min as Min
    from pyvtrace.api.values import Stddev as Stddev
    from pyvtrace.api.values import Sum as Sum
    from pyvtrace.checks.problems import CheckError as CheckError
    from pyvtrace.checks.watch import ms as ms
    from pyvtrace.checks.watch import us as us
    from pyvtrace.checks.watch import watch as watch

_HOMES = {
    "Bucket": "analysis.histogram",
    "Histogram": "analysis.histogram",
    "Program": "api.builder",
    "probe": "api.builder",
    "CSession": "api.c_session",
    "LossWarning": "api.errors",
    "ProgramError": "api.errors",
    "RecordingError": "api.errors",
    "TracingError": "api.errors",
    "VtraceError": "api.errors",
    "Event": "api.events",
    "D": "api.expressions",
    "script": "api.library",
    "Recording": "api.recording",
    "replay": "api.recording",
    "Session": "api.session",
    "Aggregation": "api.snapshot",
    "Snapshot": "api.snapshot",
    **dict.fromkeys(("Avg", "Count", "Max", "Min", "Stddev", "Sum"), "api.values"),
    "CheckError": "checks.problems",
    **dict.fromkeys(("ms", "us", "watch"), "checks.watch"),
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
