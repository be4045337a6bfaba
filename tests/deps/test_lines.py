"""The view of `vtrace deps` over reports that are made up: keys go in, lines come out."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from pyvtrace.analysis.deps.endpoints import Endpoint
from pyvtrace.analysis.deps.report import Dependency, Report, Times
from pyvtrace.analysis.histogram import histogram
from pyvtrace.builtins.distributions import EXPHIST_COUNT, EXPHIST_FIRST, EXPHIST_MAX, EXPHIST_SUM
from pyvtrace.render.deps import DepsView
from pyvtrace.render.theme import ASCII, UNICODE, Glyphs, Line
from pyvtrace.runtime.snapshot import Table
from pyvtrace.spec import AggregationSpec, StorageSpec

MS = 1_000_000


TABLE = AggregationSpec(0, "times", "exphist", (2,), (), 261, StorageSpec("", "", 0, 261, 1, 1, 0), 0, -1, -1)


def times(count: int, ns: int) -> Times:
    """So many values of one size, a power of two: in bucket 4 * log2 - 1 of scale 2."""
    words = list(histogram("exphist", (2,)).words)
    if count:
        words[EXPHIST_COUNT], words[EXPHIST_SUM], words[EXPHIST_MAX] = count, count * ns, ns
        words[EXPHIST_FIRST + 4 * (ns.bit_length() - 1)] = count
    return Times(count, count * ns, Table(TABLE, {(): tuple(words)}), ((),) * bool(count))


def dependency(number: int, waited: int, answers: int | Times = 5, **more: object) -> Dependency:
    answered = times(answers, 1 << 20) if isinstance(answers, int) else answers
    fields = {
        "endpoint": Endpoint("tcp", f"10.0.{number // 250}.{number % 250}", 5432),
        "held": 0,
        "accepted": 0,
        "connects": times(1, 1 << 16),
        "answers": answered,
        "questions": answered.count,
        "sent": 100,
        "received": 2000,
        "errors": {},
        "asked": {},
        "waited": waited,
    }
    return Dependency(**{**fields, **more})


def report(*rows: Dependency, **more: object) -> Report:
    fields = {
        "time_ns": 2_000 * MS,
        "dependencies": rows,
        "others": {"timers": 300 * MS, "processor": 20 * MS},
        "unmeasured": 0,
        "undistributed": 0,
        "lost": {},
        "wall_ns": 0,
    }
    return Report(**{**fields, **more})


MANY = report(*(dependency(number, (151 - number) * MS) for number in range(1, 151)))


def view_of(seen: Report) -> DepsView:
    view = DepsView("process 7")
    view.take(seen)
    return view


def text(line: Line) -> str:
    return "".join(segment.text for segment in line)


def screen(view: DepsView, width: int = 100, height: int = 24, glyphs: Glyphs = UNICODE) -> list[str]:
    return [text(line) for line in view.lines(width, height, glyphs)]


def test_a_histogram_is_what_it_is_made_of() -> None:
    found = times(3, 1 << 20).distribution
    assert found is not None
    assert (found.count, found.quantile(0.5)) == (3, 1 << 20)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("opened", ["", "enter"])
@pytest.mark.parametrize(("width", "height"), [(40, 8), (60, 12), (80, 24), (100, 30), (200, 60), (30, 5)])
def test_a_screen_is_never_larger_than_the_terminal(width: int, height: int, opened: str, glyphs: Glyphs) -> None:
    view = view_of(MANY)
    view.press(opened)
    lines = screen(view, width, height, glyphs)
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines), lines
    assert glyphs is UNICODE or all(line.isascii() for line in lines)


def test_rows_go_by_what_was_waited_for_and_say_its_share() -> None:
    view = view_of(report(dependency(1, 100 * MS), dependency(2, 580 * MS)))
    lines = screen(view)
    assert [line.split()[0] for line in lines[2:4]] == ["10.0.0.2:5432", "10.0.0.1:5432"]
    assert ["58.0%" in lines[2], "10.0%" in lines[3], "30.0%" in lines[4], "2.0%" in lines[5]] == [True] * 4
    assert [line.split("  ")[0] for line in lines[4:6]] == ["~timers", "~run queue"]


def test_one_of_150_can_be_chosen_and_opened() -> None:
    view = view_of(MANY)
    view.press("end")
    assert any(line.startswith("10.0.0.150:5432") for line in screen(view))
    view.press("enter")
    lines = screen(view)
    assert lines[1] == "10.0.0.150:5432"
    assert "1 connected" in lines[2]


def test_measures_and_orders_take_turns() -> None:
    errors = {(True, "refused"): 3}
    view = view_of(report(dependency(1, 90 * MS), dependency(2, 10 * MS, 0, questions=2, errors=errors)))
    assert "1.04ms" in screen(view)[2]
    view.press("m")
    assert "65.5us" in screen(view)[2]
    view.press("s")
    view.press("s")
    assert screen(view)[2].startswith("10.0.0.2:5432")
    view.press("enter")
    said = screen(view)
    assert "  3 not connected: refused" in said
    assert "  2 of 2 questions without an answer" in said


def test_what_was_lost_is_said() -> None:
    lines = screen(view_of(report(dependency(1, MS), lost={"dynamic": 3, "missed": 0}, unmeasured=2)))
    assert lines[1] == "! 3 events not timed: no room for more sockets or threads"
    assert lines[2].startswith("! 2 messages of sendmmsg and recvmmsg")


def test_a_long_command_leaves_room_in_the_title() -> None:
    view = DepsView("python3 -c '\nimport socket\n" + "x" * 100 + "'")
    view.take(MANY)
    title = screen(view, 80)[0]
    assert title.startswith("vtrace deps  python3 -c ' import socket xx")
    assert "2.00s" in title
    assert "150 endpoints" in title


def test_names_asked_for_are_listed_up_to_a_number() -> None:
    asked = {f"host{number}.example": times(1, 1 << (20 + number)) for number in range(10)}
    view = view_of(report(dependency(1, MS, asked=asked)))
    lines = [text(line) for line in view.paper(120, UNICODE)]
    assert sum("host" in line for line in lines) == 8
    assert lines[-1] == "  and 2 more names"
    assert "host9.example: 1 answer" in lines[-9]


def test_a_table_leaves_room_for_what_is_around_it() -> None:
    lines = [text(line) for line in view_of(MANY).table(80, UNICODE, 20)]
    assert len(lines) == 20
    assert [line.split()[0] for line in lines[2:3] + lines[-4:]] == [
        "10.0.0.1:5432",
        "10.0.0.15:5432",
        "and",
        "~timers",
        "~run",
    ]


def test_what_has_no_row_is_summed_up() -> None:
    """Of 150 endpoints that were waited for 150, 149, ... 1 ms, with 5 answers each, 15 have rows: 15 * 143 ms, and the
    others have 11325 - 2145 of 11325 + 320 ms."""
    (rest,) = [text(line) for line in view_of(MANY).table(80, UNICODE, 20) if text(line).startswith("and ")]
    assert rest.split() == ["and", "135", "more", "675", "-", "-", "-", "9.18s", "78.8%"]


def test_paper_has_a_line_for_what_has_no_row() -> None:
    """Errors, questions and connections of endpoints without a row are counted together."""
    errors = {(True, "refused"): 3}
    rows = [dependency(number, 0, 1, questions=2, errors=errors) for number in range(1, 1001)]
    lines = [text(line) for line in view_of(report(*rows)).paper(100, UNICODE)]
    assert sum(line.startswith("10.0.") for line in lines) == 3 * 199
    rests = [place for place, line in enumerate(lines) if line.startswith("and 801 more")]
    assert [lines[place].split()[3:5] for place in rests[:2]] == [["801", "2403"], ["801", "2403"]]
    assert lines[rests[2] + 1 :] == ["  2403 not connected: refused", "  801 of 1602 questions without an answer"]


def test_times_without_a_distribution_are_counted() -> None:
    row = dependency(1, MS, answers=Times(7, 14 * MS), questions=7)
    view = view_of(report(row, undistributed=7))
    lines = screen(view)
    assert lines[1] == "! 7 times counted without a distribution: no room for more endpoints"
    shown = dict(zip(lines[2].split(), lines[3].split(), strict=False))
    assert [shown[head] for head in ("COUNT", "P50", "P99", "MAX")] == ["7", "-", "-", "-"]
    view.press("enter")
    assert "from question to answer: 7, mean 2.00ms; there was no room for more" in screen(view)
