"""Views driven as a user drives them: readings and keys go in, lines come out."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from pyvtrace.analysis.rows import SORTS
from pyvtrace.analysis.script import parse_script
from pyvtrace.analysis.units import rounded
from pyvtrace.render.theme import ASCII, UNICODE, Theme
from pyvtrace.render.view import View
from tests.render.made_up import CALLS, REQUESTS, plain, screen, snapshot, view_of

MICRO, MILLI = 1_000, 1_000_000
SOME = {
    (10, "slow", "read"): [3 * MILLI] * 4,
    (10, "slow", "write"): [5 * MICRO] * 10,
    (10, "slow", "poll"): [900 * MILLI],
    (20, "busy", "read"): [2 * MICRO] * 100,
    (30, "idle", "nanosleep"): [800 * MILLI] * 2,
}


def some(seconds: float = 1) -> View:
    return view_of(snapshot(SOME, seconds=seconds))


def rows(view: View, width: int = 120) -> list[str]:
    """The rows of the overview, without what is around them."""
    lines = [line for line in screen(view, width) if line]
    return lines[2:-1]


def test_a_row_a_process_the_most_time_first() -> None:
    assert [line.split()[:2] for line in rows(some())] == [["10", "slow"], ["20", "busy"]]


def test_waiting_is_in_no_total_and_shown_as_rows_of_its_own_when_asked_for() -> None:
    view = some()
    assert "12.0ms" in rows(view)[0]
    view.press("w")
    shown = [line.split()[:2] for line in rows(view)]
    assert shown == [["30", "~idle"], ["10", "~slow"], ["10", "slow"], ["20", "busy"]]
    view.press("w")
    assert len(rows(view)) == 2


def test_the_figures_of_a_row_are_those_of_its_values() -> None:
    head, row = screen(some(2), 120)[1:3]
    figures = dict(zip(head.split(), row.split(), strict=False))
    assert figures["EVENTS"] == "14"
    assert figures["EV/S"] == "7.0"
    assert figures["TOTAL"] == "12.0ms"
    assert figures["MAX"] == "3.00ms"
    # The upper bounds of the buckets of 5 us and 3 ms: the latter never above the maximum.
    assert (figures["P50"], figures["P99"]) == ("5.79us", "3.00ms")


def test_events_a_second_are_those_of_the_last_interval() -> None:
    more = {**SOME, (20, "busy", "read"): [2 * MICRO] * 150}
    view = view_of(snapshot(SOME, seconds=1), snapshot(more, seconds=3))
    rate = {line.split()[1]: line.split()[3] for line in rows(view)}
    assert rate == {"slow": "0", "busy": "25"}


def test_a_process_that_appears_began_in_the_interval() -> None:
    more = {**SOME, (40, "new", "read"): [7] * 30}
    view = view_of(snapshot(SOME, seconds=1), snapshot(more, seconds=4))
    assert next(line for line in rows(view) if "new" in line).split()[3] == "10"


@pytest.mark.parametrize("width", range(40, 201))
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_no_line_is_wider_than_the_screen_nor_are_there_too_many(width: int, glyphs: object) -> None:
    assert isinstance(glyphs, type(ASCII))
    view = some()
    for keys in ([], ["w"], ["enter"], ["down"], ["escape", "p"]):
        for key in keys:
            view.press(key)
        for height in (8, 24):
            lines = screen(view, width, height, glyphs)
            assert len(lines) == height
            assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_rows_stand_under_their_heads(width: int) -> None:
    head, *others = [line for line in screen(some(), width)[1:-1] if line]
    end = head.index("TOTAL") + len("TOTAL")
    for line in others:
        assert line[end - 1] == "s"
        assert line[end : end + 1] in (" ", "")


def test_wide_screens_show_more_figures_and_narrow_ones_keep_what_matters() -> None:
    heads = {width: screen(some(), width)[1].split() for width in (40, 80, 200)}
    assert "TOTAL" in heads[40]
    assert heads[80][:7] == ["PID", "COMM", "EV/S", "P50", "P99", "MAX", "TOTAL"]
    assert {"EVENTS", "MEAN", "P90"} <= set(heads[200])


def test_the_axis_is_the_same_for_all_rows_and_has_a_scale() -> None:
    view = view_of(snapshot({(1, rounded(10**n), "read"): [10**n] for n in range(2, 10)}, seconds=1))
    for width, least in ((80, 3), (120, 4), (200, 8)):
        head, *lines = (line + " " for line in screen(view, width)[1:10])
        ends = {line.split()[1]: len(line.rstrip()) - 1 for line in lines}
        ticks = {name: head.index(f" {name} ") + 1 for name in ends if f" {name} " in head}
        assert len(ticks) >= least
        assert ticks == {name: ends[name] for name in ticks}


def test_nothing_seen_says_so_and_names_the_key_that_shows_waiting() -> None:
    assert any("Nothing seen so far" in line and "press w" in line for line in screen(view_of()))
    only = view_of(snapshot({(1, "a", "poll"): [5]}, seconds=1))
    assert any("Nothing seen so far" in line for line in screen(only))


def test_ten_thousand_rows_and_the_largest_numbers() -> None:
    huge = (1 << 63) - 1
    many = {(pid, f"p{pid}", "read"): [pid + 1] for pid in range(10_000)} | {(7, "huge", "read"): [huge] * 3}
    view = view_of(snapshot(many, seconds=0.001))
    lines = screen(view, 80, 40)
    assert "10001 processes" in lines[0]
    assert "huge" in lines[2]
    assert max(map(cell_len, lines)) <= 80
    view.press("end")
    assert "p0" in screen(view, 80, 40)[-2]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[2Jevil", "?[2Jevil"),
        ("a\nb\tc", "a?b?c"),
        ("\udcff\udcfe", "??"),
        ("日本語日本語日本語日本語", "日本語日本語日"),
        ("e\u0301tude", "e\u0301tude"),
        ("", ""),
    ],
)
def test_names_cannot_break_the_screen(name: str, shown: str) -> None:
    view = view_of(snapshot({(1, name, "read"): [5], (2, "plain", "read"): [4]}, seconds=1))
    lines = screen(view, 80, 24, UNICODE)
    assert shown in lines[2]
    assert "\x1b" not in "".join(lines)
    assert cell_len(lines[2].rstrip()) == cell_len(lines[3].rstrip())


def test_a_screen_too_small_says_so_in_one_line_and_recovers() -> None:
    view = some()
    for width, height in ((39, 24), (80, 7), (5, 1), (1, 1)):
        (line,) = screen(view, width, height)
        assert line == f"{width}x{height} is too small: at least 40x8"[:width]
    assert len(screen(view, 80, 24)) == 24


def test_what_was_lost_is_always_said() -> None:
    lost = {"aggregation": 12, "missed": 1, "dynamic": 0, "truncated": 5, "odd": 3}
    lines = screen(view_of(snapshot(SOME, seconds=1, lost=lost)))
    warnings = [line for line in lines if line.startswith("!")]
    assert [line.split()[1] for line in warnings] == ["12", "1", "3"]
    assert "no room for more keys" in warnings[0]


# ---------------------------------------------------------------------------------------------------------------- keys


def test_s_goes_through_the_orders_and_shows_which() -> None:
    view = some()
    seen = []
    for _ in SORTS:
        seen.append(screen(view, 120)[0].rpartition("by ")[2])
        view.press("s")
    assert seen == list(SORTS)
    assert screen(view, 120)[0].endswith("by total")


def test_sorting_by_rate_and_by_maximum() -> None:
    view = some()
    view.press("s")
    assert [line.split()[1] for line in rows(view)] == ["busy", "slow"]
    view.press("s")
    view.press("s")
    assert [line.split()[1] for line in rows(view)] == ["slow", "busy"]


def test_p_and_q() -> None:
    view = some()
    view.press("p")
    assert view.paused
    assert "PAUSED" in screen(view)[0]
    view.press("p")
    assert not view.paused
    view.press("q")
    assert view.quit


def test_keys_without_a_meaning_do_nothing() -> None:
    view = some()
    before = screen(view)
    for key in ("x", "m", "escape", "page down", "é"):
        view.press(key)
    view.press("home")
    assert screen(view) == before


def test_enter_opens_the_first_row_or_the_one_that_is_chosen_and_escape_goes_back() -> None:
    view = some()
    before = screen(view)
    view.press("enter")
    opened = screen(view)
    assert opened[1].split()[0] == "CALL"
    assert [line.split()[0] for line in opened[2:5]] == ["read", "write", "~poll"]
    assert any(line.startswith("10 slow  14 events") for line in opened)
    view.press("escape")
    assert screen(view) == before
    for key in ("j", "down", "right"):
        view.press(key)
    assert any(line.startswith("20 busy  100 events") for line in screen(view))
    view.press("backspace")
    assert screen(view)[2].split()[:2] == ["10", "slow"]


def test_arrows_choose_a_part_and_show_its_histogram() -> None:
    view = some()
    for key in ("enter", "down", "down"):
        view.press(key)
    lines = screen(view)
    assert any(line.startswith("10 slow - write  10 events") for line in lines)
    (row,) = [line for line in lines if line.split()[1:2] == ["10"] and "%" in line]
    assert row.split() == ["5.00us", "10", "100.00%", "#" * (80 - 27)]
    view.press("up")
    view.press("up")
    assert any(line.startswith("10 slow  14 events") for line in screen(view))


def test_the_chosen_row_stays_chosen_when_the_order_changes() -> None:
    view = some()
    view.press("down")
    view.press("down")
    more = {**SOME, (20, "busy", "read"): [2 * MICRO] * 100_000}
    view.take(snapshot(more, seconds=2))
    assert rows(view)[0].split()[1] == "busy"
    view.press("enter")
    assert any("20 busy" in line for line in screen(view))


def test_an_opened_row_is_kept_up_to_date() -> None:
    view = some()
    view.press("enter")
    view.take(snapshot({**SOME, (10, "slow", "open"): [MICRO] * 6}, seconds=2))
    lines = screen(view)
    assert any(line.startswith("10 slow  20 events") for line in lines)
    assert any(line.split()[:2] == ["open", "6.0"] for line in lines)


def test_long_lists_scroll_to_the_chosen_row() -> None:
    many = {(pid, "p", "read"): [1000 - pid] for pid in range(100)}
    view = view_of(snapshot(many, seconds=1))
    for _ in range(50):
        view.press("down")
    assert [line.split()[0] for line in rows(view)][-1] == "49"
    for _ in range(10):
        view.press("up")
    assert [line.split()[0] for line in rows(view)][-1] == "49"
    view.press("home")
    assert rows(view)[0].split()[0] == "0"


def test_m_changes_the_measure() -> None:
    script = parse_script(REQUESTS)
    fast = snapshot({(1, "dd", 8 << 20, "WS", 4096): [5 * MILLI]}, seconds=1, names=("queue", "issue"))
    view = view_of(fast, script=script)
    assert "from queue to completion" in screen(view)[0]
    view.press("m")
    assert "from issue to completion" in screen(view)[0]
    view.press("enter")
    assert screen(view)[2].split()[:3] == ["8:0", "sync", "<=4K"]


def test_rows_by_any_key() -> None:
    view = view_of(snapshot(SOME, seconds=1), by=("call",))
    assert [line.split()[0] for line in rows(view)] == ["read", "write"]
    view.press("enter")
    assert screen(view)[1].split()[:2] == ["PID", "COMM"]


# --------------------------------------------------------------------------------------------------------------- paper


def test_paper_has_everything_and_no_escape_codes() -> None:
    many = {(pid, "p", "read"): [1000 - pid] for pid in range(100)}
    view = view_of(snapshot(many, seconds=1))
    lines = plain(view.paper(80, ASCII))
    assert len(lines) == 100 + 3
    assert all(line.isascii() and line.isprintable() for line in lines)


def test_the_last_table_has_as_many_rows_as_there_is_room_for_and_says_how_many_more() -> None:
    many = {(pid, "p", "read"): [1000 - pid] for pid in range(100)}
    lines = plain(view_of(snapshot(many, seconds=1)).table(80, ASCII, 10))
    assert len(lines) == 2 + 10
    assert lines[-1] == "and 91 more"


def test_paper_has_a_table_of_every_measure() -> None:
    rows = {(1, "dd", 8 << 20, "R", 4096): [5 * MILLI]}
    view = view_of(snapshot(rows, seconds=1, names=("queue", "issue")), script=parse_script(REQUESTS))
    text = "\n".join(plain(view.paper(100, ASCII)))
    assert "from queue to completion" in text
    assert "from issue to completion" in text


def test_without_colours_there_are_none_but_what_is_chosen_can_be_seen() -> None:
    view = some()
    view.press("down")
    text = "".join(Theme(UNICODE, None).text(line) for line in view.lines(80, 24, UNICODE))
    assert "\x1b[7m" in text
    assert "38;5" not in text
    assert "38;5" in "".join(Theme(UNICODE).text(line) for line in view.lines(80, 24, UNICODE))


def test_a_script_without_events_set_apart_has_no_such_key() -> None:
    view = view_of(script=parse_script(REQUESTS))
    view.press("w")
    assert "waiting" not in "\n".join(screen(view))
    assert CALLS
