"""-C: scripts through cpp(1) before they are read as D."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

# What DTrace tells its scripts about the language.
_LANGUAGE = ("-D__SUNW_D=1", "-D__SUNW_D_VERSION=0x02000000")
_MARKER = re.compile(r'# (\d+) "(.*)".*')
_INPUT = "<stdin>"


class PreprocessorFailed(Exception):
    """cpp is not there, or did not like the script; it has said why itself."""


def preprocess(path: str, text: str, arguments: Sequence[str], program: str = "cpp") -> str:
    """A script's text as cpp leaves it, with its line numbers as long as it includes nothing.

    Raises:
        PreprocessorFailed: in DTrace's words.
    """
    import subprocess

    if text.startswith("#!"):
        # cpp would take the interpreter line for a directive; the line has to stay, empty.
        text = text[text.find("\n") :] if "\n" in text else ""
    command = [program, *arguments, *_LANGUAGE, "-iquote", os.path.dirname(path) or ".", "-"]
    try:
        done = subprocess.run(
            command, input=text.encode("utf-8", "surrogateescape"), stdout=subprocess.PIPE, check=False
        )
    except OSError:
        raise PreprocessorFailed("Preprocessor not found") from None
    if done.returncode:
        raise PreprocessorFailed("Preprocessor failed to process input program")
    return without_markers(done.stdout.decode("utf-8", "surrogateescape"))


def without_markers(output: str) -> str:
    """cpp's output without its line markers: where one says that the script goes on further down, empty lines take the
    place of what was left out."""
    lines: list[str] = []
    for line in output.splitlines():
        marker = _MARKER.fullmatch(line)
        if marker is None:
            lines.append(line)
        elif marker[2] == _INPUT:
            lines += [""] * (int(marker[1]) - 1 - len(lines))
    return "".join(f"{line}\n" for line in lines)
