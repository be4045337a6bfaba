"""`vtrace loop`: how long event loops take from one wait to the next, and what fills the long turns."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType

import click

from pyvtrace.analysis.compose import FAMILY, FAMILY_CLAUSES, FAMILY_DECLARATION, filtered
from pyvtrace.analysis.loop.groups import Groups, Reading, loops
from pyvtrace.analysis.loop.turns import LongTurn, Loop, Turns
from pyvtrace.analysis.script import parse_script
from pyvtrace.analysis.units import MS
from pyvtrace.api.events import Events
from pyvtrace.cli.library import read_script
from pyvtrace.cli.showing import collect_rarely, paper_width, set_aside, size_of
from pyvtrace.cli.terminal import Signals, Terminal
from pyvtrace.cli.tracing import Asked, conditions
from pyvtrace.cli.views import duration, owned, run_command
from pyvtrace.export.loop import loop_object, turn_object
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.render.loop import NOTHING, LoopView, report
from pyvtrace.render.theme import Theme, theme
from pyvtrace.runtime import places, processes
from pyvtrace.runtime.complaints import drop_lines
from pyvtrace.runtime.processes import Command
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.runtime.store import Store
from pyvtrace.runtime.traces import frames_of
from pyvtrace.source import Source
from pyvtrace.value import replace

VIEW, _SCRIPT = "loop", "loop/turns.d"
_MINIMUM = "inline int64_t MIN = {};"
_DEFAULT = 10 * MS
_SECOND = 1_000_000_000
_MOST_COMPLAINTS, _FURTHER = 8, "further run-time errors"
_LOOK = 0.1  # seconds between looks at whether what is traced has ended
_FIRST, _INTERVAL = 0.2, 1.0  # seconds until a live view shows something, and from one picture to the next


def command() -> click.Command:
    """The command line."""
    options = [
        click.Option(["-p", "pids"], type=click.IntRange(min=1), multiple=True, metavar="PID",
                     help="Trace this process with all its threads; may be given several times."),
        click.Option(["-c", "run"], metavar="CMD", help="Run a command, trace it and all it starts, end when it ends."),
        click.Option(["--min", "minimum"], callback=duration(""), default="10ms", show_default=True, metavar="TIME",
                     help="From what time on a turn is long."),
        click.Option(["--duration"], callback=duration("s"), metavar="TIME", help="End after this time: 30, 10m."),
        click.Option(["--json"], is_flag=True,
                     help="Print JSON lines: a long turn when it ends, every loop at the end."),
    ]  # fmt: skip
    return click.Command(
        "vtrace loop",
        params=[*options],
        callback=lambda **given: trace(**given),
        help="How long do event loops take from one wait (epoll, poll, select, io_uring) to the next, and what fills "
        "the long turns? Of all processes, where none is named.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def main(argv: Sequence[str]) -> int:
    """Run it: `argv` begins with its name. The exit status is 1 for what cannot be traced, 2 for usage."""
    return run_command(command(), "vtrace loop", argv[1:])


def program(asked: Asked, *, child: bool) -> str:
    """The D text with what the user asked for."""
    # Of ourselves nobody wants to know.
    wanted = conditions(asked, child) or [f"pid != {os.getpid()}"]
    text = filtered(parse_script(read_script(_SCRIPT), _SCRIPT), wanted)
    text = text.replace(_MINIMUM.format(_DEFAULT), _MINIMUM.format(asked.minimum))
    return (FAMILY_DECLARATION + FAMILY_CLAUSES if FAMILY in wanted else "") + text


class Watching:
    """A running trace. A context manager; inside it probes are in place, and the command of -c runs.

    Raises on entering:
        CompileError, BpfError, Rejected: it cannot be traced.
    """

    def __init__(self, asked: Asked, child: Command | None) -> None:
        self._asked, self._child = asked, child
        self._complaints: Counter[str] = Counter()
        self._devices: dict[int, str] = {}
        self._turns = Turns(frames_of)
        self._groups = Groups(self.name_device)
        self._hints: dict[int, str] = {}
        self._noted = 0.0

    def __enter__(self) -> Watching:
        with ExitStack() as stack:
            if self._child is not None:
                stack.callback(self._child.end)
            target = LiveTarget()
            text = program(self._asked, child=self._child is not None)
            child = self._child.pid if self._child else 0
            spec = compile_text(Source(_SCRIPT, text), target, {}, (), child)
            self._session = stack.enter_context(Session(spec, target))
            store = Store(spec, self._session)
            self._events = Events(spec, self._complain, store, self._session.shower)
            self._session.attach()
            self._started = time.monotonic()
            if self._child is not None:
                self._child.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def _complain(self, line: str) -> None:
        # Run-time errors of the script: each once, and no more of them than anybody reads.
        if line in self._complaints or len(self._complaints) < _MOST_COMPLAINTS:
            self._complaints[line] += 1
        else:
            self._complaints[_FURTHER] += 1

    def over(self) -> bool:
        """Whether there is nothing left to trace."""
        if self._child is not None:
            return self._child.has_ended()
        return bool(self._asked.pids) and not any(map(places.alive, self._asked.pids))

    def pump(self) -> list[LongTurn]:
        """Take what was recorded; the long turns that ended."""
        now = time.monotonic()
        if now >= self._noted + 1:
            self._noted = now
            self._session.note()
        while self._session.pump(self._events, 0):
            pass
        while self._events.waiting:
            event = self._events.waiting.popleft()
            self._turns.take(event.text[:1], event.values)
        ended = self._turns.all_ended()
        self._groups.add(ended)
        for turn in ended:
            if turn.loop.pid not in self._hints and turn.samples:
                self._hints[turn.loop.pid] = _hint(turn)
        return ended

    def reading(self, ended_ns: int | None = None) -> Reading:
        """Everything so far. `ended_ns` is when the probes went, by CLOCK_MONOTONIC."""
        snapshot = self._session.snapshot()
        if ended_ns is not None:
            snapshot = replace(snapshot, time_ns=ended_ns)
        remarks = [f"{line} ({count} times)" if count > 1 else line for line, count in self._complaints.items()]
        remarks += drop_lines(self._session.lost())
        if left_out := self._turns.dropped + self._events.missed:
            remarks.append(f"{left_out} records left out: more came than were read")
        # Of a thread that has ended nobody will see the next wait.
        rows = (row if _there(row.loop) else replace(row, under_way=None) for row in loops(snapshot))
        return Reading(
            snapshot.time_ns / _SECOND - self._started,
            self._asked.minimum,
            tuple(rows),
            tuple(self._groups.ordered()),
            dict(self._groups.by_loop),
            (*remarks, *sorted({hint for hint in self._hints.values() if hint})),
        )

    def last(self) -> tuple[list[LongTurn], Reading]:
        """The long turns that were not taken yet, and what was seen in all; the probes are gone."""
        # Taking probes away may take the kernel a second, in which less and less is seen.
        ended_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._session.detach()
        ended = self.pump()
        self._turns.flush()
        rest = self._turns.all_ended()
        self._groups.add(rest)
        return [*ended, *rest], self.reading(ended_ns)

    def name_device(self, device: int) -> str:
        """A block device by the kernel's dev_t; "" for none."""
        if device not in self._devices:
            self._devices = {**dict.fromkeys((device,), ""), **places.device_names()}
        return self._devices[device]


