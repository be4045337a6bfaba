"""Sentences and specs: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import pytest

from pyvtrace.analysis.script import Script
from pyvtrace.checks.assertions import Assertion, BadAssertion, parse
from pyvtrace.checks.metrics import Metric
from pyvtrace.checks.problems import CheckError
from pyvtrace.checks.spec import parse_spec

CALLS = ("read", "pread64", "fsync", "futex", "execve")


def no_library(name: str) -> Script:
    raise CheckError(f"no script is called {name}")


def assertion(text: str) -> Assertion:
    return parse(text, CALLS, ("lat", "n"))


@pytest.mark.parametrize(
    ("text", "subject", "timed", "figure", "operator", "bound"),
    [
        ("syscall fsync <= 3", "syscall fsync", False, "count", "<=", 3),
        ("no execve", "syscall execve", False, "count", "==", 0),
        ("no disk reads", "disk reads", False, "count", "==", 0),
        ("disk  reads == 0", "disk reads", False, "count", "==", 0),
        ("page faults < 2000", "page faults", False, "count", "<", 2000),
        ("disk bytes < 1M", "disk bytes", False, "count", "<", 1 << 20),
        ("disk bytes < 64 KiB", "disk bytes", False, "count", "<", 1 << 16),
        ("count(read)>=7", "syscall read", False, "count", ">=", 7),
        ("p99(read) < 5ms", "syscall read", True, "quantile", "<", 5_000_000),
        ("max( disk reads ) <= 1.5s", "disk reads", True, "max", "<=", 1_500_000_000),
        ("sum(futex) < 10us", "syscall futex", True, "sum", "<", 10_000),
        ("@n != 4", "@n", False, "count", "!=", 4),
        ("p50(@lat) < 100", "@lat", False, "quantile", "<", 100),
        ("mean(@lat) < 2us", "@lat", False, "mean", "<", 2000),
        ("@n < 2us", "@n", False, "count", "<", 2000),
    ],
)
def test_a_sentence_says(text: str, subject: str, timed: bool, figure: str, operator: str, bound: float) -> None:
    said = assertion(text)
    assert (said.metric, said.figure) == (Metric(subject, timed), figure)
    assert (said.operator, said.bound, said.relative) == (operator, bound, False)


@pytest.mark.parametrize(
    ("text", "bound", "percent", "limit_at_200"),
    [
        ("p99(read) <= +10 %", 0.1, True, 220.0),
        ("count(futex) <= +0", 0, False, 200.0),
        ("count(futex) <= -5%", -0.05, True, 190.0),
        ("p99(read) <= +1us", 1000, False, 1200.0),
        ("page faults <= +20", 20, False, 220.0),
    ],
)
def test_a_bound_with_a_sign_is_added_to_the_baseline(
    text: str, bound: float, percent: bool, limit_at_200: float
) -> None:
    said = assertion(text)
    assert (said.relative, said.bound, said.percent) == (True, bound, percent)
    assert said.limit(200) == pytest.approx(limit_at_200)


@pytest.mark.parametrize(
    ("name", "q"), [("p50", 0.5), ("p5", 0.05), ("p99", 0.99), ("p999", 0.999), ("p99.9", 0.999), ("p99.99", 0.9999)]
)
def test_a_percentile_is_called_as_it_is_everywhere(name: str, q: float) -> None:
    assert assertion(f"{name}(read) < 1s").q == pytest.approx(q)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("syscall fsnc <= 1", "nothing is known of 'syscall fsnc'", "did you mean 'fsync'?"),
        ("disk raeds == 0", "nothing is known of 'disk raeds'", "did you mean 'disk reads'?"),
        ("fsync", "compares nothing", "syscall fsync <= 3"),
        ("p99(read) < 5", "'5' is no duration", ""),
        ("p99(read) < 5 parsecs", "'5 parsecs' is no duration", ""),
        ("p99(page faults) < 5ms", "no times are known of page faults", "how many"),
        ("syscall fsync < 5ms", "'5ms' is no number of events", "p99()"),
        ("avg(read) < 5ms", "avg() is no figure", "count, sum, mean"),
        ("p99(read) < 10 %", "is a part of nothing", "+10 %"),
        ("@nothing < 3", "has no aggregation @nothing", "@lat, @n"),
    ],
)
def test_a_sentence_that_says_nothing_is_refused(text: str, what: str, hint: str) -> None:
    with pytest.raises(BadAssertion) as refused:
        assertion(text)
    assert what in str(refused.value)
    assert hint in refused.value.hint


def test_what_is_a_time_is_spelled_as_one() -> None:
    for text in ("p99(read) <= +5 %", "p50(@lat) < 2us", "@n < 2us"):
        assert assertion(text).spelled(1_500_000) == "1.50ms"
    assert assertion("p50(@lat) <= +5 %").spelled(1_500_000) == "1,500,000"
    assert parse("p50(@lat) <= +5 %", CALLS, ("lat",), {"lat": "exphist"}).spelled(1_500_000) == "1.50ms"
    # How many there are of a distribution; of a sum, the sum.
    assert parse("@lat <= +5", CALLS, ("lat",), {"lat": "exphist"}).spelled(7) == "7"
    assert parse("@lat <= +5 %", CALLS, ("lat",), {"lat": "sum"}).spelled(7) == "7ns"


SPEC = """\
[[check]]
name = "one"
command = "true"
assert = ["syscall read <= 3"]

