"""DTrace's command line as data: which programs, in which order, with which options.

As getopt reads it: letters in clusters, values joined or apart, options and macro arguments mixed, `--` before
arguments that look like options. A program on the command line is one argument with its clauses in the text:
`-n 'a:b:c:d /x/ { y }'`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pyvtrace.cli.console import PROGRAM, hint
from pyvtrace.runtime.options import BadOption, canonical
from pyvtrace.source import Source
from pyvtrace.value import Value


class Complaint(Value):
    """Why a command line cannot be followed; `usage` is true where DTrace explains itself at length."""

    message: str
    status: int = 1
    usage: bool = False

    @property
    def text(self) -> str:
        """As standard error shows it."""
        from pyvtrace.cli.usage import usage

        return f"{PROGRAM}: {self.message}\n" + (usage() if self.usage else "")


class CommandLine(Value):
    """A command line understood.

    `programs` in their order; of a `kind` "specifier" the name is the argument as written, the text has its description
    in full (`-P io` is `io:::`); scripts have been through cpp if -C asks for it. `flags` are the letters of options
    without a value: e, l, q, S, v, V, w, C, F, H, Z. `options` are those of -x and of the letters that stand for one,
    `environment` those of DTRACE_OPT_*, all canonical.
    `arguments` are $1, $2, ...; `record` is the file of --record.
    """

    programs: tuple[Source, ...] = ()
    flags: frozenset[str] = frozenset()
    options: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    output: str | None = None
    commands: tuple[str, ...] = ()
    pids: tuple[int, ...] = ()
    arguments: tuple[str, ...] = ()
    record: str | None = None


# ------------------------------------------------------------------------------------------------------- what there is

FLAGS = "CeFHlqSvVwZ"
WITH_VALUE = "bcDfiILmnopPsUxX"
RECORD = "--record"
# Letters that set an option: with "1", or with their value.
_SETS: Mapping[str, str] = {
    "b": "bufsize",
    "C": "cpp",
    "F": "flowindent",
    "H": "cpphdrs",
    "L": "libdir",
    "q": "quiet",
    "w": "destructive",
    "X": "stdc",
    "Z": "zdefs",
}
_PREPROCESSOR: Mapping[str, str] = {"define": "-D", "undef": "-U", "incdir": "-I"}
_ANONYMOUS = "there is no anonymous tracing on Linux"
_STATIC = "probes of programs are found in their ELF notes (sys/sdt.h), nothing is generated"
REFUSED: Mapping[str, str] = {
    "32": "D programs are 64-bit programs",
    "A": _ANONYMOUS,
    "a": _ANONYMOUS,
    "B": "to print nothing, use -o /dev/null",
    "G": _STATIC,
    "h": _STATIC,
    "k": "it has no meaning on Linux",
}
# What a description lacks on its right: -P names providers, -m modules, -f functions, -n probes.
_FIELDS_TO_RIGHT = {"P": 3, "m": 2, "f": 1, "n": 0}


class _Refusal(Exception):
    def __init__(self, complaint: Complaint) -> None:
        self.complaint = complaint


def read_script(path: str) -> str:
    """A script's text; - is standard input, as for other interpreters."""
    with open(0 if path == "-" else path, encoding="utf-8", errors="surrogateescape", closefd=path != "-") as file:
        return file.read()


def probe_name(identifier: int) -> str:
    """The full description of the probe with this id on this kernel; "" if there is none."""
    from pyvtrace.kernel.target import LiveTarget
    from pyvtrace.providers.registry import ProbeTable

    name = ProbeTable(LiveTarget()).name_of(identifier)
    return str(name) if name else ""


def parse(
    arguments: Sequence[str],
    environment: Mapping[str, str] = os.environ,
    read: Callable[[str], str] = read_script,
    probe_name: Callable[[int], str] = probe_name,
) -> CommandLine | Complaint:
    """The command line after the program's name. Scripts are read with `read`, which may raise OSError; `probe_name`
    tells the description of the probe with an id, "" if there is none."""
    try:
        return _Parser(read, probe_name).parse(arguments, environment)
    except _Refusal as refusal:
        return refusal.complaint


# --------------------------------------------------------------------------------------------------------- the pieces


