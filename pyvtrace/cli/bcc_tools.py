"""`vtrace bcc TOOL [ARGUMENTS]`: a bcc tool or script, with kernel headers made of BTF."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pyvtrace.cli.console import hint, say
from pyvtrace.cprobes import tools
from pyvtrace.cprobes.program import CProgramError
from pyvtrace.kernel.btf import BtfError

_USAGE = """\
Usage: vtrace bcc TOOL [ARGUMENTS]

  Run a tool of bcc's, or any Python script that uses bcc, unmodified and
  without kernel headers. TOOL is a name (opensnoop) or a path.
"""


def main(argv: Sequence[str]) -> int:
    """`argv` begins with `bcc`. Returns only what went wrong: else we have become the tool."""
    if len(argv) < 2 or argv[1] in ("-h", "--help"):
        return _usage(helping=len(argv) >= 2)
    try:
        tools.execute(argv[1], argv[2:])
    except CProgramError as problem:
        say(f"{problem}{hint(problem.hint)}")
    except BtfError as problem:
        say(f"cannot read this kernel's types: {problem}")
    return 1


def _usage(*, helping: bool) -> int:
    stream = sys.stdout if helping else sys.stderr
    names = tools.available()
    stream.write(_USAGE)
    if names:
        import textwrap

        listed = textwrap.fill(" ".join(names), 78, initial_indent="  ", subsequent_indent="  ")
        stream.write(f"\nInstalled:\n{listed}\n")
    else:
        stream.write("\nNone is installed: apt install bpfcc-tools (elsewhere: bcc-tools)\n")
    return 0 if helping else 2
