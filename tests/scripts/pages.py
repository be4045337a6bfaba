"""The pages docs/scripts/*.md and the schemas docs/schema/scripts/*/*.json: made of the scripts' headers, and the pages
of what each printed when its example was run.

`python -m tests.scripts.pages` writes them; `python -m tests.scripts.pages NAME ...` runs the examples of these scripts
anew first (`all`: of all), which needs what running them needs, and takes some seconds each.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.analysis.library import Place, display, places
from pyvtrace.analysis.script import Script
from pyvtrace.cli.scripts import default_of
from pyvtrace.export.schemas import NoSchema, schema_of, text_of
from tests.conftest import PATIENCE, ROOT, VTRACE
from tests.scripts.ran import act, gated

FOLDER = os.path.join(ROOT, "docs", "scripts")
SCHEMAS = os.path.join(ROOT, "docs", "schema", "scripts")
INDEX = os.path.join(ROOT, "docs", "scripts.md")
MARK = "<!-- the list: python -m tests.scripts.pages -->\n"
_LINES, _WIDTH = 12, 130  # that a page shows of an output
_CONTENDED = """
import subprocess
from tests.scripts.ran import gated
from tests.workloads.slowdisk import SlowDisk
with SlowDisk(delay_ns=20_000_000) as disk:
    subprocess.run(gated("contended", "mutex", disk.directory, 5), shell=True)
"""
# What goes on meanwhile where an example would else have nothing to show.
_BESIDE: Mapping[str, str] = {
    "locks/kernel": shlex.join([sys.executable, "-c", _CONTENDED]),
    "locks/owners": gated("mutex_pair", 5, 20),
    "net/accepts": act("net.accepts"),
    "net/life": act("net.carries", 100_000, 2_000, 20),
    "net/resets": act("net.refused"),
    "net/retransmits": act("net.loses"),
    "net/top": act("net.carries", 100_000, 2_000, 20),
    "sched/runqslower": act("sched.contest", 300),
    "runtimes/loops": "python3 -c 'import asyncio; asyncio.run(asyncio.sleep(0.1))'",
}


def ours() -> list[Place]:
    return [place for place in places() if not place.own]


def command(place: Place, script: Script) -> str:
    return f"vtrace run {place.name} {script.example}"


def output(place: Place, script: Script) -> str:
    """What the example prints, cut to what a page has room for."""
    line = command(place, script).replace("vtrace", VTRACE, 1)
    traced = subprocess.Popen(line, shell=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/")
    if place.name in _BESIDE:
        time.sleep(1.2)
        subprocess.run(_BESIDE[place.name], shell=True, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True)
    lines = traced.communicate(timeout=PATIENCE)[0].rstrip("\n").split("\n")
    shown = [part if len(part) <= _WIDTH else part[: _WIDTH - 3] + "..." for part in lines[:_LINES]]
    return "\n".join(shown + (["..."] if len(lines) > _LINES else []))


def page_of(subject: str) -> str:
    return os.path.join(FOLDER, f"{subject}.md")


def recorded(path: str) -> dict[str, str]:
    """The outputs that a page has, by the scripts' names."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return dict(re.findall(r"^\$ vtrace run (\S+).*\n((?:(?!```).*\n)*)```", text, re.MULTILINE))


def section(place: Place, script: Script, shown: str) -> Iterator[str]:
    """One script of a page."""
    yield f"## {place.name}\n\n{script.question[0].upper()}{script.question[1:]}\n\n"
    yield f"{script.output[0].upper()}{script.output[1:]}.\n\n"
    if script.needs:
        yield f"Needs {script.needs}.\n\n"
    if notes := remarks(script.text):
        yield f"{notes}\n\n"
    yield f"```text\n$ {command(place, script)}\n{shown.rstrip()}\n```\n\n"
    rows = [(field.name, field.label) for field in (*script.fields, *script.extras, *script.measures)]
    if rows:
        yield "| column | is |\n|---|---|\n" + "".join(f"| `{name}` | {label} |\n" for name, label in rows) + "\n"
    if script.options:
        yield "| option | does | default |\n|---|---|---|\n"
        for option in script.options:
            default = "off" if option.kind == "flag" else default_of(option)
            yield f"| `--{option.name.replace('_', '-')}` | {option.label} | {default} |\n"
        yield "\n"
    if not script.filters:
        yield "It cannot be narrowed to some processes.\n\n" if "$target" not in script.text else ""


def remarks(text: str) -> str:
    """What the header says behind its declarations."""
    comment = text.partition("/*")[2].partition("*/")[0].split("\n")
    lines = [line.strip().removeprefix("*").strip() for line in comment[1:]]
    return " ".join(lines[lines.index("") :]).strip() if "" in lines[:-1] else ""


def page(subject: str, scripts: Sequence[tuple[Place, Script]], shown: Mapping[str, str]) -> str:
    head = f"# Scripts: {subject}\n\nMade by `python -m tests.scripts.pages` of the scripts in `probes/{subject}/`.\n\n"
    return head + "".join("".join(section(p, s, shown.get(p.name, ""))) for p, s in scripts).rstrip("\n") + "\n"


def index(scripts: Sequence[tuple[Place, Script]]) -> str:
    """The list for the page about all scripts."""
    rows = (
        f"| [{p.name}](scripts/{p.subject}.md#{p.name.replace('/', '')}) | {s.question} | {display(s)} |\n"
        for p, s in scripts
    )
    return "| script | question | shows |\n|---|---|---|\n" + "".join(rows)


def made(fresh: Sequence[str] = ()) -> dict[str, str]:
    """All pages by their paths; the examples of the scripts called `fresh` are run."""
    scripts = [(place, place.read()) for place in ours()]
    pages = {}
    for subject in sorted({place.subject for place, _ in scripts}):
        path = page_of(subject)
        shown = recorded(path)
        of_subject = [(place, script) for place, script in scripts if place.subject == subject]
        for place, script in of_subject:
            if place.name in fresh or "all" in fresh:
                shown[place.name] = output(place, script)
        pages[path] = page(subject, of_subject, shown)
    with open(INDEX, encoding="utf-8") as file:
        before, mark, _ = file.read().partition(MARK)
    pages[INDEX] = before + mark + index(scripts)
    return pages | {
        schema_of_script(place.name): schema for place, script in scripts if (schema := made_schema(script))
    }


def schema_of_script(name: str) -> str:
    """Where the schema of a script's lines is."""
    return os.path.join(SCHEMAS, f"{name}.json")


def made_schema(script: Script) -> str:
    """Its text; "" for a script whose lines are those of a command."""
    try:
        return text_of(schema_of(script))
    except NoSchema:
        return ""


if __name__ == "__main__":
    for where, text in made(sys.argv[1:]).items():
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "w", encoding="utf-8") as written:
            written.write(text)
