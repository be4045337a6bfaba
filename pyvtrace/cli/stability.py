"""The stability attributes that -v shows, in DTrace's form."""

from __future__ import annotations

from collections.abc import Iterable

from pyvtrace.lang import ast
from pyvtrace.lang.stability import PROVIDERS, Attributes, of_description
from pyvtrace.lang.stability import of_program as attributes_of_program
from pyvtrace.spec import ProbeName

_WORDS = ("Identifier Names: ", "Data Semantics:   ", "Dependency Class: ")
_PRIVATE = ("Private", "Private", "Unknown")


def _block(title: str, attributes: Attributes) -> str:
    lines = (f"\t\t{word}{attribute}\n" for word, attribute in zip(_WORDS, attributes, strict=True))
    return f"\n\t{title}\n{''.join(lines)}"


def of_program(kind: str, name: str, program: Iterable[ast.Item]) -> str:
    """The text for a program; `kind` is "script" or "description"."""
    descriptions, statements = attributes_of_program(program)
    return (
        f"\nStability attributes for {kind} {name}:\n"
        + _block("Minimum Probe Description Attributes", descriptions)
        + _block("Minimum Statement Attributes", statements)
        + "\n"
    )


def of_probe(name: ProbeName) -> str:
    """The text for a probe and its arguments."""
    own = of_description(ast.ProbeDescription(name.provider, name.module, name.function, name.name))
    arguments = PROVIDERS[name.provider][4] if name.provider in PROVIDERS else _PRIVATE
    return _block("Probe Description Attributes", own) + _block("Argument Attributes", arguments)
