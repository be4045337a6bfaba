"""`vtrace bubbles`: who makes everybody wait, live.

A program of D records long waits; what they have to do with each other is found then, and a bubble is printed
when it is over.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress

import click

from pyvtrace.analysis.bubbles.bubbles import Bubble
from pyvtrace.analysis.bubbles.ledger import Ledger
from pyvtrace.analysis.bubbles.script import compiled, detail
from pyvtrace.analysis.bubbles.told import Told, told
from pyvtrace.analysis.bubbles.watch import Watch
from pyvtrace.cli.bubble_lines import Paper, text_of
from pyvtrace.cli.chores import Chore
from pyvtrace.cli.terminal import Signals, size_of
from pyvtrace.cli.views import RECORD, duration, recorder_of, run_command, writable
from pyvtrace.export.bubble_data import KIND, data
from pyvtrace.export.recording import Origin, Recorder
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.render.bubbles import WIDTH
from pyvtrace.runtime import places
from pyvtrace.runtime.complaints import drop_lines
from pyvtrace.runtime.session import Session

_SECOND = 1_000_000_000
_PRIORITY = -20
# Processes that have ended of which functions can still be named: bubbles are told of within seconds.
_ENDED = 256
# Seconds from one reading of records, search for bubbles, or look at who still waits, to the next; at most, where there
# is much to do; and how many times as long as it took is between them up to there. A crowd that is over soon would else
# be kept from its processors by us, and what is read at once is read more quickly.
_TAKE, _FIND, _LOOK = (0.1, 1.0, 250), (0.0, 3.0, 300), (1.0, 10.0, 300)


def command() -> click.Command:
    """The command line."""
    options = [
        click.Option(["--min", "minimum"], callback=duration(""), default="10ms", show_default=True, metavar="TIME",
                     help="The shortest wait that makes a bubble."),
        click.Option(["-p", "pids"], type=click.IntRange(min=1), multiple=True, metavar="PID",
                     help="Only bubbles in which this process waits; may be given several times."),
        click.Option(["--duration", "length"], callback=duration("s"), metavar="TIME",
                     help="End after this time: 30, 10m."),
        click.Option(["--waits"], is_flag=True,
                     help="At the end, what each thread waited for: the parts are all its time off the processor."),
        click.Option(["--svg"], type=click.Path(dir_okay=False), metavar="FILE",
                     help="Write a time line of the bubble with most waiting that a browser shows."),
        click.Option(["--json"], is_flag=True, help="Print JSON lines: one object a bubble, with all its waits."),
        RECORD,
    ]  # fmt: skip
    return click.Command(
        "vtrace bubbles",
        params=[*options],
        callback=trace,
        help="Who makes everybody wait: from the slow device, through whoever holds the lock, to all who wait for it.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def main(argv: Sequence[str]) -> int:
    """Run it: `argv` begins with its name. The exit status is 1 for what cannot be traced, 2 for usage."""
    return run_command(command(), "vtrace bubbles", argv[1:])


def trace(
    *,
    minimum: int,
    pids: tuple[int, ...],
    length: int | None,
    waits: bool,
    svg: str | None,
    json: bool,
    record: str | None,
) -> None:
    """What the command does with its options."""
    if svg is not None:
        writable(svg)
    pids = tuple(map(places.process, pids))
    with ExitStack() as stack:
        recorder = stack.enter_context(recorder_of(record))
        target = LiveTarget()
        spec = compiled(target, detail(minimum))
        signals = stack.enter_context(Signals())
        session = stack.enter_context(Session(spec, target))
        if session.names is not None:
            session.names.keep(_ENDED)
        ledger = Ledger(pids) if waits else None
        watch = Watch(session, minimum, pids, ledger=ledger)
        tape = Tape(recorder, session, {"minimum": minimum, "pids": list(pids)}) if recorder else None
        # Where processors are in demand, who watches must not wait as well: it would tell of it too late.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)
        session.attach()
        began = now()
        if length is None:
            print("vtrace: tracing until Ctrl-C", file=sys.stderr, flush=True)
        if session.names is not None:
            session.names.read_kernel()
        paper = Paper(svg, json=json)
        show = Shown(watch, paper, tape, live=not json and sys.stdout.isatty())
        _run(session, signals, watch, show, tape, None if length is None else length / _SECOND)
        watch.settle()
        ended = now()
        session.detach()
        show.end()
        if ledger is not None:
            paper.waiting(ledger.accounts(), ended - began)
        for line in [*drop_lines(_lost(session)), *watch.complaints()]:
            print(f"vtrace: {line}", file=sys.stderr)
            if tape is not None:
                tape.complain(line)
        if tape is not None:
            tape.interval()


def _lost(session: Session) -> Mapping[str, list[int]]:
    """What was lost, without names of files that are longer than their room: they are shown with an ellipsis."""
    return {kind: counts for kind, counts in session.lost().items() if kind != "truncated"}


def now() -> int:
    """ns of CLOCK_MONOTONIC."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Shown:
    """What is printed. On a terminal bubbles that grow stand at its bottom, drawn anew each second."""

    def __init__(self, watch: Watch, paper: Paper, tape: Tape | None, *, live: bool) -> None:
        self._watch, self._paper, self._tape, self._live = watch, paper, tape, live
        self._drawn = 0

    def over(self) -> None:
        """Bubbles that have come to their end."""
        for bubble in self._watch.finished(now()):
            self._erase()
            self._print(bubble)

    def growing(self) -> None:
        """Those that have not, where there is a terminal to draw on."""
        if not self._live:
            return
        self._erase()
        width, height = size_of(sys.stdout.fileno())
        growing = [self._told(bubble) for bubble in self._watch.growing() if bubble.open]
        drawn = [line for one in growing for line in text_of(one, width)][: height - 2]
        sys.stdout.write("".join(f"{line[:width]}\n" for line in drawn))
        sys.stdout.flush()
        self._drawn = len(drawn)

    def end(self) -> None:
        """What is left."""
        self._erase()
        self._watch.take()
        self._watch.look(now())
        for bubble in self._watch.growing():
            self._print(bubble)

    def _erase(self) -> None:
        if self._drawn:
            sys.stdout.write(f"\x1b[{self._drawn}A\x1b[J")
        self._drawn = 0

    def _told(self, bubble: Bubble) -> Told:
        return told(bubble, time.time_ns() - (now() - bubble.began), places.device_names(), self._watch.samples)

    def _print(self, bubble: Bubble) -> None:
        one = self._told(bubble)
        if self._tape is not None:
            self._tape.bubble(one)
        self._paper.write(one, size_of(sys.stdout.fileno())[0] if self._live else WIDTH)


