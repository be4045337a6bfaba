"""What the guest is told to do: shell text for `guest/guest`, which sources it, and for the host's /bin/sh, which runs
the command."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

from pyvtrace.value import Value

TERMINAL = "/dev/hvc0"
FIRST_OUTPUT = 5  # the port of the first output file; see guest/guest


class Job(Value):
    """A command with its surroundings. `environment` is all it gets; `terminal` names those of its streams (stdin,
    stdout, stderr) that are the terminal; `screen` is rows and columns."""

    command: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    hostname: str
    modules: str
    shares: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    terminal: tuple[str, ...] = ()
    screen: tuple[int, int] = (24, 80)


def text(job: Job) -> bytes:
    """The job as the guest sources it. File names are bytes: they arrive as they are."""
    prepare = [f"hostname {quoted(job.hostname)}", f"use_modules {quoted(job.modules)}"]
    prepare += [f"share share{number} {quoted(path)}" for number, path in enumerate(job.shares)]
    streams = [f"{stream}={TERMINAL}" for stream in job.terminal]
    if job.terminal:
        prepare.append("stty -F {} sane iutf8; screen {} {}".format(TERMINAL, *job.screen))
        streams.append("controlling=-c")
    collect = [f"output {FIRST_OUTPUT + number} {quoted(path)}" for number, path in enumerate(job.outputs)]
    lines = [
        *("prepare() {", *prepare, "}"),
        *("collect() {", *(collect or [":"]), "}"),
        *streams,
        f"printf %s {quoted(_command(job))} >command",
        "",
    ]
    return os.fsencode("\n".join(lines))


def _command(job: Job) -> str:
    """The host's shell runs this. It says itself what it cannot find; 126 and 127 are as shells have them."""
    name = job.command[0]
    where = f"[ -e {quoted(name)} ]" if "/" in name else f"command -v {quoted(name)} >/dev/null"
    lines = [
        "echo $$ >/run/vtrace/pid",
        "unset HOME TERM vtrace_control",
        *(f"export {name}={quoted(value)}" for name, value in job.environment.items()),
        # What this system may lack: a guest without udev has to be told to load modules.
        'PATH="$PATH:/run/vtrace/bin"',
        f"cd {quoted(job.directory)} || exit 125",
        f"{where} || {{ echo {quoted(f'vtrace: {name}: command not found in the guest')} >&2; exit 127; }}",
        f"exec {_words(job.command)}",
        "",
    ]
    return "\n".join(lines)


def _words(words: Sequence[str]) -> str:
    return " ".join(map(quoted, words))


def quoted(word: str) -> str:
    return shlex.quote(word)
