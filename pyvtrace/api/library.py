"""Scripts of the library, for sessions: `Session(script("files/opens"), pid=...)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyvtrace.analysis.library import C_SUFFIX, NotFound, c_program, find
from pyvtrace.api.errors import TracingError

if TYPE_CHECKING:
    from pathlib import Path


def script(name: str) -> Path:
    """The file of a script by its name in `vtrace list`, or its last part where only one has it: one that comes with
    `vtrace`, or the user's own. A program in C has its ending: `Session.from_c(script("syscalls/errors.c"))`.

    Raises:
        TracingError: there is none; the text has names like it.
    """
    from pathlib import Path

    try:
        return Path(c_program(name) if name.endswith(C_SUFFIX) else find(name).path)
    except NotFound as problem:
        raise TracingError(str(problem)) from None
