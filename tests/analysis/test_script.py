"""Scripts of views: what their headers declare, and the programs made of them."""

from __future__ import annotations

import pytest

from pyvtrace.analysis.compose import FAMILY, any_of, compose, quoted
from pyvtrace.analysis.script import BadHeader, parse_script
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.source import Source
from tests.render.made_up import CALLS, REQUESTS

SCRIPT = parse_script(CALLS)


def test_what_a_header_declares() -> None:
    assert SCRIPT.view == "calls"
    assert SCRIPT.question == "where does the time go?"
    assert SCRIPT.axis == (100, 10_000_000_000)
    assert SCRIPT.filters == ("syscall:::entry",)
    assert SCRIPT.row == ("pid", "comm")
    assert [(key.name, key.expression, key.kind, key.label) for key in SCRIPT.keys][1] == (
        "comm", "execname", "text", "command",
    )  # fmt: skip
    assert [key.name for key in SCRIPT.extras] == ["uid"]
    assert [measure.label for measure in SCRIPT.measures] == ["from entry to return"]
    assert SCRIPT.apart is not None
    assert SCRIPT.apart.reason == "waiting is what they are for"
    assert SCRIPT.apart.values == {"poll", "nanosleep"}


def test_a_header_may_have_several_measures_and_set_nothing_apart() -> None:
    script = parse_script(REQUESTS)
    assert [measure.name for measure in script.measures] == ["queue", "issue"]
    assert script.apart is None


@pytest.mark.parametrize("word", ["question", "view", "axis", "filter", "row", "measure"])
def test_what_a_header_lacks_is_named(word: str) -> None:
    text = "\n".join(line for line in CALLS.splitlines() if not line.startswith(f" * {word}:"))
    with pytest.raises(BadHeader, match=word):
        parse_script(text)


def test_a_key_without_a_meaning_is_refused() -> None:
    with pytest.raises(BadHeader, match="a key has a name, an expression, a kind and a meaning"):
        parse_script(CALLS.replace("pid        number  process", "pid"))


def test_conditions_go_to_the_clauses_named_by_the_header() -> None:
    text = compose(SCRIPT, [any_of("pid", [7, 8]), 'execname == "a"'])
    assert 'syscall:::entry\n/(pid == 7 || pid == 8) && execname == "a"/\n{' in text
    assert "syscall:::return\n/self->t/\n{" in text


def test_conditions_join_a_predicate_that_is_there() -> None:
    script = parse_script(CALLS.replace("syscall:::entry\n{", "syscall:::entry\n/arg0 == 1 || arg0 == 2/\n{"))
    assert "/pid == 7 && (arg0 == 1 || arg0 == 2)/" in compose(script, ["pid == 7"])


def test_extras_join_the_tuple_and_short_ones_are_not_counted() -> None:
    text = compose(SCRIPT.with_extras(["uid"]), minimum=1000)
    assert "\tif (timestamp - self->t >= 1000) { @calls[pid, execname, probefunc, uid] = exphist(" in text


def test_options_are_pragmas() -> None:
    assert compose(SCRIPT, options={"aggsize": "4096"}).startswith("#pragma D option aggsize=4096\n")


@pytest.mark.parametrize(
    ("was", "now", "problem"),
    [
        ("syscall:::entry\n{", "syscall::read:entry\n{", "no clause is for syscall:::entry"),
        ("@calls[pid, execname,", "@calls[tid, execname,", "@calls has the keys tid, execname, probefunc"),
        ("@calls[", "@others[", "the script updates others"),
    ],
)
def test_a_script_that_is_not_as_its_header_says_is_refused(was: str, now: str, problem: str) -> None:
    with pytest.raises(BadHeader, match=problem):
        compose(parse_script(CALLS.replace(was, now)))


@pytest.mark.parametrize(
    ("conditions", "minimum", "extras"),
    [
        ([], 0, []),
        ([FAMILY], 0, []),
        ([any_of("pid", [1, 2]), any_of("cgroup", [5])], 10_000, ["uid"]),
        ([any_of("execname", [quoted('a"b\\c')])], 0, []),
        ([FAMILY, any_of("execname", [quoted("sh"), quoted("ls")])], 1, ["uid"]),
    ],
)
def test_programs_compile(conditions: list[str], minimum: int, extras: list[str]) -> None:
    text = compose(SCRIPT.with_extras(extras), conditions, minimum=minimum, options={"aggsize": "1m"})
    spec = compile_text(Source("calls", text), LiveTarget(), {}, (), 1)
    assert [len(a.keys) for a in spec.aggregations] == [3 + len(extras)]
