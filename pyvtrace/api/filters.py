"""Whom a session is about: conditions put into the predicates of a D program.

They are part of the D, so an event of somebody else costs what its predicate costs, and `Session.d` shows them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pyvtrace.analysis.compose import FAMILY, FAMILY_CLAUSES, FAMILY_DECLARATION, any_of, quoted
from pyvtrace.lang import ast
from pyvtrace.lang.lexer import Macros
from pyvtrace.lang.parser import parse
from pyvtrace.source import Source, Span


def conditions(pids: Sequence[int], groups: Sequence[int] | None, names: Sequence[str], *, child: bool) -> list[str]:
    """D conditions: a thread has to be in one of the processes (or of the command's), one of the control groups, and be
    called by one of the names."""
    who = ([any_of("pid", pids)] if pids else []) + ([FAMILY] if child else [])
    found = who if len(who) < 2 else [f"({' || '.join(who)})"]
    found += [any_of("cgroup", groups)] if groups is not None else []
    return found + ([any_of("execname", [quoted(name) for name in names])] if names else [])


class NoClause(Exception):
    """A program has no clause for a probe description; `args` are the descriptions."""


def narrowed(
    source: Source, macros: Macros, wanted: Sequence[str], *, child: bool, only: Collection[str] | None = None
) -> Source:
    """The program whose clauses are about events of the processes that fulfil all conditions; see `pieces`."""
    if not wanted:
        return source
    text = "".join(
        piece if isinstance(piece, str) else source.text[piece.start : piece.end]
        for piece in pieces(source, macros, wanted, child=child, only=only)
    )
    return Source(source.name, text, source.kind)


def pieces(
    source: Source, macros: Macros, wanted: Sequence[str], *, child: bool, only: Collection[str] | None = None
) -> list[str | Span]:
    """The program whose clauses are about events of the processes that fulfil all conditions, as what is kept of its
    text and what is put in between. BEGIN, END, ERROR and timers are nobody's: their clauses stay; where `only` is
    given, all clauses stay but those for a probe description that is among it. Lines keep their numbers.

    Raises:
        CompileError: it cannot be parsed.
        NoClause: one of `only` is no description of the program's.
    """
    condition = " && ".join(wanted)
    clauses = [item for item in parse(source, macros).items if isinstance(item, ast.Clause)]
    at, found = 0, list[str | Span]()
    if child and clauses:
        at = clauses[0].span.start
        found += [Span(0, at), FAMILY_DECLARATION.rstrip(), " "]
    if missing := set(only or ()) - {_written(source, probe) for item in clauses for probe in item.probes}:
        raise NoClause(*sorted(missing))
    for item in clauses:
        if only is None and all(map(_is_nobodys, item.probes)):
            continue
        if only is not None and not any(_written(source, probe) in only for probe in item.probes):
            continue
        if item.predicate is None:
            end = item.probes[-1].span.end
            # Behind a predicate D wants a body.
            found += [Span(at, end), f" /{condition}/{' { }' if item.body is None else ''}"]
        else:
            start, end = item.predicate.span.start, item.predicate.span.end
            found += [Span(at, start), f"{condition} && (", Span(start, end), ")"]
        at = end
    found.append(Span(at, len(source.text)))
    return [*found, "\n\n", FAMILY_CLAUSES] if child else found


def _written(source: Source, description: ast.ProbeDescription) -> str:
    return source.text[description.span.start : description.span.end]


def _is_nobodys(description: ast.ProbeDescription) -> bool:
    if description.provider:
        return description.provider in ("dtrace", "profile", "tick")
    return description.name in ("BEGIN", "END", "ERROR") or description.name.startswith(("tick-", "profile-"))
