"""`vtrace replay FILE`: a recording in the view that it was made of, on paper, as JSON lines, or on a terminal, with
keys to stop, step and go anywhere."""

from __future__ import annotations

import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

import click

from pyvtrace.analysis.names import text as printable
from pyvtrace.analysis.script import BadHeader, Script, parse_script
from pyvtrace.analysis.units import BadDuration, parse_duration
from pyvtrace.cli import stacks
from pyvtrace.cli.player import Picture, Show, play, shown_by
from pyvtrace.cli.showing import Plan, Printable, Request, paper_writer
from pyvtrace.cli.stacks import KINDS, Form, Last
from pyvtrace.cli.tracing import Asked
from pyvtrace.cli.views import keys_of, owned, run_command
from pyvtrace.export.json_lines import JsonLines
from pyvtrace.export.json_programs import aggregations, event, line, printed
from pyvtrace.export.recording import Recorded
from pyvtrace.export.replay import BadRecording, Printed, Recording
from pyvtrace.runtime.ordering import order_of, sort_rows
from pyvtrace.runtime.printa import default_row
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.value import Value, replace

if TYPE_CHECKING:
    from pyvtrace.export.loop_recordings import LoopRecording

Happened = Printed | Recorded

_SECOND = 1_000_000_000
_NEVER = 1 << 63  # in ns: what was printed after the last interval is there, too
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


class Drawn(Picture, Printable, Protocol):
    """What has a form for terminals and one for paper."""


class Wanted(Value):
    """What is asked for: the moments from `first` to `last` by number, each of them if `every`, else the last; paced at
    `speed` times the speed of what happened, or at once if it is None. What is `live` is played on the terminal."""

    recording: Recording
    first: int
    every: bool
    speed: float | None
    live: bool = False

    @property
    def last(self) -> int:
        return len(self.recording) - 1

    def moments(self) -> Iterator[tuple[int, Snapshot]]:
        """Number and reading of each moment to show, when it is time for it."""
        for number in range(max(1, self.first), len(self.recording)) if self.every else (self.first,):
            self.wait(number)
            yield number, self.recording.snapshot(number)

    def play(self, view: Picture, show: Show) -> None:
        """On the terminal, from the first moment on."""
        play(self.recording, view, show, self.first, self.speed or 1.0)

    def wait(self, number: int) -> None:
        """As long as the interval took that ends with this moment."""
        if self.speed is not None and self.every and number > 0:
            times = self.recording.times
            time.sleep(max(0, times[number] - times[number - 1]) / _SECOND / self.speed)


