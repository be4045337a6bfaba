"""The benchmark's own judgement: reading what tracers print, and making ratios of rounds."""

from __future__ import annotations

import pytest

from scripts.lib.bench.__main__ import judge, tasks
from scripts.lib.bench.rows import ROWS, Command, Row
from scripts.lib.bench.tracer import Failed, counted, printed

BPFTRACE_COUNT = "Attaching 1 probe...\n\n\n@[bpftrace]: 16\n@[getppid_loop]: 1400321\n"
BPFTRACE_HIST = """Attaching 2 probes...


@[sh]:
[256, 512)             7 |@@@@@@@@@@@                                         |

@[getppid_loop]:
[128, 256)            20 |@@@@@@                                              |
[256, 512)           300 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
[1K, 2K)               4 |                                                    |

@t[77]: 1234
"""
SYSCOUNT = "Tracing syscalls, printing top 10...\n[02:08:33]\nSYSCALL    COUNT\ngetppid    1400021\nread    3\n"
SYSCOUNT_LATENCY = "SYSCALL                   COUNT        TIME (us)\ngetppid                1400021       187654.123\n"
VTRACE_COUNT = "\n  sh                                                               12\n  getppid_loop  1400099\n"
VTRACE_QUANTIZE = """
  sh
           value  ------------- Distribution ------------- count
             128 |                                         0
             256 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 7
             512 |                                         0

  getppid_loop
           value  ------------- Distribution ------------- count
              64 |                                         0
             128 |@@@@                                     20
             256 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@     300
             512 |                                         4
            1024 |                                         0

"""


@pytest.mark.parametrize(
    ("output", "calls"),
    [
        (BPFTRACE_COUNT, 1400321),
        (BPFTRACE_HIST, 324),
        (SYSCOUNT, 1400021),
        (SYSCOUNT_LATENCY, 1400021),
        (VTRACE_COUNT, 1400099),
        (VTRACE_QUANTIZE, 324),
        ("", 0),
    ],
)
def test_the_calls_a_tracer_accounts_for(output: str, calls: int) -> None:
    assert counted(output) == calls


def test_printed_events_are_those_of_the_loop() -> None:
    assert printed("12 getppid_loop\n112 getppid_loop\n12 sh\n12 getppid_loop\n", 12) == 2


OURS, PEER = Command(("ours",)), Command(("peer",))
AT_MOST = Row("row", "work", "added", "ns", OURS, PEER, limit=0.5)


def judged(row: Row, *pairs: tuple[float, float]) -> dict[str, object]:
    return judge(row, [{("added", OURS): {"ns": ours}, ("added", PEER): {"ns": peer}} for ours, peer in pairs])


def test_the_ratio_is_the_median_of_the_rounds_ratios() -> None:
    result = judged(AT_MOST, (10, 20), (4, 10), (300, 310))
    assert (result["ratio"], result["reached"]) == (0.5, True)


def test_a_ratio_beyond_the_limit_is_not_reached() -> None:
    assert judged(AT_MOST, (6, 10))["reached"] is False
    assert judged(AT_MOST._replace(more_is_better=True), (4, 10))["reached"] is False
    assert judged(AT_MOST._replace(more_is_better=True), (6, 10))["reached"] is True


def test_without_a_peer_the_figure_itself_counts() -> None:
    alone = AT_MOST._replace(peer=None, limit=60)
    result = judge(alone, [{("added", OURS): {"ns": 59.0}}])
    assert (result["ratio"], result["reached"], result["peer_figure"]) == (59, True, None)


def test_a_side_that_failed_once_fails_the_row_and_says_why() -> None:
    result = judge(AT_MOST, [{("added", OURS): Failed("counted 1 of 2 calls"), ("added", PEER): {"ns": 1.0}}])
    assert (result["reached"], result["failure"]) == (False, "ours: counted 1 of 2 calls")


def test_what_several_rows_need_is_measured_once() -> None:
    work = tasks(ROWS)
    assert len(work) == len(set(work)) < 2 * len(ROWS)
