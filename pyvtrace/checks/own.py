"""The D that a check brings itself."""

from __future__ import annotations

from pyvtrace.analysis.compose import FAMILY
from pyvtrace.api.errors import ProgramError
from pyvtrace.api.filters import narrowed
from pyvtrace.checks.problems import CheckError
from pyvtrace.lang.lexer import Macros
from pyvtrace.source import CompileError, Source


def narrowed_to(text: str, condition: str = FAMILY) -> str:
    """The program whose clauses are about the command and what it starts, or fulfil another condition.

    Raises:
        CheckError: it is no D.
    """
    source = Source("probes", text, "specifier")
    try:
        return narrowed(source, Macros(), [condition], child=False).text
    except CompileError as error:
        raise CheckError(str(ProgramError(error))) from None
