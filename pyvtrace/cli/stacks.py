"""`vtrace profile` and `vtrace offcpu`: where processors spend their time, and where threads wait, by call chain.

Both are a script of `probes/` with the user's conditions put in; what it counted is shown as the largest stacks, as
folded lines, or as a flame graph.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import click

from pyvtrace.analysis.compose import family, filtered
from pyvtrace.analysis.library import read_script
from pyvtrace.analysis.script import parse_script
from pyvtrace.analysis.stacks import TABLE, Sample, folded, samples
from pyvtrace.cli.terminal import Signals
from pyvtrace.cli.tracing import Asked, conditions
from pyvtrace.cli.views import RECORD, duration, recorder_of, run_command, writable
from pyvtrace.export.recording import Origin, Recorder
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime import places, processes
from pyvtrace.runtime.complaints import drop_lines
from pyvtrace.runtime.processes import Command
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.runtime.snapshot import Snapshot
from pyvtrace.source import Source
from pyvtrace.value import Value

_SECOND = 1_000_000_000
_LOOK = 0.1  # seconds between looks at whether what is traced has ended
_NOTE = 1.0  # seconds between notes of what processes have mapped
_OPTIONS = "#pragma D option aggsize=32m\n"
_RATE = "profile-99"


def _times(amount: int) -> str:
    return f"{amount} sample{'s' * (amount != 1)}"


def _milliseconds(amount: int) -> str:
    return f"{amount / 1e6:.3f} ms"


class Kind(Value):
    """One of the two commands."""

    name: str
    script: str
    help: str
    title: str
    unit: str
    spell: Callable[[int], str]


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "profile", "cpu/profile.d",
            "What do processors spend their time on? Samples the stacks of what runs.", "on CPU", "samples", _times,
        ),
        Kind(
            "offcpu", "sched/offcpu.d",
            "Where do threads wait, for how long, and who wakes them?", "off CPU", "ns", _milliseconds,
        ),
    )
}  # fmt: skip


def command(kind: Kind) -> click.Command:
    """The command line of one of the two."""
    options = [
        click.Option(["-p", "pids"], type=click.IntRange(min=1), multiple=True, metavar="PID",
                     help="Trace this process with all its threads; may be given several times."),
        click.Option(["-c", "run"], metavar="CMD", help="Run a command, trace it and all it starts, end when it ends."),
        click.Option(["--duration"], callback=duration("s"), metavar="TIME", help="End after this time: 30, 10m."),
        click.Option(["--top"], type=click.IntRange(min=1), default=20, show_default=True, metavar="N",
                     help="Print so many stacks, those with the most."),
        click.Option(["--folded", "as_folded"], is_flag=True,
                     help="Print a line a call chain, as tools for flame graphs read them."),
        click.Option(["--svg"], type=click.Path(dir_okay=False), metavar="FILE",
                     help="Write a flame graph that a browser shows, instead of printing stacks."),
        click.Option(["--json"], is_flag=True, help="Print JSON lines: one object a stack."),
        RECORD,
    ]  # fmt: skip
    if kind.name == "profile":
        options.insert(2, click.Option(["-F", "rate"], type=click.IntRange(1, 10_000), default=99, show_default=True,
                                       metavar="HZ", help="Samples a second on every processor."))  # fmt: skip
    return click.Command(
        f"vtrace {kind.name}",
        params=[*options],
        callback=lambda **given: trace(kind, **given),
        help=kind.help,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def main(argv: Sequence[str]) -> int:
    """Run one: `argv` begins with its name. The exit status is 1 for what cannot be traced, 2 for usage."""
    kind = KINDS[argv[0]]
    return run_command(command(kind), f"vtrace {kind.name}", argv[1:])


def program(kind: Kind, asked: Asked, *, child: bool, rate: int = 99) -> str:
    """The D text with what the user asked for."""
    wanted = conditions(asked, child)
    text = filtered(parse_script(read_script(kind.script), kind.script), wanted)
    return _OPTIONS + family(wanted) + text.replace(_RATE, f"profile-{rate}")


def trace(
    kind: Kind,
    *,
    pids: tuple[int, ...],
    run: str | None,
    duration: int | None,
    top: int,
    as_folded: bool,
    svg: str | None,
    json: bool,
    record: str | None,
    rate: int = 99,
) -> None:
    """What the command does with its options."""
    form = Form(top, as_folded, svg, json)
    form.check()
    asked = Asked(tuple(map(places.process, pids)))
    with recorder_of(record) as recorder:
        # Standard output is for the stacks alone where a program reads it.
        child = None if run is None else processes.run(run, (None, 2) if as_folded or json else ())
        seconds = None if duration is None else duration / _SECOND
        last, complaints = _collect(kind, asked, child, seconds, rate, recorder)
    show(kind, last, form)
    for line in complaints:
        print(f"vtrace: {line}", file=sys.stderr)


class Last(Value):
    """What was seen up to a moment, so many seconds after the start."""

    snapshot: Snapshot
    seconds: float


class Form(Value):
    """How stacks are shown: the `top` largest as D prints them, folded lines, a flame graph in a file, or objects."""

    top: int = 20
    as_folded: bool = False
    svg: str | None = None
    json: bool = False

    def check(self) -> None:
        """Before a minute's tracing is for nothing.

        Raises:
            click.ClickException: two forms are asked for, or the file cannot be written.
        """
        chosen = [
            name
            for name, wanted in (("--folded", self.as_folded), ("--svg", self.svg), ("--json", self.json))
            if wanted
        ]
        if len(chosen) > 1:
            raise click.UsageError(f"{' and '.join(chosen)}: one of the two")
        if self.svg is not None:
            writable(self.svg)


def _collect(
    kind: Kind, asked: Asked, child: Command | None, seconds: float | None, rate: int, recorder: Recorder | None
) -> tuple[Last, list[str]]:
    """What was seen, and what there is to say about it."""
    with ExitStack() as stack:
        if child is not None:
            stack.callback(child.end)
        text = program(kind, asked, child=child is not None, rate=rate)
        spec = compile_text(Source(kind.script, text), LiveTarget(), {}, (), child.pid if child is not None else 0)
        signals = stack.enter_context(Signals())
        session = stack.enter_context(Session(spec, LiveTarget()))
        first = session.snapshot()
        if recorder is not None:
            recorder.begin(Origin("stacks", kind.name, text, spec.aggregations, spec.options), first)
        session.attach()
        if child is None and seconds is None:
            print(f"vtrace: tracing until {'it ends' if asked.pids else 'Ctrl-C'}", file=sys.stderr, flush=True)
        if child is not None:
            child.start()
        _wait(session, signals, asked, child, seconds, recorder)
        session.detach()
        session.note()
        last = session.snapshot()
        complaints = [*drop_lines(session.lost())]
        if session.names is not None:
            complaints += session.names.lacking()
        if recorder is not None:
            for line in complaints:
                recorder.complain(line, last.time_ns)
            recorder.take(last)
        return Last(last, (last.time_ns - first.time_ns) / _SECOND), complaints


def _wait(
    session: Session,
    signals: Signals,
    asked: Asked,
    child: Command | None,
    seconds: float | None,
    recorder: Recorder | None,
) -> None:
    """Until the user, the time or the end of what is traced ends it."""
    end = None if seconds is None else time.monotonic() + seconds
    noted = 0.0
    while not signals.deadly:
        now = time.monotonic()
        if end is not None and now >= end:
            return
        if child.has_ended() if child is not None else asked.pids and not any(map(places.alive, asked.pids)):
            return
        if now >= noted + _NOTE:
            session.note()
            if recorder is not None and noted:
                recorder.take(session.snapshot())
            noted = now
        signals.wait(_LOOK if end is None else min(_LOOK, end - now))


# ------------------------------------------------------------------------------------------------------------- showing


def show(kind: Kind, last: Last, form: Form) -> None:
    """On standard output, or in a file."""
    if form.json:
        from pyvtrace.export.json_stacks import stack_lines

        sys.stdout.writelines(stack_lines(kind.name, kind.unit, last.snapshot, last.seconds))
    else:
        found = samples(last.snapshot.tables[TABLE])
        if form.svg is not None:
            _write_svg(kind, form.svg, found, last.seconds)
        else:
            lines = folded(found) if form.as_folded else _stacks(kind, found, form.top, last.seconds)
            sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _stacks(kind: Kind, found: Sequence[Sample], top: int, seconds: float) -> Iterator[str]:
    """The largest, innermost frames first as D prints them; then what is left."""
    whole = sum(sample.amount for sample in found)
    yield f"{kind.title}, {seconds:.1f} s: {kind.spell(whole)} in {len(found)} stack{'s' * (len(found) != 1)}"
    for sample in found[:top]:
        yield ""
        woken = f", woken by {sample.waker}" if sample.waker else ""
        yield f"{kind.spell(sample.amount)}  {100 * sample.amount / whole:.1f}%  {sample.command} ({sample.pid}){woken}"
        frames = [*reversed(sample.kernel), *reversed(sample.user)]
        yield from (f"{'':14}{frame}" for frame in frames or ["(no stack)"])
    if rest := found[top:]:
        yield ""
        yield f"{len(rest)} more stack{'s' * (len(rest) != 1)}: {kind.spell(sum(sample.amount for sample in rest))}"


def _write_svg(kind: Kind, path: str, found: Sequence[Sample], seconds: float) -> None:
    from pyvtrace.render.flame import flame_graph

    whole = sum(sample.amount for sample in found)
    title = f"{kind.title}: {kind.spell(whole)} in {seconds:.1f} s"
    with open(path, "w", encoding="utf-8") as file:
        file.write(flame_graph(((sample.path, sample.amount) for sample in found), title, kind.spell))
    print(f"wrote {os.path.abspath(path)}: {kind.spell(whole)} in {len(found)} stacks", file=sys.stderr)
