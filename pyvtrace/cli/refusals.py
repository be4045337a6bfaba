"""A program of ours that the kernel's verifier refuses: a fault of the compiler, told so that it can be mended."""

from __future__ import annotations

from pyvtrace.cli.console import hint
from pyvtrace.runtime.session import Rejected
from pyvtrace.source import Diagnostic

_REPORT = "this is a fault of vtrace, not of the program: please report it, with what -e -S prints for the program"


def rejection(rejected: Rejected) -> str:
    """The verifier's verdict, the D that it comes from, and what to report."""
    source = rejected.source.of(rejected.span.start)
    place = Diagnostic("", rejected.span, "", f"from {source.name}" if source.kind == "script" else "")
    name, verdict = rejected.program.name, rejected.error.telling
    return f"could not enable tracing: the kernel refused the code of {name}: {verdict}\n" + (
        place.context(source) + hint(_REPORT)
    )
