"""`vtrace list`, and what `vtrace run` makes of a script's header."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyvtrace.analysis.library import display, places
from tests.conftest import RunVtrace
from tests.schemas import validator
from tests.scripts import pages

EVENTS = """\
/*
 * question: who calls getppid?
 * output:   a line a call
 * filter:   syscall::getppid:entry
 * option:   least number leave out the first so many
 * column:   pid  number process
 * column:   comm text   command
 */
#pragma D option quiet

inline int least = 3;
int calls;

syscall::getppid:entry
{
	calls++;
	if (calls > least)
		printf("%d %s\\n", pid, execname);
}
"""
FIVE = "python3 -c 'import os; [os.getppid() for _ in range(5)]'"


def script(folder: Path, text: str = EVENTS, name: str = "mine/parents") -> dict[str, str]:
    """The environment of a user whose own script this is."""
    path = folder / "vtrace" / "probes" / f"{name}.d"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return {"XDG_CONFIG_HOME": str(folder)}


def test_every_script_says_what_it_answers(vtrace: RunVtrace) -> None:
    listed = [json.loads(line) for line in vtrace("list", "--json").stdout.splitlines()]
    assert [one["name"] for one in listed] == [place.name for place in places()]
    assert all(one["question"].endswith("?") for one in listed)
    assert all(one["shows"] != "text" for one in listed)


def test_the_list_is_by_subject_with_the_users_own(vtrace: RunVtrace, tmp_path: Path) -> None:
    lines = vtrace("list", env=script(tmp_path)).stdout.splitlines()
    assert "  parents" in lines[lines.index("mine") + 1]
    assert lines[lines.index("mine") + 1].endswith("who calls getppid?  (own)")
    assert not any(line.endswith("(own)") for line in vtrace("list").stdout.splitlines())


def test_one_of_the_users_takes_the_place_of_ours(vtrace: RunVtrace, tmp_path: Path) -> None:
    lines = vtrace("list", env=script(tmp_path, name="files/opens")).stdout.splitlines()
    assert [line.endswith("(own)") for line in lines if line.startswith("  opens")] == [True]


@pytest.mark.parametrize(("options", "lines"), [((), 2), (("--least", "1"), 4), (("--least", "0"), 5)])
def test_an_option_has_a_default_and_can_be_set(
    vtrace: RunVtrace, tmp_path: Path, options: tuple[str, ...], lines: int
) -> None:
    done = vtrace("run", "parents", "-c", FIVE, *options, env=script(tmp_path))
    assert done.status == 0, done.stderr
    heading, *events = done.stdout.splitlines()
    assert heading.split() == ["PID", "COMM"]
    assert [line.split()[1] for line in events] == ["python3"] * lines


def test_the_help_is_made_of_the_header(vtrace: RunVtrace, tmp_path: Path) -> None:
    text = vtrace("run", "parents", "-h", env=script(tmp_path)).stdout
    for part in ("Who calls getppid?", "A line a call.", "--least N", "Leave out the first so many", "[default: 3]"):
        assert part in text
    assert "  comm  command" in text


def test_the_schema_is_made_of_the_header(vtrace: RunVtrace, tmp_path: Path) -> None:
    environment = script(tmp_path)
    schema = json.loads(vtrace("run", "parents", "--schema", env=environment).stdout)
    assert schema["properties"] == {
        "pid": {"description": "Process.", "type": "integer"},
        "comm": {"description": "Command.", "type": "string"},
    }
    lines = validator(schema)
    for line in vtrace("run", "parents", "--json", "-c", FIVE, env=environment).stdout.splitlines():
        lines.validate(json.loads(line))
    assert not lines.is_valid({"pid": "1", "comm": "x"})
    assert not lines.is_valid({"pid": 1})
    with open(pages.schema_of_script("sched/runqlen"), encoding="utf-8") as file:
        assert vtrace("run", "sched/runqlen", "--schema").stdout == file.read()


COUNTS = """\
/*
 * question: how far is it?
 * output:   a row a name
 * key:      name this->name text     of what
 * value:    far  bytes      how far
 * value:    all  duration   in all
 */
