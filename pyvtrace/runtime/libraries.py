"""D libraries: those of the package, by what they define, and those of directories that the user names.

Ours are looked into when a program names what D itself does not have; -L's are parts of the program, each after those
that it depends on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from pyvtrace.source import CompileError, Diagnostic, Source, Span
from pyvtrace.value import Value

SHIPPED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "library")
# Options that a program cannot set for itself.
LIBRARY_OPTIONS = frozenset(("libdir", "syslibdir"))

# What a library defines; in ours, each definition begins a line.
_DEFINED = re.compile(r"^(?:typedef\b[^;{]*?(\w+);|\}\s*(\w+);|inline\b[^=]*?(\w+)(?:\[[^]]*\])?\s*=)", re.MULTILINE)
_PRAGMA = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+D[ \t]+depends_on\b[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _files(directory: str) -> list[str]:
    """Names like regs.x86_64.d are of a machine."""
    machine = os.uname().machine
    return sorted(n for n in os.listdir(directory) if n.endswith(".d") and n.split(".")[1:-1] in ([], [machine]))


class Shipped:
    """Libraries of one directory, ours if none is given; nothing is read before somebody asks."""

    def __init__(self, directory: str = SHIPPED) -> None:
        self._directory = directory

    @cached_property
    def _defining(self) -> Mapping[str, str]:
        """Name to file; a library that cannot be read defines nothing."""
        try:
            files = _files(self._directory) if self._directory else []
            texts = {file: _text(os.path.join(self._directory, file)) for file in files}
        except OSError:
            return {}
        return {
            name: file for file, text in texts.items() for names in _DEFINED.findall(text) for name in names if name
        }

    def has(self, name: str) -> bool:
        return name in self._defining

    def defining(self, name: str) -> Source | None:
        """The library that defines a name."""
        file = self._defining.get(name)
        return Source(file, _text(os.path.join(self._directory, file)), "library") if file else None


# --------------------------------------------------------------------------------------------------------- the user's


class _Needs(Value):
    """A `depends_on`: its kind, the name, and where it stands."""

    kind: str
    name: str
    span: Span


class _Library:
    """A library file and what it depends on."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.needs = list(self._pragmas())

    def _pragmas(self) -> Iterator[_Needs]:
        for match in _PRAGMA.finditer(self.source.text):
            words, span = match[1].split(), Span(*match.span())
            if len(words) != 2:
                raise self.problem("D_PRAGMA_MALFORM", span, f"malformed #pragma depends_on: {match[1]}", _FORM)
            if words[0] not in ("library", "module", "provider"):
                raise self.problem("D_PRAGMA_INVAL", span, f"invalid class in #pragma depends_on: {words[0]}", _FORM)
            yield _Needs(words[0], words[1], span)

    def problem(self, tag: str, span: Span, message: str, hint: str = "") -> CompileError:
        return CompileError(self.source, [Diagnostic(tag, span, message, hint)])


_FORM = "#pragma D depends_on library NAME.d, or module NAME, or provider NAME"


def user_libraries(path: str, providers: frozenset[str]) -> list[Source]:
    """The libraries in the directories of -L, joined by colons: each after what it depends on, none that depends on a
    module or provider that is not there. Of two files of one name the first counts.

    Raises:
        CompileError: a directory cannot be read, a dependency is not there or leads back to where it came from.
    """
    found: dict[str, _Library] = {}
    for directory in path.split(os.pathsep) if path else ():
        try:
            for file in _files(directory):
                place = os.path.join(directory, file)
                found.setdefault(file, _Library(Source(place, _text(place), "library")))
        except OSError as error:
            message = f"failed to read the D libraries of {directory}: {error.strerror}"
            raise CompileError(
                Source(directory, "", "library"), [Diagnostic("D_PRAGMA_DEPEND", Span(0, 0), message)]
            ) from None
    return _in_order({name: library for name, library in found.items() if _is_met(library, providers)})


def _is_met(library: _Library, providers: frozenset[str]) -> bool:
    """Whether the kernel has what a library is about."""
    return all(need.name in providers for need in library.needs if need.kind == "provider") and all(
        _has_module(need.name) for need in library.needs if need.kind == "module"
    )


def _has_module(name: str) -> bool:
    return name in ("kernel", "vmlinux", "genunix") or os.path.isdir(f"/sys/module/{name.replace('-', '_')}")


def _in_order(libraries: Mapping[str, _Library]) -> list[Source]:
    done: dict[str, Source] = {}

    def visit(name: str, on_the_way: tuple[str, ...]) -> None:
        if name in done:
            return
        library = libraries[name]
        for need in library.needs:
            if need.kind != "library":
                continue
            if need.name in (*on_the_way, name):
                message = f"cyclical dependency detected: {' -> '.join((*on_the_way, name, need.name))}"
                raise library.problem("D_PRAGMA_DEPEND", need.span, message, "one of them has to go without the other")
            if need.name in libraries:
                visit(need.name, (*on_the_way, name))
            elif not os.path.exists(os.path.join(SHIPPED, need.name)):
                message = f"program requires library {need.name}, which is not there or not for this kernel"
                raise library.problem("D_PRAGMA_DEPEND", need.span, message, "-L names a directory with it")
        done[name] = library.source

    for name in libraries:
        visit(name, ())
    return list(done.values())
