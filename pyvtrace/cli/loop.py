"""`vtrace loop`: how long event loops take from one wait to the next, and what fills the long turns."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType

import click

from pyvtrace.analysis.compose import family, filtered
from pyvtrace.analysis.library import read_script
from pyvtrace.analysis.loop.groups import Groups, Reading, reading_of
from pyvtrace.analysis.loop.turns import LongTurn, Turns
from pyvtrace.analysis.script import parse_script
from pyvtrace.analysis.stacks import named_by_a_runtime
from pyvtrace.analysis.units import MS
from pyvtrace.api.events import Event, Events
from pyvtrace.api.tape import read_now
from pyvtrace.cli.showing import Plan, draw, leave_table, paper_writer, set_aside
from pyvtrace.cli.terminal import Signals
from pyvtrace.cli.tracing import Asked, conditions
from pyvtrace.cli.views import RECORD, duration, owned, recorder_of, run_command
from pyvtrace.export.json_programs import line
from pyvtrace.export.loop import loop_object, turn_object
from pyvtrace.export.loop_recordings import LoopTape
from pyvtrace.export.recording import Recorder
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.render.loop import NOTHING, LoopView
from pyvtrace.render.theme import theme
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
_MOST_WORKERS = 16  # that are named
_LOOK = 0.1  # seconds between looks at whether what is traced has ended
_INTERVAL = 1.0  # seconds from one picture, or reading that is recorded, to the next


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
        RECORD,
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
    return family(wanted) + text


class Watching:
    """A running trace. A context manager; inside it probes are in place, and the command of -c runs. Every second, and
    whatever is shown, goes to the recorder, too, if there is one.

    Raises on entering:
        CompileError, BpfError, Rejected: it cannot be traced.
        RecordingFailed: as whenever something is read, it cannot be recorded.
    """

    def __init__(self, asked: Asked, child: Command | None, recorder: Recorder | None = None) -> None:
        self._asked, self._child = asked, child
        self._tape = None if recorder is None else LoopTape(recorder)
        self._complaints: Counter[str] = Counter()
        self._devices: dict[int, str] = {}
        self._turns = Turns(frames_of)
        self._groups = Groups(self.name_device)
        self._hints: dict[int, str] = {}
        self._noted = self._read = 0.0

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
            first = self._session.snapshot()
            if self._tape is not None:
                self._tape.begin(spec, self._asked.minimum, first)
                # Those that there are now are in the recording, whether a turn needs them or not.
                self._devices = dict(places.device_names())
            self._first_ns = first.time_ns
            record = None if self._tape is None else self._record
            self._events = Events(spec, self._complain, store, self._session.shower, record)
            self._session.attach()
            self._started_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            self._read = time.monotonic()
            if self._tape is not None:
                self._tape.start(self._started_ns)
            if self._child is not None:
                self._child.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def _record(self, event: Event) -> None:
        assert self._tape is not None
        self._tape.event(read_now(event, self._first_ns))

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
        ended = self._take()
        if self._tape is not None and now >= self._read + _INTERVAL:
            self.reading()
        return ended

    def _take(self) -> list[LongTurn]:
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
        self._read = time.monotonic()
        snapshot = self._session.snapshot()
        if ended_ns is not None:
            snapshot = replace(snapshot, time_ns=ended_ns)
        remarks = [f"{line} ({count} times)" if count > 1 else line for line, count in self._complaints.items()]
        remarks += drop_lines(self._session.lost())
        if left_out := self._turns.dropped + self._events.missed:
            remarks.append(f"{left_out} records left out: more came than were read")
        remarks += sorted({hint for hint in self._hints.values() if hint})
        seen = {int(key[0]) for name in ("turns", "under_way") for key in snapshot.tables[name].rows}
        remarks += [line for pid in self._asked.pids if pid not in seen and (line := _workers(pid))]
        threads = {(int(key[0]), int(key[1])) for key in snapshot.tables["under_way"].rows}
        gone = {(pid, tid) for pid, tid in threads if not os.path.exists(f"/proc/{pid}/task/{tid}")}
        if self._tape is not None:
            self._tape.take(snapshot, remarks, gone, self._devices)
        return reading_of(snapshot, self._started_ns, self._asked.minimum, self._groups, gone, remarks)

    def last(self) -> tuple[list[LongTurn], Reading]:
        """The long turns that were not taken yet, and what was seen in all; the probes are gone."""
        # Taking probes away may take the kernel a second, in which less and less is seen.
        ended_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._session.detach()
        ended = self._take()
        self._turns.flush()
        rest = self._turns.all_ended()
        self._groups.add(rest)
        return [*ended, *rest], self.reading(ended_ns)

    def name_device(self, device: int) -> str:
        """A block device by the kernel's dev_t; "" for none."""
        if device not in self._devices:
            self._devices = {**dict.fromkeys((device,), ""), **places.device_names()}
        return self._devices[device]


