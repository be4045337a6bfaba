"""Specs that are wrong: one message, the line, a caret below what is wrong in it, and what to do."""

from __future__ import annotations

import pytest

from pyvtrace.analysis.script import Script
from pyvtrace.checks.problems import CheckError
from pyvtrace.checks.spec import parse_spec

CALLS = ("read", "fsync", "futex")
GOOD = """\
[[check]]
name = "save"
command = "true"
runs = 2
assert = ["syscall fsync <= 1", "p99(read) < 5ms"]
"""


def no_library(name: str) -> Script:
    raise CheckError(f"no script is called {name}", hint="did you mean 'disk'?")


def message(old: str, new: str) -> list[str]:
    assert old in GOOD
    with pytest.raises(CheckError) as refused:
        parse_spec(GOOD.replace(old, new), "vtrace.toml", CALLS, no_library)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "part", "hint"),
    [
        ("runs", "rusn", 4, "unknown key 'rusn'", "rusn", "did you mean 'runs'?"),
        ("runs", "repeat-it", 4, "unknown key 'repeat-it'", "repeat-it", "a check has name, command, assert, "),
        ("[[check]]", "[check]", 1, "there can be several checks", "check", "write two brackets: [[check]]"),
        ("[[check]]", "x = 1\n[[check]]", 1, "unknown key 'x'", "x", "checks are tables: [[check]]"),
        ("2\n", "2 3\n", 4, "is no TOML: Expected newline or end of document after a statement", "3", ""),
        ("5ms", "5mss", 5, "'5mss' is no duration: write a number and ns, us, ms", "5mss", ""),
        ("5ms", "10 %", 5, "'10 %' is a part of nothing", "10 %", "write +10 % for so much more than the baseline"),
        ("syscall fsync", "disk raeds", 5, "nothing is known of", "disk raeds", "did you mean 'disk reads'?"),
        ("(read)", "(raed)", 5, "nothing is known of 'raed'", "raed", "did you mean 'read'?"),
        ("p99(", "pct99(", 5, "pct99() is no figure", "pct99", "did you mean 'p99'?"),
        ("p99(", "p100(", 5, "p100() is no figure", "p100", "there are count, sum, mean, max, p50,"),
        ("(read)", "(page faults)", 5, "no times are known of page faults", "page faults", "ask for how many"),
        ("<= 1", "= 1", 5, "'syscall fsync = 1' compares nothing", "syscall fsync = 1", "write what, one of <= < >= >"),
        ("<= 1", "=< 1", 5, "'syscall fsync =< 1' compares nothing", "syscall fsync =< 1", "write what, one of"),
        ("<= 1", "<=", 5, "'syscall fsync <=' compares nothing", "syscall fsync <=", "write what, one of"),
        ("<= 1", "<= 5ms", 5, "'5ms' is no number of events", "5ms", "times belong to p50(), p99(), mean()"),
        ("syscall fsync", "@n", 5, "the check's program has no aggregation @n", "@n", "it has none"),
        ('runs = 2', 'runs = "2"', 4, "runs has to be a number, not '2'", "runs", ""),
        ("runs = 2", "runs = 0", 4, "runs has to be at least 1", "runs", ""),
        ("runs = 2", "timeout = 0", 4, "timeout has to be more than 0 seconds", "timeout", ""),
        ('"true"', '""', 3, "the check has no command", "command", ""),
        ('command = "true"\n', "", 2, "the check has no command", "name", ""),
        ("runs = 2", 'probes = "dsik"', 4, "no script is called dsik", "probes", "did you mean 'disk'?"),
    ],
)  # fmt: skip
def test_a_wrong_spec_is_shown_with_a_caret(old: str, new: str, line: int, what: str, part: str, hint: str) -> None:
    head, shown, below = message(old, new)
    assert head.startswith(f"vtrace.toml:{line}: {what}")
    number, _, text = shown.partition(" | ")
    assert (int(number), text) == (line, GOOD.replace(old, new).splitlines()[line - 1])
    _, _, carets = below.partition(" | ")
    start, width = carets.index("^"), carets.count("^")
    assert text[start : start + width] == part
    assert carets[start + width :].strip().startswith(hint)


def test_of_several_checks_the_line_is_that_of_the_wrong_one() -> None:
    second = GOOD.replace('"save"', '"load"').replace("fsync", "fsnc")
    with pytest.raises(CheckError) as refused:
        parse_spec(GOOD + second, "vtrace.toml", CALLS, no_library)
    assert refused.value.where == "vtrace.toml:10"
    with pytest.raises(CheckError, match=r"(?s)vtrace.toml:7: there are two checks called 'save'.*\^\^\^\^"):
        parse_spec(GOOD + GOOD, "vtrace.toml", CALLS, no_library)


def test_a_tab_is_as_wide_below_as_above() -> None:
    head, shown, below = message("runs = 2", "\trusn = 2")
    assert head == "vtrace.toml:4: unknown key 'rusn'"
    assert shown.index("rusn") == below.index("^")
    assert shown[: shown.index("rusn")].endswith("\t") and below[: below.index("^")].endswith("\t")
