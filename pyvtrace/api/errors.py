"""What can go wrong with a session, with everything that the command line would say."""

from __future__ import annotations

from collections.abc import Sequence

from pyvtrace.source import CompileError, Diagnostic, Source, render


class VtraceError(Exception):
    """Base of what a session raises."""


class ProgramError(VtraceError):
    """The program cannot be compiled. `diagnostics` has every problem, with tag, place and hint; the text shows each
    with its line and a caret. Of a C program the text is clang's, and every tag is C_COMPILE."""

    def __init__(self, error: CompileError, text: str = "") -> None:
        self.source: Source = error.source
        self.diagnostics: Sequence[Diagnostic] = error.diagnostics
        super().__init__(text or render(error.source, error.diagnostics, tags=True))


class TracingError(VtraceError):
    """The kernel, or this user's privilege, does not allow it; the text says what is missing."""


class RecordingError(VtraceError):
    """The file of `record` cannot be written, or that of `replay` cannot be read; why, and what could be read."""


class LossWarning(UserWarning):
    """Something was lost, or failed while the program ran, and nobody looked at `Session.complaints`."""
