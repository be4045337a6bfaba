"""Every option of DTrace's: what its values look like, what it is when nobody sets it, and where it stands with us.

An option has effect, or there is nothing here for it to tune (it is accepted: scripts set such options freely), or it
would change what a program means in a way we cannot follow, and is refused with the reason. Values travel as text in
one canonical form: flags "1" or "0", sizes in bytes, times in nanoseconds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from pyvtrace.providers.profile import NANOSECONDS
from pyvtrace.value import Value

COMPILE, RUN, DYNAMIC = "compile-time", "run-time", "dynamic"
EFFECT, MOOT, REFUSED = "effect", "moot", "refused"


class Option(Value):
    """`kind` is a key of `KINDS`; `default` is canonical, "" where DTrace has none; `standing` is EFFECT, MOOT or
    REFUSED, and `why` the reason for the latter two. `choices` are the values of the kind "choice" that are taken,
    `least` and `most` the bounds of sizes."""

    name: str
    stage: str
    kind: str
    default: str = ""
    standing: str = EFFECT
    why: str = ""
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 1 << 62


class BadOption(Value):
    """Why an option cannot be set, in DTrace's words where it has them."""

    name: str
    why: str


# --------------------------------------------------------------------------------------------------------------- values

_SUFFIXES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SECOND = 1_000_000_000
_NUMBER = re.compile(r"(?P<digits>0[xX][0-9a-fA-F]+|[0-9]+)(?P<suffix>[a-zA-Z]*)")


def _integer(digits: str) -> int:
    """As strtoul() with base 0 reads it; -1 if it does not."""
    try:
        return int(digits, 8 if digits.isdigit() and digits.startswith("0") else 0)
    except ValueError:
        return -1


# Words for a flag that is set, and for one that is not; an empty value takes it back, too.
_SET = frozenset(("yes", "enable", "enabled", "true", "on", "set"))
_UNSET = frozenset(("", "no", "disable", "disabled", "false", "off", "unset"))


def _flag(text: str | None) -> str | None:
    word = "on" if text is None else text.lower()
    if word in _SET or word in _UNSET:
        return "1" if word in _SET else "0"
    number = _int(word)
    return None if number is None else str(int(number != "0"))


def _size(text: str | None) -> str | None:
    match = _NUMBER.fullmatch(text or "")
    if match is None or (by := _SUFFIXES.get(match["suffix"].lower())) is None:
        return None
    number = _integer(match["digits"])
    return str(number * by) if number >= 0 else None


def _int(text: str | None) -> str | None:
    match = _NUMBER.fullmatch(text or "")
    return str(number) if match and not match["suffix"] and (number := _integer(match["digits"])) >= 0 else None


