"""`vtrace check`: a command under probes, judged against a budget or a baseline."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

import click

from pyvtrace.analysis.library import NotFound, places
from pyvtrace.analysis.library import find as find_script
from pyvtrace.analysis.script import Script
from pyvtrace.checks import baseline as baselines
from pyvtrace.checks import engine, reports
from pyvtrace.checks.assertions import calls
from pyvtrace.checks.baseline import Baseline, Recorded
from pyvtrace.checks.engine import Outcome
from pyvtrace.checks.problems import CheckError, did_you_mean
from pyvtrace.checks.spec import Check, find, load
from pyvtrace.checks.verdicts import INCONCLUSIVE, REGRESSION
from pyvtrace.value import replace

PASSED, REGRESSED, FAILED, UNDECIDED = 0, 1, 2, 3
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 pass, 1 regression, 2 error, 3 inconclusive. `arguments` begin with our own name."""
    words = list(arguments[1:])
    if not words or (words[0] not in check.commands and words[0] not in ("-h", "--help")):
        words.insert(0, "run")
    try:
        status = check.main(words, prog_name="vtrace check", standalone_mode=False)
    except click.UsageError as problem:
        problem.show()
        return FAILED
    except click.Abort:
        return INTERRUPTED
    except CheckError as problem:
        say(str(problem))
        return FAILED
    except BrokenPipeError:
        raise
    except OSError as problem:
        say(f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem))
        return FAILED
    except Exception:
        # A fault of ours is no regression of the command's, which is what status 1 would say.
        from traceback import print_exc

        print_exc()
        return FAILED
    return status if isinstance(status, int) else PASSED