class Tape:
    """The recording of --record."""

    def __init__(self, recorder: Recorder, session: Session, asked: Mapping[str, object]) -> None:
        self._recorder, self._session = recorder, session
        first = session.snapshot()
        self._start_ns = first.time_ns
        recorder.begin(Origin(KIND, KIND, session.spec.source.text, (), session.spec.options, asked), first)

    def bubble(self, one: Told) -> None:
        """One that was told of now."""
        self._recorder.bubble(now() - self._start_ns, data(one))

    def complain(self, line: str) -> None:
        """What was said of the trace."""
        self._recorder.complain(line, now())

    def interval(self) -> None:
        """Everything so far goes to the file."""
        self._recorder.take(self._session.snapshot())


def _run(
    session: Session, signals: Signals, watch: Watch, show: Shown, tape: Tape | None, seconds: float | None
) -> None:
    """Until the user, a signal or the time ends it."""

    def look() -> None:
        session.note()
        if tape is not None:
            tape.interval()
        watch.look(now())
        show.growing()

    end = math.inf if seconds is None else time.monotonic() + seconds
    take = Chore(watch.take, *_TAKE)
    chores = take, Chore(look, *_LOOK), Chore(show.over, *_FIND)
    while not signals.deadly and (at := time.monotonic()) < end:
        signals.wait(max(0.0, min(take.due, end) - at))
        for chore in chores:
            if chore.due <= time.monotonic():
                chore.do()