[[check]]
name = "two"
command = "cat file"
runs = 9
warm-up = 0
timeout = 1.5
directory = "data"
status = 1
probes = "syscall::read:entry { @n = count(); }"
assert = [
    "@n <= 3",
    "no execve",
]
"""


def test_a_spec_is_checks() -> None:
    one, two = parse_spec(SPEC, "vtrace.toml", CALLS, no_library)
    assert (one.name, one.runs, one.warm_up, one.command.timeout) == ("one", 5, 1, 600)
    assert (two.runs, two.warm_up, two.command.timeout, two.command.directory, two.command.status) == (
        9, 0, 1.5, "data", 1,
    )  # fmt: skip
    assert [each.text for each in two.assertions] == ["@n <= 3", "no execve"]


@pytest.mark.parametrize(
    ("program", "spelled"),
    [
        ("@lat[execname, fds[arg0].fi_name] = exphist(timestamp - self->t, 5);", "1.00us"),
        ("@lat = quantize(vtimestamp - self->t);", "1.00us"),
        ("@lat = quantize((timestamp - self->t) / 1000);", "1,000"),
        ("@lat = quantize(arg2);", "1,000"),
    ],
)
def test_a_difference_of_clocks_is_a_time(program: str, spelled: str) -> None:
    text = SPEC.replace("@n = count();", program).replace("@n <= 3", "p50(@lat) <= +5 %")
    assert parse_spec(text, "vtrace.toml", CALLS, no_library)[1].assertions[0].spelled(1000) == spelled


def test_a_pyproject_has_them_under_tool_vtrace() -> None:
    text = '[project]\nname = "x"\n\n' + SPEC.replace("[[check]]", "[[tool.vtrace.check]]")
    assert [check.name for check in parse_spec(text, "/somewhere/pyproject.toml", CALLS, no_library)] == ["one", "two"]


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("runs = 9", "rusn = 9", 9, "unknown key 'rusn'"),
        ("runs = 9", "runs = 0", 9, "runs has to be at least 1"),
        ("runs = 9", 'runs = "9"', 9, "runs has to be a number"),
        ("runs = 9", "runs = true", 9, "runs has to be a number"),
        ('    "no execve",', '    "no exceve",', 17, "nothing is known of 'exceve'"),
        ('    "no execve",', "    7,", 15, "an assertion is a text, not 7"),
        ('name = "two"', 'name = "one"', 7, "two checks called 'one'"),
        ('command = "true"\n', "", 2, "the check has no command"),
        (
            'probes = "syscall::read:entry { @n = count(); }"',
            'probes = "n.d"',
            14,
            "no script is called n.d",
        ),
        ('[[check]]\nname = "one"', '[other]\nx = 1\n[[check]]\nname = "one"', 1, "unknown key 'other'"),
    ],
)
def test_a_spec_that_is_wrong_is_refused_with_its_line(old: str, new: str, where: int, what: str) -> None:
    with pytest.raises(CheckError) as refused:
        parse_spec(SPEC.replace(old, new), "vtrace.toml", CALLS, no_library)
    assert what in refused.value.what
    assert refused.value.where == f"vtrace.toml:{where}"


@pytest.mark.parametrize(("text", "what"), [("[[check]\n", "is no TOML"), ("", "there is no check in it")])
def test_a_file_that_is_none_is_refused(text: str, what: str) -> None:
    with pytest.raises(CheckError, match=what):
        parse_spec(text, "vtrace.toml", CALLS, no_library)