def _time(text: str | None) -> str | None:
    """Nanoseconds; a number alone or with `hz` is a frequency."""
    match = _NUMBER.fullmatch(text or "")
    if match is None or (number := _integer(match["digits"])) < 0:
        return None
    suffix = match["suffix"].lower()
    if suffix in ("", "hz"):
        return str(_SECOND // number) if number else None
    unit = NANOSECONDS.get(suffix)
    return str(number * unit) if unit else None


def _attributes(text: str | None) -> str | None:
    from pyvtrace.lang.stability import attributes_of

    found = attributes_of(text or "")
    return "/".join(found) if found else None


def _string(text: str | None) -> str | None:
    return text or None


# From the text of a value (None where `=` was left out) to its canonical form; None if it is no such value.
KINDS: Mapping[str, Callable[[str | None], str | None]] = {
    "flag": _flag,
    "size": _size,
    "time": _time,
    "int": _int,
    "string": _string,
    "attributes": _attributes,
    "choice": _string,
}

# ---------------------------------------------------------------------------------------------------------- the options


def _rows(stage: str, standing: str, kind: str, why: str, names: str) -> Iterator[Option]:
    """Options that differ in their names and defaults only, written `name` or `name=default`."""
    for entry in names.split():
        name, _, default = entry.partition("=")
        yield Option(name, stage, kind, default or ("0" if kind == "flag" else ""), standing, why)


_NO_CTF = "types come from the kernel's BTF"
_NO_LINKING = "programs are loaded, not linked into ELF files"
_NO_DEBUG = "it shows the insides of another compiler; use -S"
# More than any kernel takes without kernel.perf_event_max_stack.
MOST_FRAMES = 1024

_GROUPS: tuple[Iterable[Option], ...] = (
    _rows(COMPILE, EFFECT, "flag", "", "argref cpp cpphdrs defaultargs droptags empty errtags nolibs verbose zdefs"),
    _rows(COMPILE, EFFECT, "string", "", "cppargs cpppath define incdir libdir syslibdir undef"),
    (Option("stdc", COMPILE, "choice", choices=("a", "c", "s", "t")),),
    _rows(COMPILE, REFUSED, "string", _NO_CTF, "ctfpath"),
    _rows(COMPILE, REFUSED, "flag", _NO_CTF, "ctypes dtypes"),
    _rows(COMPILE, REFUSED, "string", _NO_LINKING, "dofstashpath ldpath linkmode linktype"),
    _rows(COMPILE, REFUSED, "flag", _NO_LINKING, "lazyload linknommap preallocate strip"),
    _rows(COMPILE, REFUSED, "flag", _NO_DEBUG, "core debug debugassert disasm tree"),
    _rows(COMPILE, REFUSED, "int", _NO_DEBUG, "iregs tregs"),
    _rows(COMPILE, EFFECT, "attributes", "", "amin"),
    _rows(COMPILE, REFUSED, "string", "there is one version of the language", "version"),
    _rows(COMPILE, MOOT, "flag", "aggregations are printed over all CPUs, as DTrace prints them with it", "aggpercpu"),
    _rows(COMPILE, REFUSED, "flag", "what becomes of kernel symbols is decided by the kernel", "kdefs knodefs"),
    _rows(COMPILE, REFUSED, "flag", "what becomes of user symbols is decided at run time", "udefs unodefs"),
    _rows(COMPILE, REFUSED, "flag", "probe descriptions are read the same way everywhere", "pspec"),
    (Option("evaltime", COMPILE, "choice", "exec", EFFECT, "tracing begins when the command begins: exec", ("exec",)),),
    _rows(COMPILE, REFUSED, "string", "variables have their value when a clause runs", "late"),
    _rows(COMPILE, REFUSED, "string", "the kernel knows its own modules", "modpath"),
    _rows(COMPILE, REFUSED, "string", "/proc is where it is", "procfspath"),
    _rows(COMPILE, MOOT, "int", "no process is held under control", "pgmax=8"),
    _rows(COMPILE, REFUSED, "string", "system calls are named as the kernel names them", "sysslice"),
    _rows(COMPILE, REFUSED, "int", "tracing runs with the user's own rights", "useruid"),
    # The length of a map is a u32, and ring buffers have a power of two.
    (Option("bufsize", RUN, "size", "4194304", most=1 << 31),),
    (Option("strsize", RUN, "size", "256", least=1, most=1 << 20),),
    _rows(RUN, EFFECT, "size", "", "aggsize=4194304 dynvarsize=1048576"),
    _rows(RUN, EFFECT, "flag", "", "destructive"),
    _rows(RUN, EFFECT, "time", "", "statusrate=1000000000"),
    (
        Option(
            "bufpolicy", RUN, "choice", "switch", EFFECT, "records are printed as they come, none are kept", ("switch",)
        ),
    ),
    (Option("bufresize", RUN, "choice", "auto", MOOT, "a buffer that is too large is an error", ("auto", "manual")),),
    _rows(RUN, MOOT, "time", "the kernel frees variables at once", "cleanrate=9900990"),
    _rows(RUN, MOOT, "flag", "a program that the kernel refuses is shown with the kernel's reason", "bpflog"),
    _rows(RUN, MOOT, "size", "the kernel's log is as large as it has to be", "bpflogsize"),
    _rows(RUN, MOOT, "size", "BPF memory is accounted to the user's cgroup", "lockmem"),
    _rows(RUN, EFFECT, "flag", "", "noresolve"),
    _rows(RUN, MOOT, "size", "names of Java's functions take no room in a stack", "jstackstrsize=512"),
    (
        Option("stackframes", RUN, "int", "20", least=1, most=MOST_FRAMES),
        Option("ustackframes", RUN, "int", "100", least=1, most=MOST_FRAMES),
        Option("jstackframes", RUN, "int", "50", least=1, most=MOST_FRAMES),
        Option("maxframes", RUN, "int", "127", least=1, most=MOST_FRAMES),
    ),
    # As many as one look for a free one may visit.
    (Option("scratchsize", RUN, "size", "256", least=8, most=4096),),
    (Option("nspec", RUN, "int", "1", least=1, most=4096),),
    _rows(RUN, EFFECT, "size", "", "specsize=32768"),
    _rows(RUN, MOOT, "size", "it sizes packet captures, which are refused where a program makes them", "pcapsize"),
    (Option("cpu", RUN, "int", most=(os.cpu_count() or 1) - 1),),
    _rows(RUN, REFUSED, "flag", "there is no anonymous tracing on Linux", "grabanon"),
    _rows(DYNAMIC, EFFECT, "flag", "", "aggsortkey aggsortrev flowindent quiet rawbytes"),
    _rows(DYNAMIC, EFFECT, "int", "", "aggsortkeypos=0 aggsortpos=0"),
    # Where nobody sets them, aggregations are as of the moment they are printed, and records are printed as they come.
    _rows(DYNAMIC, EFFECT, "time", "", "aggrate switchrate"),
    _rows(DYNAMIC, MOOT, "flag", "nothing is said about resizing buffers", "quietresize"),
    (Option("stackindent", DYNAMIC, "int", "14", most=200),),
    _rows(DYNAMIC, EFFECT, "size", "", "printsize"),
)

OPTIONS: Mapping[str, Option] = {option.name: option for group in _GROUPS for option in group}


def canonical(name: str, value: str | None = None) -> str | BadOption:
    """The value of an option in canonical form. `value` is None where none was given."""
    option = OPTIONS.get(name)
    if option is None:
        return BadOption(name, "Invalid option name")
    if option.standing == REFUSED:
        return BadOption(name, option.why)
    made = KINDS[option.kind](value)
    if made is None:
        return BadOption(name, "Invalid value for specified option")
    if option.kind == "choice" and made not in option.choices:
        known = DTRACE_CHOICES.get(name, ())
        return BadOption(name, option.why if made in known else "Invalid value for specified option")
    if option.kind in ("size", "int") and not option.least <= int(made) <= option.most:
        return BadOption(name, f"Invalid value for specified option: {option.least} to {option.most} can be had")
    return made


def changed(name: str, value: str | None) -> str | BadOption:
    """The value, in canonical form, of an option that a running program sets."""
    option = OPTIONS.get(name)
    if option is not None and option.stage != DYNAMIC:
        return BadOption(name, "Operation illegal when tracing is active")
    return canonical(name, value)


# Values that DTrace has, whether we do or not.
DTRACE_CHOICES: Mapping[str, tuple[str, ...]] = {
    "bufpolicy": ("ring", "fill", "switch"),
    "evaltime": ("exec", "main", "postinit", "preinit"),
}


def setting(options: Mapping[str, str], name: str) -> str:
    """The canonical value in force: the one set, or the default."""
    return options.get(name, OPTIONS[name].default)


def is_set(options: Mapping[str, str], name: str) -> bool:
    """Whether a flag is in force."""
    return setting(options, name) == "1"


def number(options: Mapping[str, str], name: str) -> int:
    """The value in force of an option that is a size (bytes), a time (nanoseconds) or an integer."""
    return int(setting(options, name) or "0")