def _there(loop: Loop) -> bool:
    return os.path.exists(f"/proc/{loop.pid}/task/{loop.tid}")


def _hint(turn: LongTurn) -> str:
    """How the names of an interpreted program's functions could be had, where they are missing."""
    if any("[jit]" in frame or frame.startswith("py::") for stack, _ in turn.samples for frame in stack):
        return ""
    try:
        program = os.path.basename(os.readlink(f"/proc/{turn.loop.pid}/exe"))
    except OSError:
        return ""
    if program.startswith("python"):
        return f"{turn.loop.pid} runs Python without names: -X perf gives them (3.12 and newer, with frame pointers)"
    if program.startswith("node"):
        return f"{turn.loop.pid} runs JavaScript without names: start it with node --perf-basic-prof"
    return ""


# ------------------------------------------------------------------------------------------------------------- running


def trace(*, pids: tuple[int, ...], run: str | None, minimum: int, duration: int | None, json: bool) -> None:
    """What the command does with its options."""
    asked = Asked(tuple(map(places.process, pids)), minimum=minimum)
    seconds = None if duration is None else duration / _SECOND
    if json:
        _json_lines(asked, run, seconds)
    elif owned():
        _live(asked, run, seconds)
    else:
        _paper(asked, run, seconds)


def _until_over(watching: Watching, signals: Signals, seconds: float | None) -> Iterator[list[LongTurn]]:
    """The long turns as they end, until the user, the time or the end of what is traced ends it."""
    end = None if seconds is None else time.monotonic() + seconds
    while not (signals.deadly or watching.over()):
        yield watching.pump()
        now = time.monotonic()
        if end is not None and now >= end:
            return
        signals.wait(_LOOK if end is None else min(_LOOK, end - now))


