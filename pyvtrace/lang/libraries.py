"""D libraries that come with the program's environment: declared when something of theirs is named, and not before.

What a library declares is checked where it is used: a translator has members for parts of the kernel that most programs
do not ask for, and asking costs the reading of types.
"""

from __future__ import annotations

from pyvtrace.lang import ast
from pyvtrace.lang.declarators import TypeNames
from pyvtrace.lang.lexer import Macros
from pyvtrace.lang.scope import Scope
from pyvtrace.lang.values import Values
from pyvtrace.source import Source


def find(v: Values, name: str) -> bool:
    """Declare what the library that has this name declares; whether there is one, and it was not there yet."""
    scope = v.scope
    source = scope.environment.library(name)
    if source is None or source.name in scope.libraries:
        return False
    scope.libraries.add(source.name)
    outer = scope.parameters, scope.loading, scope.region
    scope.parameters, scope.loading, scope.region = {}, True, ""
    try:
        for item in parsed(scope, source):
            _declare(v, item)
    finally:
        scope.parameters, scope.loading, scope.region = outer
    return True


def _declare(v: Values, item: ast.Item) -> None:
    """What a program has given a meaning of its own keeps it."""
    from pyvtrace.lang.declarations import Declared, declare

    scope, name = v.scope, getattr(item, "name", "")
    taken = name in scope.constants or name in scope.inlines or ("global", name) in scope.symbols
    if isinstance(item, Declared) and not (isinstance(item, ast.Inline) and taken):
        declare(v, item)


def expression(scope: Scope, text: str) -> ast.Expr:
    """A piece of D that is an expression, parsed once."""
    if text not in scope.fragments:
        (clause,) = parsed(scope, Source("D's own", f"BEGIN {{ {text}; }}", "library"))
        assert isinstance(clause, ast.Clause)
        scope.fragments[text] = clause
    (statement,) = scope.fragments[text].body or ()
    assert isinstance(statement, ast.Evaluate)
    return statement.expr


def parsed(scope: Scope, source: Source) -> tuple[ast.Item, ...]:
    """The items of a text that joins the program's, so that its spans are places of their own."""
    from pyvtrace.lang.parser import parse

    scope.source = source.after(scope.source)
    environment, types = scope.environment, scope.types
    names = TypeNames(
        lambda name: name in types or environment.library(name) is not None,
        lambda name: environment.named_type(name) is not None,
    )
    return parse(scope.source, Macros(), names).items
