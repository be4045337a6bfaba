"""The D program of `vtrace deps`: its script with the user's conditions, and what the script says about waits.

Which call waits for what is said in one place, the script's clauses; what threads slept in before the trace is looked
up there, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from pyvtrace.analysis.compose import family, filtered
from pyvtrace.analysis.script import Script
from pyvtrace.value import Value

SCRIPT = "deps/waits.d"
# Kinds of waits that are told by what a descriptor is of; the script has these and more.
ENDPOINT, CLIENTS, OTHER, PIPES, DISK = "endpoint", "clients", "other", "pipes", "disk"
_OPTIONS = "#pragma D option aggsize=16m\n"
_FIRST = """\
rawtp:*::sched_switch
/args[2]->tgid == {pid}/
{{
	@first[(uint64_t)args[2]->pid] = min(timestamp);
}}
"""
_KIND = re.compile(r"^inline int ([A-Z]+) = (\d+);", re.MULTILINE)
_CALLS = re.compile(r"^((?:syscall::[\w*]+:entry(?:,\s+)?)+)\n\{[^}]*?self->on = ([A-Z]+);", re.MULTILINE)
_CALL = re.compile(r"syscall::([\w*]+):entry")


class Waits(Value):
    """`kinds` of waits by the number that keys have, in lower case; `calls` has patterns of system calls with the kind
    of wait in them, "" where it depends on the descriptor."""

    kinds: Mapping[int, str]
    calls: Sequence[tuple[str, str]]

    def of_call(self, name: str) -> str:
        """The kind of a wait in a system call; "" if the descriptor tells, "other" for calls that are not named."""
        return next((kind for pattern, kind in self.calls if fnmatchcase(name, pattern)), OTHER)


def waits_of(script: Script) -> Waits:
    """What the script's clauses say.

    Raises:
        BadHeader: it names no kinds of waits, or no calls.
    """
    kinds = {int(number): name.lower() for name, number in _KIND.findall(script.text)}
    calls = []
    for descriptions, kind in _CALLS.findall(script.text):
        # A clause that begins with nothing in particular goes on to look at a descriptor.
        calls += [(pattern, "" if kind.lower() == OTHER else kind.lower()) for pattern in _CALL.findall(descriptions)]
    if not kinds or not calls:
        raise script.bad("it does not say which calls wait for what")
    return Waits(kinds, [("accept*", CLIENTS), *calls])


def program(script: Script, conditions: Sequence[str], pid: int | None, listening: Iterable[int]) -> str:
    """The script with conditions on who is traced; for one process, also when each of its threads ran first, and the
    ports that it listens at already."""
    parts = [_OPTIONS, family(conditions), filtered(script, conditions)]
    if pid is not None:
        parts.append(_FIRST.format(pid=pid))
    if ports := sorted(listening):
        parts.append("BEGIN\n{\n" + "".join(f"\tlistening[{port}] = 1;\n" for port in ports) + "}\n")
    return "\n".join(parts)
