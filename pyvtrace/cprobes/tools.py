"""bcc's own tools, and any script that uses bcc from Python, unmodified: found, given a tree of headers, executed.

bcc looks for headers where BCC_KERNEL_SOURCE says. The tree has what the script's words name: the C in it is somewhere
in the script, in C files that it names, and in its arguments (probes of trace and argdist are made of them).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from pyvtrace.cprobes.headers import prepare
from pyvtrace.cprobes.mounts import mount_privately
from pyvtrace.cprobes.program import CProgramError, check_kernel, installed
from pyvtrace.cprobes.words import words

# Where distributions put the tools, and what they call them there.
_PLACES = (
    "/usr/sbin/{}-bpfcc",
    "/usr/share/bcc/tools/{}",
    "/usr/share/bcc/tools/lib/{}",
    "/usr/sbin/{}",
    "/usr/bin/{}",
)
_LISTED = (("/usr/sbin", "-bpfcc"), ("/usr/share/bcc/tools", ""))
_C_FILE = re.compile(r"[\w./+-]+\.c\b")
# Shell scripts name the Python script they run: `$lib/uflow -l python`.
_IN_SHELL = re.compile(r"(?:\$\w+|\$\{\w+\})/([\w-]+)")
_BESIDE = ("/usr/share/bpfcc-tools",)


def available() -> list[str]:
    """Names of the tools that are installed."""
    found: set[str] = set()
    for directory, ending in _LISTED:
        if os.path.isdir(directory):
            names = (name for name in os.listdir(directory) if name.endswith(ending))
            found.update(name.removesuffix(ending) for name in names if os.path.isfile(f"{directory}/{name}"))
    return sorted(found)


def find(tool: str) -> str:
    """The file of a tool, by name or path.

    Raises:
        CProgramError: there is none.
    """
    if "/" in tool:
        if os.path.isfile(tool):
            return os.path.abspath(tool)
        raise CProgramError(f"there is no file {tool}")
    for place in _PLACES:
        path = place.format(tool.removesuffix("-bpfcc"))
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    if not (names := available()):
        raise CProgramError(f"there is no bcc tool {tool}", "as root: apt install bpfcc-tools (elsewhere: bcc-tools)")
    from difflib import get_close_matches

    near = get_close_matches(tool, names, 1)
    what = f"did you mean {near[0]}?" if near else "vtrace bcc without arguments lists those there are"
    raise CProgramError(f"there is no bcc tool {tool}", what)


def execute(tool: str, arguments: Sequence[str]) -> None:
    """Become the tool. Whoever waits for us, or sends us signals, deals with it from here on.

    Raises:
        CProgramError, BtfError, OSError: it cannot run.
    """
    path = find(tool)
    installed()
    check_kernel()
    mount_privately()
    text = "\n".join((*_texts(path), *arguments))
    # What the user says about headers goes first.
    os.environ.setdefault("BCC_KERNEL_SOURCE", prepare(words(text)))
    argv = [*_interpreter(path), path, *arguments]
    os.execvp(argv[0], argv)


def _interpreter(path: str) -> list[str]:
    """What runs a file that does not run by itself."""
    if os.access(path, os.X_OK):
        return []
    return ["/usr/bin/python3"]


def _texts(path: str, depth: int = 0) -> Iterator[str]:
    """A script, and what it names that may have C in it."""
    text = _read(path)
    yield text
    first = text.partition("\n")[0]
    directory = os.path.dirname(path)
    if "sh" in first and "python" not in first:
        for name in _IN_SHELL.findall(text):
            for inner in (f"{directory}/{name}", f"{directory}/lib/{name}.py", f"{directory}/lib/{name}"):
                if depth < 2 and os.path.isfile(inner):
                    yield from _texts(inner, depth + 1)
    for name in sorted(set(_C_FILE.findall(text))):
        for place in (name, f"{directory}/{name}", *(f"{beside}/{name}" for beside in _BESIDE)):
            if os.path.isfile(place):
                yield _read(place)
                break
    if "containers" in text:
        # Filters by control group and mount namespace are pieces of C in bcc's package.
        yield _read(f"{os.path.dirname(installed())}/containers.py")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
