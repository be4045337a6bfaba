"""Checking pragmas that say something of a name: its stability, and the version that it belongs to."""

from __future__ import annotations

import re

from pyvtrace.lang import ast
from pyvtrace.lang.scope import Problem, Scope

_STABILITY = "(?:Internal|Private|Obsolete|External|Unstable|Evolving|Stable|Standard)"
_CLASS = "(?:Unknown|CPU|Platform|Group|ISA|Common)"
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
    if item.kind == "depends_on":
        message = "main program may not explicitly depend on a library"
        raise scope.fail("D_PRAGMA_DEPEND", item.span, message, "leave it out: what vtrace knows is always there")
    form, written = _FORMS[item.kind]
    words = item.argument.split()
    if len(words) < 2 or not form.fullmatch(words[0]):
        message = f"malformed #pragma {item.kind}: {item.argument}"
        raise scope.fail("D_PRAGMA_MALFORM", item.span, message, f"#pragma D {item.kind} {written}")


def check_used(scope: Scope, item: ast.Pragma) -> None:
    """The name of a pragma is one of the program's, or of D's own; a provider's may be any.

    Raises:
        Problem: nothing of that name is there at the end of the program.
    """
    words = item.argument.split()
    if words[1] == "provider":
        return
    name = words[1].removeprefix("@")
    environment = scope.environment
    known = (scope.constants, scope.inlines, scope.types, scope.aggregations, environment.variables,
             environment.functions, environment.actions)  # fmt: skip
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