def _json_lines(asked: Asked, run: str | None, seconds: float | None) -> None:
    from json import dumps

    def write(thing: object) -> None:
        sys.stdout.write(dumps(thing, separators=(",", ":")) + "\n")

    child = None if run is None else processes.run(run, (None, 2))
    with Signals() as signals, Watching(asked, child) as watching:
        _announce(asked, run, seconds)
        for ended in _until_over(watching, signals, seconds):
            for turn in ended:
                write(turn_object(turn, watching.name_device))
            if ended:
                sys.stdout.flush()
        rest, reading = watching.last()
        for turn in rest:
            write(turn_object(turn, watching.name_device))
        for row in reading.rows:
            write(loop_object(row, reading))
        sys.stdout.flush()
        _complain(reading)


def _announce(asked: Asked, run: str | None, seconds: float | None) -> None:
    """Say what ends the trace, where nobody has said it."""
    if run is None and seconds is None:
        print(f"vtrace: tracing until {'it ends' if asked.pids else 'Ctrl-C'}", file=sys.stderr, flush=True)


def _complain(reading: Reading) -> None:
    for remark in (*reading.remarks, *(() if reading.rows else NOTHING)):
        print(f"vtrace: {remark}", file=sys.stderr)


def _paper(asked: Asked, run: str | None, seconds: float | None) -> None:
    paint = theme(os.environ, sys.stdout.encoding, terminal=False)
    child = None if run is None else processes.run(run)
    with Signals() as signals, Watching(asked, child) as watching:
        _announce(asked, run, seconds)
        for _ in _until_over(watching, signals, seconds):
            pass
        _, reading = watching.last()
    _write(reading, paint, paper_width(os.environ))


def _write(reading: Reading, paint: Theme, width: int) -> None:
    sys.stdout.writelines(paint.text(line).rstrip() + "\n" for line in report(reading, width, paint.glyphs))
    sys.stdout.flush()


def _live(asked: Asked, run: str | None, seconds: float | None) -> None:
    output, keys = sys.stdout.fileno(), sys.stdin.fileno() if sys.stdin.isatty() else None
    paint = theme(os.environ, sys.stdout.encoding, terminal=True)
    view = LoopView()
    with set_aside(run) as streams:
        child = None if run is None else processes.run(run, streams)
        with Watching(asked, child) as watching:
            collect_rarely()
            with (
                Signals(signal.SIGWINCH, signal.SIGTSTP) as signals,
                Terminal(output, keys, signals) as terminal,
            ):
                for _ in _turns(watching, view, signals, terminal, seconds):
                    width, height = size_of(output)
                    terminal.show([paint.text(line) for line in view.lines(width, height, paint.glyphs)])
            _, reading = watching.last()
    _write(reading, paint, size_of(output)[0])


def _turns(
    watching: Watching, view: LoopView, signals: Signals, terminal: Terminal, seconds: float | None
) -> Iterator[None]:
    """Yields whenever there may be something new to draw."""
    started = time.monotonic()
    following = started + _FIRST
    yield
    while not (view.quit or signals.deadly or watching.over()):
        if seconds is not None and time.monotonic() >= started + seconds:
            return
        keys = terminal.read(min(_LOOK, following - time.monotonic()))
        for key in keys:
            view.press(key)
        watching.pump()
        if signals.take(signal.SIGTSTP):
            terminal.stop()
            signals.seen.add(signal.SIGWINCH)
        resized = signals.take(signal.SIGWINCH)
        if resized:
            terminal.clear()
        due = time.monotonic() >= following
        if due:
            following = max(following, time.monotonic() - _INTERVAL) + _INTERVAL
            if not view.paused:
                view.take(watching.reading())
        if keys or resized or due:
            yield
