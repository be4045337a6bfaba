"""The string functions in the kernel against Python's own."""

from __future__ import annotations

import itertools
import os.path
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import thorough
from tests.programs import traced


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def basename(path: str) -> str:
    """POSIX's basename(1)."""
    if not path:
        return "."
    return os.path.basename(path.rstrip("/")) or "/"


def through_variables(texts: Sequence[str], call: str, **options: str) -> list[object]:
    """What `call` gives for each text, which goes through a variable so that its length is not known."""
    body = "".join(f"s = {quoted(text)}; trace({call});\n" for text in texts)
    return traced(f"string s;\nBEGIN {{ {body} }}", **options)


PATHS = ["".join(p) for n in range(1, 6) for p in itertools.product("/a", repeat=n)] + [
    "", "/usr/lib/x86_64-linux-gnu/libc.so.6", "relative/path", "//double//slash//", "x" * 60, "/" * 60, "/" + "y" * 58,
    "ends/exactly/at/eight/8bytes/x", "aaaaaaa/b", "aaaaaaaa/b", "aaaaaaaaa/b", "a/bbbbbbb/", "a/bbbbbbbb/", "ü/ö/ä",
]  # fmt: skip


def test_basename_is_that_of_posix() -> None:
    assert through_variables(PATHS, "basename(s)", strsize="64") == [basename(path) for path in PATHS]


@thorough(programs=20)
@given(st.lists(st.text("/ab", max_size=40), min_size=1, max_size=20))
def test_basename_of_anything(paths: list[str]) -> None:
    assert through_variables(paths, "basename(s)", strsize="64") == [basename(path) for path in paths]


@pytest.mark.parametrize("path", ["/a/b", "", "/", "a//"])
def test_basename_of_a_constant(path: str) -> None:
    assert traced(f"BEGIN {{ trace(basename({quoted(path)})); }}") == [basename(path)]


def test_strlen_counts_bytes() -> None:
    texts = ["", "x", "seven77", "eight888", "ü", "x" * 63]
    assert through_variables(texts, "strlen(s)", strsize="64") == [len(text.encode()) for text in texts]


def test_strings_are_cut_to_strsize() -> None:
    assert through_variables(["x" * 100], "s", strsize="16") == ["x" * 15]
    assert through_variables(["x" * 100], "strlen(s)", strsize="16") == [15]


JOINED = [("", ""), ("", "b"), ("a", ""), ("ab", "cd"), ("1234567", "8"), ("12345678", "9"), ("x" * 20, "y" * 20)]


def test_strjoin_is_cut_to_strsize() -> None:
    body = "".join(f"s = {quoted(a)}; t = {quoted(b)}; trace(strjoin(s, t));" for a, b in JOINED)
    got = traced(f"string s, t;\nBEGIN {{ {body} }}".replace("string s, t;", "string s; string t;"), strsize="32")
    assert got == [(a + b)[:31] for a, b in JOINED]


def test_functions_take_the_results_of_functions() -> None:
    text = 'BEGIN { s = "/usr/bin"; trace(strjoin(basename(s), strjoin("-", basename(strjoin(s, "/vtrace"))))); }'
    assert traced(text) == ["bin-vtrace"]
    assert traced('BEGIN { s = "/a/b"; trace(basename(basename(s))); trace(strlen(strjoin(s, s))); trace(s); }') == [
        "b",
        8,
        "/a/b",
    ]


ORDERED = ["", "a", "aa", "ab", "abcdefg", "abcdefgh", "abcdefghi", "abcdefgi", "b", "x" * 30, "x" * 31, "ä", "\x01"]


@pytest.mark.parametrize("op", ["<", "<=", ">", ">=", "==", "!="])
def test_comparison_is_that_of_bytes(op: str) -> None:
    pairs = list(itertools.product(ORDERED, repeat=2))
    for start in range(0, len(pairs), 60):
        part = pairs[start : start + 60]
        body = "".join(
            f"s = {quoted(a)}; t = {quoted(b)}; trace(s {op} t); trace(s {op} {quoted(b)}); trace({quoted(a)} {op} t);"
            for a, b in part
        )
        want = [int(eval(f"a {op} b", {"a": a.encode(), "b": b.encode()})) for a, b in part for _ in range(3)]
        assert traced(f"string s; string t;\nBEGIN {{ {body} }}", strsize="40") == want


def test_a_constant_may_be_longer_than_what_it_is_compared_with() -> None:
    compared = ['(0 ? "x" : s) == "abcdefghi"', 'probename == "BEGIN, and more of it than a name has"',
                'm["none"] == ""', 'm["x"] == "abcdefghijk"', 'm["y"] == "abcdefghijk"']  # fmt: skip
    text = 's = "abcdefg"; m["x"] = "abcdefghijk"; ' + "".join(f"trace({one});" for one in compared)
    assert traced(f"string m[string]; BEGIN {{ {text} }}") == [0, 0, 1, 1, 0]