def command() -> click.Command:
    """The command line of `vtrace replay`."""
    options: list[click.Parameter] = [
        click.Argument(["path"], metavar="FILE"),
        click.Option(["--at", "moment"], metavar="TIME",
                     help="What was seen up to there, or with -i and --json from there on: so long after the start "
                          "(90s, 10m), or a time of day (14:03:20)."),
        click.Option(["--speed"], type=click.FloatRange(min=0, min_open=True), metavar="N",
                     help="As quickly as it happened, times N. A terminal begins with 1, nothing else waits without."),
        click.Option(["-i", "every"], is_flag=True, help="Show every interval, instead of the end."),
        click.Option(["--json"], is_flag=True, help="Print JSON lines, as what was recorded does with --json."),
        click.Option(["--by"], metavar="KEY[,KEY]", help="Views: what makes a row; as it was recorded without it."),
        click.Option(["--waiting"], is_flag=True, help="Views: show what is set apart as well."),
        click.Option(["--top"], type=click.IntRange(min=1), metavar="N", help="Stacks, tables: print so many."),
        click.Option(["--folded", "as_folded"], is_flag=True, help="Stacks: print a line a call chain."),
        click.Option(["--svg"], type=click.Path(dir_okay=False), metavar="FILE", help="Stacks, bubbles: draw them."),
    ]  # fmt: skip
    return click.Command(
        "vtrace replay",
        params=options,
        callback=replay,
        help="Show what --record wrote to FILE, in the view that it was made of.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def main(argv: Sequence[str]) -> int:
    """Run it: `argv` begins with its name. The exit status is 1 for a file that cannot be read, or not to its end."""
    return run_command(command(), "vtrace replay", argv[1:])


def replay(
    path: str,
    *,
    moment: str | None,
    speed: float | None,
    every: bool,
    json: bool,
    by: str | None,
    waiting: bool,
    top: int | None,
    as_folded: bool,
    svg: str | None,
) -> None:
    """What the command does with its options."""
    recording = Recording(path)
    kind = recording.origin.kind
    own: Mapping[tuple[str, ...], Mapping[str, object]] = {
        ("view",): {"--by": by, "--waiting": waiting},
        ("stacks",): {"--folded": as_folded},
        ("stacks", "bubbles"): {"--svg": svg},
        ("stacks", "script"): {"--top": top},
    }
    for of, options in own.items():
        if kind not in of and (given := next((name for name, value in options.items() if value), None)):
            made_by = " and of ".join(_MADE_BY[one] for one in of)
            raise click.UsageError(f"{given} is for recordings of {made_by}; {path} is of {_what(recording)}")
    each = every or (json and kind != "stacks")
    since = None if moment is None else _since(recording, moment)
    first = recording.index(since) if since is not None else 0 if each else len(recording) - 1
    wanted = Wanted(recording, first, each, speed, live=kind in _PLAYED and not (every or json) and owned())
    if wanted.live and moment is None:
        # What is played begins at the beginning.
        wanted = replace(wanted, first=0)
    match kind:
        case "view":
            _view(wanted, by, json=json, waiting=waiting)
        case "stacks":
            _stacks(wanted, Form(top or Form().top, as_folded, svg, json))
        case "program":
            _program(wanted, since, json=json)
        case "script":
            _script(wanted, since, top, json=json)
        case "bubbles":
            from pyvtrace.cli.bubble_replay import show

            begin, end = (since or 0, None) if each else (0, since)
            show(recording, begin, end, svg, speed=speed if each else None, json=json)
        case "c":
            _c_program(wanted, since, json=json)
        case "deps":
            _deps(wanted, json=json)
        case "loop":
            _loop(wanted, json=json)
        case _:
            raise BadRecording(f"{path} is of {printable(kind, {})}, which this vtrace does not know")
    sys.stdout.flush()
    if recording.damage:
        raise BadRecording(f"{path} is {recording.damage}")
    if recording.remark:
        print(f"vtrace: {path}: {recording.remark}", file=sys.stderr)


_PLAYED = ("view", "script", "deps", "loop")  # kinds that have a picture with keys
_MADE_BY = {"view": "vtrace syscalls, disk and locks", "stacks": "vtrace profile and offcpu", "program": "D programs",
            "script": "scripts", "c": "C programs", "deps": "vtrace deps", "loop": "vtrace loop",
            "bubbles": "vtrace bubbles"}  # fmt: skip


def _what(recording: Recording) -> str:
    origin = recording.origin
    name = printable(origin.name, {})
    return {"program": "a D program", "script": f"vtrace run {name}", "c": f"vtrace run {name}"}.get(
        origin.kind, f"vtrace {name}"
    )


def _since(recording: Recording, moment: str) -> int:
    """Nanoseconds from the start to what --at says."""
    start = datetime.fromtimestamp(recording.start_wall_ns / 1e9)
    if clock := _CLOCK.fullmatch(moment):
        hour, minute, second = (int(part or 0) for part in clock.groups())
        if hour > 23 or minute > 59 or second > 59:
            raise click.BadParameter(f"{moment} is no time of day", param_hint="--at")
        then = start.replace(hour=hour, minute=minute, second=second, microsecond=0)
        # A time of day that has passed when the recording begins is one of the next day; the second of the start is it.
        then += timedelta(days=then < start.replace(microsecond=0))
        since = max(0, round((then - start).total_seconds() * _SECOND))
    else:
        try:
            since = parse_duration(moment, "s")
        except BadDuration as problem:
            raise click.BadParameter(f"{problem}, or a time of day, as in 14:03:20", param_hint="--at") from None
    if since > recording.duration_ns:
        end = start + timedelta(seconds=recording.duration_ns / _SECOND)
        raise click.BadParameter(
            f"{moment} is behind the end: the recording is of {start:%H:%M:%S} to {end:%H:%M:%S}, "
            f"{recording.duration_ns / _SECOND:.1f} s",
            param_hint="--at",
        )
    return since


# --------------------------------------------------------------------------------------------------------------- views


def _view(wanted: Wanted, by: str | None, *, json: bool, waiting: bool) -> None:
    request = request_of(wanted.recording, by, waiting=waiting)
    if json:
        _view_json(wanted, request)
    elif wanted.live:
        view = request.view(live=True)
        wanted.play(view, shown_by(view, wanted.recording))
    else:
        _view_paper(wanted, request)


def request_of(recording: Recording, by: str | None, *, waiting: bool) -> Request:
    """What is shown of it, from what it says of itself."""
    asked: Mapping[str, Any] = recording.origin.asked
    try:
        script: Script = parse_script(str(asked["script"])).with_extras(asked["extras"])
        names = {str(kind): {int(n): str(name) for n, name in some.items()} for kind, some in asked["names"].items()}
        commands, keys = tuple(map(str, asked["commands"])), tuple(map(str, asked["by"]))
        as_recorded = bool(asked["waiting"])
        if any(measure.name not in recording.snapshot(0).tables for measure in script.measures):
            raise ValueError("a measure is missing")
        if not keys or any(script.key(name) not in script.keys for name in keys):
            raise ValueError("a key is missing")
    except (KeyError, TypeError, ValueError, AttributeError, BadHeader) as odd:
        raise BadRecording(f"its header does not say how to show it ({odd})") from None
    if by is not None:
        recorded = [key.name for key in script.keys]
        keys = keys_of(script, by)
        if missing := [name for name in keys if name not in recorded]:
            raise click.UsageError(f"--by {missing[0]}: it was not recorded; there are {', '.join(recorded)}")
    return Request(script, Asked(commands=commands), Plan(1.0), keys, names, None, waiting or as_recorded)


def _view_json(wanted: Wanted, request: Request) -> None:
    before = wanted.recording.snapshot(max(0, wanted.first - 1))
    lines = JsonLines(request.script, request.groupings(), before)
    for _, snapshot in wanted.moments():
        sys.stdout.writelines(map(line, lines.objects(snapshot)))
        sys.stdout.flush()


def _view_paper(wanted: Wanted, request: Request) -> None:
    recording = wanted.recording
    view, write = request.view(live=False), paper_writer()
    view.start(recording.snapshot(0))
    if wanted.first > 1:
        # Rates are of the interval that ends with the moment.
        view.take(recording.snapshot(wanted.first - 1))
    for _, snapshot in wanted.moments():
        view.take(snapshot)
        write(view)


# -------------------------------------------------------------------------------------------------------------- stacks


def _stacks(wanted: Wanted, form: Form) -> None:
    kind = KINDS.get(wanted.recording.origin.name)
    if kind is None:
        raise BadRecording(f"it is of {printable(wanted.recording.origin.name, {})}, which this vtrace does not know")
    form.check()
    for number, snapshot in wanted.moments():
        stacks.show(kind, Last(snapshot, wanted.recording.times[number] / _SECOND), form)
    for said in wanted.recording.printed():
        print(f"vtrace: {said.text}", file=sys.stderr)


# ------------------------------------------------------------------------------------------------------------- scripts


def _script(wanted: Wanted, since: int | None, top: int | None, *, json: bool) -> None:
    from pyvtrace.cli.script_replay import show_events, show_tables
    from pyvtrace.export.scripts import recorded_in

    recorded = recorded_in(wanted.recording)
    if recorded.script.columns and top is not None:
        raise click.UsageError("--top is for tables; these are events")
    if wanted.live:
        from pyvtrace.cli.script_replay import pictures

        wanted.play(*pictures(wanted.recording, recorded, top))
        return
    until = None if wanted.every else since
    if recorded.script.columns:
        start, speed = (since or 0, wanted.speed) if wanted.every else (0, None)
        show_events(wanted.recording, recorded, start, until, speed=speed, json=json)
    else:
        show_tables(wanted.recording, recorded, wanted.moments(), top, until, json=json)


def _deps(wanted: Wanted, *, json: bool) -> None:
    from pyvtrace.export.deps import as_json
    from pyvtrace.export.deps_recordings import DepsRecording
    from pyvtrace.render.deps import DepsView

    recorded = DepsRecording(wanted.recording)
    if json:
        for number, _ in wanted.moments():
            sys.stdout.write(line(as_json(recorded.report(number))))
            sys.stdout.flush()
        return
    view = DepsView(recorded.about.name, live=wanted.live)
    view.warning = recorded.about.warning
    _pictures(wanted, view, lambda number: view.take(recorded.report(number)))


def _loop(wanted: Wanted, *, json: bool) -> None:
    from pyvtrace.export.loop_recordings import LoopRecording
    from pyvtrace.render.loop import LoopView

    recorded = LoopRecording(wanted.recording)
    if json:
        _loop_json(wanted, recorded)
        return
    view = LoopView()
    _pictures(wanted, view, lambda number: view.take(recorded.reading(number)))


def _loop_json(wanted: Wanted, recorded: LoopRecording) -> None:
    """Long turns as they ended, loops as of the end."""
    from pyvtrace.cli.loop import complain
    from pyvtrace.export.loop import loop_object, turn_object

    for _ in recorded.ended(max(0, wanted.first - 1)):
        pass
    for number in range(wanted.first, len(wanted.recording)):
        wanted.wait(number)
        turns = (line(turn_object(turn, recorded.name_device)) for turn in recorded.ended(number))
        sys.stdout.writelines(turns)
        sys.stdout.flush()
    reading = recorded.reading(wanted.last)
    sys.stdout.writelines(line(loop_object(row, reading)) for row in reading.rows)
    sys.stdout.flush()
    complain(reading)


def _pictures(wanted: Wanted, view: Drawn, take: Callable[[int], None]) -> None:
    """Each moment that is to be shown, on paper or on the terminal; `take` gives the view one."""
    if wanted.live:
        wanted.play(view, lambda to, at: take(to))
        return
    write = paper_writer()
    for number, _ in wanted.moments():
        take(number)
        write(view)


def _c_program(wanted: Wanted, since: int | None, *, json: bool) -> None:
    from pyvtrace.cli.c_lines import replayed

    begin, end = (since or 0, None) if wanted.every else (0, since)
    replayed(wanted.recording, wanted.moments(), begin, end, json=json)


# ------------------------------------------------------------------------------------------------------------ programs


def _program(wanted: Wanted, since: int | None, *, json: bool) -> None:
    """What it printed, and its aggregations if it did not come to print them itself."""
    recording = wanted.recording
    tell, show = (_tell_json, _show_json) if json else (_tell, _show)
    begin, end = -1, _NEVER
    if since is not None:
        begin, end = (since, end) if wanted.every else (begin, since)
    happened: list[Happened] = [*recording.printed(), *recording.events()]
    happened.sort(key=attrgetter("since_ns"))
    waiting = deque(thing for thing in happened if begin < thing.since_ns <= end)
    for number, snapshot in wanted.moments():
        until = recording.times[number] if wanted.every and number < wanted.last else end
        while waiting and waiting[0].since_ns <= until:
            thing = waiting.popleft()
            tell(thing, recording.start_wall_ns + thing.since_ns)
        if json or number < wanted.last or not recording.ended:
            show(recording, snapshot)
        sys.stdout.flush()


def _tell(thing: Happened, wall_ns: int) -> None:
    if isinstance(thing, Printed) and thing.kind == "said":
        sys.stdout.flush()
        print(f"vtrace: {thing.text}", file=sys.stderr)
    else:
        sys.stdout.write(thing.text)


def _tell_json(thing: Happened, wall_ns: int) -> None:
    found = event(thing, wall_ns) if isinstance(thing, Recorded) else printed(thing.kind, wall_ns, thing.text)
    sys.stdout.write(line(found))


def _show(recording: Recording, snapshot: Snapshot) -> None:
    """As D prints them at the end of a trace."""
    sys.stdout.write("\n")
    order = order_of(recording.origin.options)
    for spec in recording.origin.aggregations:
        row = default_row((spec,))
        for key, words in sort_rows(spec, snapshot.tables[spec.name].rows, order):
            sys.stdout.write(row(key, (words,), (1,)))


def _show_json(recording: Recording, snapshot: Snapshot) -> None:
    sys.stdout.writelines(map(line, aggregations(snapshot)))
