"""What threads waited for in all, as a table: the parts of each row add up to its time off the processor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyvtrace.analysis import units
from pyvtrace.analysis.bubbles.ledger import Account
from pyvtrace.analysis.bubbles.names import thread_name

# Rows of text; the others are counted.
_MOST = 40
_LEAST = 0.0005  # of a row's time: what is less would be shown as nothing


def table(accounts: Sequence[Account], ns: int) -> Iterator[str]:
    """Of a trace that lasted so long; in the order of the accounts."""
    yield f"what {len(accounts)} thread{'s' * (len(accounts) != 1)} waited for in {units.duration(ns)}"
    shown = accounts[:_MOST]
    width = max((len(thread_name(one.thread)) for one in shown), default=0)
    for one in shown:
        yield f"  {thread_name(one.thread):<{width}}  {units.duration(one.ns):>7}  {_parts(one)}"
    if len(accounts) > len(shown):
        rest = sum(one.ns for one in accounts[_MOST:])
        yield f"  and {len(accounts) - len(shown)} more, {units.duration(rest)} in all"


def _parts(one: Account) -> str:
    parts = sorted(one.by.items(), key=lambda part: -part[1])
    return ", ".join(f"{reason} {100 * ns / one.ns:.1f} %" for reason, ns in parts if ns >= _LEAST * one.ns)
