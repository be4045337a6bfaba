"""The D that a check brings itself: in the spec, in a file, a shipped script, or a view's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from pyvtrace.analysis.compose import FAMILY, filtered
from pyvtrace.analysis.script import BadHeader, Script, declared_filters, parse_script, read_script, shipped_scripts
from pyvtrace.api.errors import ProgramError
from pyvtrace.api.filters import narrowed
from pyvtrace.checks.problems import CheckError, did_you_mean
from pyvtrace.lang.lexer import Macros
from pyvtrace.source import CompileError, Source
from pyvtrace.value import Value

_VIEW = "/processes"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_AGGREGATION = re.compile(r"@(\w*)\s*(?:\[|=)")
# @name[keys] = function(a clock - when it began ...
_TIME = re.compile(r"@(\w*)\s*(?:\[[^;]*\])?\s*=\s*(\w+)\(\s*(?:v|wall)?timestamp\s*-[^;/*]*\)\s*;")


class OwnProgram(Value):
    """`text` is D. Clauses for the descriptions `filters` are about the command; all of them where none are named.
    `kinds` are those of a view's keys, by aggregation, as `analysis.names` has them. `times` are the aggregating
    functions of those aggregations that are of ns."""

    text: str
    filters: Sequence[str] = ()
    kinds: Mapping[str, Sequence[str]] = {}
    times: Mapping[str, str] = {}

    @property
    def aggregations(self) -> list[str]:
        """Their names without `@`, the anonymous one as ""."""
        return list(dict.fromkeys(_AGGREGATION.findall(_COMMENT.sub("", self.text))))

    def narrowed(self, condition: str = FAMILY) -> str:
        """The program about the command and what it starts, or about what fulfils another condition.

        Raises:
            CheckError: it is no D, or has no clause where its header says.
        """
        if not self.filters:
            return narrowed_to(self.text, condition)
        try:
            return filtered(self.text, self.filters, [condition])
        except BadHeader as problem:
            raise CheckError(
                f"probes: {problem}", hint="a clause's description, predicate and { have lines of their own"
            ) from None


def narrowed_to(text: str, condition: str = FAMILY) -> str:
    """A program each clause of which is about the command and what it starts, or fulfils another condition.

    Raises:
        CheckError: it is no D.
    """
    source = Source("probes", text, "specifier")
    try:
        return narrowed(source, Macros(), [condition], child=False).text
    except CompileError as error:
        raise CheckError(str(ProgramError(error))) from None


def own_program(given: str, directory: str, where: str) -> OwnProgram:
    """What a spec's `probes` says: D, a view's name, a file (from the spec's directory), or a shipped script
    (`syscalls/latency`). `where` is the line of the spec.

    Raises:
        CheckError: it is none of them.
    """
    if "{" in given:
        return _of(given)
    scripts = shipped_scripts()
    views = [script.removesuffix(_VIEW) for script in scripts if script.endswith(_VIEW)]
    if given in views:
        return _of_view(parse_script(read_script(f"{given}{_VIEW}.d")))
    path = os.path.join(directory, given)
    if not os.path.isfile(path):
        name = given.removesuffix(".d").removeprefix("probes/")
        if name not in scripts:
            hint = (
                did_you_mean(name, [*views, *scripts]) or f"views are {', '.join(views)}; scripts {', '.join(scripts)}"
            )
            raise CheckError(f"probes is no D, no view, no script and no file: {given}", where, hint)
        return _of(read_script(f"{name}.d"))
    try:
        with open(path, encoding="utf-8") as file:
            return _of(file.read())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CheckError(f"probes cannot be read: {given}: {why}", where) from None


def _of(text: str) -> OwnProgram:
    """Of a text, with what its header declares, if it has one."""
    try:
        return _of_view(parse_script(text))
    except BadHeader:
        return OwnProgram(text, declared_filters(text), {}, dict(_TIME.findall(text)))


def _of_view(script: Script) -> OwnProgram:
    kinds = [key.kind for key in script.keys if key not in script.extras]
    measures = [measure.name for measure in script.measures]
    times = dict.fromkeys(measures, "exphist") if script.unit == "ns" else {}
    return OwnProgram(script.text, script.filters, dict.fromkeys(measures, kinds), times)
