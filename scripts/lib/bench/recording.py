"""Recordings of an hour, made and opened: `python -m scripts.lib.bench.recording`.

The recording is of a view of 300 keys (50 processes with 6 calls each), of which 100 saw events in each of its 3,600
seconds: some hundred events each, of latencies around a key's own middle. Prints one JSON line: `open_s`, CPU time from
opening the file until its end is on the screen, `seek_ms` from there to any other moment, `bucket_bytes`, the size of
the file shared by the buckets that changed in an interval; and `events_s`, the same as `open_s` for an hour of a script
that printed a hundred events a second.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import tempfile
from collections.abc import Iterator

from pyvtrace.analysis.library import read_script
from pyvtrace.analysis.script import parse_script
from pyvtrace.builtins.distributions import EXPHIST_COUNT, EXPHIST_FIRST, EXPHIST_MAX, EXPHIST_SUM, exphist_bounds
from pyvtrace.cli.replay import request_of
from pyvtrace.cli.script_replay import pictures
from pyvtrace.cli.showing import Plan, Request, collect_rarely
from pyvtrace.cli.tracing import Asked
from pyvtrace.cli.views import load
from pyvtrace.export.recording import Origin, Recorded, Recorder
from pyvtrace.export.replay import Recording
from pyvtrace.export.scripts import Recorded as Scripted
from pyvtrace.export.scripts import origin, recorded_in
from pyvtrace.render.theme import Theme
from pyvtrace.runtime.snapshot import Key, Rows, Snapshot, Table
from pyvtrace.spec import AggregationSpec, FieldSpec, ProbeName
from scripts.lib.bench.view import HEIGHT, WIDTH, cpu_of

SECONDS = 3600
PROCESSES, CALLS, ACTIVE = 50, 6, 100
SCALE, WORDS = 2, 262
SEEKS = 20
EVENTS = 100
PROBE = ProbeName("syscall", "vmlinux", "openat", "return")
BOUNDS = exphist_bounds(SCALE)
SPEC = AggregationSpec(
    0, "calls", "exphist", (SCALE,), tuple(FieldSpec(0, 16, kind) for kind in ("int", "string", "string")), WORDS
)


def main() -> None:
    collect_rarely()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "recording")
        buckets = make(path)
        opened: list[Recording] = []
        seconds = cpu_of(lambda: opened.append(show(path)))
        (recording,) = opened
        chooser = random.Random(2)
        seeks = [cpu_of(lambda: recording.snapshot(chooser.randrange(SECONDS))) for _ in range(SEEKS)]
        figures = {
            "open_s": seconds,
            "seek_ms": 1000 * statistics.median(seeks),
            "bucket_bytes": os.path.getsize(path) / buckets,
            "events_s": events_seconds(os.path.join(folder, "events")),
        }
    print(json.dumps(figures))


def make(path: str) -> int:
    """Record an hour; how many buckets changed in the intervals."""
    request = Request(load("syscalls"), Asked(), Plan(1.0), ("pid", "comm"), {})
    recorder, moments = Recorder(path), hour()
    first, _ = next(moments)
    recorder.begin(Origin("view", "syscalls", request.script.text, (SPEC,), {}, request.shown()), first)
    total = 0
    for moment, buckets in moments:
        recorder.take(moment)
        total += buckets
    recorder.close()
    return total


def hour() -> Iterator[tuple[Snapshot, int]]:
    """Snapshots, a second apart, and how many buckets changed since the one before."""
    chooser = random.Random(1)
    keys: list[Key] = [(1000 + pid, f"process{pid}", f"call{n}") for pid in range(PROCESSES) for n in range(CALLS)]
    words = {key: [0] * WORDS for key in keys}
    middle = {key: chooser.randrange(10 << SCALE, 20 << SCALE) for key in keys}
    raw: dict[Key, bytes] = {}
    for second in range(SECONDS + 1):
        changed = 0
        for key in chooser.sample(keys, ACTIVE) if second else ():
            some = words[key]
            hit = {max(0, round(chooser.gauss(middle[key], 4))) for _ in range(12)}
            for bucket in hit:
                count = chooser.randrange(1, 20)
                some[EXPHIST_COUNT] += count
                some[EXPHIST_SUM] += count * BOUNDS[bucket]
                some[EXPHIST_MAX] = max(some[EXPHIST_MAX], BOUNDS[bucket])
                some[EXPHIST_FIRST + bucket] += count
            changed += len(hit)
            raw[key] = b"".join([word.to_bytes(8, "little") for word in some])
        at = second * 10**9
        yield (
            Snapshot(
                at, at, {"calls": Table(SPEC, Rows({key: [words] for key, words in raw.items()}, SPEC))}, {"missed": 0}
            ),
            changed,
        )


def show(path: str) -> Recording:
    """Open a recording and draw its end."""
    recording, theme = Recording(path), Theme()
    view = request_of(recording, None, waiting=False).view(live=True)
    view.start(recording.snapshot(0))
    for number in (len(recording) - 2, len(recording) - 1):
        view.take(recording.snapshot(number))
    "\n".join(theme.text(line) for line in view.lines(WIDTH, HEIGHT, theme.glyphs)).encode()
    return recording


def events_seconds(path: str) -> float:
    """CPU time from opening a recording of an hour's events until its end is drawn."""
    script = parse_script(read_script("files/opens.d"), "files/opens.d")
    recorder = Recorder(path)
    recorder.begin(origin(Scripted(script, {}), script.text, (), {}), Snapshot(0, 0, {}, {}))
    for second in range(1, SECONDS + 1):
        at = second * 10**9
        for number in range(EVENTS):
            values = (at, number, "reader", 3, 0, 1000, f"/srv/files/{number}")
            recorder.event(Recorded(at - EVENTS + number, PROBE, 0, 1, values, ""))
        recorder.take(Snapshot(at, at, {}, {}))
    recorder.close()
    return cpu_of(lambda: show_events(path))


def show_events(path: str) -> None:
    """Open a recording of a script and draw its end."""
    recording, theme = Recording(path), Theme()
    view, show = pictures(recording, recorded_in(recording), None)
    show(len(recording) - 1, 0)
    "\n".join(theme.text(line) for line in view.lines(WIDTH, HEIGHT, theme.glyphs)).encode()


if __name__ == "__main__":
    main()
