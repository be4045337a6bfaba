"""The D that a check brings itself: in the spec, in a file, or a script of the library."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence

from pyvtrace.analysis.compose import FAMILY
from pyvtrace.analysis.script import Script, parse_script
from pyvtrace.api.filters import NoClause, pieces
from pyvtrace.checks.origin import Narrowed, Origin, narrowed
from pyvtrace.checks.problems import CheckError, Spot
from pyvtrace.lang.lexer import Macros
from pyvtrace.source import CompileError, Source, Span
from pyvtrace.value import Value

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_AGGREGATION = re.compile(r"@(\w*)\s*(?:\[[^;]*?\])?\s*=\s*(\w+)\(")
# @name[keys] = function(a clock - when it began ...
_TIME = re.compile(r"@(\w*)\s*(?:\[[^;]*?\])?\s*=\s*\w+\(\s*(?:v|wall)?timestamp\s*-[^;/*]*\)\s*;")

# Reads a script of the library by its name; raises CheckError.
Library = Callable[[str], Script]


class OwnProgram(Value):
    """A program, with what its header declares, if it has one, and where it was written. Without `filter` there it is
    about whom it says itself; without a header all of its clauses are about the command."""

    script: Script
    origin: Origin

    @property
    def _code(self) -> str:
        return _COMMENT.sub("", self.script.text)

    @property
    def aggregations(self) -> Mapping[str, str]:
        """Their functions by their names, without `@`; the anonymous one is ""."""
        return dict(_AGGREGATION.findall(self._code))

    @property
    def times(self) -> Mapping[str, str]:
        """Those of them that are of ns: the header says so, or they aggregate a difference of clocks."""
        script = self.script
        found = {*_TIME.findall(self._code), *(value.name for value in script.values if value.kind == "duration")}
        found |= {measure.name for measure in script.measures} if script.unit == "ns" else set()
        return {name: function for name, function in self.aggregations.items() if name in found}

    def kinds(self, aggregation: str) -> Sequence[str]:
        """What its keys are, as `analysis.names` has it; () where nothing is declared of them."""
        declared = {value.name for value in self.script.values} | {measure.name for measure in self.script.measures}
        return [key.kind for key in self.script.keys] if aggregation in declared else ()

    def narrowed(self) -> Narrowed:
        """The program about the command and what it starts.

        Raises:
            CheckError: it is no D, or has no clause where its header says.
        """
        script = self.script
        if script.question and not script.filters:
            return Narrowed(script.text, [(0, Span(0, len(script.text)))], self.origin)
        try:
            return narrowed_to(script.text, FAMILY, self.origin, script.filters or None)
        except NoClause as missing:
            what = f"no clause is for {', '.join(missing.args)}, which the header's filter names"
            raise CheckError(what, self.origin.spot(script.places["filter"])) from None


def narrowed_to(text: str, condition: str, origin: Origin, only: Sequence[str] | None = None) -> Narrowed:
    """A program whose clauses, or those for the probe descriptions `only`, are about what fulfils a condition.

    Raises:
        CheckError: it is no D.
        NoClause: it has no clause for one of them.
    """
    source = Source("probes", text, "specifier")
    try:
        return narrowed(source, pieces(source, Macros(), [condition], child=False, only=only), origin)
    except CompileError as error:
        raise origin.refused(error.diagnostics) from None


def own_program(given: str, directory: str, library: Library, where: Spot, inline: Origin) -> OwnProgram:
    """What a spec's `probes` says: D, a file (from the spec's directory), or the name of a script. `where` is the line
    of the spec, `inline` where the text of D would be.

    Raises:
        CheckError: it is none of them, or its header is wrong.
    """
    path = os.path.join(directory, given)
    try:
        if "{" in given:
            return OwnProgram(parse_script(given, "probes"), inline)
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                script = parse_script(file.read(), path)
        else:
            script = library(given)
        return OwnProgram(script, Origin(script.source))
    except CompileError as error:
        origin = inline if "{" in given else Origin(error.source)
        raise origin.refused(error.diagnostics) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CheckError(f"probes cannot be read: {given}: {why}", where) from None
    except CheckError as problem:
        raise CheckError(problem.what, where, problem.hint) from None
