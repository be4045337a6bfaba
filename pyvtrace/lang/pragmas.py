"""Checking pragmas that say something of a name: its stability, and the version that it belongs to."""

from __future__ import annotations

import re

from pyvtrace.lang import ast
from pyvtrace.lang.scope import Problem, Scope

_STABILITY = "(?:Internal|Private|Obsolete|External|Unstable|Evolving|Stable|Standard)"
_CLASS = "(?:Unknown|CPU|Platform|Group|ISA|Common)"
_COMPONENTS = ("provider", "module", "function", "name", "args")
# What stands before the name, and how it is written.
_FORMS = {
    "attributes": (re.compile(f"{_STABILITY}/{_STABILITY}/{_CLASS}"), "Stable/Stable/Common name"),
    "binding": (re.compile(r'"\d+\.\d+(?:\.\d+)?"'), '"1.0" name'),
}


def check_pragma(scope: Scope, item: ast.Pragma) -> None:
    """A pragma that is no option.

    Raises:
        Problem: it is malformed, or has no meaning in a program.
    """
    words = item.argument.split()
    if item.kind == "depends_on":
        _depends(scope, item, words)
        return
    form, written = _FORMS[item.kind]
    of_provider = item.kind == "attributes" and words[1:2] == ["provider"]
    if of_provider:
        written = f"Stable/Stable/Common provider name {'|'.join(_COMPONENTS)}"
    fits = len(words) == 4 and words[3] in _COMPONENTS if of_provider else len(words) == 2
    if not fits or not form.fullmatch(words[0]):
        message = f"malformed #pragma {item.kind}: {item.argument}"
        raise scope.fail("D_PRAGMA_MALFORM", item.span, message, f"#pragma D {item.kind} {written}")
    environment = scope.environment
    ours = (environment.variables, environment.functions, environment.actions, environment.aggregating)
    if not of_provider and any(words[1] in names for names in ours):
        message = f"#pragma {item.kind} cannot modify entity defined outside program scope"
        raise scope.fail("D_PRAGMA_SCOPE", item.span, message, f"{words[1]} is D's own")


def _depends(scope: Scope, item: ast.Pragma, words: list[str]) -> None:
    """What a program depends on is there: a provider, or a module that has probes."""
    if len(words) != 2:
        message = f"malformed #pragma depends_on: {item.argument}"
        raise scope.fail("D_PRAGMA_MALFORM", item.span, message, "#pragma D depends_on provider|module|library name")
    kind, name = words
    if kind not in ("provider", "module", "library"):
        hint = "provider, module, library"
        raise scope.fail("D_PRAGMA_INVAL", item.span, f"invalid class {kind} specified by #pragma depends_on", hint)
    if kind == "library":
        message = "main program may not explicitly depend on a library"
        raise scope.fail("D_PRAGMA_DEPEND", item.span, message, "leave it out: what vtrace knows is always there")
    wanted = ast.ProbeDescription(name if kind == "provider" else "", name if kind == "module" else "", "", "")
    if not scope.environment.match(wanted):
        raise scope.fail("D_PRAGMA_DEPEND", item.span, f"program requires {kind} {name}, which is not there")


def check_used(scope: Scope, item: ast.Pragma) -> None:
    """The name of a pragma is one of the program's; a provider's may be any, and what the program depends on was found.

    Raises:
        Problem: nothing of that name is there at the end of the program.
    """
    words = item.argument.split()
    if item.kind == "depends_on" or words[1] == "provider":
        return
    name = words[1].removeprefix("@")
    known = (scope.constants, scope.inlines, scope.types, scope.aggregations)
    if any(name in names for names in known) or any(name in names for names in scope.symbols):
        return
    raise scope.fail("D_PRAGMA_UNUSED", item.span, f"unused #pragma {item.kind}: nothing is called {words[1]}")


def check_names(scope: Scope, items: list[ast.Pragma]) -> None:
    """All pragmas on names, once the program is read."""
    for item in items:
        try:
            check_used(scope, item)
        except Problem as problem:
            scope.report(problem)
