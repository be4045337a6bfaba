"""Globs of probe descriptions against names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pyvtrace.providers.pattern import Pattern, glob
from pyvtrace.spec import ProbeName
from tests.providers.descriptions import describe

FITS = [
    ("", "", True),
    ("", "anything", True),
    ("read", "read", True),
    ("read", "readv", False),
    ("read", "pread", False),
    ("*", "", True),
    ("*", "read", True),
    ("read*", "read", True),
    ("read*", "readv", True),
    ("*read", "pread", True),
    ("*read*", "pread64", True),
    ("**", "read", True),
    ("r*d", "read", True),
    ("r*d", "readv", False),
    ("?ead", "read", True),
    ("?", "", False),
    ("read?", "read", False),
    ("[rw]*", "read", True),
    ("[rw]*", "write", True),
    ("[rw]*", "open", False),
    ("[!rw]*", "open", True),
    ("[!rw]*", "read", False),
    ("pread[0-9][0-9]", "pread64", True),
    ("pread[0-9]", "pread64", False),
    ("[a-cx-z]", "y", True),
    ("[a-cx-z]", "m", False),
    ("[]]", "]", True),
    ("[!]]", "]", False),
    ("[-a]", "-", True),
    ("[a-]", "-", True),
    ("[a-]", "b", False),
    ("[a--]", "a", False),
    ("[z-a]", "m", False),
    ("[!z-a]", "m", True),
    ("[a", "a", False),
    ("[a", "[a", False),
    ("a]", "a]", True),
    (r"\*", "*", True),
    (r"\*", "x", False),
    (r"[\]]", "]", True),
    (r"[a\-c]", "b", False),
    (r"[a\-c]", "-", True),
    ("tick-1s", "tick-1s", True),
    ("a.c", "abc", False),
    ("a+", "aa", False),
    ("(a|b)*", "a", False),
    ("^a*", "a", False),
    ("a*", "a\nb", True),
    ("[&&~~||--[a]", "&", True),
]


@pytest.mark.parametrize(("pattern", "name", "fits"), FITS)
def test_a_glob_fits_a_name(pattern: str, name: str, fits: bool) -> None:
    assert glob(pattern)(name) is fits


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [("read", "read"), ("tick-1s", "tick-1s"), ("", None), ("r*", None), ("r?", None), ("[r]", None), (r"\*", None)],
)
def test_a_literal_is_what_alone_fits(pattern: str, literal: str | None) -> None:
    assert glob(pattern).literal == literal


@given(some.text("ab*?[]!-\\^.", max_size=8), some.text("ab*[]!-\\", max_size=4))
def test_every_text_is_a_glob(pattern: str, name: str) -> None:
    assert glob(pattern)(name) in (True, False)


@given(some.text(max_size=12))
def test_a_quoted_name_fits_itself_alone(name: str) -> None:
    quoted = re.sub(r"([*?\[\\])", r"\\\1", name)
    assert glob(quoted)(name)
    assert not name or not glob(quoted)(name + "x")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("syscall::read:entry", True),
        ("::read:entry", True),
        ("read:entry", True),
        ("entry", True),
        (":::", True),
        ("syscall:vmlinux:read:entry", True),
        ("syscall:compat:read:entry", False),
        ("return", False),
        ("::write:", False),
    ],
)
def test_a_description_fits_by_all_its_fields(text: str, fits: bool) -> None:
    assert Pattern(describe(text)).fits(ProbeName("syscall", "vmlinux", "read", "entry")) is fits