def _hint(turn: LongTurn) -> str:
    """How the names of an interpreted program's functions could be had, where they are missing."""
    if any(named_by_a_runtime(stack) for stack, _ in turn.samples):
        return ""
    try:
        program = os.path.basename(os.readlink(f"/proc/{turn.loop.pid}/exe"))
    except OSError:
        return ""
    if program.startswith("python"):
        if _writes_names(turn.loop.pid):
            return f"{turn.loop.pid} tells Python's names, but {program} has no frame pointers to find callers by"
        return f"{turn.loop.pid} runs Python without names: -X perf gives them (3.12 and newer, with frame pointers)"
    if program.startswith("node"):
        return f"{turn.loop.pid} runs JavaScript without names: start it with node --perf-basic-prof"
    return ""


def _writes_names(pid: int) -> bool:
    """Whether a process has a file of names open; one that lies there may be of another with its number."""
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            names = [os.path.basename(os.readlink(entry.path)) for entry in entries]
    except OSError:
        return False
    return any(name.startswith("perf-") and name.endswith(".map") for name in names)


def _workers(pid: int) -> str:
    """Where to look, where a process that has not waited itself has others do the work."""
    workers = places.children(pid)
    if not workers:
        return ""
    named = " ".join(f"-p {worker}" for worker in workers[:_MOST_WORKERS])
    more = f" and {len(workers) - _MOST_WORKERS} more" if len(workers) > _MOST_WORKERS else ""
    return f"{pid} itself has no loop so far; its child processes are not traced: {named}{more}"


# ------------------------------------------------------------------------------------------------------------- running


def trace(
    *, pids: tuple[int, ...], run: str | None, minimum: int, duration: int | None, json: bool, record: str | None
) -> None:
    """What the command does with its options."""
    asked = Asked(tuple(map(places.process, pids)), minimum=minimum)
    seconds = None if duration is None else duration / _SECOND
    show = _json_lines if json else _live if owned() else _paper
    with recorder_of(record) as recorder:
        show(asked, run, seconds, recorder)


def _until_over(watching: Watching, signals: Signals, seconds: float | None) -> Iterator[list[LongTurn]]:
    """The long turns as they end, until the user, the time or the end of what is traced ends it."""
    end = None if seconds is None else time.monotonic() + seconds
    while not (signals.deadly or watching.over()):
        yield watching.pump()
        now = time.monotonic()
        if end is not None and now >= end:
            return
        signals.wait(_LOOK if end is None else min(_LOOK, end - now))


def _json_lines(asked: Asked, run: str | None, seconds: float | None, recorder: Recorder | None) -> None:
    child = None if run is None else processes.run(run, (None, 2))
    with Signals() as signals, Watching(asked, child, recorder) as watching:
        _announce(asked, run, seconds)
        for ended in _until_over(watching, signals, seconds):
            for turn in ended:
                sys.stdout.write(line(turn_object(turn, watching.name_device)))
            if ended:
                sys.stdout.flush()
        rest, reading = watching.last()
        for turn in rest:
            sys.stdout.write(line(turn_object(turn, watching.name_device)))
        sys.stdout.writelines(line(loop_object(row, reading)) for row in reading.rows)
        sys.stdout.flush()
        complain(reading)


def _announce(asked: Asked, run: str | None, seconds: float | None) -> None:
    """Say what ends the trace, where nobody has said it."""
    if run is None and seconds is None:
        print(f"vtrace: tracing until {'it ends' if asked.pids else 'Ctrl-C'}", file=sys.stderr, flush=True)


def complain(reading: Reading) -> None:
    for remark in (*reading.remarks, *(() if reading.rows else NOTHING)):
        print(f"vtrace: {remark}", file=sys.stderr)


def _paper(asked: Asked, run: str | None, seconds: float | None, recorder: Recorder | None) -> None:
    view, write = LoopView(), paper_writer()
    child = None if run is None else processes.run(run)
    with Signals() as signals, Watching(asked, child, recorder) as watching:
        _announce(asked, run, seconds)
        for _ in _until_over(watching, signals, seconds):
            pass
        view.take(watching.last()[1])
    write(view)


class _Live:
    """The trace as who draws asks for it."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def snapshot(self) -> Reading:
        return self._watching.reading()

    watch = snapshot

    def last(self) -> Reading:
        return self._watching.last()[1]

    def over(self) -> bool:
        self._watching.pump()
        return self._watching.over()


def _live(asked: Asked, run: str | None, seconds: float | None, recorder: Recorder | None) -> None:
    output, keys = sys.stdout.fileno(), sys.stdin.fileno() if sys.stdin.isatty() else None
    paint = theme(os.environ, sys.stdout.encoding, terminal=True)
    view = LoopView()
    with set_aside(run) as streams:
        child = None if run is None else processes.run(run, streams)
        with Watching(asked, child, recorder) as watching:
            draw(_Live(watching), Plan(_INTERVAL, seconds), view, paint, output, keys)
    leave_table(view, paint, output)