def words(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(letter, value) of every option, ("", argument) of everything else, in order. -32, -64 and --record, the only
    word of its kind, are one letter.

    Raises the complaint about a letter that there is not, or that lacks its value.
    """
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            yield from (("", argument) for argument in rest)
            return
        if not word.startswith("-") or word == "-":
            yield "", word
            continue
        if word == RECORD or word.startswith(f"{RECORD}="):
            yield RECORD, _value(RECORD, word[len(RECORD) + 1 :], rest)
            continue
        yield from _cluster(word[1:], rest)


def _cluster(cluster: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    if cluster in ("32", "64"):
        yield cluster, ""
        return
    for at, letter in enumerate(cluster, 1):
        if letter in WITH_VALUE:
            yield letter, _value(letter, cluster[at:], rest)
            return
        if letter not in FLAGS and letter not in REFUSED:
            raise _Refusal(Complaint(f"invalid option -- '{letter}'", 2, usage=True))
        yield letter, ""


def _value(option: str, joined: str, rest: Iterator[str]) -> str:
    """What is joined to an option, or else the next word."""
    value = joined or next(rest, None)
    if value is None:
        raise _Refusal(Complaint(f"option requires an argument -- '{option}'", 2, usage=True))
    return value


_DESCRIPTION = re.compile(r"[^{/;]*")


def specifier(letter: str, text: str) -> Source:
    """A program given with -P, -m, -f or -n. Descriptions get the colons that make each name the right field."""
    missing = _FIELDS_TO_RIGHT[letter]
    match = _DESCRIPTION.match(text)
    head = match[0] if match else ""
    full = re.sub(r"[^\s,]+", lambda m: m[0] + ":" * missing, head)
    return Source(text, full + text[len(head) :], "specifier")


def reported_name(source: Source) -> str:
    """What "matched N probes" calls a program: a script by its name, a specifier up to its predicate or body."""
    if source.kind == "script":
        return source.name
    match = _DESCRIPTION.match(source.name)
    return match[0] if match else ""


class _Parser:
    """One pass over a command line."""

    def __init__(self, read: Callable[[str], str], probe_name: Callable[[int], str]) -> None:
        self._read, self._probe_name = read, probe_name
        self._programs: list[tuple[str, str]] = []
        self._flags: set[str] = set()
        self._options: dict[str, str] = {}
        self._output: str | None = None
        self._commands: list[str] = []
        self._pids: list[int] = []
        self._preprocessor: list[str] = []
        self._arguments: list[str] = []
        self._record: str | None = None

    def parse(self, arguments: Sequence[str], environment: Mapping[str, str]) -> CommandLine:
        for letter, value in words(arguments):
            self._take(letter, value)
        if len(self._flags & {"l", "V"}) > 1:
            raise _Refusal(Complaint("only one of the [-GhlV] options can be specified at a time", 2))
        if not self._programs and not self._flags & {"e", "l", "V"}:
            raise _Refusal(Complaint("no probes specified" + self._meant_a_script()))
        return CommandLine(
            tuple(self._source(letter, value) for letter, value in self._programs),
            frozenset(self._flags),
            self._options,
            _from_environment(environment),
            self._output,
            tuple(self._commands),
            tuple(self._pids),
            tuple(self._arguments),
            self._record,
        )

    def _meant_a_script(self) -> str:
        script = next(iter(self._arguments), "")
        return hint(f"to run the script: {PROGRAM} -s {script}") if script.endswith(".d") else ""

    def _take(self, letter: str, value: str) -> None:
        if letter in REFUSED:
            raise _Refusal(Complaint(f"option -{letter} is refused: {REFUSED[letter]}", 2))
        if letter in FLAGS and letter:
            self._flags.add(letter)
        if letter in _SETS:
            text = f"-{letter} {value}" if value else f"-{letter}"
            self._set(_SETS[letter], value or None, text)
        match letter:
            case "":
                self._arguments.append(value)
            case "P" | "m" | "f" | "n" | "i" | "s":
                self._programs.append((letter, value))
            case "x":
                name, equals, setting = value.partition("=")
                self._set(name, setting if equals else None, f"-x {name}")
            case "D" | "U" | "I":
                self._preprocessor.append(f"-{letter}{value}")
            case "c":
                self._commands.append(value)
            case "o":
                self._output = value
            case "--record":
                self._record = value
            case "p":
                self._pids.append(_pid(value))

    def _set(self, name: str, value: str | None, shown: str) -> None:
        made = canonical(name, value)
        if isinstance(made, BadOption):
            raise _Refusal(Complaint(f"failed to set {shown}: {made.why}"))
        if name == "libdir" and name in self._options:
            # Each -L adds a directory.
            made = f"{self._options[name]}{os.pathsep}{made}"
        if name in _PREPROCESSOR:
            self._preprocessor.append(_PREPROCESSOR[name] + made)
        else:
            self._options[name] = made

    def _source(self, letter: str, value: str) -> Source:
        if letter == "i":
            return self._by_id(value)
        if letter != "s":
            return specifier(letter, value)
        try:
            text = self._read(value)
            if "\0" in text:
                raise _Refusal(Complaint(f"failed to compile script {value}: it is a binary file, not a D program"))
        except OSError as error:
            raise _Refusal(Complaint(f"failed to open {value}: {error.strerror}")) from None
        if self._options.get("cpp") == "1":
            text = self._preprocessed(value, text)
        return Source(value, text, "script")

    def _preprocessed(self, path: str, text: str) -> str:
        from pyvtrace.cli.preprocessor import PreprocessorFailed, preprocess

        try:
            return preprocess(path, text, self._cpp_arguments(), self._options.get("cpppath", "cpp"))
        except PreprocessorFailed as failure:
            raise _Refusal(Complaint(f"failed to compile script {path}: {failure}")) from None

    def _by_id(self, value: str) -> Source:
        match = re.match(r"\s*(\d+)", value)
        name = self._probe_name(int(match[1])) if match else ""
        if match is None or not name:
            what = f"there is no probe with the ID {match[1]}" if match else "a probe's ID is a number"
            raise _Refusal(Complaint(f"invalid probe specifier {value}: {what}" + hint(f"{PROGRAM} -l shows them")))
        return Source(value, name + value[match.end() :], "specifier")

    def _cpp_arguments(self) -> list[str]:
        arguments = [*self._options.get("cppargs", "").split(), *self._preprocessor]
        if self._options.get("cpphdrs") == "1":
            arguments.append("-H")
        if self._options.get("stdc") == "s":
            arguments.append("-traditional-cpp")
        return arguments


def _pid(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise _Refusal(Complaint(f"invalid pid: {text}"))
    return int(text)


_VARIABLE = "DTRACE_OPT_"


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """DTRACE_OPT_BUFSIZE=4m is as -x bufsize=4m, but weaker than what the program says itself."""
    options = {}
    for variable, value in environment.items():
        if variable.startswith(_VARIABLE):
            name = variable.removeprefix(_VARIABLE).lower()
            made = canonical(name, value or None)
            if isinstance(made, BadOption):
                raise _Refusal(Complaint(f"failed to set {variable}: {made.why}"))
            options[name] = made
    return options
