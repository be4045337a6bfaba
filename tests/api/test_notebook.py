"""What notebooks and rich's console show of snapshots, aggregations, histograms and programs."""

from __future__ import annotations

import io
from xml.etree import ElementTree

from rich.console import Console

from pyvtrace import D, Session, Snapshot, probe
from pyvtrace.api.html import MOST_ROWS

NASTY = "<b>&\"'"
PROGRAM = r"""
BEGIN { @["<b>&\"'", 1] = count(); @q["x"] = quantize(5); @s = sum(1234567); @avg["mean"] = avg(3); }
BEGIN { @avg["mean"] = avg(4); }
"""


def seen(program: str = PROGRAM) -> Snapshot:
    with Session(program) as session:
        return session.snapshot()


def tables(html: str) -> dict[str, list[list[str]]]:
    """Rows of cells by caption; what is no well-formed markup fails."""
    tree = ElementTree.fromstring(f"<all>{html}</all>")
    return {
        table.findtext("caption", ""): [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        for table in tree.iter("table")
    }


def test_a_snapshot_is_a_table_for_each_aggregation() -> None:
    found = tables(seen()._repr_html_())
    assert found["@_"] == [["key1", "key2", "value"], [NASTY, "1", "1"]]
    assert found["@q"] == [["key1", "count", "sum", "max", "p50", "p90", "p99"], ["x", "1", "", "7", "7", "7", "7"]]
    assert found["@s"] == [["value"], ["1,234,567"]]
    assert found["@avg"] == [["key1", "value"], ["mean", "3.500"]]
    assert tables(seen()["q"]._repr_html_()) == {"@q": found["@q"]}


def test_of_many_rows_the_largest_are_shown() -> None:
    many = seen("BEGIN { @[1] = sum(10); @[2] = sum(30); @[3] = sum(20); }")[""]
    assert [row[1] for row in tables(many._repr_html_())["@_"][1:]] == ["30", "20", "10"]
    rows = "; ".join(f"@[{n}] = count()" for n in range(MOST_ROWS + 7))
    html = seen(f"BEGIN {{ {rows}; }}")[""]._repr_html_()
    assert len(tables(html)["@_"]) == 1 + MOST_ROWS
    assert html.endswith("<p>7 more</p>")


def test_histograms_and_programs_are_text() -> None:
    histogram = seen()["q"]["x"]
    assert "".join(ElementTree.fromstring(histogram._repr_html_()).itertext()) == str(histogram)  # type: ignore[union-attr]
    program = probe("syscall::read:return").where(D.arg0 < 0).count(by=D.execname)
    assert "".join(ElementTree.fromstring(program._repr_html_()).itertext()) == program.d


def test_rich_prints_what_d_prints() -> None:
    snapshot = seen()
    for thing in (snapshot, snapshot[""], snapshot["q"]["x"]):
        said = io.StringIO()
        Console(file=said, width=200).print(thing)
        lines = [line.rstrip() for line in said.getvalue().strip("\n").split("\n")]
        assert lines == [line.rstrip() for line in str(thing).strip("\n").split("\n")]
