"""`vtrace bubbles`: who makes everybody wait, live.

A script of `probes/` records long waits; what they have to do with each other is found here, and a bubble is printed
when it is over.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import click

from pyvtrace.analysis.bubbles.bubbles import Bubble
from pyvtrace.analysis.bubbles.watch import Watch
from pyvtrace.cli.terminal import Signals
from pyvtrace.cli.views import duration, read_script, run_command
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.render.bubbles import lines
from pyvtrace.runtime import places
from pyvtrace.runtime.complaints import drop_lines
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.source import Source

_SCRIPT = "bubbles/waits.d"
_SECOND = 1_000_000_000
# Waits of a part of the shortest bubble are recorded: a holder may have waited several times.
_DETAIL = 4
_TAKE, _LOOK = 0.1, 1.0  # seconds between readings of records, and looks at who still waits


def command() -> click.Command:
    """The command line."""
    options = [
        click.Option(["--min", "minimum"], callback=duration(""), default="10ms", show_default=True, metavar="TIME",
                     help="The shortest wait that makes a bubble."),
        click.Option(["-p", "pids"], type=click.IntRange(min=1), multiple=True, metavar="PID",
                     help="Only bubbles in which this process waits; may be given several times."),
        click.Option(["--duration", "length"], callback=duration("s"), metavar="TIME",
                     help="End after this time: 30, 10m."),
        click.Option(["--json"], is_flag=True, help="Print JSON lines: one object a bubble, with all its waits."),
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


def trace(*, minimum: int, pids: tuple[int, ...], length: int | None, json: bool) -> None:
    """What the command does with its options."""
    pids = tuple(map(places.process, pids))
    with ExitStack() as stack:
        target = LiveTarget()
        detail = max(1, minimum // _DETAIL)
        spec = compile_text(Source(_SCRIPT, read_script(_SCRIPT)), target, {}, (str(detail),))
        signals = stack.enter_context(Signals())
        session = stack.enter_context(Session(spec, target))
        watch = Watch(session, minimum, pids)
        session.attach()
        if length is None:
            print("vtrace: tracing until Ctrl-C", file=sys.stderr, flush=True)
        show = Shown(watch, json)
        _run(session, signals, watch, show, None if length is None else length / _SECOND)
        session.detach()
        show.end()
        for line in [*drop_lines(session.lost()), *watch.complaints()]:
            print(f"vtrace: {line}", file=sys.stderr)


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Shown:
    """What is printed."""

    def __init__(self, watch: Watch, json: bool) -> None:
        self._watch, self._json = watch, json

    def over(self) -> None:
        """Bubbles that have come to their end."""
        for bubble in self._watch.finished(_now()):
            self._print(bubble)

    def end(self) -> None:
        self._watch.take()
        self._watch.look(_now())
        for bubble in self._watch.growing():
            self._print(bubble)

    def _print(self, bubble: Bubble) -> None:
        began = time.time_ns() - (_now() - bubble.began)
        devices = places.device_names()
        if self._json:
            from json import dumps

            from pyvtrace.export.bubbles import bubble_object

            print(dumps(bubble_object(bubble, began, devices, self._watch.samples), separators=(",", ":")), flush=True)
            return
        clock = time.strftime("%H:%M:%S", time.localtime(began / _SECOND)) + f".{began // 1_000_000 % 1000:03}"
        for line in lines(bubble, clock, devices, self._watch.samples):
            print(line)
        print(flush=True)


def _run(session: Session, signals: Signals, watch: Watch, show: Shown, seconds: float | None) -> None:
    """Until the user, a signal or the time ends it."""
    end = None if seconds is None else time.monotonic() + seconds
    looked = time.monotonic()
    while not signals.deadly:
        now = time.monotonic()
        if end is not None and now >= end:
            return
        signals.wait(_TAKE if end is None else min(_TAKE, end - now))
        watch.take()
        if now >= looked + _LOOK:
            looked = now
            session.note()
            watch.look(_now())
        show.over()
