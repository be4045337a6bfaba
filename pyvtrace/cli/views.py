"""`vtrace syscalls`, `vtrace disk`, `vtrace locks`: a row a process, live, on paper or as JSON lines.

All three are one command over a script of `probes/`, whose header says what it answers and which keys there are.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence

import click

from pyvtrace.analysis.library import read_script
from pyvtrace.analysis.names import Names
from pyvtrace.analysis.script import Script, parse_script
from pyvtrace.analysis.units import BadDuration, parse_duration
from pyvtrace.cli.tracing import Asked
from pyvtrace.export.recording import Recorder, RecordingFailed
from pyvtrace.export.replay import BadRecording
from pyvtrace.kernel.syscall import KernelError
from pyvtrace.runtime import places
from pyvtrace.runtime.processes import ProcessError
from pyvtrace.runtime.session import Rejected
from pyvtrace.source import CompileError, render

_SECOND = 1_000_000_000
_SCRIPT = "processes.d"


def load(view: str) -> Script:
    """A view's script."""
    return parse_script(read_script(f"{view}/{_SCRIPT}"), f"{view}/{_SCRIPT}")


# ------------------------------------------------------------------------------------------------------------- options


def duration(bare: str) -> Callable[[click.Context, click.Parameter, str | None], int | None]:
    """Reads an option that is a time, in ns. `bare` is the unit of a bare number, "" where one is refused."""

    def read(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
        if text is None:
            return None
        try:
            time = parse_duration(text, bare)
        except BadDuration as problem:
            raise click.BadParameter(str(problem)) from None
        if time <= 0:
            raise click.BadParameter(f"{text} is no time at all")
        return time

    return read


def writable(path: str) -> None:
    """Refuses a file that cannot be written, before a minute's tracing is for nothing."""
    try:
        with open(path, "a", encoding="utf-8"):
            pass
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


RECORD = click.Option(["--record"], type=click.Path(dir_okay=False), metavar="FILE",
                      help="Write what is seen to this file as well, for vtrace replay.")  # fmt: skip


def command(script: Script, called: str = "") -> click.Command:
    """The command line of a view, which may be called by another name than its own."""
    names = [key.name for key in (*script.keys, *script.extras)]
    seconds, exact = duration("s"), duration("")
    options = [
        click.Option(["-p", "pids"], type=click.IntRange(min=1), multiple=True, metavar="PID",
                     help="Trace this process with all its threads; may be given several times."),
        click.Option(["-c", "run"], metavar="CMD", help="Run a command, trace it and all it starts, end when it ends."),
        click.Option(["--comm", "commands"], multiple=True, metavar="GLOB",
                     help="Only commands of this name; may be given several times."),
        click.Option(["--cgroup", "group"], metavar="PATH",
                     help="Only processes in this control group (v2) or one that is below it at the start."),
        click.Option(["--by"], default=",".join(script.row), show_default=True, metavar="KEY[,KEY]",
                     help=f"What makes a row: {', '.join(names)}."),
        click.Option(["-i", "interval"], callback=seconds, default="1", show_default=True, metavar="SECONDS",
                     help="Time from one refresh to the next."),
        click.Option(["--duration"], callback=seconds, metavar="TIME", help="End after this time: 30, 10m."),
        click.Option(["--once"], is_flag=True, help="Print one table after one interval (or the duration), and end."),
        click.Option(["--min", "minimum"], callback=exact, metavar="TIME", help="Leave out what took less: 10ms."),
        click.Option(["--json"], is_flag=True, help="Print JSON lines: one object a row and interval."),
        click.Option(["--waiting"], is_flag=True, help=_waiting_help(script)),
        RECORD,
    ]  # fmt: skip
    question = script.question[0].upper() + script.question[1:]
    return click.Command(
        called or f"vtrace {script.view}",
        params=[*options],
        callback=lambda **given: trace(script, **given),
        help=question,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _waiting_help(script: Script) -> str:
    if script.apart is None:
        return "Nothing here: this view sets no events apart."
    return f"Show what is set apart as well, marked with ~: {script.apart.reason}."


def keys_of(script: Script, by: str) -> tuple[str, ...]:
    """The keys named by --by."""
    wanted = tuple(dict.fromkeys(part.strip() for part in by.split(",") if part.strip()))
    known = [key.name for key in (*script.keys, *script.extras)]
    if unknown := [name for name in wanted if name not in known]:
        raise click.UsageError(f"--by {unknown[0]}: no such key; vtrace {script.view} has {', '.join(known)}")
    if not wanted:
        raise click.UsageError(f"--by needs a key: {', '.join(known)}")
    return wanted


# ------------------------------------------------------------------------------------------------------------- running


def main(argv: Sequence[str]) -> int:
    """Run a view: `argv` begins with its name. The exit status is 1 for what cannot be traced, 2 for usage."""
    script = load(argv[0])
    return run_command(command(script), f"vtrace {script.view}", argv[1:])


def run_command(what: click.Command, name: str, argv: Sequence[str]) -> int:
    """Run a command that traces, and say what goes wrong; the exit status."""
    return telling(name, lambda: what.main(list(argv), prog_name=name, standalone_mode=False))


def telling(name: str, do: Callable[[], object]) -> int:
    """Do what a command line asks, and say what goes wrong; the exit status, which is what `do` returns, 0 if that is
    none."""
    try:
        status = do()
        return status if isinstance(status, int) else 0
    except click.ClickException as problem:
        _say(f"{problem.format_message()}\nTry '{name} --help'.")
        return problem.exit_code
    except click.Abort:
        return 1
    except CompileError as problem:
        print(render(problem.source, problem.diagnostics), file=sys.stderr)
    except (ProcessError, places.NoSuch, RecordingFailed, BadRecording) as problem:
        _say(str(problem))
    except KernelError as problem:
        _say(f"{problem}: {problem.hint}" if problem.hint else str(problem))
    except Rejected as problem:
        _say(f"{problem}\nThis is a fault of vtrace; please report it with the kernel's version.")
    except BrokenPipeError:
        # Whoever read us has gone; nothing can be flushed any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _say(text: str) -> None:
    print(f"vtrace: {text}", file=sys.stderr, flush=True)


def trace(
    script: Script,
    *,
    pids: tuple[int, ...],
    run: str | None,
    commands: tuple[str, ...],
    group: str | None,
    by: str,
    interval: int,
    duration: int | None,
    once: bool,
    minimum: int | None,
    json: bool,
    waiting: bool,
    record: str | None,
) -> None:
    """What the command does with its options."""
    # What draws views is not for `vtrace bubbles` and others that have only their options from here.
    from pyvtrace.cli.showing import Plan, Request, json_lines, live, tables

    keys = keys_of(script, by)
    script = script.with_extras(keys)
    groups = None if group is None else tuple(places.control_groups(group))
    asked = Asked(tuple(map(places.process, pids)), commands, groups, minimum or 0)
    seconds, whole = interval / _SECOND, None if duration is None else duration / _SECOND
    plan = Plan(seconds, whole)
    if once:
        # One table: at the end of the command, where there is one.
        plan = Plan(math.inf, whole or (None if run is not None else seconds))
    show = json_lines if json else tables if once or not owned() else live
    with recorder_of(record) as recorder:
        show(Request(script, asked, plan, keys, names_of(script), run, waiting, recorder))


@contextlib.contextmanager
def recorder_of(path: str | None) -> Iterator[Recorder | None]:
    """The recorder of --record, closed in the end."""
    if path is None:
        yield None
        return
    recorder = Recorder(path)
    try:
        yield recorder
    finally:
        recorder.close()


def owned() -> bool:
    """Whether standard output is a terminal that a view can draw on."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def names_of(script: Script) -> Names:
    """Names of what the script's keys number."""
    return places.names_of({key.kind for key in script.keys})
