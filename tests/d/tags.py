"""The table of docs/error-tags.md, made of the programs that are refused here: `python -m tests.d.tags` writes it."""

from __future__ import annotations

import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs", "error-tags.md")
MARK = "<!-- the table: python -m tests.d.tags -->\n"
_LONGEST = 90


def refused() -> dict[str, list[str]]:
    """Paths of the programs without their `.d`, by the tag that they are refused with."""
    found: dict[str, list[str]] = {}
    for folder, _, names in sorted(os.walk(HERE)):
        for name in sorted(names):
            if folder != HERE and (match := re.fullmatch(r"err\.(D_\w+)\..*\.d", name)):
                found.setdefault(match[1], []).append(os.path.join(folder, name.removesuffix(".d")))
    return found


def _code(text: str) -> str:
    shown = " ".join(text.split()).replace("|", "\\|")
    fence = "``" if "`" in shown else "`"
    return f"{fence} {shown} {fence}" if fence == "``" else f"`{shown}`"


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def row(tag: str, paths: list[str]) -> str:
    """The shortest program with a tag, and what is said of it."""
    programs = sorted((_read(f"{path}.d"), path) for path in paths)
    text, path = min((p for p in programs if p[0].strip()), key=lambda program: len(program[0]))
    said = _read(f"{path}.out").partition("--- stderr\n")[2].partition("] line ")[2].partition(": ")[2]
    message = said.partition("\n")[0].rstrip(":").replace("|", "\\|").replace("<", "\\<")
    example = text.strip() if len(text) <= _LONGEST else text.strip()[:_LONGEST] + " ..."
    return f"| {tag} | {message} | {_code(example)} | {len(paths)} |\n"


def table() -> str:
    head = "| tag | what is said | a program that has it | tested by |\n|---|---|---|---|\n"
    return head + "".join(row(tag, paths) for tag, paths in sorted(refused().items()))


def page() -> str:
    """The page with the table as it should be."""
    before, mark, _ = _read(PAGE).partition(MARK)
    return before + mark + table()


if __name__ == "__main__":
    made = page()
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(made)
