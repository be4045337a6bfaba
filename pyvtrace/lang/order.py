"""In which order a clause may speculate, record and commit (Dynamic Tracing Guide, "Speculative Tracing")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.lang import typed
from pyvtrace.source import Span

# By what a statement is, and what stood before it in the clause.
_RULES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("commit", "commit"): ("D_COMM_COMM", "commit( ) may not follow commit( )"),
    ("commit", "data"): ("D_COMM_DREC", "commit( ) may not follow data-recording action(s)"),
    ("speculate", "speculate"): ("D_SPEC_SPEC", "speculate( ) may not follow speculate( )"),
    ("speculate", "commit"): ("D_SPEC_COMM", "speculate( ) may not follow commit( )"),
    ("speculate", "data"): ("D_SPEC_DREC", "speculate( ) may not follow data-recording action(s)"),
    ("aggregation", "speculate"): ("D_AGG_SPEC", "aggregating actions may not follow speculate( )"),
    ("aggregation", "commit"): ("D_AGG_COMM", "aggregating actions may not follow commit( )"),
    ("destructive", "speculate"): ("D_ACT_SPEC", "destructive actions may not follow speculate( )"),
    ("exit", "speculate"): ("D_EXIT_SPEC", "exit( ) may not follow speculate( )"),
    ("exit", "commit"): ("D_DREC_COMM", "data-recording actions may not follow commit( )"),
    ("data", "commit"): ("D_DREC_COMM", "data-recording actions may not follow commit( )"),
}
_NAMED = frozenset(("commit", "speculate", "discard", "exit"))


def _kind(statement: typed.Statement) -> str:
    match statement:
        case typed.Aggregate():
            return "aggregation"
        case typed.Act(action=action):
            return action.name if action.name in _NAMED else "destructive" if action.destructive else "data"
        case typed.Evaluate(expr=expr) if any(
            isinstance(node, typed.Call) and node.function.destructive for node in typed.nodes((expr,))
        ):
            return "destructive"
    return ""


def out_of_order(body: Sequence[typed.Statement]) -> Iterator[tuple[Span, str, str]]:
    """(where, tag, message) of each statement that may not stand where it does."""
    before: list[str] = []
    for statement in typed.flattened(body):
        kind = _kind(statement)
        rule = next((_RULES[kind, earlier] for earlier in before if (kind, earlier) in _RULES), None)
        if rule is not None:
            yield statement.span, *rule
        # To what follows, an aggregation or exit() has recorded data.
        before.append("data" if kind in ("aggregation", "exit") else kind)
