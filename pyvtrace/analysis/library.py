"""The scripts there are: those that come with `vtrace` and the user's own."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.analysis.script import Script, parse_script
from pyvtrace.runtime.places import NoSuch
from pyvtrace.value import Value

_SUFFIX = ".d"
C_SUFFIX = ".c"
_NEAR = 0.6  # how alike names are that are meant by another


class NotFound(NoSuch):
    """No script has the name; says which may have been meant."""


class Place(Value):
    """A script: its name in the list, where it is, and whether it is one of the user's own."""

    name: str
    path: str
    own: bool

    @property
    def subject(self) -> str:
        return os.path.dirname(self.name)

    def read(self) -> Script:
        """Its declarations.

        Raises:
            BadHeader: something is wrong with them.
            NotFound: it cannot be read.
        """
        try:
            with open(self.path, encoding="utf-8", errors="surrogateescape") as file:
                return parse_script(file.read(), f"{self.name}{_SUFFIX}" if not self.own else self.path)
        except OSError as error:
            raise NotFound(f"cannot read {self.path}: {error.strerror}") from None


def shipped_folder() -> str:
    """Where our scripts are: in the installed package, or in the tree of sources."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "probes")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "probes")


def own_folder(environment: Mapping[str, str] = os.environ) -> str:
    """Where the user's are."""
    configuration = environment.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(configuration, "vtrace", "probes")


def read_script(name: str) -> str:
    """The text of one of ours."""
    with open(os.path.join(shipped_folder(), name), encoding="utf-8") as file:
        return file.read()


def _below(folder: str, own: bool) -> Iterator[Place]:
    for directory, _, files in os.walk(folder):
        for file in files:
            if file.endswith(_SUFFIX):
                path = os.path.join(directory, file)
                yield Place(os.path.relpath(path, folder).removesuffix(_SUFFIX), path, own)


def places() -> list[Place]:
    """All scripts by name. One of the user's takes the place of ours of the same name."""
    found = {place.name: place for place in _below(shipped_folder(), False)}
    found |= {place.name: place for place in _below(own_folder(), True)}
    return [found[name] for name in sorted(found, key=lambda name: (os.path.dirname(name), name))]


def find(word: str) -> Place:
    """The script of that name, or of that last part of a name where only one has it; or a file's.

    Raises:
        NotFound: there is none, or several.
    """
    if word.endswith(_SUFFIX) and os.path.exists(word):
        return Place(word.removesuffix(_SUFFIX), word, True)
    known = places()
    wanted = word.removesuffix(_SUFFIX)
    if found := [place for place in known if place.name == wanted] or [
        place for place in known if os.path.basename(place.name) == wanted
    ]:
        if len(found) == 1:
            return found[0]
        raise NotFound(f"several scripts are called {word}: {', '.join(place.name for place in found)}")
    if word.endswith(_SUFFIX) and os.sep in word:
        raise NotFound(f"cannot read {word}: No such file or directory")
    raise NotFound(f"no script is called {word}{_meant(wanted, known)}")


def c_program(word: str) -> str:
    """The path of a program in C: of a file, or of the user's or ours by its name with the ending.

    Raises:
        NotFound: there is none.
    """
    found = [word, *(os.path.join(folder, word) for folder in (own_folder(), shipped_folder()))]
    for path in found:
        if os.path.isfile(path):
            return path
    raise NotFound(f"cannot read {word}: {'Is a directory' if os.path.isdir(word) else 'No such file or directory'}")


def _meant(word: str, known: Sequence[Place]) -> str:
    """Names like the word: by all of it, or by its last part."""
    by_part = {os.path.basename(place.name): place.name for place in known}
    near = [by_part[part] for part in difflib.get_close_matches(os.path.basename(word), list(by_part), 1, _NEAR)]
    near += difflib.get_close_matches(word, [place.name for place in known], 1, _NEAR)
    if near:
        return f": did you mean {' or '.join(dict.fromkeys(near))}?"
    return ": vtrace list shows those there are"


def display(script: Script) -> str:
    """How a script is shown: "events", "table", "view" (rows with a distribution of times), "stacks", "endpoints", or
    "text": what it prints itself."""
    if script.columns:
        return "events"
    if script.values:
        return "table"
    if script.measures:
        return "view"
    if script.view == "deps":
        return "endpoints"
    return "stacks" if script.view else "text"
