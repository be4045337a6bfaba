"""What records of turns mean, without a kernel."""

from __future__ import annotations

import pytest

from pyvtrace.analysis.loop.groups import Groups, what
from pyvtrace.analysis.loop.turns import MOST_OPEN, Blocked, LongTurn, Loop, Turns, heaviest, module, shares
from pyvtrace.analysis.stacks import as_written, function
from pyvtrace.render.loop import breakdown

LOOP = Loop(7, 8, "server", 1, 5)


def turn_record(start: int, **parts: int) -> tuple[int | str, ...]:
    """A turn of 100 ns."""
    order = ("files", "others", "futexes", "locks", "pages", "queue")
    return (7, 8, start, "server", 1, 5, 100, *(parts.get(name, 0) for name in order), 3, 0)


@pytest.fixture
def turns() -> Turns:
    return Turns(str.split)


def test_pieces_find_their_turn(turns: Turns) -> None:
    turns.take("F", (7, 8, 1000, "read", 40, 0, "/a", "outer"))
    turns.take("F", (7, 8, 1000, "pread64", 50, 9, "/b", "read main"))
    turns.take("S", (7, 8, 1000, "f main"))
    turns.take("S", (7, 9, 1000, "of another thread"))
    turns.take("S", (7, 8, 900, "of a short turn before"))
    turns.take("T", turn_record(1000, files=90, queue=4))
    assert turns.all_ended() == [], "what is ready behind it is still to come"
    turns.take("Q", (7, 8, 1000, 12, 0))
    (turn,) = turns.all_ended()
    assert turn.parts == {
        "file I/O": 90, "other calls": 0, "locks": 0, "page faults": 0, "run queue": 4, "CPU": 6,
    }  # fmt: skip
    assert turn.culprit == Blocked("file I/O", "pread64", 50, 9, "/b", ("read", "main"))
    assert turn.samples == ((("f", "main"), 1),)
    assert (turn.behind, turn.calls, turn.loop) == (12, 3, LOOP)
    assert turns.all_ended() == []


def test_nothing_is_behind_a_turn_whose_next_wait_sleeps(turns: Turns) -> None:
    turns.take("T", turn_record(1000))
    turns.take("Q", (7, 8, 1000, 1, 1))
    assert turns.all_ended()[0].behind == 0


def test_a_turn_whose_next_wait_never_returns(turns: Turns) -> None:
    turns.take("T", turn_record(1000))
    turns.flush()
    assert turns.all_ended()[0].behind is None


def test_the_rest_is_never_negative(turns: Turns) -> None:
    turns.take("T", turn_record(1000, files=99, queue=3))
    turns.flush()
    assert turns.all_ended()[0].parts["CPU"] == 0


def test_what_never_ends_takes_no_more_room(turns: Turns) -> None:
    for tid in range(MOST_OPEN + 100):
        turns.take("S", (7, tid, 1, "f"))
    assert len(turns._open) == MOST_OPEN


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"a": 1, "b": 1, "c": 1}, {"a": 34, "b": 33, "c": 33}),
        ({"a": 999, "b": 1}, {"a": 100, "b": 0}),
        ({"a": 2, "b": 2, "c": 2, "d": 1}, {"a": 29, "b": 29, "c": 28, "d": 14}),
        ({"a": 0, "b": 0}, {"a": 0, "b": 0}),
    ],
)
def test_shares_add_up(parts: dict[str, int], expected: dict[str, int]) -> None:
    assert shares(parts) == expected


def test_breakdown_leaves_out_what_is_not_there() -> None:
    assert breakdown({"CPU": 10, "file I/O": 990, "locks": 0}) == "file I/O 99 %, CPU 1 %"


def test_the_heaviest_chain() -> None:
    samples = [
        (("leaf+0x1", "hot+0x3", "main+0x5"), 3),
        (("other", "hot+0x9", "main+0x5"), 3),
        (("cold", "main+0x1"), 2),
        (("0x1234", "hot+0x9", "0xdead", "main"), 1),
    ]
    assert heaviest(samples) == ("hot", "main"), "no function below hot has half of the samples"
    assert heaviest([]) == ()
    assert heaviest([(("0x12",), 4)]) == ()


def test_the_heaviest_chain_of_stacks_that_were_cut() -> None:
    """An interpreter's: two frames of its own for each function of the program. Six of them fit."""
    spin, outer = (f"[jit]`py::{name}+0xa" for name in ("spin", "outer"))
    samples = [
        (("eval+0x9", spin, "call", "eval", outer, "call"), 4),
        (("add", "eval+0x7", spin, "call", "eval+0x3", outer), 3),
        (("new", "add+0x2", "eval", spin, "call", "eval"), 1),
        ((spin, "call", "eval", outer, "call", "eval"), 2),
    ]
    named = function(spin), function(outer)
    chain = heaviest(samples)
    assert chain == ("eval", named[0], "call", "eval", named[1])
    assert as_written(chain) == ("eval", *named)
    computing = LongTurn(LOOP, 1, 9, {"CPU": 9}, 0, 0, (), tuple(samples))
    assert what(computing, lambda device: "") == "computes in py::spin"


def test_of_a_program_without_a_runtime_all_frames_are_its_own() -> None:
    assert as_written(("spin", "main")) == ("spin", "main")
    assert as_written(()) == ()


def test_the_file_where_nothing_has_a_name() -> None:
    samples = [(("server`0x12", "0x99"), 2), (("server`0x34",), 1), (("libc.so.6`0x5",), 2), ((), 1)]
    assert module(samples) == "server"
    assert module([*samples, (("0x1",), 1)]) == "", "less than half"
    assert module([]) == ""


def turn(parts: dict[str, int], *blocked: Blocked) -> LongTurn:
    return LongTurn(LOOP, 1, sum(parts.values()), parts, 0, 0, blocked, (((("spin", "main"), 5)),))


def test_culprits_in_words() -> None:
    read = Blocked("file I/O", "read", 90, 9, "/srv/data", ())
    assert what(turn({"file I/O": 90, "CPU": 10}, read), {9: "vda"}.get) == "read /srv/data on vda"  # type: ignore[arg-type]
    assert what(turn({"file I/O": 10, "CPU": 90}, read), lambda device: "") == "computes in spin"
    assert what(turn({"file I/O": 90, "CPU": 10}), lambda device: "") == "file I/O in many short calls"
    assert what(turn({"run queue": 90, "CPU": 10}, read), lambda device: "") == "waits for a processor"


def test_turns_of_one_culprit_are_one_group() -> None:
    groups = Groups(lambda device: "")
    groups.add([turn({"CPU": 10}), turn({"CPU": 30}), turn({"run queue": 50, "CPU": 1})])
    first, second = groups.ordered()
    assert (first.what, first.count, first.longest) == ("waits for a processor", 1, 51)
    assert (second.what, second.count, second.longest, second.where) == ("computes in spin", 2, 30, ("spin", "main"))
    assert groups.by_loop == {LOOP: 3}
