"""`scripts/bench`: measures all rows in alternating rounds, prints ratios, says whether each reaches its limit.

In a round every command is measured once, in an order that turns from round to round; a ratio is made of two figures of
one round, and the median of the rounds' ratios counts. So what slows the machine for a while slows both sides.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from scripts.lib.bench.measure import Bench, Figures, compiled
from scripts.lib.bench.own import BASELINE, record
from scripts.lib.bench.own import judge as check_ourselves
from scripts.lib.bench.pairs import in_turns, one_after_the_other
from scripts.lib.bench.pairs import run as run_pairs
from scripts.lib.bench.rows import ROWS, Command, Row
from scripts.lib.bench.tracer import Failed
from scripts.lib.bpf import runs_are_timed

Task = tuple[str, Command]
Outcome = Figures | Failed
Round = dict[Task, Outcome]


def tasks(rows: Iterable[Row]) -> list[Task]:
    """What has to be measured for the rows, each once."""
    wanted = [(row.kind, command) for row in rows for command in (row.ours, row.peer) if command]
    return list(dict.fromkeys(wanted))


def measure_round(bench: Bench, work: Sequence[Task], number: int) -> Round:
    turn = number % len(work)
    return {task: attempt(bench, *task) for task in (*work[turn:], *work[:turn])}


def attempt(bench: Bench, kind: str, command: Command) -> Outcome:
    say(f"  {kind:5}  {' '.join(command.argv)[:100]}")
    try:
        return bench.measure(kind, command)
    except Failed as failure:
        say(f"         {failure}")
        return failure


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def judge(row: Row, rounds: Sequence[Round]) -> dict[str, Any]:
    """One row's result as plain data: medians of both sides, the ratio, and whether the limit is reached."""
    result: dict[str, Any] = row._asdict() | {
        "ours": row.ours.argv,
        "peer": row.peer and row.peer.argv,
        "reached": False,
    }
    outcomes = [(done[row.kind, row.ours], done[row.kind, row.peer] if row.peer else None) for done in rounds]
    for side, name in enumerate(("ours", row.peer_name)):
        failures = [str(pair[side]) for pair in outcomes if isinstance(pair[side], Failed)]
        if failures:
            return result | {"failure": f"{name}: {failures[0]}"}
    ours = [figure(mine, row.figure) for mine, _ in outcomes]
    peers = [figure(theirs, row.figure) for _, theirs in outcomes]
    ratios = [mine / theirs for mine, theirs in zip(ours, peers, strict=True)]
    ratio = median(ratios)
    reached = ratio >= row.limit if row.more_is_better else ratio <= row.limit
    return result | {
        "ours_figure": median(ours),
        "peer_figure": median(peers) if row.peer else None,
        "ratio": ratio,
        "ratios": ratios,
        "reached": reached,
    }


def figure(outcome: Outcome | None, name: str) -> float:
    """A figure of one side of a row; 1 for the peer of a row that has none."""
    assert not isinstance(outcome, Failed)
    return outcome[name] if outcome else 1.0


HEADER = f"{'row':13} {'work':57} {'ours':>10} {'peer':>10} {'ratio':>7} {'limit':>8}  peer"

TIMED = """bench: the kernel times every run of every BPF program: what tracers add is inflated, ours and the peers'
bench: -> sysctl kernel.bpf_stats_enabled=0; if it is 0, end bpftop or what else asks for it"""


def line(result: dict[str, Any]) -> str:
    sign = ">=" if result["more_is_better"] else "<="
    start, limit = f"{result['name']:13} {result['work']:57}", f"{sign}{result['limit']:6.4g}"
    peer = result["peer"][0] if result["peer"] else "absolute"
    if "failure" in result:
        return f"{start} {'-':>10} {'-':>10} {'-':>7} {limit}  failed: {result['failure']}"
    theirs = "-" if result["peer_figure"] is None else f"{result['peer_figure']:.1f}"
    verdict = "" if result["reached"] else "  NOT REACHED"
    return f"{start} {result['ours_figure']:10.1f} {theirs:>10} {result['ratio']:7.2f} {limit}  {peer}{verdict}"


NOISE = 1.1


def both_the_peer(row: Row) -> Row:
    """The row with its peer on both sides: what the noise of this machine makes of a ratio of one."""
    ours = (row.peer or row.ours)._replace(again=True)
    return row._replace(ours=ours, limit=1 / NOISE if row.more_is_better else NOISE)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print the results as one JSON document")
    parser.add_argument("--only", metavar="ROW", action="append", help="measure this row; may be given several times")
    parser.add_argument("--rounds", type=int, default=5, help="rounds the medians are taken of (%(default)s)")
    parser.add_argument("--self-check", action="store_true", help="put the peers on both sides: ratios should be 1.00")
    parser.add_argument("--check", action="store_true", help="judge our own cost by counts, against the one kept here")
    parser.add_argument("--baseline", metavar="FILE", default=BASELINE, help="what --check and --record are about")
    parser.add_argument("--record", action="store_true", help="write the baseline of --check anew")
    parser.add_argument("--pairs", type=int, metavar="N", help="judge N pairs of runs of an unchanged service")
    parser.add_argument("--in-turns", action="store_true", help="make the runs of --pairs in turns")
    parser.add_argument("--list", action="store_true", help="print the rows and end")
    chosen = parser.parse_args()
    if unknown := set(chosen.only or ()) - {row.name for row in ROWS}:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    if chosen.rounds < 1 or (chosen.pairs is not None and chosen.pairs < 1):
        parser.error("at least one round, or pair")
    return chosen


def main() -> int:
    """Exit status: 0 when every row reaches its limit, 1 when one does not; of --check that of
    `vtrace check`; of --pairs 1 if one raised an alarm."""
    chosen = arguments()
    if chosen.record or chosen.check:
        return record(chosen.baseline) if chosen.record else check_ourselves(chosen.baseline)
    if chosen.pairs:
        return run_pairs(chosen.pairs, in_turns if chosen.in_turns else one_after_the_other)
    rows = [row for row in ROWS if not chosen.only or row.name in chosen.only]
    if chosen.self_check:
        rows = [both_the_peer(row) for row in rows if row.peer]
    if chosen.list:
        print(*(f"{row.name:13} {row.work}, {row.figure}, {row.peer_name}" for row in rows), sep="\n")
        return 0
    with compiled() as bench:
        if timed := runs_are_timed():
            say(TIMED)
        rounds = []
        for number in range(chosen.rounds):
            say(f"round {number + 1} of {chosen.rounds}")
            rounds.append(measure_round(bench, tasks(rows), number))
        floor = dict(bench.floor()) if any(row.kind == "added" for row in rows) else {}
    results = [judge(row, rounds) for row in rows]
    if chosen.json:
        print(json.dumps({"rows": results, "floor_ns": floor}, indent=2))
    else:
        print(HEADER, *map(line, results), *(f"floor: {what}: {ns:.1f} ns" for what, ns in floor.items()), sep="\n")
    if timed:
        say(TIMED)
    return 0 if all(result["reached"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
