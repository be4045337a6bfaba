"""`vtrace list`: the scripts there are, by subject, each with the question it answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

from pyvtrace.analysis.library import NotFound, Place, display, own_folder, places
from pyvtrace.analysis.script import BadHeader, Script
from pyvtrace.source import render


def main(argv: Sequence[str]) -> int:
    """`vtrace list`: the exit status is 1 where a script of the user's has a bad header, 2 for usage."""
    import click

    from pyvtrace.cli.views import run_command

    what = click.Command(
        "vtrace list",
        params=[click.Option(["--json"], is_flag=True, help="Print JSON lines: one object a script.")],
        callback=lambda json: _show(json),
        help="The scripts that `vtrace run` knows, by subject, each with the question it answers. The user's own are "
        f"in {own_folder()}.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    return run_command(what, "vtrace list", argv[1:])


def _show(as_json: bool) -> int:
    """The exit status."""
    scripts, broken = [], False
    for place in places():
        try:
            scripts.append((place, place.read()))
        except BadHeader as problem:
            print(render(problem.source, problem.diagnostics), file=sys.stderr)
            broken = True
        except NotFound as problem:
            print(f"vtrace: {problem}", file=sys.stderr)
            broken = True
    sys.stdout.writelines(_json(scripts) if as_json else _lines(scripts))
    return int(broken)


def _lines(scripts: Sequence[tuple[Place, Script]]) -> Iterator[str]:
    width = max((len(os.path.basename(place.name)) for place, _ in scripts), default=0)
    subject = None
    for place, script in scripts:
        if place.subject != subject:
            if subject is not None:
                yield "\n"
            subject = place.subject
            yield f"{subject or '(no subject)'}\n"
        mine = "  (own)" if place.own else ""
        yield f"  {os.path.basename(place.name):{width}}  {script.question or '(no header)'}{mine}\n"


def _json(scripts: Sequence[tuple[Place, Script]]) -> Iterator[str]:
    from json import dumps

    for place, script in scripts:
        yield (
            dumps(
                {
                    "name": place.name,
                    "question": script.question,
                    "own": place.own,
                    "path": place.path,
                    "shows": display(script),
                    "options": [option.name for option in script.options],
                    "columns": [field.name for field in script.fields],
                }
            )
            + "\n"
        )