BEGIN { @far["x"] = lquantize(25, -10, 30, 10); @far["x"] = lquantize(99, -10, 30, 10); @all["x"] = sum(7); exit(0); }
"""


def test_bounds_and_units_are_in_the_schema(vtrace: RunVtrace, tmp_path: Path) -> None:
    path = tmp_path / "far.d"
    path.write_text(COUNTS)
    schema = json.loads(vtrace("run", str(path), "--schema").stdout)
    far, whole = schema["properties"]["far"], schema["properties"]["all"]
    assert (whole["unit"], whole["type"]) == ("ns", "integer")
    buckets = far["properties"]["buckets"]
    assert buckets["unit"] == "bytes"
    # Levels of ten from -10 to 30, what is below and what is above; bounds are inclusive.
    assert buckets["items"]["properties"]["upto"]["enum"] == [-11, -1, 9, 19, 29, 2**63 - 1]
    (row,) = map(json.loads, vtrace("run", str(path), "--json").stdout.splitlines())
    validator(schema).validate(row)
    assert [(bucket["above"], bucket["upto"]) for bucket in row["far"]["buckets"]] == [(19, 29), (29, 2**63 - 1)]
    row["far"]["buckets"][0]["upto"] = 28
    assert not validator(schema).is_valid(row)


def test_a_file_runs_as_well(vtrace: RunVtrace, tmp_path: Path) -> None:
    path = tmp_path / "some.d"
    path.write_text(EVENTS)
    done = vtrace("run", str(path), "-c", FIVE, "--json")
    assert [json.loads(line)["comm"] for line in done.stdout.splitlines()] == ["python3"] * 2


def test_a_script_without_a_header_prints_what_it_prints(vtrace: RunVtrace, tmp_path: Path) -> None:
    path = tmp_path / "some.d"
    path.write_text('/* a plain script */\n#pragma D option quiet\nBEGIN { printf("begun\\n"); exit(3); }\n')
    done = vtrace("run", str(path))
    assert (done.stdout, done.status) == ("begun\n\n", 3)
    assert vtrace("run", str(path), "--json").status == 2


def test_a_misspelt_name_gets_the_one_that_is_meant(vtrace: RunVtrace) -> None:
    for word in ("files/opns", "opns", "file/opens"):
        done = vtrace("run", word)
        assert (done.status, done.stderr) == (1, f"vtrace: no script is called {word}: did you mean files/opens?\n")


@pytest.mark.parametrize(
    ("was", "now", "line", "marked", "why"),
    [
        (" * question:", " * quesion:", 2, "quesion: who calls getppid?", "did you mean 'question'?"),
        ("number process", "nuber process", 6, "column:   pid  nuber process", "'nuber' is no kind of value"),
        ("pid  number process", "pid", 6, "column:   pid", "has a name, a kind and a meaning"),
        ("option:   least", "option:   lest", 5, "option:   lest number", "does not declare option lest"),
        (" * column:   comm text   command\n", "", 6, "column:   pid", "2 values, there are 1 columns"),
        ("filter:   syscall::getppid", "filter:   syscall::getpid", 4, "filter:", "no clause is for syscall::getpid"),
    ],
)
def test_a_bad_header_is_shown_where_it_is_bad(
    vtrace: RunVtrace, tmp_path: Path, was: str, now: str, line: int, marked: str, why: str
) -> None:
    assert was in EVENTS
    done = vtrace("run", "parents", "-c", "true", env=script(tmp_path, EVENTS.replace(was, now, 1)))
    assert done.status == 1
    first, text, caret = done.stderr.splitlines()
    assert f"mine/parents.d: line {line}: header: " in first
    assert why in done.stderr
    begin = text.index(marked)
    assert caret[begin : begin + len(marked)] == "^" * len(marked)


def test_a_bad_header_does_not_hide_the_rest_of_the_list(vtrace: RunVtrace, tmp_path: Path) -> None:
    done = vtrace("list", env=script(tmp_path, EVENTS.replace("question", "quesion")))
    assert done.status == 1
    assert "quesion" in done.stderr
    assert "  opens" in done.stdout


def test_a_glob_chooses_commands(vtrace: RunVtrace, tmp_path: Path) -> None:
    environment = script(tmp_path)
    assert len(vtrace("run", "parents", "-c", FIVE, "--comm", "py*", env=environment).stdout.splitlines()) == 3
    assert len(vtrace("run", "parents", "-c", FIVE, "--comm", "x*", env=environment).stdout.splitlines()) == 1


def test_how_each_is_shown() -> None:
    shown = {place.name: display(place.read()) for place in places()}
    assert shown["files/opens"] == "events"
    assert shown["files/top"] == "table"
    assert shown["disk/processes"] == "view"
    assert shown["cpu/profile"] == "stacks"


def test_the_pages_are_made_of_the_headers() -> None:
    """`python -m tests.scripts.pages` writes them."""
    for path, text in pages.made().items():
        with open(path, encoding="utf-8") as file:
            assert file.read() == text, path


def test_the_pages_show_what_each_script_prints() -> None:
    for place in pages.ours():
        script, shown = place.read(), pages.recorded(pages.page_of(place.subject))[place.name].split("\n")
        assert len([line for line in shown if line]) > 1, place.name
        if script.columns:
            assert shown[0].split() == [field.name.upper() for field in script.columns], place.name
