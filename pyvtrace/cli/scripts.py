"""`vtrace run NAME`: a script of the library, or of the user's own.

What a script declares in its header makes its command line, its help, its columns and its JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click

from pyvtrace.analysis.compose import quoted
from pyvtrace.analysis.library import C_SUFFIX, c_program, display, find
from pyvtrace.analysis.script import Option, Script, sentence
from pyvtrace.analysis.units import BadDuration, duration, parse_duration
from pyvtrace.cli import views
from pyvtrace.cli.script_shows import Asking, run
from pyvtrace.cli.tracing import Asked
from pyvtrace.export.recording import Recorder
from pyvtrace.export.schemas import schema_of, text_of
from pyvtrace.runtime import places

_USAGE = """\
Usage: vtrace run NAME [OPTIONS]

  Run a script: one of those that `vtrace list` shows, or a file of D or of bcc's C.

  vtrace run NAME --help   what it answers, its options and its columns
"""
_SIZES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def main(argv: Sequence[str]) -> int:
    """`argv` begins with `run`. The exit status is 1 for what cannot be traced, 2 for usage, else the script's."""
    if len(argv) < 2 or argv[1] in ("-h", "--help"):
        (sys.stdout if len(argv) > 1 else sys.stderr).write(_USAGE)
        return 0 if len(argv) > 1 else 2
    if argv[1].startswith("-"):
        sys.stderr.write(f"vtrace: the name of the script comes first\n{_USAGE}")
        return 2
    return views.telling(f"vtrace run {argv[1]}", lambda: _run(argv[1], argv[2:]))


def _run(word: str, argv: Sequence[str]) -> object:
    if word.endswith(C_SUFFIX):
        from pyvtrace.cli import c_probes

        return c_probes.main([c_program(word), *argv])
    name = f"vtrace run {word}"
    return command_of(find(word).read(), name).main(list(argv), prog_name=name, standalone_mode=False)


def command_of(script: Script, name: str) -> click.Command:
    """The command line of a script; it returns what the script gives to exit()."""
    shown = display(script)
    if shown == "view":
        return views.command(script, name)
    if shown == "endpoints":
        from pyvtrace.cli import deps

        return deps.command()
    if shown == "stacks":
        from pyvtrace.cli import loop, stacks

        if script.view == loop.VIEW:
            return loop.command()
        if script.view not in stacks.KINDS:
            raise script.bad(f"header: no view is called {script.view}", "view", f"there are {', '.join(stacks.KINDS)}")
        return stacks.command(stacks.KINDS[script.view])
    return command(script, name)


# ------------------------------------------------------------------------------------------------------------- options


class _Help(click.Command):
    """A command whose help ends with the columns."""

    def __init__(self, script: Script, **given: object) -> None:
        super().__init__(**given)  # type: ignore[arg-type]
        self._script = script

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        script = self._script
        for title, fields in (("Columns", script.columns), ("Keys", script.keys), ("Values", script.values)):
            if fields:
                with formatter.section(title):
                    formatter.write_dl([(field.name, field.label) for field in fields])


