"""Aggregations as tables of HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyvtrace.api.snapshot import Aggregation

MOST_ROWS = 50


def tables(aggregations: Mapping[str, Aggregation]) -> str:
    """One table below the other."""
    return "".join(map(table, aggregations.values()))


def table(aggregation: Aggregation) -> str:
    """The rows of the largest values, and how many there are besides."""
    columns = aggregation.columns()
    heads = "".join(f"<th>{escape(head)}</th>" for head in columns)
    order = {key: place for place, key in enumerate(aggregation)}
    places = [order[key] for key, _ in aggregation.top(MOST_ROWS)]
    rows = "".join(
        "<tr>" + "".join(f"<td>{_shown(column[place])}</td>" for column in columns.values()) + "</tr>"
        for place in places
    )
    more = len(aggregation) - len(places)
    rest = f"<p>{more} more</p>" if more else ""
    return f"<table><caption>@{escape(aggregation.name)}</caption><tr>{heads}</tr>{rows}</table>{rest}"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:,.3f}" if isinstance(value, float) else escape(str(value))
    )
