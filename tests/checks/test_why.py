"""What is told of a figure that became worse: the same words for the same thing in every run."""

from __future__ import annotations

import pytest

from pyvtrace.analysis.histogram import Histogram, histogram
from pyvtrace.builtins.distributions import EXPHIST_FIRST
from pyvtrace.checks.overlay import overlay
from pyvtrace.checks.why import Cause, frames, moved


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        ("\n  libc.so.6`fsync+0x3a\n  0x7f00a\n", ["libc.so.6`fsync"]),
        ("\n  libc.so.6`pread+0x57\n  libc.so.6`pread+0x13\n  a.out`main+0x1\n", ["libc.so.6`pread", "a.out`main"]),
        ("\n  libc.so.6`read+0x1\n  app`0x55d0\n  app`0x55e8\n  0x1\n", ["libc.so.6`read", "app"]),
        ("\n  app`operator new(unsigned long)+0x10\n", ["app`operator new(unsigned long)"]),
        (
            "\n  vmlinux`schedule+0x23\n  vmlinux`do_syscall_64+0x71\n  vmlinux`entry_SYSCALL_64_after_hwframe+0x76\n",
            ["vmlinux`schedule"],
        ),
    ],
)
def test_a_stack_is_told_without_what_changes_from_run_to_run(stack: str, told: list[str]) -> None:
    assert frames(stack) == told


def test_what_grew_is_told_by_the_time_it_added() -> None:
    before = [Cause("a", 4, 1000), Cause("b", 4, 1000), Cause("gone", 9, 9000)]
    now = [Cause("a", 4, 90_000), Cause("b", 8, 50_000), Cause("new", 1, 200)]
    told = {timed: [row.sentence for row in moved(now, before, timed=timed)] for timed in (True, False)}
    # `new` added a five-hundredth of what `a` did, which is noise beside it.
    assert told[True] == ["a: 4 times, +89.0us to 90.0us", "b: +4 to 8 times, +49.0us to 50.0us"]
    # What became slower is no answer to who made more calls.
    assert told[False] == ["b: +4 to 8 times, +49.0us to 50.0us"]
    # What was recorded in detail happened to be slower: the largest part is told, and not as something that grew.
    (row,) = moved([Cause("a", 4, 900)], before[:1], timed=True)
    assert (row.sentence, row.compared) == ("a: 4 times, 900ns", False)
    # Nothing is known of before: all of it is told.
    assert moved(now, None, timed=True)[0].sentence == "a: 4 times, 90.0us"


def distribution(*octaves: int) -> Histogram:
    """A value at each power of two."""
    words = list(histogram("exphist", (5,)).words)
    for octave in octaves:
        words[EXPHIST_FIRST + octave * 32] += 1
    return Histogram("exphist", (5,), tuple(words))


def test_two_distributions_are_drawn_over_each_other() -> None:
    rows = overlay(distribution(10, 10, 12, 12), distribution(10, 10, 10, 10, 12, 12, 12, 12, 10, 12))
    assert rows[0].endswith("█ both  ▓ only now  ░ only before")
    assert rows[1] == "  1.02us   50.0%   50.0%  " + "█" * 40
    assert rows[-1] == "  4.09us   50.0%   50.0%  " + "█" * 40
    rows = overlay(distribution(12), distribution(10))
    assert (rows[1], rows[-1]) == ("  1.02us    0.0%  100.0%  " + "░" * 40, "  4.09us  100.0%    0.0%  " + "▓" * 40)
    rows = overlay(distribution(10), None)
    assert rows == ["  up to", "  1.02us  100.0%  " + "█" * 40]
    assert overlay(histogram("exphist", (5,)), None) == []