def command(script: Script, name: str) -> click.Command:
    """The command line of a script that shows events, a table, or what it prints itself."""
    seconds = views.duration("s")
    shown = display(script)
    options = [
        click.Option(["-p", "pids"], type=click.IntRange(min=1), multiple=True, metavar="PID",
                     help="Trace this process with all its threads; may be given several times."),
        click.Option(["-c", "run"], metavar="CMD", help="Run a command, trace it and all it starts, end when it ends."),
    ]  # fmt: skip
    if not script.filters:
        # Nothing is taken away then: $target is all that -p gives.
        options[0] = click.Option(["-p", "pids"], type=click.IntRange(min=1), multiple=True, metavar="PID",
                                  help="The process that is $target; end when it ends.")  # fmt: skip
        options[1] = click.Option(["-c", "run"], metavar="CMD", help="Run a command as $target, end when it ends.")
    else:
        options += [
            click.Option(["--comm", "commands"], multiple=True, metavar="GLOB",
                         help="Only commands of this name; may be given several times."),
            click.Option(["--cgroup", "group"], metavar="PATH",
                         help="Only processes in this control group (v2) or one that is below it at the start."),
        ]  # fmt: skip
    if shown == "table":
        options += [
            click.Option(["-i", "interval"], callback=seconds, metavar="SECONDS",
                         help="Show the table so often; without it once, at the end (on a terminal: every second)."),
            click.Option(["--top"], type=click.IntRange(min=1), metavar="N", help="Show so many rows."),
        ]  # fmt: skip
    options.append(click.Option(["--duration"], callback=seconds, metavar="TIME", help="End after this time: 30, 10m."))
    if shown != "text":
        options.append(click.Option(["--json"], is_flag=True, help=f"Print JSON lines: one object {_OBJECT[shown]}."))
        options.append(click.Option(["--schema"], is_flag=True, help="Print the JSON Schema of these lines, and end."))
    options.append(views.RECORD)
    taken = {text for option in options for text in option.opts}
    for option in script.options:
        if f"--{option.name}" in taken:
            raise script.bad(f"header: --{option.name} means something else already", "option")
        options.append(_option(option))
    help_text = f"{sentence(script.question)}\n\n{sentence(script.output)}" if script.question else "A D script."
    if script.needs:
        help_text += f"\n\nNeeds {script.needs}."
    return _Help(
        script,
        name=name,
        params=[*options],
        callback=lambda **given: trace(script, given),
        help=help_text,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


_OBJECT = {"events": "an event", "table": "a row and interval"}


def _option(option: Option) -> click.Option:
    def read(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
        return None if text is None else in_d(option, text)

    if option.kind == "flag":
        return click.Option(
            [f"--{option.name.replace('_', '-')}", f"set_{option.name}"],
            flag_value="1",
            help=f"{sentence(option.label)}",
        )
    return click.Option(
        [f"--{option.name.replace('_', '-')}", f"set_{option.name}"],
        callback=read,
        metavar={"duration": "TIME", "bytes": "SIZE", "number": "N", "text": "TEXT"}[option.kind],
        help=f"{sentence(option.label)[:-1]}  [default: {default_of(option)}]",
    )


def default_of(option: Option) -> str:
    """An option's default as people write it."""
    if option.kind == "duration" and option.default.isdigit():
        return duration(int(option.default)) if int(option.default) else "0"
    return option.default.strip('"') or "none"


def in_d(option: Option, text: str) -> str:
    """The value of an option as D has it.

    Raises:
        click.BadParameter: it is none.
    """
    if option.kind == "text":
        if not text.isprintable():
            raise click.BadParameter("it has characters that cannot be shown")
        return quoted(text)
    try:
        if option.kind == "duration":
            return str(parse_duration(text, "") if text.strip() != "0" else 0)
        if option.kind == "bytes" and text[-1:].lower() in _SIZES:
            return str(int(text[:-1]) * _SIZES[text[-1].lower()])
        return str(int(text, 0))
    except BadDuration as problem:
        raise click.BadParameter(str(problem)) from None
    except ValueError:
        example = "4096, 4k, 1m" if option.kind == "bytes" else "8, -1, 0x10"
        raise click.BadParameter(f"{text!r} is no {_WORDS[option.kind]}: {example}") from None


_WORDS = {"bytes": "size", "number": "number"}


# ------------------------------------------------------------------------------------------------------------- running


def trace(script: Script, given: dict[str, object]) -> int:
    """What the command does with its options; the script's exit status."""
    if given.get("schema"):
        sys.stdout.write(text_of(schema_of(script)))
        return 0
    values = {name.removeprefix("set_"): str(value) for name, value in given.items()
              if name.startswith("set_") and value is not None}  # fmt: skip
    pids, group = given["pids"], given.get("group")
    assert isinstance(pids, tuple)
    commands = given.get("commands", ())
    assert isinstance(commands, tuple)
    groups = None if group is None else tuple(places.control_groups(str(group)))
    if not script.filters and len(pids) + (given["run"] is not None) > 1:
        raise click.UsageError("one process, please: the script is about $target")
    asked = Asked(tuple(map(places.process, pids)), commands, groups)
    record = given["record"]
    with views.recorder_of(None if record is None else str(record)) as recorder:
        return run(_asking(script.with_values(values), asked, given, recorder))


def _asking(script: Script, asked: Asked, given: Mapping[str, object], recorder: Recorder | None) -> Asking:
    return Asking(
        script,
        asked,
        command=None if given["run"] is None else str(given["run"]),
        interval=_number(given.get("interval")),
        duration=_number(given["duration"]),
        top=_number(given.get("top")),
        json=bool(given.get("json")),
        recorder=recorder,
    )


def _number(value: object) -> int | None:
    assert value is None or isinstance(value, int)
    return value