def say(text: str) -> None:
    print(f"vtrace: {text}", file=sys.stderr, flush=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def check() -> None:
    """Judge what the kernel sees of a command against a budget or a baseline.

    The exit status is 0 if all is well, 1 for a regression, 2 for an error, 3 if more runs are needed to tell.
    """


_Command = Callable[..., int]


def _outputs(command: _Command) -> _Command:
    """The options of every command that judges."""
    for option in reversed(
        [
            click.option("--inconclusive", type=click.Choice(["pass", "fail"]),
                         help="What the exit status says where runs do not tell; else it is 3."),
            click.option("--junit", metavar="FILE", help="Write a JUnit report."),
            click.option("--markdown", metavar="FILE", envvar="GITHUB_STEP_SUMMARY",
                         help="Append a summary to this file; GitHub's own where its runner names one."),
            click.option("--json", "as_json", metavar="FILE", help="Write every figure as JSON; - is standard output."),
            click.option("--csv", "as_csv", metavar="FILE",
                         help="Append a row a run: what tools that look for change points over time read."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def _selection(command: _Command) -> _Command:
    for option in reversed(
        [
            click.option("--spec", metavar="FILE", help="vtrace.toml, or a pyproject.toml with [tool.vtrace]."),
            click.option("--runs", type=click.IntRange(1), metavar="N", help="In place of the spec's."),
            click.option("--vm", is_flag=True, help="Run it all in a virtual machine: the same kernel everywhere."),
            click.option("--kernel", metavar="K", help="The kernel of --vm: 6.1, 6.12, a file."),
            click.argument("names", nargs=-1, metavar="[CHECK]..."),
        ]
    ):
        command = option(command)
    return command


@check.command("run")
@_selection
@click.option("--baseline", metavar="FILE", help="What relative assertions are compared with.")
@click.option("--record", "kept", metavar="FILE", help="Keep the distributions of this run, as a baseline is kept.")
@click.option("--no-why", is_flag=True, help="Do not run once more to find out what made a figure worse.")
@_outputs
def run(
    spec: str | None,
    runs: int | None,
    vm: bool,
    kernel: str | None,
    names: tuple[str, ...],
    baseline: str | None,
    kept: str | None,
    no_why: bool,
    **outputs: str | None,
) -> int:
    """Run the checks of the spec, or those named, and judge them."""
    if vm or kernel:
        written = [kept, *(outputs[name] for name in ("junit", "markdown", "as_json", "as_csv"))]
        return in_vm(kernel, written)
    path = find(spec)
    chosen = _chosen(path, names, runs)
    old = None if baseline is None else _baseline(baseline)
    outcomes = [engine.run_check(one, old, say, why=not no_why) for one in chosen]
    if kept is not None:
        held = {o.check.name: o.recorded for o in outcomes if o.recorded is not None}
        baselines.write(kept, baselines.here(held))
    return _report(outcomes, path, **outputs)


@check.command("record")
@_selection
@click.option("-o", "output", metavar="FILE", required=True, help="The baseline.")
def record(
    spec: str | None, runs: int | None, vm: bool, kernel: str | None, names: tuple[str, ...], output: str
) -> int:
    """Run the checks and keep what was seen, as the baseline of later runs."""
    if vm or kernel:
        return in_vm(kernel, [output])
    held: dict[str, Recorded] = {}
    for one in _chosen(find(spec), names, runs):
        try:
            held[one.name] = engine.record(one, say)
        except CheckError as problem:
            raise CheckError(f"{one.name}: {problem}") from None
    baselines.write(output, baselines.here(held))
    say(f"{output}: {len(held)} check{'s' * (len(held) != 1)} recorded")
    return PASSED


@check.command("compare")
@click.argument("before")
@click.argument("after")
@click.option("--spec", metavar="FILE", help="vtrace.toml, or a pyproject.toml with [tool.vtrace].")
@_outputs
def compare(before: str, after: str, spec: str | None, **outputs: str | None) -> int:
    """Judge one recording against another; nothing is run."""
    path = find(spec)
    old, new = _baseline(before), baselines.read(after)
    outcomes = []
    for one in load(path, calls(), script):
        if one.name in old.checks and one.name in new.checks:
            outcomes.append(engine.compared(one, old.checks[one.name], new.checks[one.name]))
    if not outcomes:
        raise CheckError(f"no check of {path} is in both {before} and {after}")
    return _report(outcomes, path, **outputs)


@check.command("ab")
@_selection
@click.option("--base", required=True, metavar="CMD", help="The command as it was.")
@click.option("--new", required=True, metavar="CMD", help="The command as it is.")
@_outputs
def ab(
    spec: str | None,
    runs: int | None,
    vm: bool,
    kernel: str | None,
    names: tuple[str, ...],
    base: str,
    new: str,
    **outputs: str | None,
) -> int:
    """Judge one command against another, run in turns: what disturbs the machine disturbs both."""
    if vm or kernel:
        return in_vm(kernel, [outputs[name] for name in ("junit", "markdown", "as_json", "as_csv")])
    path = find(spec)
    return _report([engine.ab(one, base, new, say) for one in _chosen(path, names, runs)], path, **outputs)


@check.command("init", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-o", "output", default="vtrace.toml", show_default=True, metavar="FILE")
@click.argument("command", nargs=-1, required=True)
def init(output: str, command: tuple[str, ...]) -> int:
    """Watch COMMAND and write a first spec from what it did."""
    from pyvtrace.checks.first import first_spec

    if os.path.exists(output):
        raise CheckError("is there already", output, "write to another file: -o FILE")
    text = first_spec(command, calls(), say)
    with open(output, "x", encoding="utf-8") as file:
        file.write(text)
    say(f"{output}: a first spec; look through it, then: vtrace check")
    return PASSED


def _chosen(path: str, names: Sequence[str], runs: int | None) -> list[Check]:
    checks = load(path, calls(), script)
    known = [one.name for one in checks]
    for name in names:
        if name not in known:
            raise CheckError(
                f"there is no check called {name!r}", path, did_you_mean(name, known) or f"there are {', '.join(known)}"
            )
    wanted = [one for one in checks if not names or one.name in names]
    return wanted if runs is None else [replace(one, runs=runs) for one in wanted]


def script(word: str) -> Script:
    """The script that a spec's `probes` names: that of a view, or one of those that `vtrace list` shows.

    Raises:
        CheckError: there is none.
    """
    name = word.removeprefix("probes/")
    view = f"{name}/processes"
    known = [place.name for place in places()]
    try:
        return find_script(view if view in known else name).read()
    except NotFound as problem:
        views = [one.removesuffix("/processes") for one in known if one.endswith("/processes")]
        raise CheckError(f"probes is no D, no file and no script: {problem}", hint=did_you_mean(name, views)) from None


def _baseline(path: str) -> Baseline:
    old = baselines.read(path)
    for difference in baselines.differences(old):
        say(f"warning: {path} was made elsewhere: {difference}; times may differ for that reason alone")
    return old


def _report(
    outcomes: Sequence[Outcome],
    spec: str,
    *,
    inconclusive: str | None,
    junit: str | None,
    markdown: str | None,
    as_json: str | None,
    as_csv: str | None,
) -> int:
    """Tell everybody; the exit status."""
    if as_json != "-":
        _show(outcomes)
    if os.environ.get("GITHUB_ACTIONS") == "true" and as_json != "-":
        workspace = os.environ.get("GITHUB_WORKSPACE", "").rstrip("/")
        sys.stdout.write(reports.github(outcomes, spec, workspace))
    for path, text, mode in (
        (junit, reports.junit, "w"),
        (markdown, reports.markdown, "a"),
        (as_json, reports.as_json, "w"),
    ):
        if path is not None:
            _write(path, text(outcomes), mode)
    if as_csv is not None:
        row = reports.as_csv(outcomes, baselines.here({}))
        there = os.path.exists(as_csv) and os.path.getsize(as_csv) > 0
        if there and _first_line(as_csv) != row.splitlines()[0]:
            raise CheckError("has other columns than this run", as_csv, "give a new file for a changed spec")
        _write(as_csv, row.partition("\n")[2] if there else row, "a")
    states = {outcome.state for outcome in outcomes}
    if "error" in states:
        return FAILED
    if REGRESSION in states:
        return REGRESSED
    if INCONCLUSIVE in states:
        return {"pass": PASSED, "fail": REGRESSED, None: UNDECIDED}[inconclusive]
    return PASSED


def _first_line(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.readline().rstrip("\n")


def _write(path: str, text: str, mode: str) -> None:
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        with open(path, mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CheckError(f"cannot be written: {error.strerror}", path) from None


_STYLES = {"✓": "green", "✗": "red", "?": "yellow", "!": "red"}


def _show(outcomes: Sequence[Outcome]) -> None:
    text = reports.text(outcomes)
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in text.splitlines():
        styled = Text(line)
        mark = line.strip()[:1]
        if mark in _STYLES:
            styled.stylize(_STYLES[mark], len(line) - len(line.lstrip()), len(line) - len(line.lstrip()) + 1)
        styled.highlight_regex("▓+", "red")
        styled.highlight_regex("░+", "cyan")
        console.print(styled, soft_wrap=True)


def in_vm(kernel: str | None, outputs: Sequence[str | None]) -> int:
    """This command line again in a guest, whose files come back."""
    from pyvtrace.cli.vm import main as vm_main

    words = _without_vm(sys.argv[2:])
    options = ["--kernel", kernel] if kernel else []
    for path in outputs:
        if path is not None and path != "-":
            options += ["--output", path]
    # What the command would find here, it finds there. A shell sets them, which knows identifiers only.
    options += [f"--env={name}" for name in os.environ if name.isidentifier() and name.isascii()]
    vtrace = [sys.executable, "-c", "from pyvtrace.cli.main import run; run()"]
    status = vm_main(["vm", "run", "--memory", "2G", *options, "--", *vtrace, "check", *words])
    # Everything else is the virtual machine's: none was started, it was ended, a report did not come back.
    return status if status in (PASSED, REGRESSED, FAILED, UNDECIDED, INTERRUPTED) else FAILED


def _without_vm(words: Sequence[str]) -> list[str]:
    """The words without --vm and --kernel K."""
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == "--kernel":
            skip = True
        elif word != "--vm" and not word.startswith("--kernel="):
            kept.append(word)
    return kept
